import { type News, wrap } from '../core/news.js'
import type { Credential, Instant } from '../core/lifetime.js'
import type { Channel, Ports } from '../core/ports.js'
import type { ClientEvent, ClientState, Effect, Moment, Under } from '../core/state.js'
import { INITIAL } from '../core/state.js'
import { transition } from '../core/transition.js'
import { AuthError } from '../errors.js'
import type { ResolvedOptions } from '../options/resolve.js'
import { Listeners } from '../store.js'
import type { Reply } from './reply.js'
import { type DiagnosticEntry, type DiagnosticType, KEPT } from './diagnostics.js'
import { RefreshLock } from './refresh-lock.js'
import { SessionIds } from './session-ids.js'
import { Stored } from './stored.js'
import { bound } from './waiting.js'

type Delegated = Exclude<Effect, { type: 'writeRegister' | 'writeDebt' | 'post' | 'abandon' }>

/** What other parts of the runtime do when the transition asks for it. */
export type Reactions = { readonly [E in Delegated as E['type']]: (effect: E) => void }

/** What all parts of the runtime share: the state, the only way to change it, and who belongs to it. */
export class Context {
  readonly ports: Ports
  readonly options: ResolvedOptions
  readonly name: string
  readonly lock: RefreshLock
  readonly sessionIds: SessionIds
  readonly stored: Stored
  readonly changes = new Listeners<ClientState>()
  readonly diagnostics = new Listeners<DiagnosticEntry>()
  readonly entries: DiagnosticEntry[] = []
  /** Set by the runtime as it is put together. */
  reactions!: Reactions
  /** Looks whether a question that a logout has crossed has brought the session back. */
  crossed!: () => void
  channel: Channel | undefined
  /** The request of this tab's login that is under way: the answer to another one must not delete the cookie it brings. */
  login: Promise<unknown> | undefined
  /** Waits for the exchange of this tab that runs; rejects where that one waits for the call itself. */
  exchange: ((action: string) => Promise<void>) | undefined
  /** When somebody last used this page, by the wall clock, to a few seconds. */
  active = 0
  /** When a server last said to this tab who the user is, or was asked for that alone. */
  learned: Instant | undefined
  /** What brought a token while the server did not say whose it is: asked for that again, and not for another token. */
  nameless: { readonly reply: Reply; readonly under: Under; readonly credential: Credential } | undefined
  /** Questions under way whom the cookie is for: a backend that renews the cookie with each answer may set it behind a logout. */
  readonly checks = new Set<AbortController>()
  /** Asks once more whether somebody is signed in, where the start got no answer. */
  askAgain: (() => void) | undefined
  #state: ClientState = INITIAL
  #life = new AbortController()
  readonly #disposal = new AbortController()
  readonly #callbacks: Array<() => void> = []
  #quiet = 0
  #flushing = false
  #tab: string | undefined

  constructor(ports: Ports, options: ResolvedOptions, name: string) {
    this.ports = { ...ports, clock: bound(ports.clock, this.disposed) }
    this.options = options
    this.name = name
    this.sessionIds = new SessionIds(this.ports, name)
    this.stored = new Stored(this)
    this.lock = new RefreshLock(this.ports, name, this.disposed)
  }

  /** Drawn when it is needed: some servers allow no random numbers while modules load. */
  get tab(): string {
    return (this.#tab ??= this.ports.chance.id())
  }

  get state(): ClientState {
    return this.#state
  }

  /** Aborts when the identity ends, with the error that its waiters and running requests reject with. */
  get life(): AbortSignal {
    return this.#life.signal
  }

  get disposed(): AbortSignal {
    return this.#disposal.signal
  }

  now(): Moment {
    const { chance } = this.ports
    return { ...this.instant(), fraction: chance.fraction(), id: chance.id() }
  }

  /** Both clocks alone: what is asked for at every request. */
  instant(): Instant {
    const { clock } = this.ports
    return { wall: clock.wall(), monotonic: clock.monotonic() }
  }

  note(type: DiagnosticType, detail?: Omit<DiagnosticEntry, 'type' | 'at' | 'tab'>): void {
    const entry = { ...detail, type, at: this.ports.clock.wall(), tab: this.tab }
    this.entries.push(entry)
    if (this.entries.length > KEPT) this.entries.shift()
    if (this.diagnostics.size === 0) return
    this.callback(() => void this.diagnostics.emit(entry))
    this.#flush()
  }

  /** Notes what a developer should know, and says it on the console, too. */
  warn(type: DiagnosticType, message: string): void {
    this.note(type, { message })
    console.warn(`[latchkey] ${message}`)
  }

  dispatch(event: ClientEvent): void {
    if (this.disposed.aborted) return
    const before = this.#state
    const [next, effects] = transition(before, event, this.now())
    this.#state = next
    this.quietly(() => {
      for (const effect of effects) this.#perform(effect)
      if (next !== before) this.callback(() => void this.changes.emit(this.#state))
    })()
  }

  /** Runs what changes the state and keeps back the application's callbacks until the returned function is called. */
  quietly(run: () => void): () => void {
    this.#quiet++
    try {
      run()
    } finally {
      this.#quiet--
    }
    return () => this.#flush()
  }

  /** Calls the application when the state and all facts are in place. */
  callback(run: () => void): void {
    this.#callbacks.push(run)
  }

  /** Follows what is stored, synchronously: before every send and every commit. */
  sync(): void {
    this.stored.sync()
  }

  post(news: News): void {
    const { channel } = this
    if (!channel) return
    const tokenMayTravel = channel.memoryOnly && this.options.shareToken
    channel.post(wrap(tokenMayTravel ? news : { ...news, shared: undefined }, this.tab))
  }

  /** Resolves when the predicate holds, and at the latest after the given time. */
  until(predicate: (state: ClientState) => boolean, milliseconds: number): Promise<void> {
    if (predicate(this.#state)) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        stop()
        cancel()
        resolve()
      }
      const stop = this.changes.add((state) => predicate(state) && done())
      const cancel = this.ports.clock.after(milliseconds, done)
    })
  }

  dispose(): void {
    this.lock.quit()
    const error = new AuthError('disposed')
    this.#disposal.abort(error)
    this.#life.abort(error)
    this.channel?.close()
    this.channel = undefined
    this.changes.clear()
    this.#callbacks.length = 0
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'writeRegister':
        return this.stored.write(effect.register)
      case 'writeDebt': {
        const { sessionId, debt, expired } = effect
        if (expired) this.note('logout.expired')
        return void this.stored.writeDebt(sessionId, debt)
      }
      case 'post':
        return this.post(effect.news)
      case 'abandon': {
        // Requests are not waited for: the slowest would keep people signed in, and an aborted one leaves no cookie.
        const life = this.#life
        this.#life = new AbortController()
        // The token of somebody who has left must not stay in memory.
        this.nameless = undefined
        const { reason } = effect
        if (reason !== 'none' && this.checks.size > 0) {
          for (const check of this.checks) check.abort()
          this.ports.clock.after(this.options.timeouts.request, () => this.crossed())
        }
        const ended = ['expired', 'revoked', 'refused'].includes(reason)
        return life.abort(new AuthError(ended ? 'session_ended' : 'session_changed', { reason }))
      }
      default:
        // The compiler does not see that an effect and its reaction go together.
        return (this.reactions[effect.type] as (effect: Delegated) => void)(effect)
    }
  }

  #flush(): void {
    if (this.#quiet > 0 || this.#flushing) return
    this.#flushing = true
    try {
      for (let run = this.#callbacks.shift(); run; run = this.#callbacks.shift()) run()
    } finally {
      this.#flushing = false
    }
  }
}
