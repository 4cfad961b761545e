import type { Instant } from '../core/lifetime.js'
import type { Context } from '../plumbing/context.js'

/** Behind the first, tries of a browser are so far apart: a server that comes back is found soon, and is not stormed. */
export const SPACING_MS = 5500
/** What nobody waits for. */
const BY_ITSELF = ['schedule', 'retry', 'early', 'repair', 'resync']

interface Noted {
  /** When the last one was in vain, by the wall clock; where it was not answered, until when it may be. */
  readonly tried: number
  /** Until when the wait was that somebody passed on purpose, by the wall clock. */
  readonly passed: number
  /** One, where the last one was not answered: the next one keeps no connection. */
  readonly unanswered: number
}

/** What all tabs of this browser have tried in vain: how often they may ask while the server is down. */
export class Tries {
  readonly #context: Context
  /** Where nothing is stored. */
  #noted = ''

  constructor(context: Context) {
    this.#context = context
  }

  /** A back-off holds timers: who waits for an answer may ask now and then. What the server asks for is passed on purpose alone, and once. */
  pass({ cause, force }: { readonly cause: string; readonly force?: boolean }, now: Instant): boolean {
    const { mandated, retryAt, triedAt } = this.#context.state
    const { tried, passed } = this.read()
    if (mandated) return cause === 'app' && !!force && Math.abs(passed - retryAt!.wall) > 1000
    const age = now.wall - Math.max(tried, triedAt)
    // Further ahead than any wait: the clock was set back.
    return !BY_ITSELF.includes(cause) && (age >= SPACING_MS || -age > 2 * 60_000)
  }

  read(): Noted {
    const text = this.#context.ports.shared.read(this.#key) ?? this.#noted
    const [tried = 0, passed = 0, unanswered = 0] = text.split(' ').map((part) => Number(part) || 0)
    return { tried, passed, unanswered }
  }

  note(change: Partial<Noted>): void {
    this.#noted = Object.values({ ...this.read(), ...change }).join(' ')
    this.#context.ports.shared.write(this.#key, this.#noted)
  }

  get #key(): string {
    return `${this.#context.name}:tries`
  }
}
