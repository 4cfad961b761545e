/*
 * What the referee watches where the cookie itself is the credential: a write takes effect once, in the name of whoever made
 * it, or its caller learns that it did not; nothing is sent for a session that somebody logged out of; and no answer that
 * was under way then puts its cookie back (R11).
 */
import type { Exchange } from '../../src/testing/world/network.js'
import type { Call } from './app.js'
import { CREDENTIAL, type Ledger } from './ledger.js'

/** What the application sees of the answer to a request. */
export interface Seen {
  readonly status: number
  /** Whether the API itself answered, and not something in between. */
  readonly own: boolean
}

export interface WritesTruth {
  readonly ledger: Ledger
  /** The call of the application that the request is for. */
  callOf(exchange: Exchange): Call | undefined
  /** Whether the tab must know of a logout from this session. */
  isOver(tab: number, sessionId: string): boolean
}

export class Writes {
  readonly #truth: WritesTruth
  readonly #violate: (promise: string, what: string) => void
  #checked = 0

  constructor(truth: WritesTruth, violate: (promise: string, what: string) => void) {
    this.#truth = truth
    this.#violate = violate
  }

  /** A request by cookie says in a header for which session it is. */
  sent(exchange: Exchange): void {
    const { tab, headers, url } = exchange
    const id = headers.get('x-session-id')
    if (id === null || url.pathname.startsWith('/auth/')) return
    const { ledger, callOf, isOver } = this.#truth
    if (isOver(tab, id)) {
      this.#violate('P2', `tab ${tab} sends a request for session ${id.slice(0, 4)} after its logout`)
    }
    const subject = callOf(exchange)?.subject
    const holder = ledger.sessions.get(id)?.userId
    if (subject !== undefined && holder !== undefined && subject !== holder) {
      this.#violate('P6', `tab ${tab} sends a request that ${subject} made for a session of ${holder}`)
    }
  }

  arrived({ tab, url, stored, answer }: Exchange): void {
    if (stored !== true || !url.pathname.startsWith('/api/')) return
    for (const line of answer?.cookies ?? []) {
      const session = this.#truth.ledger.ofCookie(CREDENTIAL.exec(line)?.[1])
      if (session && this.#truth.isOver(tab, session.id)) {
        const id = session.id.slice(0, 4)
        this.#violate('P2', `a request of tab ${tab} puts the cookie of session ${id} back after its logout`)
      }
    }
  }

  poll(): void {
    const { ledger, callOf } = this.#truth
    for (const { by, userId } of ledger.effects.slice(this.#checked)) {
      const subject = callOf(by)?.subject
      if (subject !== undefined && subject !== userId) {
        this.#violate('P6', `a write that ${subject} made in tab ${by.tab} is done as ${userId}`)
      }
      if (this.#effectsOf(by.headers.get('x-call')) > 1) {
        this.#violate('P6', `a write of tab ${by.tab} is done twice`)
      }
    }
    this.#checked = ledger.effects.length
  }

  settled({ id, outcome, value, app }: Call): void {
    const { status, own } = value as Seen
    if (outcome === 'fulfilled' && status === 200 && own && this.#effectsOf(String(id)) === 0) {
      this.#violate('P6', `a write of tab ${app.page.tab} is lost, and its caller told that it was done`)
    }
  }

  #effectsOf(call: string | null): number {
    return this.#truth.ledger.effects.filter(({ by }) => by.headers.get('x-call') === call).length
  }
}
