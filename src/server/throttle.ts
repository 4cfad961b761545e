import { digest } from './secrets.js'
import type { ServerStore } from './stores/store.js'

export interface Attempt {
  /** The seconds to wait where there were too many, else 0. */
  readonly wait: number
  /** When its window ends, by the store's time. */
  readonly endsAt: number
  /** Takes it back: it was no failure. */
  forgive(): Promise<void>
}

/** Counts failures under a key inside a window that begins with the first one, for all processes that share the store. */
export type Throttle = (key: string) => Promise<Attempt>

/** How often another sign-in of the same key may be faster: after that the attempt stays counted. */
const TRIES = 5

export function createThrottle(store: ServerStore, name: string, limit: number, windowMs: number): Throttle {
  return async (key) => {
    // Of a fixed length, whoever chooses it, and without keeping whose address it was.
    const counter = `${name}:${digest(key)}`
    const [{ count, endsAt, now }, before] = await Promise.all([
      store.count(counter, windowMs),
      store.get(`${counter}:forgiven`),
    ])
    const failures = count - forgivenOf(before?.value, endsAt)
    return {
      endsAt,
      wait: failures > limit ? Math.max(1, Math.ceil((endsAt - now) / 1000)) : 0,
      async forgive() {
        for (let tried = 0; tried < TRIES; tried++) {
          const stored = await store.get(`${counter}:forgiven`)
          const forgiven = forgivenOf(stored?.value, endsAt) + 1
          const put = { ifVersion: stored?.version, expiresAt: Math.ceil(endsAt) }
          if (await store.put(`${counter}:forgiven`, `${forgiven} ${endsAt}`, put)) return
        }
      },
    }
  }
}

/** How many attempts of the window that ends then were none. */
function forgivenOf(value: string | undefined, endsAt: number): number {
  const [forgiven = 0, until] = (value ?? '').split(' ').map(Number)
  return until === endsAt ? forgiven : 0
}
