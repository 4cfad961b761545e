import type { BackendOptions } from './options.js'
import { createCheapHash } from '../../server/password.js'
import type { Random } from '../../server/ports.js'
import { createCheapSealer } from '../../server/sealer.js'
import { createDeterministicSigner } from '../../server/signers.js'

/** The same bytes in every run (mulberry32). Anybody can foretell them: for tests and simulators only. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0
  const byte = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) & 0xff
  }
  return { bytes: (length) => Uint8Array.from({ length }, byte) }
}

/**
 * The parts that make a backend a pure function of its requests and its clock; hand in the clock and the
 * sleep beside them.
 */
export function createDeterministicParts(
  seed = 1,
): Required<Pick<BackendOptions, 'random' | 'passwordHash' | 'sealer' | 'signer'>> {
  return {
    random: createSeededRandom(seed),
    passwordHash: createCheapHash(),
    sealer: createCheapSealer(),
    signer: createDeterministicSigner(),
  }
}
