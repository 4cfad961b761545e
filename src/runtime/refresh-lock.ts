import type { Ports } from '../core/ports.js'
import { pause, raced } from './waiting.js'

type Release = () => void

/** Longer than the tasks that still run while a page is on its way out, too short to be noticed when it is back. */
const AWAY_MS = 50

/**
 * The lock under which the tabs refresh, log in and log out. A page that is frozen or cached gives back what it holds and
 * its place in the queue, so that it never keeps the others waiting: what it commits is guarded without the lock, too.
 */
export class RefreshLock {
  readonly #ports: Ports
  readonly #name: string
  readonly #disposed: AbortSignal
  readonly #held = new Set<Release>()
  #leaving = new AbortController()

  constructor(ports: Ports, name: string, disposed: AbortSignal) {
    this.#ports = ports
    this.#name = name
    this.#disposed = disposed
  }

  /** Aborts when the page goes away or the client is disposed of. */
  get leaving(): AbortSignal {
    return this.#leaving.signal
  }

  /** The lock, or undefined where it was not granted within that time. Asks again when the page is back. */
  async take(waitMs: number, queued?: () => void): Promise<Release | undefined> {
    for (;;) {
      const { leaving } = this
      const release = await raced(this.takeNow(waitMs, queued), this.#disposed)
      if (release || !leaving.aborted) return release
      // Timers stand still while the page is away.
      await raced(pause(this.#ports.clock, AWAY_MS), this.#disposed)
    }
  }

  /** As `take`, for what must be done before the page has gone. */
  async takeNow(waitMs: number, queued?: () => void): Promise<Release | undefined> {
    const { leaving } = this
    const given = await this.#ports.locks.acquire(this.#name, waitMs, leaving, queued)
    if (!given || leaving.aborted) {
      given?.()
      return undefined
    }
    const release = () => {
      this.#held.delete(release)
      given()
    }
    this.#held.add(release)
    // Nothing else that a disposed client waits for has a deadline.
    if (this.#disposed.aborted) this.#ports.clock.after(waitMs, release)
    return release
  }

  /** The page goes away. */
  leave(): void {
    this.quit()
    for (const release of this.#held) release()
  }

  /** The client is disposed of: what it has begun goes on under the lock, and nobody waits for it any more. */
  quit(): void {
    this.#leaving.abort()
    this.#leaving = new AbortController()
  }
}
