import type { DemoState } from '../shared/demo-api.js'

/** Requests the server saw since it started, from all browsers. */
export interface Counts {
  readonly signIns: number
  readonly renewals: number
  /** Renewals that the server said no to. */
  readonly refused: number
  /** Refresh cookies that came once too often, each of which ended a session. */
  readonly reused: number
  readonly answered: number
  /** Calls of the API that got a 401. */
  readonly unauthorized: number
  readonly signOuts: number
  /** Requests that the switches of this page spoilt. */
  readonly spoilt: number
}

/** What an API says no with to a token or a cookie that is missing, unknown, or over. */
const NOBODY = [
  'invalid_token',
  'missing_token',
  'missing_session',
  'session_expired',
  'session_revoked',
  'idle_timeout',
  'user_disabled',
]

const API = ['orders', 'profile', 'users'] as const

export function countsOf({ requests }: Pick<DemoState, 'requests'>): Counts {
  const count = (endpoint: string, outcome: string): number => requests[endpoint]?.[outcome] ?? 0
  const sum = (of: (endpoint: (typeof API)[number]) => number): number =>
    API.reduce((total, endpoint) => total + of(endpoint), 0)
  const outcomes = Object.values(requests).flatMap((endpoint) => Object.entries(endpoint))
  const renewals = ['rotated', 'redelivered', 'exchanged'].reduce(
    (total, name) => total + count('refresh', name),
    0,
  )
  const faults = Object.entries(requests['refresh'] ?? {}).filter(([name]) => name.startsWith('fault:'))
  const asked = Object.values(requests['refresh'] ?? {}).reduce((total, number) => total + number, 0)
  return {
    signIns: count('login', 'ok') + count('callback', 'ok'),
    renewals,
    // Where there are no tokens, there is nothing to refuse either.
    refused:
      asked -
      renewals -
      count('refresh', 'not_found') -
      faults.reduce((total, [, number]) => total + number, 0),
    reused: count('refresh', 'refresh_reused'),
    answered: sum((endpoint) => count(endpoint, 'ok')),
    unauthorized: sum((endpoint) => NOBODY.reduce((total, name) => total + count(endpoint, name), 0)),
    signOuts: count('logout', 'ok'),
    spoilt: outcomes.reduce((total, [name, number]) => total + (name.startsWith('fault:') ? number : 0), 0),
  }
}

/** What came in between two looks. */
export function between(before: Counts, after: Counts): Counts {
  const difference = { ...after }
  for (const name of Object.keys(after) as (keyof Counts)[]) difference[name] -= before[name]
  return difference
}
