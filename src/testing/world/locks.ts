/*
 * Web Locks of one browser: first come, first served, exclusive, freed at once when their page ends, whatever its
 * keepalive requests still do. A frozen page is granted locks and keeps them.
 */
import type { Script } from './script.js'
import type { VirtualTime } from './time.js'

/** A page as the lock manager sees it. */
export interface LockOwner {
  readonly script: Script
  /** Takes the page out of the back/forward cache for good, because another page wants its lock. */
  evict(): void
}

interface LockRequest {
  readonly owner: LockOwner
  readonly granted: () => void
}

export interface LockManager {
  /** Calls back when the lock is granted. Returns what gives the lock, or the place in the queue, back. */
  request(name: string, owner: LockOwner, granted: () => void): () => void
  /** Whether somebody holds the lock. */
  isTaken(name: string): boolean
  /** Whether the page holds a lock or waits for one. */
  involves(owner: LockOwner): boolean
  holds(owner: LockOwner): boolean
  /** A page went into the back/forward cache: it must leave it where it keeps others waiting. */
  cached(): void
  /** Frees and forgets all of a page. */
  drop(owner: LockOwner): void
  /** How many requests hold or wait for a lock. */
  pending(): number
}

export function createLockManager(time: VirtualTime): LockManager {
  /** The first of each queue holds the lock. */
  const queues = new Map<string, LockRequest[]>()

  function remove(name: string, gone: (request: LockRequest) => boolean): void {
    const queue = queues.get(name) ?? []
    const rest = queue.filter((request) => !gone(request))
    queues.set(name, rest)
    const [next] = rest
    if (next && next !== queue[0]) time.at(0, () => grant(name, next))
  }

  function grant(name: string, request: LockRequest): void {
    if (queues.get(name)?.[0] !== request) return
    request.granted()
    makeWay(name)
  }

  /** A page in the cache must not keep others waiting. */
  function makeWay(name: string): void {
    const [holder, ...waiting] = queues.get(name) ?? []
    if (waiting.length > 0 && holder?.owner.script.paused('cached')) holder.owner.evict()
  }

  return {
    request(name, owner, granted) {
      const request: LockRequest = { owner, granted }
      const queue = queues.get(name) ?? []
      queue.push(request)
      queues.set(name, queue)
      if (queue.length === 1) time.at(0, () => grant(name, request))
      else makeWay(name)
      return () => remove(name, (other) => other === request)
    },
    isTaken: (name) => (queues.get(name)?.length ?? 0) > 0,
    involves: (owner) => [...queues.values()].some((queue) => queue.some((other) => other.owner === owner)),
    holds: (owner) => [...queues.values()].some(([holder]) => holder?.owner === owner),
    cached() {
      for (const name of queues.keys()) makeWay(name)
    },
    drop(owner) {
      for (const name of queues.keys()) remove(name, (request) => request.owner === owner)
    },
    pending: () => [...queues.values()].reduce((sum, queue) => sum + queue.length, 0),
  }
}
