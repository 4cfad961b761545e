/*
 * Promise 3, one refresh per browser: what a refresh may cost while nothing excuses another one. Two tabs never refresh
 * at once where they have a lock; after a failure everybody who can have heard of it waits; and in a whole browser that
 * nobody disturbs, one refresh lasts for all tabs until the token nears its end.
 */
import type { Exchange } from '../../src/testing/world/network.js'
import type { App } from './app.js'
import type { Schedule, Step } from './schedule.js'

/** Of the client: how long it waits for an answer, and for the lock at least. */
const DEADLINE_MS = 8000
const LOCK_WAIT_MS = 10_000
/** How long something that keeps a tab from what the others know excuses it. */
const EXCUSE_MS = 15_000
const QUIET_MS = 60_000
/** Of the client: how old an answer of the session check may be when a page is shown again. */
const REVALIDATE_MS = 300_000
/** Half of what the client waits after its first failure, since half is left to chance, and how far apart its other tries are. */
const SHORTEST_WAIT_MS = 500
const SPACING_MS = 5500
const ROUNDING_MS = 5
/** A request that fails this soon may be one that the browser has no room for: it is sent again at once without keepalive. */
const IMMEDIATE_MS = 20
/** How long a tab waits for what the others know, where a lock says that one of them holds a token. */
const HEAR_OUT_MS = 250

/** What happens in a quiet browser: tabs come and want tokens. */
const QUIET: ReadonlySet<Step['do']> = new Set([
  'wait',
  'open',
  'token',
  'request',
  'refresh',
  'hide',
  'show',
])
/** Faults of an answer with status 200. */
const HOLLOW: ReadonlySet<string> = new Set(['staleToken', 'truncated'])
const EXPLICIT: ReadonlySet<string> = new Set(['login', 'logout'])

export interface ThriftTruth {
  readonly schedule: Schedule
  now(): number
  apps(): App[]
}

interface Wait {
  readonly page: number
  /** When it was imposed, and how long nobody may ask. */
  readonly since: number
  readonly until: number
  /** Somebody else had an answer meanwhile. */
  readonly isOld: boolean
  /** The server asked for it, and nobody has insisted yet. */
  mayPass: boolean
}

interface Flight {
  /** Active time of its page. */
  readonly activeMs: number
  /** When it was sent first. */
  readonly begunAt: number
}

export class Thrift {
  readonly #truth: ThriftTruth
  readonly #violate: (what: string) => void
  readonly #flying = new Map<Exchange, Flight>()
  readonly #seen = new Map<number, { readonly at: number; readonly activeMs: number }>()
  readonly #excused = new Map<number, number>()
  readonly #signingIn = new Set<number>()
  readonly #failures = new Map<number, number>()
  readonly #remounts = new Map<number, number>()
  readonly #toldAt = new Map<number, number>()
  readonly #resyncedAt = new Map<number, number>()
  /** Pages whose request lost a race, or seemed to: they try once more. */
  readonly #losers = new Set<number>()
  /** With cookie sessions: pages whose next question to the server is a refresh, and those questions. */
  readonly #asking = new Set<number>()
  /** Those that have asked one endpoint and ask another: whatever others have met meanwhile comes too late for them. */
  readonly #goingOn = new Set<number>()
  readonly #asked = new WeakSet<Exchange>()
  readonly #givenUp = new WeakSet<Exchange>()
  /** By page: when the request was sent that seemed to fail since the browser had no room for it. */
  readonly #brokenOff = new Map<number, number>()
  #waits: Wait[] = []
  #disturbedAt = 0
  #forcedAt = -Infinity
  #calm = true
  #online = true
  #faults = false
  #renewedAt = -Infinity
  #succeededAt = -Infinity
  #signedInAt = -Infinity
  #newsAt = -Infinity
  /** The storage was emptied: tabs of different epochs do not hear each other until somebody has an answer. */
  #estranged = false
  /** The clock of the machine was set back: epochs are numbered on, and two tabs may come to the same number. */
  #isClockBack = false

  constructor(truth: ThriftTruth, violate: (what: string) => void) {
    this.#truth = truth
    this.#violate = violate
  }

  step(step: Step): void {
    if (step.do === 'network') this.#calm = step.profile === 'calm'
    if (step.do === 'offline' || step.do === 'online') this.#online = step.do === 'online'
    // What the server does behind their backs, the tabs learn one by one.
    if (step.do === 'elsewhere' || step.do === 'link' || step.do === 'prefer') this.#faults = true
    // It waits for the next refresh, however long nobody needs one, and that looks like a success.
    if (step.do === 'fault' && this.#isHollow(step.fault)) this.#faults = true
    // Where the token is in a cookie, each tab that meets another one there asks before it writes.
    if (step.do === 'csrfKey' && this.#truth.schedule.csrf === 'cookie') this.#faults = true
    if (step.do === 'leave' || step.do === 'freeze')
      for (const { page } of this.#truth.apps()) this.excuse(page.id)
    if (step.do === 'clearStorage') this.#estranged = true
    if (step.do === 'setClock' && step.ms < 0) this.#isClockBack = true
    if (step.do === 'refreshNow') this.#forcedAt = this.#truth.now()
    if (!QUIET.has(step.do)) this.#disturbedAt = this.#truth.now()
    if (EXPLICIT.has(step.do) || step.do === 'online' || step.do === 'setClock') this.#forget()
  }

  /** The page is out of step for a while: it was frozen, made another client, or did not get the lock. */
  excuse(page: number): void {
    // A sign-in whose client is gone still takes the session from the others, who learn of it one by one.
    if (this.#signingIn.has(page)) this.#faults = true
    this.#excused.set(page, this.#truth.now())
  }

  /** A client heard of another epoch. */
  resynced(page: number): void {
    this.#resyncedAt.set(page, this.#truth.now())
    this.told(page)
  }

  /** A client heard of another epoch, or was given what a sibling holds: its own failures are of the past. */
  told(page: number): void {
    this.#toldAt.set(page, this.#truth.now())
    this.#failures.delete(page)
    this.#waits = this.#waits.filter((wait) => wait.page !== page)
  }

  /** Another client in the same page knows of no failure of the one before. */
  remounted(page: number): void {
    this.excuse(page)
    this.#remounts.set(page, this.#truth.now())
    this.told(page)
  }

  /** A sign-in was committed, maybe long after its answer: it ends all waiting. */
  signedIn(): void {
    this.#signedInAt = this.#newsAt = this.#truth.now()
    this.#forget()
  }

  /** Finds the pages whose script stood still. */
  poll(): void {
    const now = this.#truth.now()
    for (const { page } of this.#truth.apps()) {
      const last = this.#seen.get(page.id)
      const activeMs = page.activeMs()
      if (last && activeMs - last.activeMs < now - last.at - ROUNDING_MS) {
        this.excuse(page.id)
        this.#disturbedAt = now
      }
      this.#seen.set(page.id, { at: now, activeMs })
    }
  }

  /** A client is about to ask the server, or has its answer. */
  asks(page: number, begins: boolean): void {
    if (!this.#truth.schedule.mode) return
    this.#goingOn.delete(page)
    if (begins) return void this.#asking.add(page)
    this.#asking.delete(page)
    // The deadline is for all requests of one question: the last of them may still be on its way.
    for (const exchange of this.#flying.keys()) {
      if (this.#asked.has(exchange) && exchange.page === page) this.#givenUp.add(exchange)
    }
  }

  sent(exchange: Exchange): void {
    if (isLogin(exchange)) this.#signingIn.add(exchange.page)
    if (!this.#isRefresh(exchange)) return
    const { now } = this.#truth
    const { page, tab } = exchange
    this.poll()
    this.#checkFlights(exchange)
    // Who waited for the lock in vain, and perhaps for a sign-in of its own after that, goes on without it, also where it tries again.
    if (!exchange.locked && this.isExcused(page)) this.#excused.set(page, now())
    if (!this.#losers.delete(page) && !this.#goingOn.delete(page)) this.#checkWaits(exchange)
    const quiet = this.#calm && this.#online && !this.#faults && now() - this.#disturbedAt > QUIET_MS
    if (quiet && isWhole(this.#truth.schedule) && now() - this.#renewedAt < this.#soonest()) {
      this.#violate(
        `tab ${tab} refreshes ${Math.round(now() - this.#renewedAt)} ms after a refresh that lasts for all`,
      )
    }
    const brokenOff = exchange.keepalive ? undefined : this.#brokenOff.get(page)
    this.#brokenOff.delete(page)
    this.#flying.set(exchange, {
      activeMs: this.#app(page)?.page.activeMs() ?? 0,
      begunAt: brokenOff ?? now(),
    })
  }

  settled(exchange: Exchange): void {
    // A sign-in ends all waiting.
    if (isLogin(exchange)) {
      this.#forget()
      this.#signingIn.delete(exchange.page)
    }
    if (!this.#isRefresh(exchange)) return
    this.#flying.delete(exchange)
    if (exchange.aborted) return
    const { page, sentAt, answer, arrivedAt } = exchange
    const { now } = this.#truth
    const heard = arrivedAt === undefined ? undefined : answer
    const status = heard?.status ?? 0
    if (status === 0 && exchange.keepalive) this.#brokenOff.set(page, sentAt)
    if (this.#givenUp.has(exchange)) {
      // Late as it is, it is told to all, and ends their waiting.
      if (status === 200 && !isPage(exchange) && exchange.url.pathname !== '/auth/csrf') this.#forget()
      return
    }
    if (leavesOpen(exchange, status) && (this.#truth.schedule.mode || status !== 401)) {
      // With tokens alone the session endpoint is asked, too, but nobody watches it.
      if (!this.#truth.schedule.mode) return
      this.#asking.add(page)
      this.#goingOn.add(page)
    }
    if (this.#asking.has(page) && status !== 401) return
    if (status === 401 || status === 409) return void this.#losers.add(page)
    if (status === 200 && !isPage(exchange)) {
      // Of two that cross, some tabs hold the token of the earlier one.
      const since = sentAt < this.#succeededAt ? Math.min(this.#renewedAt, sentAt) : sentAt
      this.#forget()
      this.#succeededAt = now()
      // To a tab that has made an epoch of its own it may be older.
      const isUnordered = this.#estranged && this.#isClockBack
      if (this.#estranged) this.#newsAt = now()
      this.#estranged = false
      if (isUnordered) return
      if (this.#app(page)?.page.running() && sentAt > this.#disturbedAt + EXCUSE_MS) this.#renewedAt = since
      return
    }
    // What comes too late changes nothing any more, and what fails at once may not be the last word.
    if (status === 0 && exchange.keepalive && now() - sentAt < IMMEDIATE_MS) return
    if (now() - sentAt >= DEADLINE_MS || !this.#app(page)?.page.running() || this.isExcused(page)) return
    // Who hears behind its failure of a sign-in, or of the epoch that the others have again, asks for what is new to it.
    // A page that has just been loaded reads of it.
    const { schedule } = this.#truth
    if (now() <= this.#newsAt + Math.max(newsMs(schedule), schedule.storageDelay)) return
    // What failed is made up for, however much time the token had left.
    this.#renewedAt = -Infinity
    const failures = (this.#failures.get(page) ?? 0) + 1
    this.#failures.set(page, failures)
    const mandated = Number(heard?.headers.get('retry-after') ?? 0) * 1000
    const own = failures > 1 ? SPACING_MS : SHORTEST_WAIT_MS
    // Whoever has heard of a credential that is newer than the one it was asked with is not told to wait.
    const isOld = this.#succeededAt >= sentAt
    this.#waits.push({
      page,
      since: now(),
      until: now() + Math.max(mandated, own),
      isOld,
      mayPass: mandated > 0,
    })
  }

  #checkFlights({ page, tab, locked, keepalive }: Exchange): void {
    for (const [other, { activeMs, begunAt }] of this.#flying) {
      if (this.#givenUp.has(other) || isDropped(other)) continue
      // The lock itself is exclusive: the other page has given it back, or is gone.
      if (locked && other.page !== page) continue
      // The same one once more: it seemed that the browser had no room for it.
      if (other.page === page && other.keepalive && !keepalive) continue
      const age = this.#truth.now() - other.sentAt
      const app = this.#app(other.page)
      const undisturbed = app?.page.running() === true && app.page.activeMs() - activeMs >= age - ROUNDING_MS
      if (
        age > 0 &&
        age < DEADLINE_MS - ROUNDING_MS &&
        undisturbed &&
        !this.#mayCross(page, other, begunAt)
      ) {
        this.#violate(`tab ${tab} refreshes while tab ${other.tab} does`)
      }
    }
  }

  /** Two pages need a lock to keep apart; the clients of one page join, except where one insists. */
  #mayCross(page: number, other: Exchange, begunAt: number): boolean {
    if (page === other.page)
      return (
        this.#truth.now() - this.#forcedAt < EXCUSE_MS ||
        this.#isBroken(page) ||
        this.#isBlurred(page) ||
        this.#isOfThePast(page, begunAt)
      )
    return this.#truth.schedule.locks !== true || this.isExcused(page) || this.isExcused(other.page)
  }

  /** The client before this one sent it under an epoch that this one does not know, or that is over. */
  #isOfThePast(page: number, begunAt: number): boolean {
    const { storage, storageDelay } = this.#truth.schedule
    const remountedAt = this.#remounts.get(page) ?? -Infinity
    const isKept = storage && !this.#estranged
    const isKnown = isKept && this.#signedInAt < begunAt && this.#signedInAt + storageDelay < remountedAt
    const isOver =
      (this.#toldAt.get(page) ?? -Infinity) > remountedAt ||
      (this.#resyncedAt.get(page) ?? -Infinity) > begunAt
    return (!isKnown || isOver) && remountedAt >= begunAt
  }

  /** Where a question is several requests, nobody can tell for whom the next one is: the client before, this one, or its logout. */
  #isBlurred(page: number): boolean {
    const remountedAt = this.#remounts.get(page) ?? -Infinity
    return this.#truth.schedule.mode !== undefined && this.#truth.now() - remountedAt < EXCUSE_MS
  }

  /** Webkit tells a page that comes back out of its cache that its request has failed, whatever became of it. */
  #isBroken(page: number): boolean {
    return this.#truth.schedule.engine === 'webkit' && this.isExcused(page)
  }

  #checkWaits({ page, tab }: Exchange): void {
    const { schedule, now } = this.#truth
    for (const wait of this.#waits) {
      if (now() >= wait.until - ROUNDING_MS || this.isExcused(page)) continue
      // An end of the session is the end of the wait: the wish to ask for another one is fresh.
      if (this.#app(page)?.client.getState().status === 'unauthenticated') continue
      // Who comes later, stood still then, or has no channel, learns of it from the server.
      const age = this.#app(page)?.page.activeMs() ?? 0
      const told =
        !wait.isOld &&
        (this.#excused.get(page) ?? -Infinity) < wait.since &&
        !this.#estranged &&
        schedule.channel &&
        schedule.storage &&
        now() - wait.since > schedule.channelDelay + ROUNDING_MS
      const heard = (schedule.storage && wait.page === page) || (told && age >= now() - wait.since)
      if (heard && wait.mayPass && now() - this.#forcedAt < EXCUSE_MS) {
        // On purpose, and once in the whole browser.
        for (const each of this.#waits) each.mayPass = false
        continue
      }
      if (heard) {
        this.#violate(
          `tab ${tab} asks again after ${Math.round(now() - wait.since)} of ${wait.until - wait.since} ms`,
        )
      }
    }
  }

  #isRefresh(exchange: Exchange): boolean {
    const { url, headers, page } = exchange
    if (!headers.has('cookie')) return false
    if (!this.#truth.schedule.mode) return url.pathname === '/auth/refresh'
    if (QUESTIONS.has(url.pathname) && this.#asking.delete(page)) this.#asked.add(exchange)
    return this.#asked.has(exchange)
  }

  /** Where the refresh endpoint is missing, too, the session endpoint names the user, and no token. */
  #isHollow(fault: string): boolean {
    return HOLLOW.has(fault) || (fault === 'missing' && this.#truth.schedule.mode !== undefined)
  }

  #app(id: number): App | undefined {
    return this.#truth.apps().find(({ page }) => page.id === id)
  }

  /** Whether it was out of step a moment ago. */
  isExcused(page: number): boolean {
    return this.#truth.now() - (this.#excused.get(page) ?? -Infinity) < EXCUSE_MS
  }

  /** A token is renewed at most a minute, or a quarter of its life, ahead of its end, and a quarter of that earlier by jitter. */
  #soonest(): number {
    const { lifetime, mode } = this.#truth.schedule
    if (mode === 'session') return REVALIDATE_MS - 1000
    return (lifetime - 1.25 * Math.min(60, lifetime / 4)) * 1000 - 1000
  }

  #forget(): void {
    this.#waits = []
    this.#failures.clear()
    this.#renewedAt = -Infinity
  }
}

/** Whether it waited for the lock in vain. */
export const isInVain = (milliseconds: number | undefined): boolean => (milliseconds ?? 0) >= LOCK_WAIT_MS

const isLogin = ({ url }: Exchange): boolean => url.pathname === '/auth/login'

const QUESTIONS: ReadonlySet<string> = new Set(['/auth/refresh', '/auth/session', '/auth/csrf'])

/** A logout aborts the session checks that run, which rotate nothing. A refresh that was aborted is still at the cookie. */
const isDropped = ({ aborted, method }: Exchange): boolean => aborted === true && method === 'GET'

/** Where another endpoint may know, the question goes on. */
function leavesOpen(exchange: Exchange, status: number): boolean {
  const { pathname } = exchange.url
  return pathname === '/auth/csrf'
    ? status !== 200 || isPage(exchange)
    : pathname === '/auth/refresh' && [401, 404, 405, 501].includes(status)
}

/** How long it takes until the tabs have heard of what one of them did. */
export const newsMs = ({ channel, channelDelay, storageDelay, storageEventDelay = 0 }: Schedule): number =>
  channel ? channelDelay : storageDelay + storageEventDelay

const isPage = ({ answer }: Exchange): boolean =>
  answer?.headers.get('content-type')?.startsWith('text/html') === true

/** Every mechanism there is, a channel that is fast enough to be asked, and a storage that no lock overtakes. */
const isWhole = ({ locks, channel, channelDelay, storage, storageDelay, shareToken }: Schedule): boolean =>
  locks === true && channel && 2 * channelDelay < HEAR_OUT_MS && storage && storageDelay === 0 && shareToken
