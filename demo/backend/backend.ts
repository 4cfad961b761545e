import {
  createMemoryUsers,
  createReferenceBackend,
  type PasswordHash,
  type Random,
  type ReferenceBackend,
  type Users,
} from 'latchkey/testing'
import { ACCOUNTS } from '../shared/accounts.js'
import { HINT_COOKIE } from '../shared/demo-api.js'

export interface DemoBackendOptions {
  /** Where the page and the backend are reached; one origin for both. */
  readonly origin: string
  readonly tokenSeconds: number
  readonly insecureCookies: boolean
}

/** The reference backend of the demo, and what the switches of the demo need to turn. */
export interface DemoBackend {
  readonly backend: ReferenceBackend
  readonly users: Users
  readonly options: DemoBackendOptions
  /** How far its clock is ahead, in milliseconds. */
  skew: number
}

export const REFRESH_COOKIE = 'latchkey-demo'

export const platformRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
}

/** Runs wherever a page or Node runs it; what hashes passwords well differs between the two, so it is handed in. */
export async function createDemoBackend(
  options: DemoBackendOptions,
  passwordHash: PasswordHash,
): Promise<DemoBackend> {
  const users = createMemoryUsers()
  const backend = createReferenceBackend({
    origin: options.origin,
    users,
    passwordHash,
    random: platformRandom,
    clock: { now: () => Date.now() + demo.skew },
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
  const demo: DemoBackend = { backend, users, options, skew: 0 }
  await Promise.all(ACCOUNTS.map((account) => backend.admin.addUser(account)))
  return demo
}
