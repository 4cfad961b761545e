/*
 * Timers of one page. They count the time in which the machine is awake, are late in hidden pages, and wait for the page
 * to be resumed where it is frozen or cached.
 */
import type { Clock } from '../../core/ports.js'
import type { Browser } from './browser.js'
import type { Script } from './script.js'

/** Timers of hidden pages run on full seconds only. */
const HIDDEN_TICK_MS = 1000
/** Far below the resolution of the clock that script reads, far above the error of adding floating-point numbers. */
const ROUNDING_MS = 0.001

export function createTimers(browser: Browser, script: Script, visible: () => boolean): Clock['after'] {
  return (milliseconds, callback) => {
    const due = browser.monotonic() + Math.max(0, Number.isNaN(milliseconds) ? 0 : milliseconds)
    let cancelled = false
    let cancelTask = (): void => undefined
    const arm = (): void => {
      const left = Math.max(0, due - browser.monotonic())
      const rest = left % HIDDEN_TICK_MS
      const late = visible() || rest === 0 ? 0 : HIDDEN_TICK_MS - rest
      // Such a timer never fires, and needs no place in the queue.
      if (left < Infinity) cancelTask = browser.time.at(left + late, () => script.run(fire))
    }
    const fire = (): void => {
      if (cancelled) return
      // The machine slept meanwhile, and so did the timer.
      if (due - browser.monotonic() > ROUNDING_MS) return arm()
      callback()
    }
    arm()
    return () => {
      cancelled = true
      cancelTask()
    }
  }
}
