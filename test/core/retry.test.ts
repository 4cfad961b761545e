import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoff } from '../../src/core/retry.js'

const POLICY = { base: 1000, cap: 60_000 }

it('R13 waits double from the first one to the cap', () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoff(failures, 1, POLICY))
  expect(longest).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
})

it('R13 half of each wait is left to chance, so that tabs do not come back together', () => {
  expect(backoff(3, 0, POLICY)).toBe(2000)
  expect(backoff(3, 0.5, POLICY)).toBe(3000)
})

it('R13 however many failures, a wait stays between half the base and the cap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      (failures, fraction, base, cap) => {
        const delay = backoff(failures, fraction, { base, cap })
        expect(delay).toBeGreaterThanOrEqual(Math.min(base, cap) / 2)
        expect(delay).toBeLessThanOrEqual(cap)
      },
    ),
  )
})

it('R13 a further failure never waits less, chance apart', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, fraction) => {
        expect(backoff(n + 1, fraction, POLICY)).toBeGreaterThanOrEqual(backoff(n, fraction, POLICY))
      },
    ),
  )
})
