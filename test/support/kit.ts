/*
 * One page for the real client, with every port in the test's hand: a clock that moves only when told, a network that
 * answers what the test says, and a record of all requests.
 */
import { createClientWith } from '../../src/client.js'
import type { AuthClient } from '../../src/client.js'
import type { LifecycleSignal, Ports } from '../../src/core/ports.js'
import type { AuthClientOptions } from '../../src/options/types.js'

export interface SentRequest {
  readonly method: string
  readonly url: string
  readonly path: string
  readonly headers: Headers
  readonly body: unknown
  readonly init: RequestInit
}

export type Answer = Response | Error | Promise<Response | Error>
export type Respond = (request: SentRequest, count: number) => Answer

export const json = (body: unknown, init?: ResponseInit): Response => Response.json(body, init)

export const ANN = { id: 'ann', name: 'Ann' }
export const BOB = { id: 'bob', name: 'Bob' }

/** The answer of a login or refresh, with a token that tells its number. */
export function grant(number: number, more: Record<string, unknown> = {}): Response {
  return json({
    access_token: `token-${number}`,
    token_type: 'Bearer',
    expires_in: 300,
    user: ANN,
    session_id: 's1',
    ...more,
  })
}

export const refusal = (code = 'session_expired', status = 401): Response => json({ error: code }, { status })

/** Lets all promises settle that can settle without the clock. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock that stands still until a test moves it. */
export class ManualClock {
  wallOffset = 1_700_000_000_000
  time = 1000
  #timers: { at: number; callback: () => void }[] = []

  wall = (): number => this.wallOffset + this.time
  monotonic = (): number => this.time
  after = (milliseconds: number, callback: () => void): (() => void) => {
    const timer = { at: this.time + milliseconds, callback }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer))
  }

  get pending(): number {
    return this.#timers.length
  }

  /** Moves on, timer by timer, and lets everything settle after each. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds
    await settle()
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.time = Math.max(this.time, next.at)
      next.callback()
      await settle()
    }
    this.time = end
    await settle()
  }

  /** The machine slept: the wall clock went on, the monotonic one and the timers stood still. */
  sleep(milliseconds: number): void {
    this.wallOffset += milliseconds
  }
}

/** What the tabs of one browser share. */
export class FakeBrowser {
  readonly storage = new Map<string, string>()
  /** What stands under other keys than the register and what is still to be ended. */
  readonly notes = new Map<string, string>()
  readonly watchers = new Set<() => void>()
  storageBlocked = false
}

export interface Kit<User = unknown, Step = never> {
  readonly auth: AuthClient<User, Step>
  readonly clock: ManualClock
  readonly ports: Ports
  readonly browser: FakeBrowser
  readonly tabStorage: Map<string, string>
  readonly requests: SentRequest[]
  /** Requests to the path, in order. */
  sent(path: string): SentRequest[]
  /** Answers of a path from now on; later calls replace earlier ones. */
  on(path: string, respond: Respond): void
  signal(signal: LifecycleSignal): void
  online: boolean
  visible: boolean
  prerendering: boolean
  concealed: boolean
  embedded: boolean
  url: string
  readonly navigated: string[]
  readonly cookies: Map<string, string>
  readonly metas: Map<string, string>
  /** Somebody uses the page. */
  act(): void
  /** Open listeners on the lifecycle and the storage. */
  openListeners(): number
  /** A second client on the same page or, with other ports, a reload of it. */
  another(options?: AuthClientOptions<User, Step>): AuthClient<User, Step>
}

export const ORIGIN = 'https://app.example.com'

const memberwise = ({
  signal,
  credentials,
  cache,
  redirect,
  keepalive,
  mode,
  referrer,
}: Request): RequestInit => ({
  signal,
  credentials,
  cache,
  redirect,
  keepalive,
  mode,
  referrer,
})

/** What a kit is made of, where a test wants it different. */
export interface Setup {
  browser?: FakeBrowser
  clock?: ManualClock
  ports?: Partial<Ports>
}

export function createKit<User = unknown, Step = never>(
  options: AuthClientOptions<User, Step> = {},
  { browser = new FakeBrowser(), clock = new ManualClock(), ports: overrides = {} }: Setup = {},
): Kit<User, Exclude<Step, undefined>> {
  const requests: SentRequest[] = []
  const routes = new Map<string, Respond>()
  const counts = new Map<string, number>()
  const signals = new Set<(signal: LifecycleSignal) => void>()
  const attending = new Set<() => void>()
  const tabStorage = new Map<string, string>()
  const heldLocks = new Map<string, Promise<void>>()
  let ids = 0

  const kit = {
    online: true,
    visible: true,
    prerendering: false,
    concealed: false,
    embedded: false,
    url: `${ORIGIN}/orders?page=2#top`,
  }
  const navigated: string[] = []
  const cookies = new Map<string, string>()
  const metas = new Map<string, string>()

  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const request = new Request(input instanceof Request ? input : new URL(input, kit.url), {
      ...init,
      signal: null,
      ...(init.body instanceof ReadableStream ? { duplex: 'half' } : {}),
    })
    const text = request.method === 'GET' ? '' : await request.clone().text()
    let body: unknown = text
    try {
      body = JSON.parse(text)
    } catch {
      // Kept as text.
    }
    const { pathname } = new URL(request.url)
    // A request tells the same as an init does.
    const told: RequestInit = input instanceof Request ? { ...memberwise(input), ...init } : init
    const sent = {
      method: request.method,
      url: request.url,
      path: pathname,
      headers: request.headers,
      body,
      init: told,
    }
    const respond = routes.get(pathname)
    // A backend without a session endpoint, unless the test gives it one: a start that asks for it is not counted.
    if (!respond && pathname === '/auth/session') return new Response(null, { status: 404 })
    requests.push(sent)
    if (!respond) throw new TypeError(`no answer for ${pathname}`)
    const count = (counts.get(pathname) ?? 0) + 1
    counts.set(pathname, count)
    const { signal } = told
    const aborted = new Promise<never>((_, reject) =>
      signal?.addEventListener('abort', () => reject(signal.reason as Error)),
    )
    const answer = await Promise.race([respond(sent, count), aborted])
    if (signal?.aborted) throw signal.reason
    if (answer instanceof Error) throw answer
    return answer
  }

  const placeOf = (key: string) => (/:(register$|owed:)/.test(key) ? browser.storage : browser.notes)
  const ports: Ports = {
    clock,
    chance: { fraction: () => 0.5, id: () => `id${++ids}-${Math.random().toString(36).slice(2, 6)}` },
    locks: {
      available: true,
      async acquire(name, _waitMs, signal, queued) {
        if (heldLocks.has(name)) queued?.()
        const given = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
        while (heldLocks.has(name) && !signal?.aborted) await Promise.race([heldLocks.get(name), given])
        if (signal?.aborted) return undefined
        let release = () => {}
        const held = new Promise<void>((resolve) => (release = resolve))
        heldLocks.set(name, held)
        return () => {
          if (heldLocks.get(name) === held) heldLocks.delete(name)
          release()
        }
      },
    },
    channels: { open: () => ({ memoryOnly: true, post: () => {}, close: () => {} }) },
    shared: {
      read: (key) => (browser.storageBlocked ? undefined : (placeOf(key).get(key) ?? null)),
      write(key, value) {
        if (browser.storageBlocked) return false
        // A page that is gone has taken its word along: pages of one kit follow each other.
        if (key.endsWith(':held')) return true
        // So that a later page of the test may have one.
        if (key.endsWith(':no-session-endpoint') && !routes.has('/auth/session')) return true
        if (value === null) placeOf(key).delete(key)
        else placeOf(key).set(key, value)
        return true
      },
      keys: (prefix) =>
        browser.storageBlocked
          ? undefined
          : [...browser.storage.keys(), ...browser.notes.keys()].filter((key) => key.startsWith(prefix)),
      watch(_key, changed) {
        browser.watchers.add(changed)
        return () => void browser.watchers.delete(changed)
      },
    },
    tab: {
      read: (key) => tabStorage.get(key) ?? null,
      write(key, value) {
        if (value === null) tabStorage.delete(key)
        else tabStorage.set(key, value)
        return true
      },
    },
    lifecycle: {
      visible: () => kit.visible,
      online: () => kit.online,
      prerendering: () => kit.prerendering,
      listen(receive) {
        signals.add(receive)
        return () => void signals.delete(receive)
      },
      attend(receive) {
        attending.add(receive)
        return () => void attending.delete(receive)
      },
    },
    page: {
      exists: true,
      url: () => kit.url,
      path: () => kit.url.slice(new URL(kit.url).origin.length),
      navigate: (url) => void navigated.push(url),
      conceal: (hidden) => void (kit.concealed = hidden),
      cookie: (name) => cookies.get(name),
      embedded: () => kit.embedded,
      meta: (name) => metas.get(name),
    },
    flights: new Map(),
    ...overrides,
  }

  type Known = Exclude<Step, undefined>
  const make = (more: AuthClientOptions<User, Known> = {}) =>
    createClientWith({ fetch, ...(options as AuthClientOptions<User, Known>), ...more }, ports)
  return Object.assign(kit, {
    auth: make(),
    clock,
    ports,
    browser,
    tabStorage,
    requests,
    navigated,
    cookies,
    metas,
    sent: (path: string) => requests.filter((request) => request.path === path),
    on: (path: string, respond: Respond) => void routes.set(path, respond),
    signal: (signal: LifecycleSignal) => signals.forEach((receive) => receive(signal)),
    act: () => attending.forEach((receive) => receive()),
    openListeners: () => attending.size + signals.size + browser.watchers.size,
    another: make,
  })
}

/** A kit in which Ann is signed in with token-1 (300 s) and every refresh brings the next token. */
export async function signedIn<User = unknown, Step = never>(
  options: AuthClientOptions<User, Step> = {},
  setup: Setup = {},
): Promise<Kit<User, Exclude<Step, undefined>>> {
  const kit = createKit(options, setup)
  kit.on('/auth/refresh', (_request, count) => (count === 1 ? refusal() : grant(count)))
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  await kit.auth.login({ email: 'ann@example.com', password: 'secret' })
  return kit
}

/** A kit in which nobody is signed in, and nobody was. */
export async function anonymous(): Promise<Kit> {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  return kit
}

/** A browser in which Ann was signed in when its last page was closed. */
export async function leftSignedIn(): Promise<FakeBrowser> {
  const { auth, browser } = await signedIn()
  auth.dispose()
  return browser
}

/** A browser in which Ann had signed out when its last page was closed. */
export async function leftSignedOut(): Promise<FakeBrowser> {
  const { auth, browser } = await signedIn()
  await auth.logout()
  auth.dispose()
  return browser
}
