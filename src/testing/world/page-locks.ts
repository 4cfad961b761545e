/* Web Locks as one page meets them: with bounded waits, taken away where the browser has none, lost where a cache takes them. */
import type { Clock, Locks } from '../../core/ports.js'
import type { Browser } from './browser.js'
import type { LockOwner } from './locks.js'

export interface PageLocks extends Locks {
  /** The page enters the cache of an engine that takes its locks away. Whoever waits for one learns it later. */
  lose(): void
}

export function createPageLocks(
  browser: Browser,
  owner: LockOwner,
  after: Clock['after'],
  onceActivated: (task: () => void) => void,
): PageLocks {
  const { capabilities, locks } = browser
  const { script } = owner
  const waits = new Set<() => void>()

  return {
    get available() {
      return capabilities.locks !== false
    },
    acquire: (name, waitMs, signal, queued) =>
      new Promise((resolve) => {
        onceActivated(() => {
          if (capabilities.locks === false || script.gone() || signal?.aborted) return resolve(undefined)
          if (locks.isTaken(name)) queued?.()
          let waiting = true
          const stop = (release: (() => void) | undefined): void => {
            if (!waiting) return
            waiting = false
            waits.delete(giveUp)
            stopTimer()
            signal?.removeEventListener('abort', giveUp)
            if (!release) giveBack()
            resolve(release)
          }
          const giveUp = (): void => stop(undefined)
          const granted = (): void => stop(giveBack)
          const giveBack =
            capabilities.locks === 'stuck'
              ? () => undefined
              : locks.request(name, owner, () => script.run(granted))
          const stopTimer = after(waitMs, giveUp)
          waits.add(giveUp)
          signal?.addEventListener('abort', giveUp)
        })
      }),
    lose() {
      locks.drop(owner)
      for (const giveUp of [...waits]) script.run(giveUp)
    },
  }
}
