import type { Locks } from '../core/ports.js'
import { browserClock } from './clock.js'

const manager = (): LockManager | undefined => globalThis.navigator?.locks ?? undefined

export const browserLocks: Locks = {
  get available() {
    return manager() !== undefined
  },
  acquire(name, waitMs, signal, queued) {
    return new Promise((resolve) => {
      const locks = manager()
      if (!locks) return resolve(undefined)
      const waiting = new AbortController()
      const settle = (release?: () => void) => {
        cancel()
        signal?.removeEventListener('abort', giveUp)
        resolve(release)
      }
      const giveUp = () => {
        waiting.abort()
        settle()
      }
      const cancel = browserClock.after(waitMs, giveUp)
      signal?.addEventListener('abort', giveUp)
      if (signal?.aborted) return giveUp()
      const hold = (lock: Lock | null): Promise<void> => {
        if (lock === null) {
          queued?.()
          return request({ signal: waiting.signal })
        }
        return new Promise((release) => {
          // Granted in the moment the wait was given up: nobody is there to use it.
          if (waiting.signal.aborted) release()
          else settle(() => release())
        })
      }
      const request = (options: LockOptions): Promise<void> => locks.request(name, options, hold)
      // Rejects when the wait is given up, the lock is stolen, the page is put into the back/forward cache, or the
      // origin is opaque: never a reason to fail, since nothing depends on the lock but the number of requests.
      try {
        request({ ifAvailable: true }).catch(() => settle())
      } catch {
        settle()
      }
    })
  },
}
