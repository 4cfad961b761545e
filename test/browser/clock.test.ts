import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { browserClock } from '../../src/browser/clock.js'

const DAY = 86_400_000
const LONGEST = 2 ** 31 - 1

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('R32 a delay of forty days is over after forty days, not at once and not never', () => {
  const called = vi.fn()
  const delays = vi.spyOn(globalThis, 'setTimeout')
  browserClock.after(40 * DAY, called)
  vi.advanceTimersByTime(60_000)
  expect(called).not.toHaveBeenCalled()
  vi.advanceTimersByTime(40 * DAY - 60_001)
  expect(called).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(called).toHaveBeenCalledOnce()
  expect(delays.mock.calls.length).toBe(2)
  for (const [, delay] of delays.mock.calls) expect(delay).toBeLessThanOrEqual(LONGEST)
  expect(vi.getTimerCount()).toBe(0)
})

it.each([LONGEST - 1, LONGEST, LONGEST + 1, 2 ** 32 + 50, 3 * LONGEST + 7])(
  'R32 a delay of %i ms is over to the millisecond',
  (delay) => {
    const called = vi.fn()
    browserClock.after(delay, called)
    vi.advanceTimersByTime(delay - 1)
    expect(called).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(called).toHaveBeenCalledOnce()
  },
)

it('R32 an endless delay is never over', () => {
  const called = vi.fn()
  const cancel = browserClock.after(Infinity, called)
  vi.advanceTimersByTime(400 * DAY)
  expect(called).not.toHaveBeenCalled()
  cancel()
  expect(vi.getTimerCount()).toBe(0)
})

it('R32 a chain that was held up by sleep counts what has passed, not the timers', () => {
  const called = vi.fn()
  let extra = 0
  const { now } = performance
  vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + extra)
  browserClock.after(40 * DAY, called)
  extra = 10 * DAY
  vi.advanceTimersByTime(30 * DAY)
  expect(called).toHaveBeenCalledOnce()
})

it('R26 a timer that is cancelled is gone, in the first link of the chain and in the second', () => {
  const called = vi.fn()
  browserClock.after(1000, called)()
  expect(vi.getTimerCount()).toBe(0)
  const cancel = browserClock.after(40 * DAY, called)
  vi.advanceTimersByTime(30 * DAY)
  cancel()
  cancel()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(40 * DAY)
  expect(called).not.toHaveBeenCalled()
})

it.each([0, -1, -Infinity, Number.NaN])('a delay of %d is over at the next turn', (delay) => {
  const called = vi.fn()
  browserClock.after(delay, called)
  expect(called).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(called).toHaveBeenCalledOnce()
})

it('R90 the clock is looked up at each use, so that a test can put its own in place', () => {
  vi.setSystemTime(5)
  expect(browserClock.wall()).toBe(5)
  const before = browserClock.monotonic()
  vi.advanceTimersByTime(100)
  expect(browserClock.monotonic() - before).toBe(100)
})
