/* What each logout was meant for, and who must have learned of it by when. */
import type { App, Call } from './app.js'
import { sessionIdOf, sessionOf } from './app.js'
import type { Excuses, Logout, Truth } from './excuses.js'
import { newsMs } from './thrift.js'

export class Logouts {
  readonly #truth: Truth
  readonly #excuses: Excuses
  readonly #calls: readonly Call[]
  readonly #all: Logout[]
  /** By session that a logout gave up: the first of them. */
  readonly #doomed = new Map<string, Logout>()
  /** When somebody last signed in, by the clock of the machine, which may be set back. */
  #signedInWall = 0

  constructor(truth: Truth, excuses: Excuses, calls: readonly Call[], all: Logout[]) {
    this.#truth = truth
    this.#excuses = excuses
    this.#calls = calls
    this.#all = all
  }

  /** The logout that gave the session up. */
  of(sessionId: string | undefined): Logout | undefined {
    return this.#doomed.get(sessionId ?? '')
  }

  signedIn(app: App): void {
    this.#signedInWall = Math.max(this.#signedInWall, app.page.ports.clock.wall())
  }

  /** Somebody logs out; to be told before the client is. */
  asked(app: App): void {
    const excuses = this.#excuses
    const { ledger, schedule, serverTime, now } = this.#truth
    const { storage, channel } = schedule
    // Of a sign-in in another tab a moment ago the person knows, and the tab does not: either act may win.
    const heard = (call: Call): boolean =>
      call.app === app ||
      ((call.settledAt ?? now()) + newsMs(schedule) < now() &&
        !excuses.isUnaware(app, sessionIdOf(call) ?? ''))
    const made = (calls: readonly Call[]) => new Set(calls.map(sessionIdOf))
    const known = made(this.#calls.filter(heard))
    for (const id of made(this.#calls)) if (id !== undefined && !known.has(id)) excuses.missed(id)
    const nameless = app.client.getState().status !== 'authenticated'
    const own = sessionOf(app)
    // Without storage the tabs that learned of a sign-in elsewhere may be loaded again before they hear of the logout.
    const isTold = (id: string): boolean =>
      excuses.isMadeElsewhere(id)
        ? storage && this.#isShown(id)
        : (known.has(id) && !excuses.isStillMissed(id)) || (storage && excuses.hasWon(id))
    const alive = [...ledger.sessions.values()].filter((session) => ledger.lives(session, serverTime()))
    // A tab that can hear of nothing logs out of the session it knows.
    const isMeant = (id: string): boolean => id === own || (isTold(id) && (storage || channel || nameless))
    const doomed = new Set(alive.map(({ id }) => id).filter(isMeant))
    for (const { id } of alive) {
      // Whoever shows a sign-in elsewhere that this tab knows nothing of follows the logout all the same.
      const isMissed = !storage && !doomed.has(id) && excuses.isMadeElsewhere(id)
      if (isMissed && this.#isShown(id)) excuses.missed(id)
    }
    const unordered =
      (nameless || excuses.isNewcomer(app)) &&
      excuses.forgottenAt > 0 &&
      app.page.ports.clock.wall() < this.#signedInWall
    const logout: Logout = { at: now(), app, doomed, nameless, unordered }
    this.#all.push(logout)
    for (const id of doomed) if (!this.#doomed.has(id)) this.#doomed.set(id, logout)
  }

  /** Of a sign-in on a page of the server only this tab knew, and it is gone before it heard of the logout. */
  gone(app: App): void {
    for (const [id, logout] of this.#doomed) {
      const unheard = logout.app !== app && logout.at + newsMs(this.#truth.schedule) >= this.#truth.now()
      const isLast = unheard && sessionOf(app) === id && !this.#isShown(id, app)
      if (!isLast || !this.#excuses.isMadeElsewhere(id)) continue
      this.#doomed.delete(id)
      logout.doomed.delete(id)
    }
  }

  /** Another client in the same page knows nothing of what only the old one knew. */
  remounted(app: App): void {
    for (const logout of this.#all) if (logout.app === app) logout.forgotten = true
  }

  /** Without a register a logout is remembered by its own page alone, and only where it knows for which session. */
  isForgotten({ at, app, nameless, forgotten, unordered }: Logout): boolean {
    const isKept = this.#truth.schedule.storage && at > this.#excuses.forgottenAt && !unordered
    return !isKept && (nameless || forgotten === true || app.page.gone())
  }

  /** Whether the tab can have learned of the logout by now, if it looks; if not, it is told some time later. */
  mustKnow(tab: number, { at, app, nameless, forgotten, unordered }: Logout, told = 0): boolean {
    const { schedule, now } = this.#truth
    const kept = schedule.storage && at > this.#excuses.forgottenAt
    if (app.page.tab === tab) return kept || !(nameless || forgotten === true || app.page.gone())
    if (!kept || unordered) return false
    // Nobody is left to put the news back where a tab that could not see them yet has written over them.
    if (schedule.storageDelay > 0 && !schedule.channel && !app.page.running()) return false
    // Three times: a tab may write over the news until it has read them, another one notices and puts them right.
    const said = Math.max(at, this.#excuses.wokeAt)
    return now() > said + 3 * schedule.storageDelay + told + 2
  }

  #isShown(id: string, except?: App): boolean {
    return this.#truth.apps().some((app) => app !== except && sessionOf(app) === id)
  }
}
