/*
 * Whom a page shows first (DESIGN section 7, "Start"; R99): the one the server named in an answer to a question by cookie that
 * some tab asked after this client began. What storage and other tabs remember is shown only while there is no answer to be had.
 */
import type { AuthState } from '../../src/core/types.js'
import type { Exchange } from '../../src/testing/world/network.js'
import type { App, Person } from './app.js'
import type { Ledger } from './ledger.js'
import { bearerOf } from './ledger.js'

export type Proof = 'proof' | "another tab's proof" | 'shown without an answer'

export interface ProofsTruth {
  readonly ledger: Ledger
  now(): number
}

export class Proofs {
  readonly #truth: ProofsTruth
  readonly #violate: (what: string) => void
  readonly #count: (proof: Proof) => void
  /** When the clients began. */
  readonly #begun = new Map<App, number>()
  /** Those that have shown somebody. */
  readonly #known = new Set<App>()
  readonly #resyncedAt = new Map<App, number>()
  readonly #failed = new WeakSet<Exchange>()

  constructor(truth: ProofsTruth, violate: (what: string) => void, count: (proof: Proof) => void) {
    this.#truth = truth
    this.#violate = violate
    this.#count = count
  }

  /** It heard of another epoch. */
  resynced(app: App): void {
    this.#resyncedAt.set(app, this.#truth.now())
  }

  failed(exchange: Exchange): void {
    this.#failed.add(exchange)
  }

  began(app: App): void {
    const { lifecycle } = app.page.ports
    const begin = (): void => void this.#begun.set(app, this.#truth.now())
    begin()
    this.#known.delete(app)
    if (!lifecycle.prerendering()) return
    // Before it is shown it asks nothing, and what others ask by then proves nothing.
    const stop = lifecycle.listen((signal) => {
      if (signal !== 'activate') return
      stop()
      if (!this.#known.has(app)) begin()
    })
  }

  state(app: App, state: AuthState<Person>): void {
    const begunAt = this.#begun.get(app)
    if (state.status !== 'authenticated' || begunAt === undefined || this.#known.has(app)) return
    this.#known.add(app)
    const { page } = app
    // What the client before this one had under way in the same page, it joins.
    const isJoined = ({ page: by, arrivedAt = 0 }: Exchange): boolean =>
      by === page.id && arrivedAt >= begunAt
    const heard = this.#truth.ledger.exchanges.filter(
      (exchange) =>
        (exchange.sentAt >= begunAt || isJoined(exchange)) && isQuestion(exchange) && namedIn(exchange),
    )
    const isHis = (exchange: Exchange): boolean => {
      const named = namedIn(exchange)
      const isSame = state.sessionId === undefined || named?.session_id === state.sessionId
      return named?.user?.id === state.user.id && isSame
    }
    const own = heard.filter((exchange) => exchange.page === page.id)
    const proof = Math.max(...heard.filter(isHis).map(speaksOf))
    // Of sign-ins that cross, another answer decides which one counts; and what was asked under an older epoch does not.
    const isCounted = (answer: Exchange): boolean =>
      !isLogin(answer) && answer.sentAt > (this.#resyncedAt.get(app) ?? -1)
    const contrary = Math.max(...own.filter((answer) => !isHis(answer) && isCounted(answer)).map(speaksOf))
    if (proof > -Infinity && proof >= contrary)
      return this.#count(own.some(isHis) ? 'proof' : "another tab's proof")
    // Whoever is told to wait gets no answer, either.
    const isUnanswered =
      state.retryAt !== undefined || this.#asked(app).some((question) => this.#isVain(question))
    if (contrary === -Infinity && state.mode === 'token' && isUnanswered)
      return this.#count('shown without an answer')
    const said =
      contrary === -Infinity
        ? 'nobody has said whose the cookie is'
        : 'the server has named somebody else since'
    this.#violate(`tab ${page.tab} begins with ${state.user.id}, and ${said}`)
  }

  /** It began behind that moment, and its last question was answered with that session, or none of them was in vain. */
  canKnow(app: App, since: number, sessionId: string): boolean {
    const asked = this.#asked(app)
    const last = asked.at(-1)
    const isNamed = last && !this.#isVain(last) && namedIn(last)?.session_id === sessionId
    const isVain = asked.some((own) => this.#isVain(own))
    return (this.#begun.get(app) ?? -1) >= since && (isNamed === true || !isVain)
  }

  /** What it asked since it began. */
  #asked(app: App): Exchange[] {
    const begunAt = this.#begun.get(app) ?? 0
    return this.#truth.ledger.exchanges.filter(
      (exchange) => exchange.page === app.page.id && exchange.sentAt >= begunAt && isQuestion(exchange),
    )
  }

  /** It failed, its answer comes too late for anybody to wait for it, or says nothing. */
  #isVain(exchange: Exchange): boolean {
    const { sentAt, arrivedAt, aborted, answer } = exchange
    const isLate = (arrivedAt ?? this.#truth.now()) - sentAt >= DEADLINE_MS
    if (this.#failed.has(exchange) || aborted === true || isLate) return true
    return arrivedAt !== undefined && answer?.status !== 401 && bodyOf(exchange) === undefined
  }
}

/** Of the client. */
const DEADLINE_MS = 8000
const QUESTIONS: ReadonlySet<string> = new Set([
  '/auth/login',
  '/auth/refresh',
  '/auth/session',
  '/auth/csrf',
])

const isLogin = ({ url }: Exchange): boolean => url.pathname === '/auth/login'

/** Of which moment an answer says whose the cookie is: when it was attached, or set by a sign-in. */
const speaksOf = (exchange: Exchange): number => (isLogin(exchange) ? exchange.arrivedAt! : exchange.sentAt)

/** By cookie, and of a client. */
const isQuestion = (exchange: Exchange): boolean =>
  QUESTIONS.has(exchange.url.pathname) &&
  bearerOf(exchange) === undefined &&
  !exchange.headers.has('x-elsewhere')

interface Named {
  readonly user?: Person
  readonly session_id?: string
}

/** Whom an answer that has arrived says that the cookie is for. */
function namedIn(exchange: Exchange): Named | undefined {
  const body = bodyOf(exchange)
  return body?.user ? body : undefined
}

/** Undefined where it says nothing, null where it says that nobody is signed in. */
function bodyOf({ answer, arrivedAt, cut }: Exchange): Named | null | undefined {
  if (arrivedAt === undefined || cut === true || answer?.status !== 200) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(answer.body)) as Named | null
  } catch {
    return undefined
  }
}
