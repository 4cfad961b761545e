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
  readonly #releases = new Set<Release>()
  #leaving = new AbortController()
  #away: Promise<void> = Promise.resolve()

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
      await this.here()
      const { leaving } = this
      const release = await this.takeNow(waitMs, queued)
      // Granted in the moment of the disposal: nobody else would give it back.
      if (this.#disposed.aborted) release?.()
      this.#disposed.throwIfAborted()
      if (release || !leaving.aborted) return release
    }
  }

  /** Resolves when the page is here, or here again: it is hidden first and frozen later, and each counts. */
  async here(): Promise<void> {
    for (let away; away !== this.#away;) await raced((away = this.#away), this.#disposed)
  }

  /**
   * As `take`, for what must be done before the page has gone. A disposed client waits its turn, and holds nothing:
   * nobody would be left to give it back where the page is frozen, or the server hangs.
   */
  async takeNow(waitMs: number, queued?: () => void): Promise<Release | undefined> {
    const { leaving } = this
    const given = await this.#ports.locks.acquire(this.#name, waitMs, leaving, queued)
    if (!given || leaving.aborted || this.#disposed.aborted) {
      given?.()
      return undefined
    }
    const release = () => {
      this.#releases.delete(release)
      given()
    }
    this.#releases.add(release)
    return release
  }

  /** The page goes away. */
  leave(): void {
    this.quit()
    // Timers stand still while it is away.
    this.#away = pause(this.#ports.clock, AWAY_MS)
    for (const release of this.#releases) release()
  }

  /** The client is disposed of: what it has begun goes on under the lock, and it waits for no more of what it waited for. */
  quit(): void {
    this.#leaving.abort()
    this.#leaving = new AbortController()
  }
}
