/* Session mode as it is played: the real client in a virtual browser, over the reference backend. */
import { type AuthClient, createClientWith } from '../../src/client.js'
import type { AuthClientOptions } from '../../src/options/types.js'
import { createDeterministicParts } from '../../src/testing/backend/deterministic.js'
import { createReferenceBackend, type ReferenceBackend } from '../../src/testing/backend/index.js'
import type { BackendOptions } from '../../src/testing/backend/options.js'
import { createMemoryUsers } from '../../src/testing/backend/users.js'
import type { Exchange } from '../../src/testing/world/network.js'
import type { VirtualPage } from '../../src/testing/world/page.js'
import { createWorld, type World, type WorldOptions } from '../../src/testing/world/world.js'

export interface Person {
  readonly id: string
  readonly name: string
}

export const ORIGIN = 'https://app.example'
export const ANN = { email: 'ann@example.com', password: 'secret of ann' }
export const BOB = { email: 'bob@example.com', password: 'secret of bob' }
export const SESSION: AuthClientOptions<Person> = { mode: 'session' }

/** What became of a call: its value, or its error. */
export interface Call<T> {
  value?: T
  error?: { readonly code?: string; readonly status?: number; readonly message: string }
}

export interface App {
  readonly page: VirtualPage
  readonly auth: AuthClient<Person>
  /** What the application was told. */
  readonly told: string[]
}

export interface Stage {
  readonly world: World<App>
  readonly backend: ReferenceBackend
  readonly exchanges: Exchange[]
  /** Answers in the place of the backend, where it answers at all. */
  respond: (request: Request, url: URL) => Response | undefined | Promise<Response | undefined>
  /** Options of clients in pages that are loaded from now on. */
  client: AuthClientOptions<Person>
  open(): Promise<App>
  /** Opens a page in which Ann has just signed in, and counts from then on. */
  signedIn(): Promise<App>
  /** Begins the call and lets a second pass. */
  run<T>(promise: Promise<T>, milliseconds?: number): Promise<Call<T>>
  /** A write that the backend keeps: the name of whoever is signed in. */
  write(app: App, name: string): Promise<Call<Response>>
  /** A request from a page of the server itself, which our client knows nothing of. */
  outside(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  /** Requests of our clients so far: all, or of one path. */
  sent(path?: string): Exchange[]
  /** What the backend keeps of that user, which writes change. */
  nameOf(id: 'ann' | 'bob'): Promise<string | undefined>
}

export async function createStage(
  client: AuthClientOptions<Person> = SESSION,
  options: BackendOptions = {},
  browser: Pick<WorldOptions<App>, 'channelDelayMs' | 'storageDelayMs' | 'engine'> = {},
): Promise<Stage> {
  const users = createMemoryUsers()
  const backend = createReferenceBackend({
    users,
    ...createDeterministicParts(),
    clock: { now: () => world.serverTime() },
    mode: 'session',
    ...options,
  })
  await backend.admin.addUser({ id: 'ann', name: 'Ann', ...ANN })
  await backend.admin.addUser({ id: 'bob', name: 'Bob', ...BOB })
  const exchanges: Exchange[] = []
  const world: World<App> = createWorld<App>({
    ...browser,
    pageUrl: `${ORIGIN}/`,
    async server(request, context) {
      return (await stage.respond(request.clone(), new URL(request.url))) ?? backend.handle(request, context)
    },
    boot(page) {
      const auth = createClientWith<Person>(
        { fetch: page.fetch, development: false, ...stage.client },
        page.ports,
      )
      const told: string[] = []
      auth.on('sessionEnd', ({ reason }) => void told.push(`end ${reason}`))
      auth.on('userSwitch', ({ from, to }) => void told.push(`switch ${from.id} ${to.id}`))
      void auth.ready()
      return { page, auth, told }
    },
    onExchange(exchange, phase) {
      if (phase === 'sent' && !exchange.headers.has('x-outside')) exchanges.push(exchange)
    },
  })
  const stage: Stage = {
    world,
    backend,
    exchanges,
    respond: () => undefined,
    client,
    async open() {
      const tab = await world.openTab()
      await world.advance(1000)
      return tab.app!
    },
    async signedIn() {
      const app = await stage.open()
      const { error } = await stage.run(app.auth.login(ANN))
      if (error) throw new Error(error.message)
      exchanges.length = 0
      app.told.length = 0
      return app
    },
    async run<T>(promise: Promise<T>, milliseconds = 1000) {
      const call: Call<T> = {}
      promise.then(
        (value) => (call.value = value),
        (error: Error) => (call.error = error),
      )
      await world.advance(milliseconds)
      return call
    },
    write: (app, name) =>
      stage.run(
        app.auth.fetch('/api/profile', {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name }),
        }),
      ),
    async outside(method, path, body, headers = {}) {
      const tab = world.tabs.find(({ page }) => page)
      const call = await stage.run(
        tab!.page!.fetch(path, {
          method,
          headers: { 'x-csrf': '1', 'content-type': 'application/json', 'x-outside': '1', ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      )
      if (!call.value) throw new Error(`No answer from outside: ${call.error?.message ?? ''}`)
      return call.value
    },
    sent: (path) => exchanges.filter(({ url }) => path === undefined || url.pathname === path),
    nameOf: async (id) => (await users.find(id))?.name,
  }
  return stage
}
