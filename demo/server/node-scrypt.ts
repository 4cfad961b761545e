import { scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import type { Scrypt } from 'latchkey/testing'

const derive = promisify<string, Uint8Array, number, object, Buffer>(scrypt)

/** Node's own scrypt for `createScryptHash`: the same parameters in a tenth of the time, off the main thread. */
export const nodeScrypt: Scrypt = (password, salt, { N, r, p }) =>
  // Node's default limit of 32 MiB is below what these parameters ask for: 128 N r bytes, and a little more.
  derive(password.normalize('NFKC'), salt, 32, { N, r, p, maxmem: 128 * N * r + 2 ** 20 })
