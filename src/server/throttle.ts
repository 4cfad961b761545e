import type { BackendClock } from './ports.js'

/** Counts failures under a key inside a window that begins with the first one. */
export interface Throttle {
  /** Counts an attempt. The seconds to wait where there were too many, else 0. */
  attempt(key: string): number
  /** Takes the attempt back: it was no failure. */
  forgive(key: string): void
}

const SWEEP_AT = 10_000

export function createThrottle(clock: BackendClock, limit: number, windowMs: number): Throttle {
  const windows = new Map<string, { attempts: number; readonly until: number }>()

  const sweep = (now: number): void => {
    for (const [key, { until }] of windows) if (until <= now) windows.delete(key)
  }

  return {
    attempt(key) {
      const now = clock.now()
      if (windows.size >= SWEEP_AT) sweep(now)
      let window = windows.get(key)
      if (window === undefined || window.until <= now) {
        window = { attempts: 0, until: now + windowMs }
        windows.set(key, window)
      }
      if (window.attempts >= limit) return Math.ceil((window.until - now) / 1000)
      window.attempts++
      return 0
    },
    forgive(key) {
      const window = windows.get(key)
      if (window !== undefined && window.attempts > 0) window.attempts--
    },
  }
}
