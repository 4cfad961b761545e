import { type Debt, isExpired, parseDebt, serializeDebt, WHICHEVER } from '../core/debts.js'
import { isNewer, isSame } from '../core/epoch.js'
import { type Marker, parseMarker, serializeMarker } from '../core/marker.js'
import { type Message, wrap } from '../core/messages.js'
import type { Credential, Instant } from '../core/lifetime.js'
import type { Channel, Ports } from '../core/ports.js'
import type { ClientEvent, ClientState, Effect, Moment, Under } from '../core/state.js'
import { INITIAL } from '../core/state.js'
import { writeMarker } from '../core/telling.js'
import { transition } from '../core/transition.js'
import { AuthError } from '../errors.js'
import type { ResolvedOptions } from '../options/resolve.js'
import { Listeners } from '../store.js'
import type { Reply } from './reply.js'
import { type DiagnosticEntry, type DiagnosticType, KEPT } from './diagnostics.js'
import { RefreshLock } from './refresh-lock.js'
import { SessionIds } from './session-ids.js'
import { bound } from './waiting.js'

type Delegated = Exclude<Effect, { type: 'writeMarker' | 'writeDebt' | 'post' | 'abandon' }>

/** What other parts of the runtime do when the transition asks for it. */
export type Reactions = { readonly [E in Delegated as E['type']]: (effect: E) => void }

/** What all parts of the runtime share: the state, the only way to change it, and who belongs to it. */
export class Context {
  readonly ports: Ports
  readonly options: ResolvedOptions
  readonly name: string
  readonly lock: RefreshLock
  readonly sessionIds: SessionIds
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
  #seen: string | null | undefined
  #owed = ''
  /** The row of what has no id could not be written, so that a missing one tells nothing. */
  #isBlocked = false
  #tab: string | undefined

  constructor(ports: Ports, options: ResolvedOptions, name: string) {
    this.ports = { ...ports, clock: bound(ports.clock, this.disposed) }
    this.options = options
    this.name = name
    this.sessionIds = new SessionIds(this.ports, name)
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
  syncMarker(): void {
    this.#follow()
    const { phase, epoch, debts } = this.#state
    const rows = phase === 'in' || this.#isBlocked ? undefined : this.#rows()
    // Where nothing can be stored what is known stays, and so it does in a storage that was emptied.
    if (!rows || (rows.length === 0 && (debts.length === 0 || !this.#seen))) return
    const wall = this.ports.clock.wall()
    const owed = JSON.stringify([phase, epoch, rows, rows.some((row) => isExpired(row, wall))])
    if (owed === this.#owed) return
    this.#owed = owed
    this.dispatch({ type: 'debtsSeen', rows })
  }

  /** What is stored of that is still to be ended. */
  #rows(): readonly Debt[] | undefined {
    const { shared, clock } = this.ports
    const prefix = debtKey(this, '')
    return shared
      .keys(prefix)
      ?.map((key) => parseDebt(key.slice(prefix.length), shared.read(key), clock.wall()))
      .filter((debt) => debt !== undefined)
  }

  #follow(): void {
    const { shared } = this.ports
    const text = shared.read(this.name)
    const known = this.#seen
    if (text === known) return
    this.#seen = text
    const marker = this.readMarker(text)
    const newest = known && this.readMarker(known)
    // Storage reaches other processes late: a tab that woke with an old copy has written over a newer epoch. Or it was emptied or
    // spoilt; then a logout that is still to be delivered stays, if it says for which session: nobody knows who has signed in since.
    const { debts } = this.#state
    const named = debts.filter(({ sessionId }) => sessionId !== WHICHEVER)
    const isOurs = ({ epoch }: Marker) => (marker ? isNewer(epoch, marker.epoch) : named.length > 0)
    if (newest && isOurs(newest)) {
      if (shared.write(this.name, known)) this.#seen = known
      if (!marker) named.forEach((debt) => this.#writeDebt(debt.sessionId, debt))
    } else if (marker) this.dispatch({ type: 'markerSeen', marker, before: newest || undefined })
  }

  /** Writes what is owed once more, after what may have emptied the storage. */
  saveLogout(): void {
    const { debts } = this.#state
    if (debts.length > 0) this.#perform(writeMarker(this.#state))
    for (const debt of debts) this.#writeDebt(debt.sessionId, debt)
  }

  readMarker(text = this.ports.shared.read(this.name)): Marker | undefined {
    return parseMarker(text, this.ports.clock.wall())
  }

  post(message: Message): void {
    const { channel } = this
    if (!channel) return
    const tokenMayTravel = channel.memoryOnly && this.options.shareToken
    const safe = message.type === 'in' && !tokenMayTravel ? { ...message, shared: undefined } : message
    channel.post(wrap(safe, this.tab))
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
      case 'writeMarker':
        return this.#writeMarker(effect.marker)
      case 'writeDebt': {
        const { sessionId, debt, expired } = effect
        if (expired) this.note('logout.expired')
        return this.#writeDebt(sessionId, debt)
      }
      case 'post':
        return this.post(effect.message)
      case 'abandon': {
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

  /** Never over a newer one, which another tab may have written a moment ago. */
  #writeMarker(marker: Marker): void {
    const { shared } = this.ports
    const current = this.readMarker()
    if (current && (isNewer(current.epoch, marker.epoch) || isLater(current, marker))) return
    const text = serializeMarker(marker)
    if (shared.write(this.name, text)) this.#seen = text
  }

  #writeDebt(sessionId: string, debt: Debt | undefined): void {
    const isWritten = this.ports.shared.write(debtKey(this, sessionId), debt ? serializeDebt(debt) : null)
    if (sessionId === WHICHEVER) this.#isBlocked = !isWritten
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

const debtKey = ({ name }: Context, sessionId: string): string => `${name}:owed:${sessionId}`

/** A sibling has renewed the credential of the same epoch in the meantime. */
function isLater(current: Marker, marker: Marker): boolean {
  return (
    isSame(current.epoch, marker.epoch) && marker.state === 'in' && current.generation > marker.generation
  )
}
