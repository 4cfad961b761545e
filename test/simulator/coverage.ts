/* What a run met, counted: a green run means something only if all of it happened. */
import type { DiagnosticEntry } from '../../src/runtime/diagnostics.js'
import type { Exchange, ExchangePhase } from '../../src/testing/world/network.js'
import type { Ledger } from './ledger.js'
import { bearerOf } from './ledger.js'

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
] as const

export type Counter = (typeof COUNTERS)[number]
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
} {
  const counts: Coverage = new Map()
  const flying = new Set<Exchange>()
  const count = (counter: Counter): void => void counts.set(counter, (counts.get(counter) ?? 0) + 1)
  const newest = new Map<string, number>()

  return {
    counts,
    count,
    diagnostic(entry) {
      const counter = BY_DIAGNOSTIC[entry.type]
      if (counter) count(counter)
      if (entry.type === 'start' && entry.cause === 'in') count('restore')
      if (entry.type === 'lock.waited' && (entry.milliseconds ?? 0) >= 8000) count('no lock in time')
    },
    exchange(exchange, phase) {
      const { url, page } = exchange
      if (url.pathname === '/auth/refresh') {
        if (phase === 'sent') {
          if ([...flying].some((other) => other.page !== page)) count('race')
          flying.add(exchange)
        }
        if (phase === 'arrived' || phase === 'failed') flying.delete(exchange)
        if (phase === 'arrived' && exchange.stored) {
          const value = /__Host-refresh=([^;]+)/.exec(exchange.answer?.cookies[0] ?? '')?.[1]
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
