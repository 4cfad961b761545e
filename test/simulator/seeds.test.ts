/* Random schedules of the real client against the real backend. `npm run simulate` plays more of them. */
import * as fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Exchange } from '../../src/testing/world/network.js'
import { COUNTERS } from './coverage.js'
import { calmSchedules, schedules } from './schedule.js'
import { generate, play, simulate } from './simulate.js'

beforeEach(() => {
  // The client says on the console what a browser lacks.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})

describe('simulated browsers', () => {
  it('one tab keeps all promises', { timeout: 60_000 }, async () => {
    await play({ first: 1, count: 100, tabs: [1, 1], steps: 40 })
  })

  it(
    'R01 R02 R10 R20 R21 R23 R37 R38 R40 R50 R99 two to five tabs keep all promises',
    { timeout: 300_000 },
    async () => {
      const coverage = await play({ first: 1, count: 500, tabs: [2, 5], steps: 40 })
      expect(COUNTERS.filter((counter) => !coverage.has(counter))).toEqual([])
    },
  )

  it(
    'R02 R22 without lock, channel and storage nobody is logged out by a race',
    { timeout: 60_000 },
    async () => {
      const setting = { locks: false, channel: false, storage: false }
      const coverage = await play({ first: 1, count: 150, tabs: [2, 5], steps: 40, setting })
      expect(coverage.get('race')).toBeGreaterThan(0)
    },
  )

  it('the same schedule gives the same timeline, to the last line', async () => {
    for (const seed of [5, 28, 300]) {
      const schedule = generate(schedules({ tabs: [2, 5], steps: 40 }), seed)
      const [first, again] = [await simulate(schedule), await simulate(schedule)]
      expect(first.timeline().split('\n').length).toBeGreaterThan(20)
      expect(again.timeline()).toBe(first.timeline())
    }
  })

  it(
    'R01 R34 in a whole browser, any number of tabs and calls costs one refresh per token lifetime',
    { timeout: 60_000 },
    async () => {
      const property = fc.asyncProperty(calmSchedules(), async (schedule) => {
        const { violations, exchanges, timeline } = await simulate(schedule)
        const soonest = soonestRefresh(schedule.lifetime)
        const sent = exchanges.filter(isRenewal).map(({ sentAt }) => sentAt)
        const tooSoon = sent.some((at, index) => index > 0 && at - (sent[index - 1] ?? 0) < soonest)
        if (violations.length > 0 || tooSoon) throw new Error(`${violations.join('\n')}\n${timeline()}`)
      })
      await fc.assert(property, { seed: 1, numRuns: 100 })
    },
  )
})

/** A refresh that had a cookie to send: the first visit asks in vain. */
function isRenewal({ url, headers }: Exchange): boolean {
  return url.pathname === '/auth/refresh' && headers.has('cookie')
}

/** A token is renewed at most a minute, or a quarter of its life, ahead of its end, and a quarter of that earlier by jitter. */
function soonestRefresh(lifetimeSeconds: number): number {
  return (lifetimeSeconds - 1.25 * Math.min(60, lifetimeSeconds / 4)) * 1000 - 1000
}
