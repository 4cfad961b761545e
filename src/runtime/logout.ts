import { isSame, NO_EPOCH } from '../core/epoch.js'
import type { Credential } from '../core/lifetime.js'
import type { Grant } from '../core/state.js'
import type { LogoutScope } from '../core/types.js'
import { judgeRefresh } from './answers.js'
import type { Context } from './context.js'
import { csrfToken, isCsrfRefusal } from './csrf.js'
import { call, inTime, isDone, type Reply } from './endpoints.js'
import { probe, tokenIn } from './obtain.js'
import { acquire, type Refresher, retryDelay } from './refresh.js'
import { pause, raced, within } from './waiting.js'

/** How far a logout got. This browser is signed out in any case. */
export interface LogoutResult {
  /** Whether the server has ended the session, or will be told as soon as it can be reached. */
  readonly server: 'confirmed' | 'pending'
  /** Whether the logout survives a reload; false where storage is blocked. */
  readonly durable: boolean
}

const COMPENSATIONS = 4
/** How many times the longest back-off a logout waits that the server has answered with a no: it needs somebody to mend it. */
const SLOWLY = 10
const PASSING: ReadonlySet<number> = new Set([401, 408, 425, 429])

const isDefinite = ({ status, redirected }: Reply): boolean =>
  redirected || (status >= 400 && status < 500 && !PASSING.has(status))

/** Ends the session here at once, and at the server as soon as it answers. */
export class Logouts {
  /** How often the application asked for one. */
  requests = 0
  /** The login of this tab that is under way: a logout must not delete the cookie it brings. */
  login: Promise<unknown> | undefined
  readonly #context: Context
  readonly #refresher: Refresher
  #delivery: Promise<boolean> | undefined
  #hurry: () => void = () => {}
  #failures = 0
  /** Of the session that is to be ended: its CSRF token goes with the logout. */
  #ended: Credential | undefined
  #cancelRetry: () => void = () => {}

  constructor(context: Context, refresher: Refresher) {
    this.#context = context
    this.#refresher = refresher
  }

  async request(scope: LogoutScope): Promise<LogoutResult> {
    const context = this.#context
    context.disposed.throwIfAborted()
    this.requests++
    context.syncMarker()
    const { phase, incoming, credential } = context.state
    if (credential?.mode === 'session') this.#ended = credential
    const over = scope === 'current' && phase === 'out' && !incoming && context.readMarker()?.state === 'out'
    context.dispatch({ type: 'logoutRequested', scope })
    const { epoch } = context.state
    if (over) {
      // The server knows, and a request could only meet the next session; but what is under way is overtaken.
      context.dispatch({ type: 'logoutConfirmed', epoch })
      return { server: 'confirmed', durable: true }
    }
    // A listener may have emptied the storage.
    context.saveLogout()
    const marker = context.readMarker()
    const durable = marker !== undefined && isSame(marker.epoch, epoch)
    // A delivery that runs is for a session that was ended earlier.
    const before = this.#delivery
    const confirmed = before ? before.then(() => this.deliver(true)) : this.deliver(true)
    return { server: (await raced(confirmed, context.disposed)) ? 'confirmed' : 'pending', durable }
  }

  /** Delivers the logout that is pending, if one is. Whether none is any more. Never rejects. */
  deliver(first = false): Promise<boolean> {
    this.#delivery ??= this.#deliver(first).then(
      (done) => {
        this.#delivery = undefined
        return done
      },
      () => {
        this.#delivery = undefined
        return false
      },
    )
    return this.#delivery
  }

  /** Waits for the pending logout, but not for long. */
  async settle(): Promise<void> {
    const { ports, options } = this.#context
    if (this.#context.state.logout) await within(ports.clock, options.timeouts.request, this.deliver())
  }

  /** The page or the client goes away: what was not sent yet is sent now. */
  suspend(): void {
    this.#hurry()
  }

  /**
   * A session that nobody wants came to life behind our back: end exactly that one. Without its id only the cookie could
   * say which one is meant, and that may be the session of somebody who is signed in by now.
   */
  async compensate({ identity, credential }: Grant): Promise<void> {
    const context = this.#context
    const { ports, options, disposed } = context
    const { sessionId } = identity
    for (let attempt = 1, tries = 1; attempt <= COMPENSATIONS; tries++) {
      // Under the lock: its answer may delete a cookie, and must not arrive behind that of the next login.
      const release = disposed.aborted
        ? undefined
        : await acquire(context, options.timeouts.request, () => disposed.aborted)
      try {
        if (sessionId === undefined && context.state.phase === 'in') return
        context.note('logout.compensated')
        const reply = await this.#send(sessionId, 'current', credential)
        if (reply && isDone(reply)) return
      } finally {
        release?.()
      }
      if (disposed.aborted) return
      await pause(ports.clock, retryDelay(context, tries))
      // What could not be reached has not refused.
      if (ports.lifecycle.online()) attempt++
    }
  }

  /** Ends whatever session the cookie stands for: a login whose answer could not be read may have made one. */
  async discard(): Promise<void> {
    await this.#send(undefined, 'current', undefined)
  }

  async #deliver(first: boolean): Promise<boolean> {
    const context = this.#context
    if (!context.state.logout) return true
    this.#cancelRetry()
    const nameless = context.state.logout.sessionId === undefined
    // With neither an id nor a marker nobody can say whether the cookie is still that of the session that was meant.
    const marked = isSame(context.readMarker()?.epoch ?? NO_EPOCH, context.state.epoch)
    if (nameless && !first && !marked) return false
    let hurried = false
    const hurry = new Promise<undefined>((resolve) => {
      this.#hurry = () => {
        hurried = true
        resolve(undefined)
      }
    })
    // A refresh that is under way in any tab shall land first, so that its cookie does not outlive the logout. One that
    // knows of no session is for the cookie there is now: after a wait it could be that of the next sign-in.
    const lock =
      nameless && !this.#refresher.flight
        ? undefined
        : acquire(context, context.options.timeouts.request, () => hurried)
    const release = await Promise.race([lock, hurry])
    try {
      const { ports, options } = context
      if (this.login) await Promise.race([within(ports.clock, options.timeouts.request, this.login), hurry])
      context.syncMarker()
      const { logout, epoch } = context.state
      if (!logout) return true
      const reply = await raced(this.#send(logout.sessionId, logout.scope, undefined), context.disposed)
      const confirmed =
        reply !== undefined && (isDone(reply) || (reply.status === 401 && !this.#refresher.flight))
      context.note(confirmed ? 'logout.confirmed' : 'logout.pending', {
        status: reply?.status || undefined,
        code: reply?.redirected ? 'redirected' : undefined,
      })
      if (confirmed) {
        this.#failures = 0
        this.#ended = undefined
        context.dispatch({ type: 'logoutConfirmed', epoch })
      }
      // Another one may have been asked for meanwhile.
      if (context.state.logout) this.#retryLater(reply)
      return confirmed
    } finally {
      release?.()
    }
  }

  #retryLater(reply: Reply | undefined): void {
    const context = this.#context
    const delay = retryDelay(context, ++this.#failures, reply?.retryAfter)
    const slow = reply && isDefinite(reply) ? SLOWLY * context.options.retry.cap : 0
    this.#cancelRetry = context.ports.clock.after(Math.max(delay, slow), () => void this.deliver())
  }

  #send(
    sessionId: string | undefined,
    scope: LogoutScope,
    credential: Credential | undefined,
  ): Promise<Reply | undefined> {
    const context = this.#context
    context.note('logout.sent', { cause: scope })
    const body = { session_id: sessionId, scope }
    const token = credential?.mode === 'token' ? credential.token : undefined
    const send = (csrf: string) => call(context, { endpoint: 'logout', method: 'POST', body, token, csrf })
    const proof = token === undefined ? (credential ?? this.#ended)?.token : undefined
    const settled = send(csrfToken(context, proof)).then(async (reply) => {
      if (!isCsrfRefusal(context, reply, false)) return reply
      const found = await probe(context)
      // Nobody is signed in by the cookie any more: there is nothing left to end here.
      const { kind } = await judgeRefresh(context, found)
      if (kind === 'refused' && scope === 'current') return { ...found, status: 204, page: false }
      return send(csrfToken(context, tokenIn(context, found)))
    })
    return inTime(context, settled)
  }
}
