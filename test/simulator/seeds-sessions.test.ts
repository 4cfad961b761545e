/* As `seeds.test.ts`, where a cookie is the credential: a file of its own, so that both are played at once. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { EXCHANGE_COUNTERS, LINK_COUNTERS, SESSION_COUNTERS } from './coverage.js'
import { play } from './simulate.js'

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})

describe('simulated browsers with cookie sessions', () => {
  it(
    'R11 R70 R99 two to five tabs keep all promises where a cookie is the credential',
    { timeout: 120_000 },
    async () => {
      const coverage = await play({ first: 1, count: 200, tabs: [2, 5], steps: 40, mode: 'session' })
      const expected = [...SESSION_COUNTERS, ...LINK_COUNTERS].filter((counter) => counter !== 'mode switch')
      expect(expected.filter((counter) => !coverage.has(counter))).toEqual([])
    },
  )

  it(
    'R120 two to five tabs keep all promises where the application signs up and acts as somebody else',
    { timeout: 120_000 },
    async () => {
      // Where each answer sets the cookie anew, only one that says who it is can be told from a late one (docs/signing-in.md).
      const setting = { rolling: false }
      const coverage = await play({
        first: 5001,
        count: 60,
        tabs: [2, 5],
        steps: 40,
        mode: 'session',
        exchanges: true,
        setting,
      })
      expect(EXCHANGE_COUNTERS.filter((counter) => !coverage.has(counter))).toEqual([])
    },
  )

  it(
    'R11 R99 two to five tabs keep all promises while the backend changes over from one mode to the other',
    { timeout: 120_000 },
    async () => {
      const coverage = await play({ first: 1, count: 300, tabs: [2, 5], steps: 40, mode: 'mixed' })
      const expected = [...SESSION_COUNTERS, ...LINK_COUNTERS]
      expect(expected.filter((counter) => !coverage.has(counter))).toEqual([])
    },
  )
})
