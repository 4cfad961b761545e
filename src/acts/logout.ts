import { isSame, NO_EPOCH } from '../core/epoch.js'
import type { Credential } from '../core/lifetime.js'
import { isOwed, WHICHEVER } from '../core/debts.js'
import type { LogoutScope } from '../core/types.js'
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import { pause, raced, within } from '../plumbing/waiting.js'
import { inDevelopment } from '../wire/development.js'
import { inTime, isDone } from '../wire/endpoints.js'
import { modeOf } from '../wire/obtain.js'
import { Ending, isOpen, isSaid } from './ending.js'
import { retryDelay } from './hold.js'
import type { Refresher } from './refresh.js'

/** How far a logout got. This browser is signed out in any case. */
export interface LogoutResult {
  /** Whether the server has ended the session, or will be told as soon as it can be reached. */
  readonly server: 'confirmed' | 'pending'
  /** Whether the logout survives a reload; false where storage is blocked. */
  readonly durable: boolean
}

/** A session that is to be ended; its own token goes along, where there is one. */
export interface Debt {
  readonly identity: { readonly sessionId: string | undefined }
  readonly credential?: Credential
}

const COMPENSATIONS = 4
/** Longer than storage and channel take from one process to another. */
const NEWS_MS = 250
/** Long enough for whoever asked for it to be the one who delivers it. */
const ORPHANED_MS = 20_000
/** How many times the longest back-off a logout waits that the server has answered with a no: it needs somebody to mend it. */
const SLOWLY = 10
const PASSING: readonly number[] = [408, 425, 429]

const isDefinite = ({ status, redirected }: Reply): boolean =>
  redirected || (status >= 400 && status < 500 && !PASSING.includes(status))

/** Ends the session here at once, and at the server as soon as it answers. */
export class Logouts {
  /** How often the application asked for one. */
  requests = 0
  readonly #context: Context
  readonly #refresher: Refresher
  readonly #ending: Ending
  #delivery: Promise<boolean> | undefined
  #failures = 0
  #cancelRetry: () => void = () => {}

  constructor(context: Context, refresher: Refresher) {
    this.#context = context
    this.#refresher = refresher
    this.#ending = new Ending(context)
  }

  async request(scope: LogoutScope): Promise<LogoutResult> {
    const context = this.#context
    context.disposed.throwIfAborted()
    context.sync()
    const { phase, incoming, credential = incoming?.credential, sessionId } = context.state
    // Whoever is out already may have still to deliver the logout before this one.
    if (phase !== 'out' || incoming) this.#ending.proofs.set(sessionId ?? WHICHEVER, credential)
    const isOver = phase === 'out' && !incoming && context.state.debts.length === 0
    const over = scope === 'current' && isOver && context.stored.read()?.state === 'out'
    context.dispatch({ type: 'logoutRequested', scope })
    const { epoch } = context.state
    if (over) {
      // The server knows, and a request could only meet the next session; but what is under way is overtaken.
      this.#confirm(context.state.sessionId)
      return { server: 'confirmed', durable: true }
    }
    // A listener may have emptied the storage.
    const isSaved = context.stored.save()
    const stored = context.stored.read()
    const durable = isSaved && stored !== undefined && isSame(stored.epoch, epoch)
    // A delivery that runs is for a session that was ended earlier.
    const before = this.#delivery
    const confirmed = before ? before.then(() => this.deliver(true)) : this.deliver(true)
    return { server: (await raced(confirmed, context.disposed)) ? 'confirmed' : 'pending', durable }
  }

  /** Delivers the logout that is pending, if one is. Whether none is any more. Never rejects. */
  deliver(first = false, locked = false): Promise<boolean> {
    this.#delivery ??= this.#deliver(first, locked)
      .catch(() => false)
      .finally(() => (this.#delivery = undefined))
    return this.#delivery
  }

  /** Another tab's, which may be gone before it is delivered. */
  follow(): void {
    this.#deliverAfter(ORPHANED_MS * (1 + this.#context.ports.chance.fraction()))
  }

  /** Waits for the last one that was sent, until its deadline. */
  answered(): Promise<unknown> {
    return this.#ending.sent
  }

  /** Waits for what is being ended and for the pending logout, but no longer than for the lock and the answer: what comes next must not cross it. */
  async settle(): Promise<void> {
    const { ports, options } = this.#context
    await this.#ending.sent
    if (this.#context.state.debts.length > 0)
      await within(ports.clock, 2 * options.timeouts.request, this.deliver())
  }

  /**
   * A session that nobody wants came to life behind our back: end exactly that one. Without its id only the cookie could
   * say which one is meant, and that may be the session of somebody who is signed in by now.
   */
  async compensate({ identity, credential }: Debt): Promise<void> {
    const context = this.#context
    const { ports, options, disposed } = context
    const { sessionId } = identity
    for (let attempt = 1, tries = 1; attempt <= COMPENSATIONS; tries++) {
      const { leaving } = context.lock
      // Under the lock: its answer may delete a cookie, and must not arrive behind that of the next login. Without an id a client that
      // is disposed of could end that one, of which it hears nothing.
      const isApart = sessionId === undefined && disposed.aborted
      const release = isApart ? undefined : await context.lock.takeNow(options.timeouts.request)
      try {
        await this.#loginDone(leaving)
        if (sessionId === undefined && (context.state.phase === 'in' || context.state.incoming)) return
        context.note('logout.compensated')
        const reply = await this.#ending.send(sessionId, 'current', credential)
        if (reply && isDone(reply)) return this.#confirm(sessionId)
        // What could not be reached has not refused. Without an id it may be somebody else's by the time it is.
        if (sessionId ? reply && !reply.fault : ports.lifecycle.online()) attempt++
      } finally {
        release?.()
      }
      if (disposed.aborted) return
      await pause(ports.clock, retryDelay(context, tries))
    }
  }

  /** A login may have made a session that nobody can read the id of: end whichever the cookie stands for. */
  async discard(): Promise<void> {
    const context = this.#context
    const isOut = () => context.state.phase === 'out'
    if (isOut()) context.dispatch({ type: 'loginLost' })
    // What proved another one is no proof of this one.
    this.#ending.proofs.delete(WHICHEVER)
    const reply = await this.#ending.send(WHICHEVER, 'current')
    if (reply && isDone(reply) && isOut()) return this.#confirm()
    context.dispatch({ type: 'loginLost' })
  }

  /**
   * As `discard`, where it comes so late that the cookie may be somebody else's or is about to be: whoever waits for the lock
   * has it first. Where somebody is signed in already, only the server knows who that is.
   */
  discardLate(): void {
    const context = this.#context
    // The next client of the page may have signed in.
    if (context.disposed.aborted) return
    context.dispatch({ type: 'loginLost' })
    if (context.state.debts.length === 0) return
    // Without a register nobody could tell behind the lock who has signed in meanwhile.
    if (!context.stored.read()) return void this.discard()
    // One that is under way was sent for what there was before.
    const before = this.#delivery
    if (before) void before.then(() => this.discardLate())
    else void this.deliver(true, true)
  }

  #confirm(sessionId = WHICHEVER): void {
    const context = this.#context
    context.dispatch({ type: 'logoutConfirmed', epoch: context.state.epoch, sessionId })
  }

  async #deliver(first: boolean, locked: boolean): Promise<boolean> {
    const context = this.#context
    if (context.state.debts.length === 0) {
      this.#ending.proofs.clear()
      return true
    }
    this.#cancelRetry()
    // With neither an id nor a register nobody can say whether the cookie is still that of the session that was meant.
    const marked = first || isSame(context.stored.read()?.epoch ?? NO_EPOCH, context.state.epoch)
    const due = () => context.state.debts.filter(({ sessionId }) => marked || sessionId !== WHICHEVER)
    if (due().length === 0) return false
    const nameless = isOwed(due(), WHICHEVER)
    // A refresh that is under way in any tab shall land first, so that its cookie does not outlive the logout. One that
    // knows of no session is for the cookie there is now: after a wait it could be that of the next sign-in.
    // But what has to be asked for a token must not cross a sign-in.
    const mode = modeOf(context)
    const unlocked =
      nameless &&
      !locked &&
      !this.#refresher.flight &&
      // A look whether the cookie comes back is none of the refresher's.
      !context.ports.flights.has(context.name) &&
      (mode === 'session' || (first && !mode) || this.#ending.proofs.get(WHICHEVER))
    const asks = !unlocked || mode === 'session'
    const { leaving } = context.lock
    const release = unlocked ? undefined : await context.lock.takeNow(context.options.timeouts.request)
    try {
      await this.#loginDone(leaving)
      // The lock comes before the news of what its last holder did.
      if (locked) await raced(pause(context.ports.clock, NEWS_MS), context.disposed)
      context.sync()
      const { debts, epoch } = context.state
      if (debts.length === 0) return true
      let slow = 0
      for (const { sessionId } of due()) {
        // While the one before was answered somebody may have signed in, and the cookie is his, or another tab may have ended this one.
        context.sync()
        if (!isSame(context.state.epoch, epoch)) break
        const debt = due().find((one) => one.sessionId === sessionId)
        if (!debt) continue
        const sent = this.#ending.send(sessionId, debt.scope, undefined, asks)
        const reply = await raced(sent, context.disposed)
        // Its session has nothing that a refresh could bring back.
        const over = reply && isSaid(context, reply)
        const confirmed = reply !== undefined && (isDone(reply) || (over && !this.#refresher.flight))
        // Done, or worth nothing.
        if (confirmed || (reply && isOpen(context, reply))) this.#ending.proofs.delete(sessionId)
        context.note(confirmed ? 'logout.confirmed' : 'logout.pending', {
          status: reply?.status || undefined,
          code: reply?.redirected ? 'redirected' : undefined,
        })
        if (!confirmed) {
          if (!reply || over || !asks || !isDefinite(reply)) {
            this.#retryLater(reply)
            return false
          }
          void inDevelopment(context, (module) => module.logoutRefused(context, reply))
          slow = SLOWLY * context.options.retry.cap
          // The others may still be proved.
          continue
        }
        this.#failures = 0
        context.dispatch({ type: 'logoutConfirmed', epoch, sessionId })
      }
      // Another one may have been asked for meanwhile.
      if (slow) this.#deliverAfter(slow)
      else if (due().length > 0) this.#retryLater()
      return context.state.debts.length === 0
    } finally {
      release?.()
    }
  }

  /** A sign-in of this tab is not crossed. If the page or the client goes away, it is not waited for: it may be waiting for this. */
  #loginDone(leaving: AbortSignal): Promise<unknown> {
    const context = this.#context
    return raced(inTime(context, context.login ?? Promise.resolve()), leaving, context.disposed).catch(
      () => {},
    )
  }

  #retryLater(reply?: Reply): void {
    this.#deliverAfter(retryDelay(this.#context, ++this.#failures, reply?.retryAfter))
  }

  #deliverAfter(milliseconds: number): void {
    this.#cancelRetry()
    this.#cancelRetry = this.#context.ports.clock.after(milliseconds, () => void this.deliver())
  }
}
