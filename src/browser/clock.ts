import type { Clock } from '../core/ports.js'

/** A longer delay overflows a signed 32-bit number, and the timer fires at once. */
const LONGEST = 2_147_483_647

// All late-bound, so that what a test puts in the place of a global is used.
export const browserClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, callback) {
    const end = performance.now() + milliseconds
    let timer: ReturnType<typeof setTimeout>
    const arm = (left: number) => {
      timer = setTimeout(
        () => (left > LONGEST ? arm(end - performance.now()) : callback()),
        Math.min(Math.max(left, 0), LONGEST),
      )
    }
    arm(milliseconds)
    return () => clearTimeout(timer)
  },
}
