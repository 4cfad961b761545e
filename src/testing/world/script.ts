/*
 * The gate between a page's script and the world. Everything that wants to run script goes through it: while the page
 * is frozen, in the back/forward cache or the machine asleep, it queues; when the page is gone, it is dropped.
 */
import type { VirtualTime } from './time.js'

/** Why a page's script stands still. */
export type Pause = 'frozen' | 'cached' | 'asleep'

export interface Script {
  gone(): boolean
  running(): boolean
  paused(reason: Pause): boolean
  /** Runs the task now, later, or never. */
  run(task: () => void): void
  pause(reason: Pause): void
  /** What queued meanwhile runs as events of their own, after what follows in this one. */
  resume(reason: Pause): void
  end(): void
  /** Milliseconds in which the script could run. */
  activeMs(): number
}

export function createScript(time: VirtualTime): Script {
  const pauses = new Set<Pause>()
  const parked: (() => void)[] = []
  let gone = false
  let activeBefore = 0
  let activeSince = time.now()

  const running = (): boolean => !gone && pauses.size === 0
  const account = (): void => {
    if (running()) activeBefore += time.now() - activeSince
    activeSince = time.now()
  }
  function run(task: () => void): void {
    if (gone) return
    if (running()) task()
    else parked.push(task)
  }

  return {
    gone: () => gone,
    running,
    paused: (reason) => pauses.has(reason),
    run,
    pause(reason) {
      account()
      pauses.add(reason)
    },
    resume(reason) {
      account()
      pauses.delete(reason)
      if (!running()) return
      for (const task of parked.splice(0)) time.at(0, () => run(task))
    },
    end() {
      account()
      gone = true
      parked.length = 0
    },
    activeMs: () => activeBefore + (running() ? time.now() - activeSince : 0),
  }
}
