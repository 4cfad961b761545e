import {
  createMemoryUsers,
  createReferenceBackend,
  type PasswordHash,
  type BackendClock,
  type BackendOptions,
  type Random,
  type ReferenceBackend,
  type Users,
} from 'latchkey/testing'
import { ACCOUNTS } from '../shared/accounts.js'
import { type DemoMode, HINT_COOKIE } from '../shared/demo-api.js'

export interface DemoBackendOptions {
  /** Where the page and the backend are reached; one origin for both. */
  readonly origin: string
  readonly tokenSeconds: number
  readonly insecureCookies: boolean
}

/** What outlives a server, where something does. */
export interface Kept extends Required<Pick<BackendOptions, 'store' | 'secrets' | 'signer'>> {
  readonly users: Users
  /** The last one that was chosen. */
  readonly mode: DemoMode | undefined
  keepMode(mode: DemoMode): void
}

/** A clock that a switch puts ahead. */
export interface SkewedClock extends BackendClock {
  /** In milliseconds. */
  ahead: number
}

export const createClock = (): SkewedClock => {
  const clock: SkewedClock = { ahead: 0, now: () => Date.now() + clock.ahead }
  return clock
}

/** The reference backend of the demo, and what the switches of the demo need to turn. */
export interface DemoBackend {
  readonly backend: ReferenceBackend
  readonly users: Users
  readonly options: DemoBackendOptions
  readonly clock: SkewedClock
  readonly kept: Kept | undefined
}

export const REFRESH_COOKIE = 'latchkey-demo'

export const platformRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
}

/** Runs wherever a page or Node runs it; what hashes passwords well differs between the two, so it is handed in. */
export async function createDemoBackend(
  options: DemoBackendOptions,
  passwordHash: PasswordHash,
  clock: SkewedClock = createClock(),
  kept?: Kept,
): Promise<DemoBackend> {
  const users = kept?.users ?? createMemoryUsers()
  const backend = createReferenceBackend({
    origin: options.origin,
    users,
    passwordHash,
    random: platformRandom,
    clock,
    ...(kept && { store: kept.store, secrets: kept.secrets, signer: kept.signer }),
    accessTokenSeconds: options.tokenSeconds,
    // So that a ban, a new role and "expire now" take hold of tokens that are out already.
    revocation: 'deny-list',
    // Browsers keep the cookies of all ports of localhost in one jar: a name of its own keeps other servers out of this one.
    cookies: {
      refresh: REFRESH_COOKIE,
      login: 'latchkey-demo-login',
      hint: HINT_COOKIE,
      insecureCookies: options.insecureCookies,
    },
    // Few enough to see what happens then, and soon over.
    throttle: { perAccount: 5, windowMs: 60_000 },
  })
  const known = new Set((await users.all()).map(({ id }) => id))
  const missing = ACCOUNTS.filter(({ id }) => !known.has(id))
  await Promise.all(missing.map((account) => backend.admin.addUser(account)))
  return { backend, users, options, clock, kept }
}
