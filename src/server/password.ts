import { scryptAsync } from '@noble/hashes/scrypt.js'
import { base64url } from 'jose'
import type { Awaitable, PasswordHash, Random } from './ports.js'
import { digest, sameText } from './secrets.js'

export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/**
 * Derives 32 bytes. Where the platform has a native scrypt, hand it in: the one in script takes about a
 * second.
 */
export type Scrypt = (password: string, salt: Uint8Array, cost: ScryptCost) => Awaitable<Uint8Array>

/**
 * OWASP Password Storage Cheat Sheet, scrypt: N = 2^17 (128 MiB), r = 8, p = 1. Memory-hard, so that a stolen
 * table cannot be tried out on cheap hardware.
 */
export const OWASP_SCRYPT: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }

const scriptScrypt: Scrypt = (password, salt, cost) =>
  scryptAsync(password.normalize('NFKC'), salt, { ...cost, dkLen: 32 })

/** Scrypt as `scrypt$N$r$p$salt$key`. Default: OWASP's parameters and an implementation in script. */
export function createScryptHash(
  random: Random,
  cost: ScryptCost = OWASP_SCRYPT,
  scrypt: Scrypt = scriptScrypt,
): PasswordHash {
  const write = ({ N, r, p }: ScryptCost, salt: Uint8Array, key: Uint8Array): string =>
    ['scrypt', N, r, p, base64url.encode(salt), base64url.encode(key)].join('$')

  return {
    async hash(password) {
      const salt = random.bytes(16)
      return write(cost, salt, await scrypt(password, salt, cost))
    },
    async verify(password, stored) {
      const [, N, r, p, salt = ''] = stored.split('$')
      const used = { N: Number(N), r: Number(r), p: Number(p) }
      const bytes = base64url.decode(salt)
      return sameText(write(used, bytes, await scrypt(password, bytes, used)), stored)
    },
    decoy: write(cost, new Uint8Array(16), new Uint8Array(32)),
  }
}

/** Costs nothing and protects nothing: for tests and simulators only. */
export function createCheapHash(): PasswordHash {
  const write = (password: string): string => `cheap$${digest(password)}`
  return {
    hash: write,
    verify: (password, stored) => sameText(write(password), stored),
    decoy: 'cheap$',
  }
}
