/*
 * The referee compares what the clients do with what is true, and calls out every broken promise of DESIGN section 2 by
 * its number. It hears of everything as it happens; `poll` looks at all tabs after each step, `judge` at the end.
 * It is no part of `latchkey/testing`: an application has promises of its own (docs/testing.md).
 */
import type { AuthError } from '../../src/errors.js'
import type { AuthState } from '../../src/core/types.js'
import type { Session } from '../../src/server/records.js'
import type { Exchange } from '../../src/testing/world/network.js'
import type { App, Call, Person } from './app.js'
import { describe, sessionIdOf, sessionOf } from './app.js'
import type { Logout, Truth } from './excuses.js'
import { Excuses, isUnderWay } from './excuses.js'
import { bearerOf, CANARY, cookieOf } from './ledger.js'
import { Logouts } from './logouts.js'
import type { Proof } from './proofs.js'
import { Proofs } from './proofs.js'
import type { Schedule } from './schedule.js'
import { Thrift } from './thrift.js'
import { Writes } from './writes.js'

/** Longest time a promise may take, in milliseconds of active time of its page: waits for locks, deadlines and retries. */
const BOUNDS: Record<string, number> = {
  ready: 12_000,
  logout: 40_000,
  login: 60_000,
  request: 120_000,
  elsewhere: Infinity,
  link: Infinity,
}
const BOUND = 100_000
/** Longest time in which a tab may not know who is signed in although nothing is reported amiss. */
const UNKNOWN_BOUND = 60_000

export class Referee {
  readonly violations: string[] = []
  readonly calls: Call[] = []
  readonly thrift: Thrift
  readonly writes: Writes
  readonly proofs: Proofs
  readonly excuses: Excuses
  readonly logouts: Logouts
  readonly #logouts: Logout[] = []
  readonly #purged = new Map<App, Set<string>>()
  readonly #lastShown = new Map<App, string>()
  /** Active time of the page when it began to show that it does not know. */
  readonly #unknownSince = new Map<App, number>()
  readonly #truth: Truth
  #checkedEnds = 0
  #pending = new Set<Call>()

  constructor(truth: Truth, count: (proof: Proof) => void) {
    this.#truth = truth
    this.excuses = new Excuses(truth, this.calls, this.#logouts)
    this.logouts = new Logouts(truth, this.excuses, this.calls, this.#logouts)
    this.thrift = new Thrift(truth, (what) => this.violate('P3', what))
    this.proofs = new Proofs(truth, (what) => this.violate('P2', what), count)
    const isOver = (tab: number, sessionId: string): boolean => {
      const logout = this.logouts.of(sessionId)
      const told = toldMs(truth.schedule)
      const runs = truth.apps().some(({ page }) => page.tab === tab && page.running())
      return runs && logout !== undefined && this.logouts.mustKnow(tab, logout, told)
    }
    const callOf = (exchange: Exchange): Call | undefined => this.#callOf(exchange)
    this.writes = new Writes({ ledger: truth.ledger, callOf, isOver }, (...broken) => this.violate(...broken))
  }

  violate(promise: string, what: string): void {
    this.violations.push(`${promise} ${what}`)
  }

  began(call: Call): void {
    this.calls.push(call)
    this.#pending.add(call)
    this.excuses.began(call)
    // Another client in the same page has shown nobody yet, either.
    if (call.kind === 'ready') this.proofs.began(call.app)
  }

  settled(call: Call): void {
    this.#pending.delete(call)
    call.settledAt = this.#truth.now()
    if (call.outcome === 'fulfilled' && call.kind === 'token') this.#checkToken(call, String(call.value))
    if (call.outcome === 'fulfilled' && call.kind === 'login') {
      this.excuses.told(sessionIdOf(call) ?? '')
      this.thrift.signedIn()
      this.logouts.signedIn(call.app)
    }
    if (call.outcome === 'fulfilled' && call.kind === 'write') this.writes.settled(call)
    if (call.outcome === 'rejected' && !isTyped(call))
      this.violate('P4', `${call.kind} rejects with ${String(call.error)}`)
    const isToken = this.#truth.schedule.mode === undefined
    if (call.outcome === 'rejected' && isToken && isLostRace(call.error) && !this.#isLostTwice(call.app))
      this.violate('P1', `tab ${call.app.page.tab}: ${call.kind} rejects because another tab was faster`)
  }

  /** Who loses a race tries once more, with the cookie that is in the jar by then. A refusal is tried again as well, and not both of them twice. */
  #isLostTwice({ page }: App): boolean {
    const asked = ['/auth/refresh', '/auth/login']
    const answers = this.#truth.ledger.exchanges.filter(
      (exchange) => exchange.page === page.id && asked.includes(exchange.url.pathname) && exchange.answer,
    )
    const before = answers.at(-2)
    const lost = before?.answer?.status === 409 || before?.answer?.status === 401
    return lost && before.url.pathname === '/auth/refresh'
  }

  ended(app: App, previous: Person | undefined): void {
    if (!previous) return
    const purged = this.#purged.get(app) ?? new Set<string>()
    this.#purged.set(app, purged.add(previous.id))
  }

  state(app: App, before: AuthState<Person>, state: AuthState<Person>): void {
    this.proofs.state(app, state)
    if (state.status === 'authenticated') this.#showsUser(app, state.user.id)
    this.#checkShown(app, state)
    if (state.status === 'unknown' && state.connection === 'ok' && state.retryAt === undefined) {
      this.#unknownSince.set(app, app.page.activeMs())
    } else this.#unknownSince.delete(app)
    if (before.status === 'authenticated' && state.status === 'unauthenticated') {
      this.#showsNobody(app, before.sessionId, state)
    }
  }

  sent(exchange: Exchange): void {
    const { url, tab } = exchange
    this.thrift.sent(exchange)
    this.writes.sent(exchange)
    const token = bearerOf(exchange)
    if (url.origin !== 'https://app.example' && (token !== undefined || cookieOf(exchange) !== undefined)) {
      this.violate('P5', `tab ${tab} sends a credential to ${url.origin}`)
    }
    if (url.href.includes(CANARY)) this.violate('P5', `tab ${tab} puts a token into a URL`)
    if (token === undefined || url.pathname.startsWith('/auth/')) return
    const claims = this.#truth.ledger.claims(token)
    if (this.#isRejected(exchange, token)) {
      this.violate('P4', `tab ${tab} sends a token again that was refused with 401`)
    }
    const call = this.#callOf(exchange)
    if (call?.subject !== undefined && claims && call.subject !== claims.sub) {
      this.violate('P6', `tab ${tab} sends a request that ${call.subject} made with a token of ${claims.sub}`)
    }
    const logout = claims && this.logouts.of(claims.sid)
    if (logout && this.logouts.mustKnow(tab, logout) && !this.excuses.isThawed(claims.sid, tab)) {
      this.violate('P2', `tab ${tab} sends a token of session ${claims.sid.slice(0, 4)} after its logout`)
    }
  }

  #callOf({ headers }: Exchange): Call | undefined {
    return this.calls[Number(headers.get('x-call')) - (this.calls[0]?.id ?? 0)]
  }

  /** Whether the same request went out with the same token before, in vain. */
  #isRejected({ headers, url }: Exchange, token: string): boolean {
    const call = headers.get('x-call')
    return this.#truth.ledger.exchanges.some(
      (other) =>
        other.headers !== headers &&
        other.url.pathname === url.pathname &&
        other.headers.get('x-call') === call &&
        other.answer?.status === 401 &&
        bearerOf(other) === token,
    )
  }

  /** After each step, when all has come to rest. */
  poll(): void {
    const { ledger } = this.#truth
    this.thrift.poll()
    this.excuses.shown(
      new Set(this.#truth.apps().map((app) => (app.page.running() ? sessionOf(app) : undefined))),
    )
    for (const end of ledger.ends.slice(this.#checkedEnds)) this.#checkEnd(end.id, end.code, end.by)
    this.#checkedEnds = ledger.ends.length
    for (const app of this.#truth.apps()) this.#checkShown(app)
    for (const [app, since] of this.#unknownSince) {
      const waited = app.page.activeMs() - since
      if (!app.page.running() || waited < UNKNOWN_BOUND) continue
      this.#unknownSince.delete(app)
      this.violate('P4', `tab ${app.page.tab} shows unknown for ${Math.round(waited / 1000)} s`)
    }
    this.writes.poll()
    this.checkPending()
  }

  checkPending(): void {
    for (const call of this.#pending) {
      const { page } = call.app
      const waited = page.activeMs() - call.activeAt
      if (page.gone()) this.#pending.delete(call)
      else if (waited > (BOUNDS[call.kind] ?? BOUND) * (1 + this.#queuedBefore(call))) {
        this.violate(
          'P4',
          `tab ${page.tab}: ${call.kind} does not settle within ${Math.round(waited / 1000)} s`,
        )
        this.#pending.delete(call)
      }
    }
  }

  /** One sign-in of a page comes after the other. */
  #queuedBefore({ kind, app, at, id }: Call): number {
    if (kind !== 'login') return 0
    return this.calls.filter(
      (other) => other.kind === kind && other.app === app && other.id < id && isUnderWay(other, at),
    ).length
  }

  /** When faults have stopped and time has passed: all tabs agree with the server. */
  judge(): void {
    const { inJar, serverTime, ledger, apps, now } = this.#truth
    const { storage, channel } = this.#truth.schedule
    const session = inJar()
    const alive = ledger.lives(session, serverTime()) ? session : undefined
    const tabs = apps().filter(({ page }) => page.running())
    const views = tabs.map((app) => ({ app, state: app.client.getState() }))
    for (const { app, state } of views) {
      if (state.status === 'unknown')
        this.violate('P4', `tab ${app.page.tab} still shows ${describe(state)} at the end`)
    }
    // With neither storage nor channel a tab that shows nobody asks nobody either: it cannot learn of a login elsewhere. Nor where
    // there is no register to say what came last and the clock was set back, so that what it knows seems newer.
    const logins = this.calls.filter(({ kind }) => kind === 'login')
    // Nor does a tab that has logged out hear of one on a page of the server from those that missed the logout and cannot read of it.
    const logout = this.#logouts.at(-1)
    const isEstranged =
      alive && this.excuses.isMadeElsewhere(alive.id) && this.excuses.forgottenAt > (logout?.at ?? Infinity)
    // Nor does one that stood still then hear of a logout that nobody remembers.
    const isLater = (login: Call): boolean => login.outcome === 'fulfilled' && login.at > (logout?.at ?? 0)
    const isLost = logout && this.logouts.isForgotten(logout) && !logins.some(isLater)
    // Or where somebody logs out in the very millisecond in which a login is done in a tab that stood still.
    const isTied = logins.some((login) => this.#logouts.some(({ at }) => at === login.settledAt))
    const isUnordered =
      (this.excuses.isClockBack && (!storage || this.excuses.forgottenAt >= 0)) || (!storage && isTied)
    const isInformed = (app: App): boolean =>
      (storage || channel) && !isEstranged && !isLost && !isUnordered && !this.excuses.isBehind(app)
    const informed = views.filter(({ app, state }) => state.status === 'authenticated' || isInformed(app))
    const subjects = new Set(
      informed.map(({ state }) => (state.status === 'authenticated' ? state.user.id : 'nobody')),
    )
    if (subjects.size > 1) this.violate('P2', `the tabs disagree at the end: ${[...subjects].join(', ')}`)

    const shown = views.find(({ state }) => state.status === 'authenticated')?.state
    // What nobody can tell a tab, it learns when its token has to be renewed.
    const last = ledger.ends.at(-1)
    const isFresh = last !== undefined && now() - last.at < this.#truth.schedule.lifetime * 1000
    const isTold = storage || channel || !isFresh
    if (shown?.status === 'authenticated' && shown.user.id !== alive?.userId && isTold) {
      this.violate(
        'P2',
        `tabs show ${shown.user.id} at the end, and the server knows ${alive?.userId ?? 'nobody'}`,
      )
    }
    for (const { app, state } of views) {
      if (state.status !== 'authenticated' || alive?.userId !== state.user.id) continue
      if (state.sessionId !== alive.id)
        this.violate(
          'P2',
          `tab ${app.page.tab} still shows session ${state.sessionId?.slice(0, 4)} at the end`,
        )
    }
    this.#judgeLogout(alive)
    this.#judgeLogin(alive, shown !== undefined)
    this.#judgeLink(alive)
  }

  /** Whom a link of the server has signed in, every page finds that begins behind it. */
  #judgeLink(alive: Session | undefined): void {
    const acts = this.calls.filter(({ kind }) => kind === 'login' || isElsewhere(kind))
    const { kind, settledAt } = acts.at(-1) ?? {}
    const isLast = kind === 'link' && (this.#logouts.at(-1)?.at ?? -1) < (settledAt ?? -1)
    if (!alive || !isLast || settledAt === undefined || this.#overlaps(acts.at(-1)!, acts)) return
    if (!this.excuses.isMadeElsewhere(alive.id) || this.#mayEnd(alive.id)) return
    for (const app of this.#truth.apps()) {
      const shows = sessionOf(app) === alive.id
      if (!shows && app.page.running() && this.proofs.canKnow(app, settledAt, alive.id))
        this.violate('P1', `tab ${app.page.tab} does not find session ${alive.id.slice(0, 4)} of a link`)
    }
  }

  #judgeLogout(alive: Session | undefined): void {
    const logout = this.#logouts.at(-1)
    if (!logout || !alive || this.#lastExplicit() !== 'logout') return
    const { schedule } = this.#truth
    if (this.logouts.isForgotten(logout)) return
    // Nor does a logout end the session of a sign-in that no client knows of.
    if (!logout.doomed.has(alive.id) && this.excuses.isMadeElsewhere(alive.id)) return
    // Nor that of one its tab had not heard of, and has not since: either act may win.
    if ((!logout.doomed.has(alive.id) || logout.nameless) && this.excuses.isMissed(alive.id)) return
    // Nor that of one that failed, where the client that made it is gone before it could end it, or nobody knows its name.
    const isLost = this.excuses.isForsaken(alive.id) || this.excuses.isUnnamed(alive.id, logout.at)
    if (!logout.doomed.has(alive.id) && isLost) return
    // A tab that can hear of nothing logs out of the session it knows.
    if (!logout.doomed.has(alive.id) && !schedule.storage && !schedule.channel) return
    if (this.excuses.isUnaware(logout.app, alive.id)) return
    if (this.excuses.isUnproven(logout, alive.id)) return
    const logins = this.calls.filter(({ kind }) => kind === 'login')
    // A login that another tab had begun may come later than the logout: the later lock grant wins.
    const contested = logins.some((call) => isUnderWay(call, logout.at) && call.app !== logout.app)
    if (contested) return
    this.violate('P2', `the cookie of session ${alive.id.slice(0, 4)} lives on after the logout`)
  }

  #judgeLogin(alive: Session | undefined, anybodyShown: boolean): void {
    if (this.#lastExplicit() !== 'login') return
    const logins = this.calls.filter(({ kind }) => kind === 'login')
    const last = logins.at(-1)
    if (!last || last.outcome !== 'fulfilled' || this.#overlaps(last, logins)) return
    const sessionId = sessionIdOf(last) ?? ''
    const { ledger, serverTime } = this.#truth
    const made = ledger.sessions.get(sessionId)
    if (!ledger.lives(made, serverTime()) || this.#mayEnd(sessionId)) return
    if (alive?.id !== sessionId) {
      this.violate('P1', `the browser has lost the cookie of session ${sessionId.slice(0, 4)}, which lives`)
    } else if (!anybodyShown && this.excuses.isHeard(sessionId))
      this.violate('P1', `tabs show nobody, and session ${sessionId.slice(0, 4)} lives`)
  }

  #mayEnd(id: string): boolean {
    const { excuses } = this
    return (
      this.logouts.of(id) !== undefined ||
      excuses.isGivenUp(id) ||
      excuses.isOvertaken(id) ||
      excuses.isContested(id)
    )
  }

  /** Another client in the same page: it has shown nobody yet, and knows nothing of what only the old one knew. */
  remounted(app: App): void {
    this.#lastShown.delete(app)
    this.#unknownSince.delete(app)
    this.excuses.remounted(app)
    this.thrift.remounted(app.page.id)
    this.logouts.remounted(app)
  }

  /** Whether another explicit act was under way at the same time: then either may win. */
  #overlaps(login: Call, logins: readonly Call[]): boolean {
    // Where a tab stood still in the middle of one, no register tells it of what came after.
    const isHeldUp = (other: Call): boolean => !this.#truth.schedule.storage && isUnderWay(other, login.at)
    const others = logins.filter(
      (other) => other !== login && (other.at + 30_000 > login.at || isHeldUp(other)),
    )
    const elsewhere = this.calls.some(
      (other) => other !== login && isElsewhere(other.kind) && Math.abs(other.at - login.at) < 30_000,
    )
    return elsewhere || others.length > 0 || this.#logouts.some(({ at }) => Math.abs(at - login.at) < 30_000)
  }

  #lastExplicit(): 'login' | 'logout' | undefined {
    const last = this.calls.filter(({ kind }) => kind === 'login' || isElsewhere(kind)).at(-1)
    const login = last?.at ?? -1
    const logout = this.#logouts.at(-1)?.at ?? -1
    if (login === logout || (login > logout && last?.kind !== 'login')) return undefined
    return login > logout ? 'login' : 'logout'
  }

  #showsUser(app: App, subject: string): void {
    const before = this.#lastShown.get(app)
    this.#lastShown.set(app, subject)
    if (before === undefined || before === subject) return
    if (!this.#purged.get(app)?.has(before)) {
      this.violate('P6', `tab ${app.page.tab} shows ${subject} after ${before} without a sessionEnd`)
    }
    this.#purged.delete(app)
  }

  #showsNobody(app: App, sessionId: string | undefined, state: AuthState<Person>): void {
    const { ledger, serverTime } = this.#truth
    const session = ledger.sessions.get(sessionId ?? '')
    if (!ledger.lives(session, serverTime()) || this.#mayEnd(sessionId ?? '')) return
    this.violate(
      'P1',
      `tab ${app.page.tab} shows ${describe(state)}, and session ${sessionId?.slice(0, 4)} lives`,
    )
  }

  #checkEnd(id: string, code: string, by: Exchange | undefined): void {
    if (code === 'refresh_reused' && !(by && this.excuses.isOverwritten(by)))
      this.violate('P1', `session ${id.slice(0, 4)} ends because its cookie was used twice`)
    if (!by || code !== 'session_revoked' || !by.url.pathname.endsWith('/logout') || this.#mayEnd(id)) return
    const fulfilled = this.calls.some(
      (call) => call.kind === 'login' && call.outcome === 'fulfilled' && sessionIdOf(call) === id,
    )
    if (fulfilled)
      this.violate('P1', `tab ${by.tab} ends session ${id.slice(0, 4)}, which nobody logged out of`)
  }

  #checkShown(app: App, state = app.client.getState()): void {
    if (!app.page.running()) return
    if (state.status !== 'authenticated') return
    const { sessionId = '' } = state
    const logout = this.logouts.of(sessionId)
    // The same user has signed in again since, or at that moment: he may be shown until the tab has caught up.
    const held = this.#truth.inJar()
    const isStanding = ({ id }: Session): boolean =>
      this.#lastExplicit() === 'login' || this.excuses.isContested(id)
    const again = held?.userId === state.user.id && isStanding(held)
    const told = toldMs(this.#truth.schedule)
    // Whose script stood still has not been told yet.
    if (told > 0 && this.thrift.isExcused(app.page.id)) return
    const { tab } = app.page
    if (
      logout &&
      !again &&
      !this.excuses.isThawed(sessionId, tab) &&
      !this.excuses.isOverruled(logout) &&
      this.logouts.mustKnow(tab, logout, told)
    ) {
      this.violate('P2', `tab ${app.page.tab} shows ${describe(state)} after its logout`)
    }
  }

  #checkToken(call: Call, token: string): void {
    const claims = this.#truth.ledger.claims(token)
    if (!claims) return this.violate('P5', `tab ${call.app.page.tab} was given something that is no token`)
    if (call.subject !== undefined && claims.sub !== call.subject) {
      this.violate(
        'P6',
        `tab ${call.app.page.tab}: ${call.subject} asked for a token and got one of ${claims.sub}`,
      )
    }
  }
}

/** How long after a value other tabs are told of it; the timers of a hidden page come up to a second late. */
const toldMs = ({ storageEventDelay = 0 }: Schedule): number =>
  storageEventDelay > 0 ? storageEventDelay + 1000 : 0

/** An act on a page of the server, of which no client hears. */
const isElsewhere = (kind: string): boolean => kind === 'elsewhere' || kind === 'link'

function isLostRace(error: unknown): boolean {
  const { code, status } = error as Partial<AuthError>
  return code === 'server_error' && status === 409
}

/** Errors of the client, and of the application's own request. */
function isTyped({ kind, error }: Call): boolean {
  const { name } = error as Error
  const sends = kind === 'request' || kind === 'write' || isElsewhere(kind)
  return name === 'AuthError' || (sends && (name === 'TypeError' || name === 'TimeoutError'))
}
