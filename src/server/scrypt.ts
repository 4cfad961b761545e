import { createScryptHash, OWASP_SCRYPT, type Scrypt, type ScryptCost } from './password.js'
import type { PasswordHash } from './ports.js'
import { platformRandom } from './settings.js'

export interface ScryptPasswordsOptions {
  /** Default: OWASP's, 128 MiB a hash. */
  cost?: ScryptCost | undefined
  /** How many hashes run at once: each takes the memory that `cost` says. The others wait. Default: 4. */
  atOnce?: number | undefined
  /** How many may wait. Whoever comes behind them is refused at once, so that a flood holds neither memory nor callers: a sign-in is then 503. Default: 100. */
  waiting?: number | undefined
}

interface NodeCrypto {
  scrypt(
    password: string,
    salt: Uint8Array,
    length: number,
    options: ScryptCost & { maxmem: number },
    done: (error: Error | null, key: Uint8Array) => void,
  ): void
}

/** Hashes passwords with scrypt of Node, Bun or Deno. Not for the edge, which gives no call so much memory. */
export function scryptPasswords({
  cost = OWASP_SCRYPT,
  atOnce = 4,
  waiting: most = 100,
}: ScryptPasswordsOptions = {}): PasswordHash {
  // Asked for by name and not imported, so that a bundle for the edge or a browser does not look for it.
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): NodeCrypto } }
  const crypto = process?.getBuiltinModule?.('node:crypto')
  if (crypto === undefined) {
    throw new TypeError(
      'Failed to hash passwords: scryptPasswords() needs Node 20.16, Bun or Deno. Hash them where one of these runs.',
    )
  }
  let free = atOnce
  const waiting: (() => void)[] = []
  const scrypt: Scrypt = async (password, salt, { N, r, p }) => {
    if (free > 0) free--
    else if (waiting.length < most) await new Promise<void>((resolve) => waiting.push(resolve))
    else throw new Error(`Failed to hash a password: ${most} are waiting already.`)
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        const maxmem = 256 * N * r * p
        crypto.scrypt(password.normalize('NFKC'), salt, 32, { N, r, p, maxmem }, (error, key) =>
          error === null ? resolve(key) : reject(error),
        )
      })
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
  return createScryptHash(platformRandom, cost, scrypt)
}
