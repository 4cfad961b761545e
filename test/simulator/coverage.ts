/* What a run met, counted: a green run means something only if all of it happened. */
import type { AuthState } from '../../src/core/types.js'
import type { DiagnosticEntry } from '../../src/plumbing/diagnostics.js'
import type { Exchange, ExchangePhase } from '../../src/testing/world/network.js'
import type { Ledger } from './ledger.js'
import { bearerOf, CREDENTIAL } from './ledger.js'

/** What a link of the server does while other tabs are open. */
export const LINK_COUNTERS = ['sign-in by a link of the server', 'sign-out by a link of the server'] as const

export const COUNTERS = [
  'race',
  'grace',
  'late answer',
  'stale cookie arrives last',
  'adoption',
  'repair',
  'retry',
  'compensation',
  'restore',
  'switch',
  'resync',
  'replay',
  'pending logout',
  'back/forward cache',
  'no lock in time',
  'proof',
  "another tab's proof",
  'shown without an answer',
  ...LINK_COUNTERS,
] as const

/** What only a backend with cookie sessions makes happen. */
export const SESSION_COUNTERS = [
  'session check',
  'csrf replay',
  'session mismatch',
  'write',
  'sid renewed',
  'sign-in on a page of the server',
  'mode switch',
] as const

/** What only happens where the application makes exchanges. */
export const EXCHANGE_COUNTERS = ['exchange that says who', 'exchange that says nothing'] as const

export type Counter =
  (typeof EXCHANGE_COUNTERS)[number] | (typeof COUNTERS)[number] | (typeof SESSION_COUNTERS)[number]
export type Coverage = Map<Counter, number>

const BY_DIAGNOSTIC: Partial<Record<DiagnosticEntry['type'], Counter>> = {
  'refresh.late': 'late answer',
  'refresh.repair': 'repair',
  'refresh.retry': 'retry',
  'logout.compensated': 'compensation',
  'session.switched': 'switch',
  'tabs.resync': 'resync',
  'request.replayed': 'replay',
  'logout.pending': 'pending logout',
}

export function createCoverage(ledger: Ledger): {
  readonly counts: Coverage
  count(counter: Counter): void
  diagnostic(entry: DiagnosticEntry): void
  exchange(exchange: Exchange, phase: ExchangePhase): void
  state(before: AuthState, state: AuthState): void
} {
  const counts: Coverage = new Map()
  const flying = new Set<Exchange>()
  const count = (counter: Counter): void => void counts.set(counter, (counts.get(counter) ?? 0) + 1)
  const newest = new Map<string, number>()
  /** Calls that were refused for the sake of their CSRF token. */
  const refused = new Set<string>()

  /** What the server says to the cookie. */
  function answered({ url, method, headers, answer }: Exchange): void {
    const { status, body, cookies = [] } = answer ?? {}
    if (url.pathname === '/auth/session' && headers.has('cookie')) count('session check')
    if (!url.pathname.startsWith('/api/') || headers.has('authorization')) return
    if (
      cookies.some(
        (cookie) =>
          /^__Host-sid=[^;]/.test(cookie) && !headers.get('cookie')?.includes(cookie.split(';')[0]!),
      )
    )
      count('sid renewed')
    const text = new TextDecoder().decode(body)
    if (status === 409 && text.includes('session_mismatch')) count('session mismatch')
    const call = headers.get('x-call') ?? ''
    if (status === 403 && text.includes('csrf_failed')) refused.add(call)
    if (method !== 'PUT' || status !== 200) return
    count('write')
    if (refused.has(call)) count('csrf replay')
  }

  return {
    counts,
    count,
    diagnostic(entry) {
      const counter = BY_DIAGNOSTIC[entry.type]
      if (counter) count(counter)
      if (entry.type === 'start' && entry.cause === 'in') count('restore')
      if (entry.type === 'lock.waited' && (entry.milliseconds ?? 0) >= 8000) count('no lock in time')
    },
    state(before, state) {
      const both = before.status === 'authenticated' && state.status === 'authenticated'
      if (both && before.sessionId === state.sessionId && before.mode !== state.mode) count('mode switch')
    },
    exchange(exchange, phase) {
      const { url, page } = exchange
      if (phase === 'arrived') answered(exchange)
      if (url.pathname === '/auth/refresh') {
        if (phase === 'sent') {
          if ([...flying].some((other) => other.page !== page)) count('race')
          flying.add(exchange)
        }
        if (phase === 'arrived' || phase === 'failed') flying.delete(exchange)
        if (phase === 'arrived' && exchange.stored) {
          const value = CREDENTIAL.exec(exchange.answer?.cookies[0] ?? '')?.[1]
          const session = ledger.ofCookie(value)
          if (session && value !== undefined) {
            const age = ledger.generation(value)
            if (age < (newest.get(session.id) ?? 0)) count('stale cookie arrives last')
            newest.set(session.id, Math.max(age, newest.get(session.id) ?? 0))
          }
        }
      }
      const token = phase === 'sent' ? bearerOf(exchange) : undefined
      if (token === undefined) return
      const delivered = ledger.deliveries.get(token)
      if (delivered !== undefined && delivered !== page) count('adoption')
    },
  }
}
