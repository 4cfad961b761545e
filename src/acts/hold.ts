import { backoff } from '../core/retry.js'
import type { ClientState } from '../core/state.js'
import { isLooping, waitLeft } from '../core/waits.js'
import { AuthError } from '../errors.js'
import type { Context } from '../plumbing/context.js'
import { lineOf } from '../wire/endpoints.js'
import { questionOf } from '../wire/obtain.js'
import { REFRESH } from '../words.js'
import type { Renewal } from './renewal.js'
import { SPACING_MS, Tries } from './tries.js'

/** How a refresh came out for those who waited for it. It never rejects. */
export type RefreshOutcome =
  /** There is a credential newer than the one it began with. */
  | { readonly kind: 'refreshed' }
  /** Nobody is signed in, or somebody else. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: AuthError }

export interface RefreshNeed extends Renewal {
  /** Ask the server even if the credential looks fresh. */
  readonly force?: boolean
  /** Not satisfied by a flight that began earlier. */
  readonly anew?: boolean
  /** With `anew`: the generation that this tab had when it was asked for. Any other has come since. */
  readonly had?: number | undefined
  /** Ask although nobody is known to be signed in: at the start, and on an explicit wish. */
  readonly restore?: boolean
  /** Ask although nobody is known to be signed in, unless somebody wanted that. */
  readonly revive?: boolean
  /** A success is a sign-in on purpose: the person comes back from the sign-in page. */
  readonly explicit?: boolean
}

/** What holds a refresh back, and what a failure makes of that. */
export class Hold {
  readonly tries: Tries
  readonly #context: Context
  #lastError: AuthError | undefined
  #looping: ClientState['early'] | undefined

  constructor(context: Context) {
    this.#context = context
    this.tries = new Tries(context)
  }

  /** What stands against asking the server now. */
  against(need: RefreshNeed): RefreshOutcome | undefined {
    const { force, restore, revive, explicit, found } = need
    const { state } = this.#context
    const now = this.#context.instant()
    const isNobody = state.phase === 'out' && !restore && (!revive || state.loggedOut)
    if (isNobody || (state.debts.length > 0 && !explicit && !found)) return { kind: 'ended' }
    const wait = waitLeft(state, now)
    if (wait > 0 && !this.tries.pass(need, now)) {
      const retryAt = Math.round(now.wall + wait)
      const { code = 'network', status, serverCode, cause } = this.#lastError ?? {}
      const said = this.said()
      const error = new AuthError(code, { status, serverCode, cause, retryAt, action: REFRESH, said })
      // What was said of the try that failed: where, and what to do about it.
      if (this.#lastError) error.message = this.#lastError.message
      return { kind: 'failed', error }
    }
    this.#lastError = undefined
    if (!force && isLooping(state, now)) {
      const error = new AuthError('refresh_loop', { action: REFRESH, said: this.said() })
      // Once for each opening: a listener may call again.
      if (this.#looping !== state.early) this.#context.note('refresh.failed', { code: 'refresh_loop' })
      this.#looping = state.early
      return { kind: 'failed', error }
    }
    return undefined
  }

  /** Notes a failure that ends no session: nobody asks again for a while. */
  postpone(error: AuthError, retryAfter?: number, outstanding = 0): RefreshOutcome {
    const context = this.#context
    const failures = context.state.failures + 1
    const spacing = failures > 1 ? Math.min(SPACING_MS, context.options.retry.cap) : 0
    const delay = Math.max(
      spacing,
      outstanding,
      retryDelay(context, failures + Math.sign(spacing), retryAfter),
    )
    this.#lastError = error
    // A page that is restored hears of its failed request first: nobody is shown anew before it is known whether he is still here.
    context.sync()
    context.note('refresh.failed', {
      code: error.code,
      status: error.status,
      milliseconds: Math.round(delay),
    })
    context.dispatch({
      type: 'indeterminate',
      offline: error.code === 'offline',
      delay,
      mandated: retryAfter !== undefined,
      outstanding: outstanding > 0,
    })
    // Where no answer comes at all, to ask more often only fills the browser's connections.
    const { wall } = context.instant()
    this.tries.note(error.code === 'timeout' ? { tried: wall + outstanding, unanswered: 1 } : { tried: wall })
    return { kind: 'failed', error }
  }

  /** Where the question goes, for the messages of errors. */
  said(): string {
    return lineOf(this.#context, questionOf(this.#context))
  }
}

/** How long to wait after so many failures, in milliseconds: what the server asks for at least. */
export function retryDelay({ ports, options }: Context, failures: number, retryAfter = 0): number {
  return Math.max(retryAfter, backoff(failures, ports.chance.fraction(), options.retry))
}
