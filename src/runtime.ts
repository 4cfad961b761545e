import type { LifecycleSignal, Ports } from './core/ports.js'
import type { LogoutScope } from './core/types.js'
import { AuthError } from './errors.js'
import type { ResolvedOptions } from './options/resolve.js'
import * as words from './words.js'
import { noteActivity } from './plumbing/activity.js'
import { Context } from './plumbing/context.js'
import type { Diagnosis } from './wire/diagnose.js'
import { judgeRefresh, type Verdict } from './wire/answers.js'
import { inDevelopment, LOADED } from './wire/development.js'
import { call, endpointUrl, inTime } from './wire/endpoints.js'
import type { Reply } from './plumbing/reply.js'
import { Events } from './plumbing/events.js'
import type { Exchanged, ExchangeTools } from './acts/exchange.js'
import { LOADED as LOADED_BY_LOGIN } from './acts/loaded.js'
import { login, type Outcome } from './acts/login.js'
import { Logouts, type LogoutResult } from './acts/logout.js'
import { obtain } from './wire/obtain.js'
import { createPresence, presenceKey } from './acts/presence.js'
import { Refresher } from './acts/refresh.js'
import { renew, type Committed } from './acts/renewal.js'
import { authenticatedFetch, type AuthRequestInit } from './use/requests.js'
import { createSchedule } from './use/schedule.js'
import { activated, lookBehind, markRedirect, start } from './acts/start.js'
import { ensureToken, notSignedIn, type TokenNeed } from './use/tokens.js'
import { createWakes } from './use/wakes.js'
import { raced, within } from './plumbing/waiting.js'

/** Performs what the transition decides, and feeds back what comes of it. */
export class Runtime {
  readonly context: Context
  readonly events: Events
  readonly #refresher: Refresher
  readonly #logouts: Logouts
  readonly #plan: () => void
  readonly #present: () => void
  readonly #wakes: (signal: LifecycleSignal) => void
  #started: Promise<void> | undefined
  #logins: Promise<unknown> = Promise.resolve()

  constructor(ports: Ports, options: ResolvedOptions, name: string) {
    const context = new Context(ports, options, name)
    const events = new Events(context)
    const refresher = new Refresher(context)
    const logouts = new Logouts(context, refresher)
    context.reactions = {
      end: events.end,
      switched: events.switched,
      claimsChanged: events.claimsChanged,
      revoke: ({ grant }) => void logouts.compensate(grant),
      pending: () => logouts.follow(),
      resync() {
        context.note('tabs.resync')
        void refresher.refresh({ cause: 'resync', anew: true, had: context.state.credential?.generation })
      },
      repair() {
        context.note('refresh.repair')
        void refresher.refresh({ cause: 'repair', force: true, revive: true })
      },
    }
    context.crossed = () => void lookBehind(context, logouts).catch(() => {})
    this.context = context
    this.events = events
    this.#refresher = refresher
    this.#logouts = logouts
    this.#plan = createSchedule(context, refresher)
    this.#present = createPresence(context)
    this.#wakes = createWakes(context, refresher, logouts, { present: this.#present, plan: this.#plan })
  }

  /** Begins with the first call that needs it, so that a client that is only made does nothing. Never rejects. */
  started(): Promise<void> {
    this.#started ??= this.#start().catch(() => {})
    return this.#started
  }

  async ready(): Promise<void> {
    const { ports, options, disposed } = this.context
    const whole = this.started()
    if (!ports.page.exists) return
    const bounded = activated(this.context).then(() => within(ports.clock, options.timeouts.ready, whole))
    await raced(bounded, disposed).catch(() => {})
  }

  async login(credentials: unknown): Promise<Outcome> {
    this.#needPage(words.LOG_IN)
    return this.#signIn(words.LOG_IN, (before) =>
      login(this.context, this.#refresher, this.#logouts, credentials, before),
    )
  }

  async exchange(run: (tools: ExchangeTools) => unknown): Promise<Exchanged> {
    this.#needPage(words.EXCHANGE)
    const { context } = this
    let exchanged: Exchanged | undefined
    await this.#signIn(words.EXCHANGE, async (before) => {
      // Loaded by those alone who call it.
      const { exchange } = await import('./acts/exchange.js')
      exchanged = await exchange(LOADED_BY_LOGIN, context, this.#refresher, this.#logouts, run, before)
      return exchanged.outcome
    })
    return exchanged!
  }

  /** One after the other: each is given those before it. */
  async #signIn(action: string, act: (before: Promise<unknown>) => Promise<Outcome>): Promise<Outcome> {
    if (this.events.telling) throw new AuthError('session_changed', { action })
    void this.started()
    const logins = this.#logins
    const outside = this.context.exchange?.(action)
    // Begins at once, so that a logout that is called after it finds it.
    const turn = act(outside ? outside.then(() => logins) : logins)
    this.#logins = turn.catch(() => {})
    const outcome = await turn
    if (outcome.kind !== 'granted') return outcome
    // The sign-in itself, of which the server knows.
    noteActivity(this.context, this.context.state.credential?.issued.wall)
    void inDevelopment(this.context, () => this.diagnose())
    return outcome
  }

  async loginWithRedirect(returnTo: string | undefined): Promise<void> {
    this.#needPage(words.BEGIN)
    const { context } = this
    const { page } = context.ports
    if (page.embedded() && !context.options.redirectInFrame)
      throw new AuthError('embedded', { action: words.BEGIN })
    // Loaded by those alone who sign in by redirect.
    const { checkReturnTo, ownPath } = await import('./acts/return-to.js')
    const path = returnTo === undefined ? ownPath(context, LOADED) : checkReturnTo(context, returnTo, LOADED)
    void this.started()
    await raced(activated(context), context.disposed)
    await raced(this.#logouts.settle(), context.disposed)
    const url = new URL(endpointUrl(context, 'start')!)
    url.searchParams.set(context.options.returnToParameter, path)
    markRedirect(context)
    page.navigate(url.href)
  }

  // Runs up to the request without a pause: whoever calls it is signed out when it returns.
  async logout(scope: LogoutScope): Promise<LogoutResult> {
    this.#needPage(words.LOG_OUT)
    void this.started()
    const { sessionId } = this.context.state
    this.#logouts.requests++
    const result = await this.#logouts.request(scope)
    if (result.server === 'confirmed')
      void inDevelopment(this.context, async (module) =>
        module.verifyLogout(this.context, await this.#askSession(), sessionId, () => this.#tryRefresh()),
      )
    return result
  }

  async #askSession(): Promise<Reply | undefined> {
    const { context } = this
    if (!endpointUrl(context, 'session')) return undefined
    return raced(inTime(context, call(context, { endpoint: 'session', method: 'GET' })), context.disposed)
  }

  /**
   * What it refuses ends nothing: the page is told, and the person goes on as long as his token is good. Nothing is asked where
   * somebody has signed in or out before the lock was free: a logout may be under way, and would not end what this brings.
   */
  async #tryRefresh(): Promise<Verdict | undefined> {
    const { context } = this
    const before = context.state.phase
    const release = await context.lock.take(context.options.timeouts.lock)
    let committed: Committed | undefined
    try {
      context.sync()
      const { epoch, generation, phase } = context.state
      if (phase !== before) return undefined
      // Behind a logout it shows nobody, whatever it brings.
      if (phase === 'out') return await judgeRefresh(context, await obtain(context))
      committed = await renew(context, { cause: 'diagnose', restore: true }, { epoch, generation })
      return committed
    } finally {
      release?.()
      committed?.flush?.()
    }
  }

  async token(need: TokenNeed): Promise<string> {
    this.#needPage(words.GET_TOKEN)
    const { context } = this
    const acquired = this.started().then(() => ensureToken(context, this.#refresher, need))
    const { mode, token } = await raced(acquired, context.life, need.signal)
    if (mode === 'session') throw new AuthError('no_token_in_session_mode', { action: words.GET_TOKEN })
    return token
  }

  async fetch(input: string | URL | Request, init: AuthRequestInit | undefined): Promise<Response> {
    if (init?.auth !== 'omit') this.#needPage(words.SEND)
    return authenticatedFetch(this.context, this.#refresher, () => this.started(), input, init)
  }

  async refresh(force: boolean): Promise<void> {
    this.#needPage(words.REFRESH)
    const { context } = this
    const { life } = context
    await raced(this.started(), life)
    if (force) await context.exchange?.(words.REFRESH)
    if (!force) return void (await ensureToken(context, this.#refresher, { cause: 'app' }))
    context.sync()
    // Whoever asks for it knows of a change, perhaps of the user.
    context.learned = undefined
    const outcome = await raced(this.#refresher.refresh({ cause: 'app', force, restore: true }), life)
    if (outcome.kind === 'failed') throw outcome.error
    if (outcome.kind === 'ended') throw notSignedIn(context)
  }

  /** Somebody is at the page. If the server was told that nobody is, it is told at once. */
  touch(): void {
    const { context } = this
    if (!context.ports.page.exists || context.disposed.aborted) return
    // What is on its way was asked for nobody, too.
    if (noteActivity(context))
      void this.#refresher.refresh({ cause: 'activity', force: !!this.#refresher.flight })
  }

  /** What it says is loaded when it is wanted: most pages never do. */
  async diagnose(): Promise<Diagnosis> {
    this.#needPage(words.DIAGNOSE)
    const { context } = this
    const { diagnose } = await import('./wire/for-developers.js')
    const { session, user } = context.options.endpoints
    // Where the user endpoint knows the token alone, only a refresh shows whether the cookie comes back.
    const byRefresh = session === false && user !== false && context.state.phase === 'in'
    return diagnose(context, await (byRefresh ? this.#tryRefresh() : this.#askSession()), LOADED)
  }

  dispose(): void {
    this.context.dispose()
    this.#present()
  }

  async #start(): Promise<void> {
    const { context } = this
    const { ports, disposed } = context
    if (!ports.page.exists || disposed.aborted) return
    await activated(context)
    disposed.throwIfAborted()
    const stops = [
      ports.lifecycle.listen(this.#wakes),
      ports.shared.watch(context.name, () => context.sync()),
      ports.shared.watch(presenceKey(context), this.#present),
      ports.lifecycle.attend(() => this.touch()),
    ]
    disposed.addEventListener('abort', () => stops.forEach((stop) => stop()), { once: true })
    const loaded = ports.clock.wall()
    const outcome = await start(context, this.#refresher, this.#logouts)
    // Whoever loads a page is somebody.
    noteActivity(context, loaded, true)
    this.#plan()
    // Where a skeleton is all that the page can show, somebody has to say why.
    if (
      outcome?.kind === 'failed' &&
      context.state.connection === 'degraded' &&
      context.state.debts.length === 0
    )
      void inDevelopment(context, () => console.warn(`[latchkey] ${outcome.error.message}`))
  }

  #needPage(action: string): void {
    if (!this.context.ports.page.exists) throw new AuthError('no_page', { action })
  }
}
