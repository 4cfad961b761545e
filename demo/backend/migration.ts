import type { ReferenceBackend } from 'latchkey/testing'
import type { DemoMode } from '../shared/demo-api.js'

/** As long as a spent cookie is good for calls that are on their way: those began under the old rules. */
const GRACE_MS = 30_000

/**
 * Changes the mode of the backend under people who are signed in, as one would at work: both modes are served until nobody
 * holds a session of the kind that goes, and a while longer.
 */
export class Migration {
  readonly #backend: Pick<ReferenceBackend, 'admin'>
  readonly #now: () => number
  #mode: DemoMode = 'token'
  #begun = false
  #lastOld: number | undefined

  constructor(backend: Pick<ReferenceBackend, 'admin'>, now: () => number = Date.now) {
    this.#backend = backend
    this.#now = now
  }

  get mode(): DemoMode {
    return this.#mode
  }

  /** From now on each sign-in and each renewal gives what that mode is about. */
  begin(mode: DemoMode): void {
    this.#mode = mode
    this.#begun = true
    this.#lastOld = undefined
    this.#backend.admin.setMode('both', mode === 'token' ? 'token' : 'session')
  }

  /** Looks how far it has come, and ends it where nobody needs it any more. */
  async goesOn(): Promise<boolean> {
    const mode = this.#mode
    if (!this.#begun || mode === 'both') return false
    const sessions = await this.#backend.admin.listSessions()
    if (sessions.some((session) => session.mode !== mode)) this.#lastOld = this.#now()
    const over = this.#lastOld === undefined || this.#now() - this.#lastOld > GRACE_MS
    // Somebody may have chosen another one meanwhile.
    if (over && mode === this.#mode) {
      this.#begun = false
      this.#backend.admin.setMode(mode)
    }
    return this.#begun
  }
}
