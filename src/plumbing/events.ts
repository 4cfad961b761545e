import type { Identity } from '../core/state.js'
import type { EndReason } from '../core/types.js'
import { Listeners } from '../store.js'
import type { Context, Reactions } from './context.js'
import type { DiagnosticEntry } from './diagnostics.js'
import { within } from './waiting.js'

/** What `on()` can listen to. */
export interface AuthEvents<User> {
  /**
   * A session ended in this tab, once per session: clear away all that belonged to the user. A promise is waited for (5 s by
   * default) before anybody else is shown as signed in.
   */
  sessionEnd: {
    readonly reason: EndReason
    readonly previousUser: User | undefined
    readonly status: number | undefined
  }
  /** Somebody else is signed in now; `sessionEnd` came before it. */
  userSwitch: { readonly from: User; readonly to: User }
  /** The server describes the same user in another way, such as with other roles. */
  claimsChange: { readonly previousUser: User; readonly user: User }
  /** One decision of the client and why. Holds no secret. */
  diagnostic: DiagnosticEntry
}

/** Calls the application: at the end of a session first of all, and waits for what it clears away. */
export class Events {
  readonly sessionEnd = new Listeners<AuthEvents<unknown>['sessionEnd']>()
  readonly userSwitch = new Listeners<AuthEvents<unknown>['userSwitch']>()
  readonly claimsChange = new Listeners<AuthEvents<unknown>['claimsChange']>()
  /** Whether a `sessionEnd` listener is on the stack: it must not wait for what waits for it. */
  telling = false
  readonly #context: Context
  #switch: { readonly from: Identity; readonly to: Identity } | undefined
  #purges = 0

  constructor(context: Context) {
    this.#context = context
  }

  readonly end: Reactions['end'] = ({ reason, status, previous }) => {
    this.#purges++
    this.#context.note('session.ended', { reason, status })
    this.#context.callback(() => {
      this.telling = true
      const pending = this.sessionEnd.emit({ reason, previousUser: previous?.user, status })
      this.telling = false
      const { ports, options } = this.#context
      if (pending.length === 0) this.#purged()
      else
        void within(ports.clock, options.timeouts.sessionEnd, Promise.all(pending)).then(() => this.#purged())
    })
  }

  /** Told when the new identity is shown, which a logout may still prevent. */
  readonly switched: Reactions['switched'] = (change) => {
    this.#context.note('session.switched')
    this.#switch = change
  }

  readonly claimsChanged: Reactions['claimsChanged'] = ({ previous, current }) => {
    this.#context.callback(
      () => void this.claimsChange.emit({ previousUser: previous.user, user: current.user }),
    )
  }

  #purged(): void {
    this.#purges--
    if (this.#purges > 0) return
    const context = this.#context
    const { from, to } = this.#switch ?? {}
    this.#switch = undefined
    const flush = context.quietly(() => {
      context.sync()
      context.dispatch({ type: 'purged' })
    })
    if (to && to === context.state.identity)
      context.callback(() => void this.userSwitch.emit({ from: from?.user, to: to.user }))
    flush()
  }
}
