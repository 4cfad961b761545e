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
  /** Clients that have shown nobody yet, and when they began. */
  readonly #begun = new Map<App, number>()
  /** To questions by cookie, as the server gave them one after the other. */
  readonly #answers: Exchange[] = []
  readonly #failed = new WeakSet<Exchange>()

  constructor(truth: ProofsTruth, violate: (what: string) => void, count: (proof: Proof) => void) {
    this.#truth = truth
    this.#violate = violate
    this.#count = count
  }

  answered(exchange: Exchange): void {
    if (QUESTIONS.has(exchange.url.pathname) && bearerOf(exchange) === undefined) this.#answers.push(exchange)
  }

  failed(exchange: Exchange): void {
    this.#failed.add(exchange)
  }

  began(app: App): void {
    const { lifecycle } = app.page.ports
    const begin = (): void => void this.#begun.set(app, this.#truth.now())
    begin()
    if (!lifecycle.prerendering()) return
    // Before it is shown it asks nothing, and what others ask by then proves nothing.
    const stop = lifecycle.listen((signal) => {
      if (signal !== 'activate') return
      stop()
      if (this.#begun.has(app)) begin()
    })
  }

  state(app: App, state: AuthState<Person>): void {
    const begunAt = this.#begun.get(app)
    if (state.status !== 'authenticated' || begunAt === undefined) return
    this.#begun.delete(app)
    const { page } = app
    // What the client before this one had under way in the same page, it joins.
    const isJoined = ({ page: by, arrivedAt = 0 }: Exchange): boolean =>
      by === page.id && arrivedAt >= begunAt
    const heard = this.#answers.filter((answer) => answer.sentAt >= begunAt || isJoined(answer))
    const isHis = (exchange: Exchange): boolean => {
      const named = namedIn(exchange)
      const isSame = state.sessionId === undefined || named?.session_id === state.sessionId
      return named?.user?.id === state.user.id && isSame
    }
    const isOwn = (exchange: Exchange): boolean => exchange.page === page.id
    const proof = heard.findLastIndex(isHis)
    // Of sign-ins that cross, another answer decides which one counts.
    const contrary = heard.findLastIndex(
      (exchange) =>
        isOwn(exchange) && !exchange.url.pathname.endsWith('/login') && namedIn(exchange) && !isHis(exchange),
    )
    if (proof > contrary) {
      const isOwnWord = heard.some((exchange) => isOwn(exchange) && isHis(exchange))
      return this.#count(isOwnWord ? 'proof' : "another tab's proof")
    }
    // Whoever is told to wait gets no answer, either.
    const isUnanswered =
      state.retryAt !== undefined ||
      this.#truth.ledger.exchanges.some(
        (exchange) => exchange.sentAt >= begunAt && isOwn(exchange) && this.#isVain(exchange),
      )
    if (contrary < 0 && state.mode === 'token' && isUnanswered) return this.#count('shown without an answer')
    const said =
      contrary < 0 ? 'nobody has said whose the cookie is' : 'the server has named somebody else since'
    this.#violate(`tab ${page.tab} begins with ${state.user.id}, and ${said}`)
  }

  /** It failed, nobody waits for it any more, or its answer says nothing. */
  #isVain(exchange: Exchange): boolean {
    const isOver = this.#failed.has(exchange) || this.#truth.now() - exchange.sentAt >= DEADLINE_MS
    const status = exchange.arrivedAt === undefined ? undefined : exchange.answer?.status
    if (status === undefined) return isOver
    return status !== 401 && bodyOf(exchange) === undefined
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
function bodyOf({ answer, arrivedAt }: Exchange): Named | null | undefined {
  if (arrivedAt === undefined || answer?.status !== 200) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(answer.body)) as Named | null
  } catch {
    return undefined
  }
}
