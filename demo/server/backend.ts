import { createReferenceBackend, createScryptHash, type ReferenceBackend } from 'latchkey/testing'
import { ACCOUNTS } from '../shared/accounts.js'
import { HINT_COOKIE } from '../shared/demo-api.js'
import { nodeScrypt } from './node-scrypt.js'

export interface DemoBackendOptions {
  /** Where the page and the backend are reached; one origin for both. */
  readonly origin: string
  readonly tokenSeconds: number
  readonly insecureCookies: boolean
}

/** The reference backend with the accounts of the demo. */
export async function createDemoBackend(options: DemoBackendOptions): Promise<ReferenceBackend> {
  const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
  const backend = createReferenceBackend({
    origin: options.origin,
    random,
    passwordHash: createScryptHash(random, undefined, nodeScrypt),
    accessTokenSeconds: options.tokenSeconds,
    // Browsers keep the cookies of all ports of localhost in one jar: a name of its own keeps other servers out of this one.
    cookies: {
      refresh: 'latchkey-demo',
      login: 'latchkey-demo-login',
      hint: HINT_COOKIE,
      insecureCookies: options.insecureCookies,
    },
    // Few enough to see what happens then, and soon over.
    throttle: { perAccount: 5, windowMs: 60_000 },
  })
  await Promise.all(ACCOUNTS.map((account) => backend.admin.addUser(account)))
  return backend
}
