/* What the tests of the whole client say often. */
import type { AuthClient } from '../../src/client.js'
import type { Channels, Locks } from '../../src/core/ports.js'
import { isAuthError } from '../../src/errors.js'
import type { AuthEvents } from '../../src/plumbing/events.js'
import { type Answer, type Kit, type ManualClock, settle } from './kit.js'

/** An answer that is given when the test says so. */
export function gate(): { readonly answer: Promise<Response | Error>; open(value: Response | Error): void } {
  let open!: (value: Response | Error) => void
  const answer = new Promise<Response | Error>((resolve) => (open = resolve))
  return { answer, open }
}

/** A server that accepts the request and never answers. */
export const silence = (): Answer => new Promise<Response>(() => {})

/** What a captive portal answers in the place of the server. */
export const portal = (): Response =>
  new Response('<!doctype html><title>Hotel</title>', {
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })

/** What a browser makes of a redirect that it was told not to follow. */
export function opaqueRedirect(): Response {
  const response = new Response(null)
  return Object.defineProperties(response, {
    type: { value: 'opaqueredirect' },
    status: { value: 0 },
    ok: { value: false },
  })
}

/** `resolved`, or the code that a call rejects with. */
export const outcome = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (isAuthError(error) ? error.code : String(error)),
  )

/** Begins a login that the test answers. */
export async function beginLogin({ auth, on }: Kit): Promise<{
  /** As `outcome`. */
  readonly login: Promise<string>
  answer(value: Response | Error): void
}> {
  const { answer, open } = gate()
  on('/auth/login', () => answer)
  const login = outcome(auth.login({}))
  await settle()
  return { login, answer: open }
}

/** The error a call rejects with. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

/** `pending` as long as the promise has not settled. */
export async function stateOf(promise: Promise<unknown>): Promise<string> {
  return Promise.race([
    promise.then(
      () => 'resolved',
      () => 'rejected',
    ),
    new Promise<string>((resolve) => setImmediate(() => resolve('pending'))),
  ])
}

const part = (value: unknown): string => btoa(JSON.stringify(value)).replace(/=+$/, '')

/** A JWT nobody has signed. */
export const jwt = (claims: Record<string, unknown>): string =>
  `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`

export interface Told<User> {
  readonly ends: AuthEvents<User>['sessionEnd'][]
  readonly switches: AuthEvents<User>['userSwitch'][]
  readonly claims: AuthEvents<User>['claimsChange'][]
  readonly states: string[]
}

/** What the application is told from now on. */
export function listen<User>(auth: AuthClient<User>): Told<User> {
  const told: Told<User> = { ends: [], switches: [], claims: [], states: [] }
  auth.on('sessionEnd', (event) => void told.ends.push(event))
  auth.on('userSwitch', (event) => void told.switches.push(event))
  auth.on('claimsChange', (event) => void told.claims.push(event))
  auth.subscribe(({ status }) => void told.states.push(status))
  told.states.length = 0
  return told
}

/** Locks as a browser has them: granted in turn, waited for no longer than asked, and counted. */
export class FakeLocks implements Locks {
  available = true
  readonly #clock: ManualClock
  #queue: { granted: () => void }[] = []
  readonly names = new Set<string>()

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  /** How many hold it or wait for it. */
  get pending(): number {
    return this.#queue.length
  }

  acquire: Locks['acquire'] = (name, waitMs, signal, queued) => {
    this.names.add(name)
    if (signal?.aborted) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const leave = () => {
        const held = this.#queue[0] === entry
        this.#queue = this.#queue.filter((other) => other !== entry)
        if (held) this.#queue[0]?.granted()
      }
      const giveUp = () => {
        cancel()
        leave()
        resolve(undefined)
      }
      const cancel = this.#clock.after(waitMs, giveUp)
      signal?.addEventListener('abort', giveUp)
      const entry = {
        granted: () => {
          cancel()
          signal?.removeEventListener('abort', giveUp)
          resolve(leave)
        },
      }
      this.#queue.push(entry)
      if (this.#queue[0] === entry) entry.granted()
      else queued?.()
    })
  }
}

export const NO_LOCKS: Locks = { available: false, acquire: () => Promise.resolve(undefined) }
export const NO_CHANNELS: Channels = { open: () => undefined }
