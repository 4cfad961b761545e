import { type AuthClient, createClientWith } from '../client.js'
import type { AuthClientOptions } from '../options/types.js'
import { createDeterministicParts } from './backend/deterministic.js'
import { createReferenceBackend, type ReferenceBackend } from './backend/index.js'
import type { BackendOptions } from './backend/options.js'
import type { VirtualPage } from './world/page.js'
import { createWorld, type World, type WorldOptions } from './world/world.js'

/** Options of a client in a virtual page, which has a `fetch` of its own. */
export type PageClientOptions<User> = Omit<AuthClientOptions<User>, 'fetch'>

/** The real client in a page of a virtual world: on its clock, its storage, its channel, its locks and its network. */
export function createPageClient<User = unknown>(
  page: VirtualPage,
  options: PageClientOptions<User> = {},
): AuthClient<User> {
  return createClientWith({ development: false, ...options, fetch: page.fetch }, page.ports)
}

/** What a world of tabs is made of. */
export interface TabWorldOptions<User> extends Omit<WorldOptions<AuthClient<User>>, 'server' | 'boot'> {
  /** Options of the client in every page. */
  readonly client?: PageClientOptions<User> | undefined
  /** Options of the backend; clock, chance and crypto are those of the world. */
  readonly backend?: Omit<BackendOptions, 'clock'> | undefined
  /** Called with the client of every fresh document, before it starts: the place to listen. */
  readonly boot?: ((auth: AuthClient<User>, page: VirtualPage) => void) | undefined
}

/** A virtual browser whose tabs run the real client against the reference backend. The `app` of a tab is its client. */
export interface TabWorld<User = unknown> extends World<AuthClient<User>> {
  readonly backend: ReferenceBackend
}

/**
 * Creates a world of tabs. Everything in it depends on its options and on what is done in it: time stands still in
 * between, and the same seed gives the same run.
 *
 * @example
 * import { createTabWorld } from 'latchkey/testing'
 * const world = createTabWorld({ seed: 7 })
 * await world.backend.admin.addUser({ email: 'ann@example.com', password: 'secret' })
 * const [first, second] = [await world.openTab(), await world.openTab()]
 * await world.settled(first.app!.login({ email: 'ann@example.com', password: 'secret' }))
 * second.app!.getState().status // 'authenticated'
 */
export function createTabWorld<User = unknown>({
  client,
  backend: backendOptions,
  boot,
  ...options
}: TabWorldOptions<User> = {}): TabWorld<User> {
  const backend = createReferenceBackend({
    ...createDeterministicParts(options.seed),
    // What is slow is the network of the world; a handler cannot wait for virtual time.
    sleep: () => Promise.resolve(),
    ...backendOptions,
    clock: { now: () => world.serverTime() },
  })
  const world = createWorld<AuthClient<User>>({
    ...options,
    server: (request, context) => backend.handle(request, context),
    boot(page) {
      const auth = createPageClient<User>(page, client)
      boot?.(auth, page)
      void auth.ready()
      return auth
    },
  })
  return { ...world, backend }
}
