/*
 * What the referee leaves out, each by its cause: acts that cross each other, so that either may win, and what no client can
 * mend. It takes note of who was there, whose script stood still, and what was under way then.
 */
import type { AuthError } from '../../src/errors.js'
import type { Session } from '../../src/server/records.js'
import type { Exchange } from '../../src/testing/world/network.js'
import type { App, Call } from './app.js'
import type { Ledger } from './ledger.js'
import { cookieOf, CREDENTIAL } from './ledger.js'
import type { Schedule } from './schedule.js'
import { isInVain, newsMs } from './thrift.js'

/** What the referee may know of the world. */
export interface Truth {
  readonly schedule: Schedule
  readonly ledger: Ledger
  now(): number
  serverTime(): number
  /** The session of the cookie in the jar. */
  inJar(): Session | undefined
  apps(): App[]
}

export interface Logout {
  readonly at: number
  readonly app: App
  /** All sessions of the browser that it was meant for. */
  readonly doomed: Set<string>
  /** The client knew of no session. */
  readonly nameless: boolean
  /** The client that was told is gone. */
  forgotten?: boolean
  /**
   * Neither the storage nor the clock knew of the sign-in before it: its epoch is older, and for the other tabs it is old news.
   */
  readonly unordered: boolean
}

/** Whose script ran when a session was told, and the newest page there was. */
interface Audience {
  readonly at: number
  readonly there: Set<App>
  readonly newest: number
}

export class Excuses {
  readonly #truth: Truth
  readonly #calls: readonly Call[]
  readonly #logouts: readonly Logout[]
  /** What was under way in a page that gave the lock back. */
  readonly #gaveBack = new Set<Exchange>()
  /** What was under way when its client gave up waiting for it. */
  readonly #overdue = new Set<Exchange>()
  readonly #remounts: { readonly app: App; readonly at: number }[] = []
  /** By session: who could hear of it when it was told. */
  readonly #audiences = new Map<string, Audience>()
  #newestPage = 0
  #newestKnower = Infinity
  /** When a session was last seen to have won, whatever crossed its login: a tab showed it, and its cookie was in the jar. */
  readonly #wonAt = new Map<string, number>()
  /** Sessions of sign-ins that a tab had not heard of when it logged out, and when it last did. */
  readonly #unheard = new Map<string, number>()
  /** When the storage was emptied: what only the register knew by then is forgotten. */
  forgottenAt = -Infinity
  /** When the machine last woke up: what was told just before reaches the tabs then. */
  wokeAt = -Infinity
  /** The clock of the machine was set back. */
  isClockBack = false

  constructor(truth: Truth, calls: readonly Call[], logouts: readonly Logout[]) {
    this.#truth = truth
    this.#calls = calls
    this.#logouts = logouts
  }

  began(call: Call): void {
    this.#newestPage = Math.max(this.#newestPage, call.app.page.id)
  }

  /** Somebody tells the others of that session. */
  told(id: string): void {
    const apps = this.#truth.apps()
    const hears = ({ page }: App): boolean => page.running() && !page.ports.lifecycle.prerendering()
    const newest = Math.max(this.#newestPage, ...apps.map(({ page }) => page.id))
    this.#audiences.set(id, { at: this.#truth.now(), there: new Set(apps.filter(hears)), newest })
  }

  /** Somebody logs out in a tab that has not heard of that session. */
  missed(id: string): void {
    this.#unheard.set(id, this.#truth.now())
  }

  isMissed(id: string): boolean {
    return this.#unheard.has(id)
  }

  /** The same, and the session has not won since. */
  isStillMissed(id: string): boolean {
    return this.#isOpen(id, this.#unheard.get(id) ?? -Infinity)
  }

  #isOpen(id: string, at: number): boolean {
    return (this.#wonAt.get(id) ?? 0) < at + SETTLED_MS
  }

  /** Somebody empties the storage. */
  forgot(): void {
    this.forgottenAt = this.#truth.now()
    // What is still on its way to the others reaches nobody.
    const { ledger } = this.#truth
    this.#unheardBy(({ page }, id) => page.id !== ledger.makers.get(id)?.page)
    this.#newestKnower = Math.max(this.#newestPage, ...this.#truth.apps().map(({ page }) => page.id))
  }

  /** It was loaded when the storage had been emptied. */
  isNewcomer(app: App): boolean {
    return app.page.id > this.#newestKnower
  }

  remounted(app: App): void {
    this.#remounts.push({ app, at: this.#truth.now() })
  }

  /** A page that is frozen or cached gives the lock back, whatever it has under way. */
  left(page: number): void {
    this.#addUnderWay(page, this.#gaveBack)
    this.#unheardBy((app) => app.page.id === page)
  }

  /** What is told at that moment comes too late for them. */
  #unheardBy(isGone: (app: App, id: string) => boolean): void {
    const { now, schedule } = this.#truth
    for (const [id, { at, there }] of this.#audiences) {
      if (now() > at + newsMs(schedule)) continue
      for (const app of there) if (isGone(app, id)) there.delete(app)
    }
  }

  /** A client has failed to learn who is signed in, maybe because its deadline has passed. */
  failed(page: number): void {
    this.#addUnderWay(page, this.#overdue)
  }

  #addUnderWay(page: number, exchanges: Set<Exchange>): void {
    for (const exchange of this.#truth.ledger.exchanges)
      if (exchange.page === page && exchange.arrivedAt === undefined) exchanges.add(exchange)
  }

  /** After each step, what the tabs show. */
  shown(ids: ReadonlySet<string | undefined>): void {
    const { inJar, ledger, now, serverTime } = this.#truth
    // A sign-in on a page of the server is told by the tab that finds it.
    for (const id of ids)
      if (id !== undefined && !this.#audiences.has(id) && this.isMadeElsewhere(id)) this.told(id)
    const session = inJar()
    if (!session || !ids.has(session.id) || !ledger.lives(session, serverTime())) return
    const by = ledger.makers.get(session.id)
    const login = this.#calls.find(
      (call) => call.kind === 'login' && call.app.page.id === by?.page && isUnderWay(call, by.sentAt),
    )
    const { arrivedAt = Infinity } = by ?? {}
    // While the machine sleeps or the page stands still nobody finds out anything.
    const since = Math.max(
      arrivedAt,
      login?.app.page.gone() === false ? (login.settledAt ?? Infinity) : 0,
      this.wokeAt,
    )
    if (now() > since + SETTLED_MS) this.#wonAt.set(session.id, now())
  }

  /** For a minute and longer a tab has shown it, and its cookie was in the jar: all that crossed its login is over. */
  hasWon(id: string): boolean {
    return this.#wonAt.has(id)
  }

  /** It stood still when others were told of that session, and when it looked again no storage told of it. */
  isUnaware(app: App, id: string): boolean {
    const audience = this.#audiences.get(id)
    if (!audience || audience.there.has(app) || app.page.id > audience.newest) return false
    return !this.#truth.schedule.storage || audience.at <= this.forgottenAt
  }

  /** Of some session it is unaware. */
  isBehind(app: App): boolean {
    return [...this.#audiences.keys()].some((id) => this.isUnaware(app, id))
  }

  /** Somebody who is still there can have heard of it. */
  isHeard(id: string): boolean {
    const { storage, channel } = this.#truth.schedule
    const isTold = (app: App): boolean => app.page.running() && !this.isUnaware(app, id)
    return (storage || channel) && this.#truth.apps().some(isTold)
  }

  /** On a page of the server, of which the clients learn when they ask. */
  isMadeElsewhere(id: string): boolean {
    const by = this.#truth.ledger.makers.get(id)
    return by !== undefined && isElsewhere(by)
  }

  /** A session that a login made which was under way when somebody logged out: either act may win. */
  isContested(id: string): boolean {
    const { ledger, schedule } = this.#truth
    const by = ledger.makers.get(id)
    if (!by) return false
    const crossedAt = [this.#unheard.get(id), this.#revivedAt(id), this.#foundUnawareAt(id)]
    if (crossedAt.some((at = -Infinity) => this.#isOpen(id, at))) return true
    // Without storage, or where it was emptied in between, nobody can say which came first where the clock was set back.
    const isUntold = this.#logouts.some(({ at }) => at <= this.forgottenAt && this.forgottenAt <= by.sentAt)
    if (this.isClockBack && (!schedule.storage || isUntold)) return true
    const { arrivedAt = Infinity } = by
    const wonAt = this.#wonAt.get(id) ?? 0
    // Its answer is not the end of it: the login may have to ask first whose cookie came last. Nor is its being sent the beginning,
    // where a logout that waits knows no session, and so ends whichever there is by then.
    const pending = (at: number): boolean =>
      this.#calls.some(
        (call) => call.kind === 'login' && call.app.page.id === by.page && isUnderWay(call, at),
      )
    const crossing = this.#logouts.some(
      ({ at, doomed, nameless }) =>
        ((at >= by.sentAt && at <= arrivedAt) ||
          (pending(at) && (nameless || this.#isLostNear(at) || at >= by.sentAt))) &&
        !doomed.has(id),
    )
    if (crossing && wonAt === 0) return true
    // No deadline of a client stops an answer that comes later than it, and its cookie wins.
    const overtaken = ledger.exchanges.some(
      (other) =>
        other.sentAt <= by.sentAt &&
        (isLate(other) || this.#overdue.has(other)) &&
        (other.arrivedAt ?? 0) > Math.max(arrivedAt, wonAt),
    )
    if (overtaken) return true
    // Who got no lock in time goes on without it, a page that is gone has none any more, nor a client that was disposed of, and a
    // page of the server knows of none: where its answer crosses that of the login, its cookie comes last.
    const crossed = ledger.exchanges.some(
      (other) =>
        other !== by &&
        (isElsewhere(other) ||
          this.#isDisposed(other) ||
          this.#isHeldUp(by, other) ||
          other.orphaned === true ||
          (other.page !== by.page &&
            (!other.locked ||
              this.#isOverlong(by) ||
              this.#gaveBack.has(by) ||
              this.#gaveBack.has(other)))) &&
        other.sentAt < arrivedAt &&
        (other.arrivedAt ?? 0) >= Math.max(arrivedAt, wonAt) &&
        changesJar(other),
    )
    if (crossed) return true
    if (wonAt > 0) return false
    // While its page stands still nobody hears of it, and a logout that knows of no session, and waits, takes whichever cookie there is.
    const isTaken = ({ page, url, sentAt }: Exchange): boolean =>
      page !== by.page && url.pathname === '/auth/logout' && sentAt >= by.sentAt && pending(sentAt)
    const waits = this.#logouts.some(({ at, nameless }) => nameless && at <= by.sentAt)
    if (waits && this.#gaveBack.has(by) && ledger.exchanges.some(isTaken)) return true
    // Where news come late, a tab that is refused twice about the time of a sign-in overrules what it has not heard of.
    const isRefused = ({ answer }: Exchange): boolean => answer?.status === 401
    const isRetry = ({ page, sentAt }: Exchange): boolean =>
      ledger.exchanges.some(
        (first) =>
          (isRefused(first) || first.answer?.status === 409) &&
          first.page === page &&
          (first.arrivedAt ?? Infinity) <= sentAt &&
          first.sentAt > sentAt - 1000,
      )
    const { locks, channel, storageDelay } = schedule
    const overruled = ledger.exchanges.some(
      (other) =>
        !(locks === true || channel) &&
        other.page !== by.page &&
        isRefused(other) &&
        isRetry(other) &&
        other.sentAt < arrivedAt &&
        (other.arrivedAt ?? 0) >= arrivedAt &&
        (other.arrivedAt ?? 0) <= arrivedAt + storageDelay,
    )
    if (overruled) return true
    // Without locks nothing keeps the acts of two tabs apart, and the cookie that arrives last wins.
    // In one page one sign-in waits for the other, and none of them for a page of the server.
    const isRival = (other: Exchange): boolean =>
      other.page !== by.page || isElsewhere(by) !== isElsewhere(other)
    const rivals = [...ledger.makers.values()].filter(isRival)
    const near = (at: number): boolean => Math.abs(at - by.sentAt) < 15_000
    // Nor a page of the server, whichever lock the page before it held; nor a logout that knows of no session, which waits for nobody.
    const apart = schedule.locks === true && by.locked && !isElsewhere(by)
    return (
      this.#logouts.some(({ at, nameless }) => (nameless || !apart) && near(at)) ||
      rivals.some(({ sentAt, locked }) => !(apart && locked) && near(sentAt))
    )
  }

  /** When a tab that heard of an older logout and not of the sign-in asked about it: for that tab it comes to life behind the logout. */
  #foundUnawareAt(id: string): number {
    const { ledger, apps } = this.#truth
    const unaware = new Set(apps().flatMap((app) => (this.isUnaware(app, id) ? [app.page.id] : [])))
    const asked = ledger.exchanges.filter(
      (other) => unaware.has(other.page) && ledger.ofCookie(cookieOf(other))?.id === id,
    )
    return Math.max(...asked.map(({ arrivedAt = Infinity }) => arrivedAt))
  }

  /** A cookie that rolls with every request, and a page that stood still: it could not abort what the sign-in had overtaken. */
  #isHeldUp(by: Exchange, other: Exchange): boolean {
    const isRolling = this.#truth.schedule.rolling === true
    return isRolling && other !== by && this.#gaveBack.has(by) && this.#gaveBack.has(other)
  }

  /** The client that sent it was disposed of before it had an answer. */
  #isDisposed({ page, sentAt, arrivedAt = Infinity }: Exchange): boolean {
    return this.#remounts.some(({ app, at }) => app.page.id === page && at >= sentAt && at <= arrivedAt)
  }

  /** When a page logged out that had asked for it: for that page it comes to life behind the logout. */
  #revivedAt(id: string): number {
    const { ledger } = this.#truth
    const hadAsked = ({ at, app }: Logout): boolean =>
      ledger.exchanges.some(
        (other) =>
          other.page === app.page.id &&
          other.sentAt <= at &&
          (other.arrivedAt ?? Infinity) >= at &&
          ledger.ofCookie(cookieOf(other))?.id === id,
      )
    return Math.max(...this.#logouts.filter(hadAsked).map(({ at }) => at))
  }

  /**
   * Its cookie lies over newer ones, and nobody was there to notice: a page that is gone or stands still, or had no lock, got it in
   * an answer. Or it came so long after its deadline that the server takes it no more, however soon it was noticed.
   */
  isOverwritten(by: Exchange): boolean {
    const cookie = cookieOf(by)
    const isNoticed = ({ arrivedAt = Infinity }: Exchange): boolean =>
      by.sentAt >= arrivedAt && by.sentAt < arrivedAt + NOTICED_MS
    return this.#truth.ledger.exchanges.some(
      (exchange) =>
        (exchange.orphaned === true ||
          this.#gaveBack.has(exchange) ||
          this.#isLockless(exchange) ||
          this.#isUnseen(exchange, cookie) ||
          (isLate(exchange) && isNoticed(exchange))) &&
        brings(exchange, cookie),
    )
  }

  /** The tab stood still in the middle of that login: when it goes on, the news of a logout may lie under later news. */
  isThawed(id: string, tab: number): boolean {
    const by = this.#truth.ledger.makers.get(id)
    return by?.tab === tab && this.#gaveBack.has(by)
  }

  /** A login that went out without the lock, since it had waited for too long. */
  #isOverlong(by: Exchange): boolean {
    const waited = (call: Call): boolean => call.app.page.id === by.page && isInVain(by.sentAt - call.at)
    return !by.locked && this.#calls.some((call) => isUnderWay(call, by.sentAt) && waited(call))
  }

  /**
   * Storage alone joins the tabs, and is behind: before it an answer landed whose request was sent when nobody could know yet that
   * its cookie was a new one. Both count as the same renewal, so that nobody sees the older one lie over the newer.
   */
  #isUnseen({ arrivedAt = Infinity }: Exchange, cookie: string | undefined): boolean {
    const { schedule, ledger } = this.#truth
    if (schedule.locks === true || schedule.channel) return false
    const landed = ledger.exchanges.filter((exchange) => (exchange.arrivedAt ?? Infinity) < arrivedAt)
    const bringers = landed.filter((exchange) => brings(exchange, cookie))
    // Also by its own page, where it came under an epoch that is over.
    const isUntold = ({ sentAt }: Exchange): boolean =>
      bringers.every((by) => sentAt < by.arrivedAt! + schedule.storageDelay)
    const newer = landed.filter(
      (exchange) => cookieOf(exchange) === cookie && exchange.answer?.status === 200,
    )
    return newer.length > 0 && newer.every(isUntold)
  }

  /**
   * It got no lock in time, though there are locks. Where foreign code holds ours for ever, whoever repairs it waits ten seconds
   * as well, and the server has forgotten the old cookie by then.
   */
  #isLockless({ locked }: Exchange): boolean {
    return this.#truth.schedule.locks !== false && !locked
  }

  /** Whoever wanted the session was told that it failed; tabs that find it meanwhile show it until it is ended. */
  isGivenUp(id: string): boolean {
    return this.#failedLogin(id)?.outcome === 'rejected'
  }

  /** Its own page logged out while that login was under way, so that it ends it, however long it stood still in between. */
  isOvertaken(id: string): boolean {
    const login = this.#failedLogin(id)
    return this.#logouts.some(({ app, at }) => app === login?.app && isUnderWay(login, at))
  }

  /**
   * Without storage a page that stood still in the middle of a login hears of no logout: it goes on as if it had come later, and what
   * that logout had still to end is given up.
   */
  isOverruled({ at }: Logout): boolean {
    const stoodStill = ({ page, sentAt }: Exchange, call: Call): boolean =>
      page === call.app.page.id && isUnderWay(call, sentAt)
    return (
      !this.#truth.schedule.storage &&
      this.#calls.some(
        (call) =>
          call.kind === 'login' &&
          isUnderWay(call, at) &&
          [...this.#gaveBack].some((exchange) => stoodStill(exchange, call)),
      )
    )
  }

  /** Nothing joins the tabs, and when the logout was sent the cookie, which is its proof, was not that of its session. */
  isUnproven({ app, at }: Logout, id: string): boolean {
    const { ledger, schedule } = this.#truth
    const last = ledger.exchanges.findLast(
      ({ page, url, sentAt }) => page === app.page.id && url.pathname === '/auth/logout' && sentAt >= at,
    )
    const isProven = !last || ledger.ofCookie(cookieOf(last))?.id === id
    return !schedule.storage && !schedule.channel && !isProven
  }

  /** The client that should have ended it is gone. */
  isForsaken(id: string): boolean {
    const login = this.#failedLogin(id)
    if (!login) return false
    const { app, at } = login
    return app.page.gone() || this.#remounts.some((other) => other.app === app && other.at >= at)
  }

  /** Nobody could read the answer to its login, which says its id, nor ask the server for it by then. */
  isUnnamed(id: string, at: number): boolean {
    const { ledger } = this.#truth
    const login = this.#failedLogin(id)
    const code = (login?.error as AuthError | undefined)?.code
    const body = ledger.makers.get(id)?.answer?.body
    const isUnread = (UNREAD.has(code) || (body && !isReadable(body))) && (login?.settledAt ?? Infinity) <= at
    const isAnswered = (other: Exchange): boolean =>
      ledger.ofCookie(cookieOf(other))?.id === id &&
      (other.arrivedAt ?? Infinity) <= at &&
      other.answer?.status === 200 &&
      isReadable(other.answer.body)
    return isUnread === true && !ledger.exchanges.some(isAnswered)
  }

  /** Nobody could read the answer to a login at about that time: a logout is for whichever session it made, too. */
  #isLostNear(at: number): boolean {
    return this.#calls.some(
      ({ kind, error, settledAt = -Infinity }) =>
        kind === 'login' &&
        UNREAD.has((error as AuthError | undefined)?.code) &&
        Math.abs(settledAt - at) < SETTLED_MS,
    )
  }

  /** The login that made it, told that it failed or never told anything. */
  #failedLogin(id: string): Call | undefined {
    const by = this.#truth.ledger.makers.get(id)
    return this.#calls.find(
      (call) =>
        call.kind === 'login' &&
        call.outcome !== 'fulfilled' &&
        call.app.page.id === by?.page &&
        isUnderWay(call, by.sentAt),
    )
  }
}

/** A client repairs at once what came too late. */
const NOTICED_MS = 1000
/** Longer than what crosses a login lasts. */
const SETTLED_MS = 60_000

export const isUnderWay = (call: Call, at: number): boolean =>
  call.at <= at && (call.settledAt ?? Infinity) >= at

/** What a login rejects with whose answer broke off. */
const UNREAD: ReadonlySet<string | undefined> = new Set(['network', 'offline', 'invalid_response'])

const brings = ({ answer }: Exchange, cookie: string | undefined): boolean =>
  answer?.cookies.some((line) => valueOf(line) === cookie) ?? false

function isReadable(body: ArrayBuffer): boolean {
  try {
    JSON.parse(new TextDecoder().decode(body))
    return true
  } catch {
    return false
  }
}

const valueOf = (setCookie: string): string | undefined => CREDENTIAL.exec(setCookie)?.[1]

/** A sign-in on a page of the server. */
const isElsewhere = ({ headers }: Exchange): boolean => headers.has('x-elsewhere')

/** Longer than the deadline of the client for auth calls. */
function isLate(exchange: Exchange): boolean {
  const { sentAt, arrivedAt } = exchange
  return arrivedAt !== undefined && arrivedAt - sentAt >= 8000 && changesJar(exchange)
}

/** A refusal behind a logout, another sign-in or an administrator is no excuse: it has to leave the cookie alone. */
function changesJar({ answer }: Exchange): boolean {
  if (!answer || answer.cookies.length === 0) return false
  return answer.status !== 401 || !new TextDecoder().decode(answer.body).includes('session_revoked')
}
