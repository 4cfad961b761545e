import { type Debt, WHICHEVER } from '../core/debts.js'
import { isSame, NO_EPOCH } from '../core/epoch.js'
import { isOwing, isTaken } from '../core/owing.js'
import type { ClientState, Grant } from '../core/state.js'
import type { LogoutScope } from '../core/types.js'
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import { pause, raced, within } from '../plumbing/waiting.js'
import { inDevelopment } from '../wire/development.js'
import { inTime, isDone } from '../wire/endpoints.js'
import { modeOf } from '../wire/obtain.js'
import { isOpen, isSaid, sendLogout } from './ending.js'
import { retryDelay } from './hold.js'
import type { Refresher } from './refresh.js'

/** How far a logout got. This browser is signed out in any case. */
export interface LogoutResult {
  /** Whether the server has ended the session, or will be told as soon as it can be reached. */
  readonly server: 'confirmed' | 'pending'
  /** Whether the logout survives a reload; false where storage is blocked. */
  readonly durable: boolean
}

/** How long it is remembered that a session may be another one than that of the cookie: longer than people stay offline. */
const DOUBT_MS = 86_400_000
/** Longer than storage and channel take from one process to another. */
const NEWS_MS = 250
/** Long enough for whoever asked for it to be the one who delivers it. */
const ORPHANED_MS = 20_000
/** How many times the longest back-off a logout waits that the server has answered with a no: it needs somebody to mend it. */
const SLOWLY = 10
const PASSING: readonly number[] = [408, 425, 429]

const isDefinite = ({ status, redirected }: Reply): boolean =>
  redirected || (status >= 400 && status < 500 && !PASSING.includes(status))

/** Whoever is shown may be signed in by the very session that is owed: the server is being asked. */
const isDoubted = ({ phase, resyncing }: ClientState): boolean => phase !== 'out' && resyncing

/** Ends the session here at once, and at the server as soon as it answers. */
export class Logouts {
  /** How often the application asked for one. */
  requests = 0
  /** The last one that was sent, until its deadline. */
  sent: Promise<Reply | undefined> = Promise.resolve(undefined)
  readonly #context: Context
  readonly #refresher: Refresher
  #delivery: Promise<boolean> | undefined
  #failures = 0
  #cancelRetry: () => void = () => {}

  constructor(context: Context, refresher: Refresher) {
    this.#context = context
    this.#refresher = refresher
  }

  async request(scope: LogoutScope): Promise<LogoutResult> {
    const context = this.#context
    context.disposed.throwIfAborted()
    context.sync()
    const { phase, incoming, debts, sessionId = WHICHEVER } = context.state
    const isOver = phase === 'out' && !incoming && debts.length === 0
    const over = scope === 'current' && isOver && context.stored.read()?.state === 'out'
    context.dispatch({ type: 'logoutRequested', scope })
    const { epoch } = context.state
    if (over) {
      // The server knows, and a request could only meet the next session; but what is under way is overtaken.
      context.dispatch({ type: 'logoutConfirmed', epoch, sessionId })
      return { server: 'confirmed', durable: true }
    }
    // A listener may have emptied the storage.
    const isSaved = context.stored.save()
    const stored = context.stored.read()
    const durable = isSaved && stored !== undefined && isSame(stored.epoch, epoch)
    const isConfirmed = await raced(this.deliver(true), context.disposed)
    return { server: isConfirmed ? 'confirmed' : 'pending', durable }
  }

  /**
   * Delivers what is owed, if anything is. Whether nothing is any more. Never rejects. `first`: something new is owed, of which a
   * delivery that runs knows nothing; without an id it is for the cookie there is.
   */
  deliver(first = false): Promise<boolean> {
    const run = () =>
      (this.#delivery ??= this.#deliver(first)
        .catch(() => false)
        .finally(() => (this.#delivery = undefined)))
    return first && this.#delivery ? this.#delivery.then(run) : run()
  }

  /**
   * Something left a session behind that nobody wants. `held`: this tab has the lock, and the cookie is that of what is meant, also
   * where somebody else is shown.
   */
  async owe({ identity, credential: proof }: Partial<Grant> = {}, held = false): Promise<void> {
    const context = this.#context
    // The next client of the page may have signed in.
    if (context.disposed.aborted && !proof) return
    context.sync()
    context.dispatch({ type: 'owe', sessionId: identity?.sessionId, proof, held })
    if (!held) return
    const { debts, epoch } = context.state
    const cookie: Debt = { sessionId: WHICHEVER, scope: 'current', epoch, isOwn: true }
    const debt = debts.find(({ sessionId }) => sessionId === WHICHEVER) ?? cookie
    if ((await this.#send(debt, false)) !== true) this.#retryLater()
  }

  /** Another tab's, which may be gone before it is delivered. */
  follow(): void {
    this.#deliverAfter(ORPHANED_MS * (1 + this.#context.ports.chance.fraction()))
  }

  /** Waits for what is being ended and for the pending logout, but no longer than for the lock and the answer: what comes next must not cross it. */
  async settle(): Promise<void> {
    const { ports, options } = this.#context
    await this.sent
    if (isOwing(this.#context.state)) await within(ports.clock, 2 * options.timeouts.request, this.deliver())
  }

  async #deliver(first = false): Promise<boolean> {
    const context = this.#context
    const { disposed, lock, options, ports, stored } = context
    if (context.state.debts.length === 0) return true
    this.#cancelRetry()
    // Without an answer of the server that stays open, unless somebody logs out.
    if (isDoubted(context.state)) await context.until((state) => !isDoubted(state), DOUBT_MS)
    // With neither an id nor a register nobody can say whether the cookie is still that of the session that was meant.
    const marked = first || isSame(stored.read()?.epoch ?? NO_EPOCH, context.state.epoch)
    const due = () => context.state.debts.filter(({ sessionId }) => marked || sessionId !== WHICHEVER)
    if (due().length === 0) return false
    const nameless = due().find(({ sessionId }) => sessionId === WHICHEVER)
    // What was left behind comes so late that the cookie may be somebody else's or is about to be: whoever waits for the lock has it first.
    // Without a register nobody could tell behind the lock who has signed in meanwhile, nor can a client that is disposed of.
    const isLate = nameless?.since && !disposed.aborted && (nameless.proof || stored.read())
    // A refresh that is under way in any tab shall land first, so that its cookie does not outlive the logout. One that
    // knows of no session is for the cookie there is now: after a wait it could be that of the next sign-in.
    // But what has to be asked for a token must not cross a sign-in.
    const mode = modeOf(context)
    const unlocked =
      nameless &&
      !isLate &&
      !this.#refresher.flight &&
      // A look whether the cookie comes back is none of the refresher's.
      !ports.flights.has(context.name) &&
      (mode === 'session' || (first && !mode) || nameless.proof)
    const { leaving } = lock
    const release = unlocked ? undefined : await lock.takeNow(options.timeouts.request)
    try {
      // A sign-in of this tab is not crossed. If the page or the client goes away, it is not waited for: it may be waiting for this.
      const signedIn = inTime(context, context.login ?? Promise.resolve())
      await raced(signedIn, leaving, disposed).catch(() => {})
      // The lock comes before the news of what its last holder did.
      if (isLate) await raced(pause(ports.clock, NEWS_MS), disposed)
      context.sync()
      const { debts, epoch } = context.state
      if (debts.length === 0) return true
      let slow = 0
      for (const { sessionId } of due()) {
        // While the one before was answered somebody may have signed in, and the cookie is his, or another tab may have ended this one.
        context.sync()
        const { state } = context
        if (!isSame(state.epoch, epoch) || isDoubted(state)) break
        const debt = due().find((one) => one.sessionId === sessionId)
        if (!debt) continue
        // The cookie of whoever is signed in proves nothing, and is not renewed for it.
        const asks = !isTaken(state) && (!unlocked || mode === 'session')
        if (debt.other && !sessionId)
          await raced((this.sent = sendLogout(context, { ...debt, proof: debt.other }, false)), disposed)
        const reply = await raced(this.#send(debt, asks), disposed)
        if (reply === true) continue
        if (!reply || isSaid(context, reply) || !(asks || isTaken(state)) || !isDefinite(reply)) {
          this.#retryLater(reply)
          return false
        }
        void inDevelopment(context, (module) => module.logoutRefused(context, reply))
        slow = SLOWLY * options.retry.cap
        // The others may still be proved.
      }
      // Another one may have been asked for meanwhile.
      if (slow) this.#deliverAfter(slow)
      else if (due().length > 0) this.#retryLater()
      return context.state.debts.length === 0
    } finally {
      release?.()
    }
  }

  /** Asks the server to end one. True where it has. */
  async #send(debt: Debt, asks: boolean): Promise<Reply | true | undefined> {
    const context = this.#context
    const { sessionId, since, proof } = debt
    const { epoch } = context.state
    if (since && proof) context.note('logout.compensated')
    const reply = await (this.sent = sendLogout(context, debt, asks))
    // Its session has nothing that a refresh could bring back.
    const isEnded = reply && (isDone(reply) || (isSaid(context, reply) && !this.#refresher.flight))
    context.note(isEnded ? 'logout.confirmed' : 'logout.pending', {
      status: reply?.status || undefined,
      code: reply?.redirected ? 'redirected' : undefined,
    })
    if (reply && isOpen(context, reply)) context.dispatch({ type: 'proved', sessionId })
    if (!isEnded) return reply
    this.#failures = 0
    context.dispatch({ type: 'logoutConfirmed', epoch, sessionId, since })
    return true
  }

  #retryLater(reply?: Reply): void {
    this.#deliverAfter(retryDelay(this.#context, ++this.#failures, reply?.retryAfter))
  }

  #deliverAfter(milliseconds: number): void {
    this.#cancelRetry()
    this.#cancelRetry = this.#context.ports.clock.after(milliseconds, () => void this.deliver())
  }
}
