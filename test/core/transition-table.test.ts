/* Every state with every event: what becomes of it, and which effects go out. */
import { expect, it } from 'vitest'
import { nextEpoch } from '../../src/core/epoch.js'
import type { ClientEvent, ClientState, Grant } from '../../src/core/state.js'
import { INITIAL } from '../../src/core/state.js'
import { transition } from '../../src/core/transition.js'
import {
  at,
  debtsSeen,
  grantOf,
  markerOf,
  messageIn,
  rowOf,
  signedIn,
  signedOut,
  START,
  typesOf,
  underOf,
} from './support.js'

const NOW = at(5000)
const ann = (generation = 2): Grant => grantOf('ann', { generation, issuedAt: 4000, token: `t${generation}` })
const bob = (generation = 1): Grant => grantOf('bob', { generation, issuedAt: 4000 })

const after = (state: ClientState, ...events: ClientEvent[]): ClientState =>
  events.reduce((current, event) => transition(current, event, NOW)[0], state)
const ahead = (state: ClientState) => nextEpoch(state.epoch, START + 4500, 'other')
const granted = (state: ClientState, grant: Grant, explicit = false): ClientEvent => ({
  type: 'granted',
  grant,
  under: underOf(state),
  explicit,
})
const refused = (state: ClientState): ClientEvent => ({
  type: 'refused',
  reason: 'expired',
  status: 401,
  under: underOf(state),
  asked: START + 5000,
})
const logout: ClientEvent = { type: 'logoutRequested', scope: 'current' }
const purged: ClientEvent = { type: 'purged' }

const signedInElsewhere = (state: ClientState): ClientEvent => ({
  type: 'received',
  message: messageIn(ahead(state), 1, 's-new'),
  grant: undefined,
})
/** Somebody signed in in another tab, and this one does not know yet who. */
const resyncing = (state = signedIn()): ClientState => after(state, signedInElsewhere(state))
const handedOver = (state: ClientState, grant: Grant): ClientEvent => ({
  type: 'received',
  message: messageIn(state.epoch, grant.credential.generation),
  grant,
})

const STATES: Record<string, ClientState> = {
  fresh: INITIAL,
  'a marker says in': after(INITIAL, { type: 'started', marker: markerOf([START, 'a']) }),
  'signed in': signedIn(),
  resyncing: resyncing(),
  'never signed in': after(INITIAL, { type: 'skipped' }),
  'the start asks': after(INITIAL, { type: 'skipped' }, { type: 'asking', done: false }),
  'logout pending': after(signedOut(), purged),
  'clearing up': signedOut(),
  'Bob waits': after(signedIn(), granted(signedIn(), bob())),
}

const EVENTS: Record<string, (state: ClientState) => ClientEvent> = {
  skipped: () => ({ type: 'skipped' }),
  'newer marker, in': (state) => ({
    type: 'markerSeen',
    marker: markerOf(ahead(state), { sessionId: 's-new' }),
  }),
  'newer marker, out': (state) => ({
    type: 'markerSeen',
    marker: markerOf(ahead(state), { state: 'out', reason: 'logout' }),
  }),
  'own marker': (state) => ({ type: 'markerSeen', marker: markerOf(state.epoch) }),
  'newer message, in': signedInElsewhere,
  'newer message, out': (state) => ({
    type: 'received',
    message: { type: 'out', epoch: ahead(state), reason: 'logout-elsewhere', sessionId: 's-ann' },
    grant: undefined,
  }),
  'token of a sibling': (state) => handedOver(state, ann()),
  'token of a sibling for Bob': (state) => handedOver(state, bob(2)),
  'refreshed, Ann': (state) => granted(state, ann()),
  'refreshed, Bob': (state) => granted(state, bob()),
  'login, Ann': (state) => granted(state, ann(), true),
  'login, Bob': (state) => granted(state, bob(), true),
  refused,
  indeterminate: () => ({ type: 'indeterminate', offline: false, delay: 1000, mandated: false }),
  logout: () => logout,
  'start asks': () => ({ type: 'asking', done: false }),
  'start has asked': () => ({ type: 'asking', done: true }),
  'logout confirmed': ({ epoch, debts }) => ({
    type: 'logoutConfirmed',
    epoch,
    sessionId: debts[0]?.sessionId ?? '',
  }),
  'row of s-old': () => debtsSeen(rowOf('s-old', [START - 1000, 'old'])),
  'newer row of s-ann': (state) => debtsSeen(rowOf('s-ann', ahead(state))),
  'no rows': () => debtsSeen(),
  purged: () => purged,
}

/** A state in a few words, or `=` where nothing changed at all. */
function described(before: ClientState, state: ClientState): string {
  if (state === before) return '='
  const { phase, identity, reason, purging, incoming, resyncing, asking, debts } = state
  return [
    phase,
    identity?.subject ?? '',
    phase === 'out' && reason !== 'none' ? reason : '',
    purging ? 'purging' : '',
    incoming ? `${incoming.identity.subject} waits` : '',
    resyncing ? 'resyncing' : '',
    asking ? 'asking' : '',
    debts.length > 0 ? `owes ${debts.map(({ sessionId }) => sessionId || 'whichever').join(' ')}` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

const SWITCHED = 'out, user-switched, purging, bob waits | writeMarker abandon end switched'
const ENDED_ELSEWHERE = 'out, logout-elsewhere, purging | abandon end'
const LOGGED_OUT = 'out, logout, purging, owes s-ann | writeDebt writeMarker post abandon end'
const LOGGED_OUT_OF_WHICHEVER = 'out, logout, owes whichever | writeDebt writeMarker post abandon'

const TABLE: Record<string, Record<string, string>> = {
  fresh: {
    skipped: 'out',
    'newer marker, in': 'unknown, resyncing | resync',
    'newer marker, out': 'out, logout-elsewhere | abandon',
    'own marker': 'unknown',
    'newer message, in': 'unknown, resyncing | resync',
    'newer message, out': 'out, logout-elsewhere | abandon',
    'token of a sibling': 'unknown',
    'token of a sibling for Bob': 'unknown',
    'refreshed, Ann': 'in, ann | writeMarker post',
    'refreshed, Bob': 'in, bob | writeMarker post',
    'login, Ann': 'in, ann | writeMarker post',
    'login, Bob': 'in, bob | writeMarker post',
    refused: 'out | writeMarker',
    indeterminate: 'unknown | post',
    logout: LOGGED_OUT_OF_WHICHEVER,
    'start asks': 'unknown',
    'start has asked': 'unknown',
    'logout confirmed': '=',
    'row of s-old': 'unknown, owes s-old | pending',
    'newer row of s-ann': 'unknown, owes s-ann | pending',
    'no rows': 'unknown',
    purged: 'unknown',
  },
  'a marker says in': {
    skipped: 'out',
    'newer marker, in': 'unknown, resyncing | resync',
    'newer marker, out': ENDED_ELSEWHERE,
    'own marker': '=',
    'newer message, in': 'unknown, resyncing | resync',
    'newer message, out': ENDED_ELSEWHERE,
    // What it holds is from before this page was there: the server has to say whose the cookie is.
    'token of a sibling': 'unknown',
    'token of a sibling for Bob': 'unknown',
    'refreshed, Ann': 'in, ann | writeMarker post',
    'refreshed, Bob': 'in, bob | writeMarker post',
    'login, Ann': 'in, ann | abandon writeMarker post',
    'login, Bob': 'in, bob | abandon writeMarker post',
    refused: 'out, expired, purging | writeMarker post abandon end',
    indeterminate: 'unknown | post',
    logout: LOGGED_OUT,
    'start asks': 'unknown',
    'start has asked': 'unknown',
    'logout confirmed': '=',
    'row of s-old': '=',
    // Somebody has logged out of it since, and a page that could not see that has written over the marker.
    'newer row of s-ann': 'out, logout-elsewhere, purging, owes s-ann | writeMarker abandon end pending',
    'no rows': '=',
    purged: 'unknown',
  },
  'signed in': {
    skipped: '=',
    'newer marker, in': 'in, ann, resyncing | resync',
    'newer marker, out': ENDED_ELSEWHERE,
    'own marker': '=',
    'newer message, in': 'in, ann, resyncing | resync',
    'newer message, out': ENDED_ELSEWHERE,
    'token of a sibling': 'in, ann',
    'token of a sibling for Bob': 'in, ann | repair',
    'refreshed, Ann': 'in, ann | writeMarker post',
    'refreshed, Bob': SWITCHED,
    'login, Ann': 'in, ann | writeMarker post',
    'login, Bob': SWITCHED,
    refused: 'out, expired, purging | writeMarker post abandon end',
    indeterminate: 'in, ann | post',
    logout: LOGGED_OUT,
    'start asks': 'in, ann',
    'start has asked': 'in, ann',
    'logout confirmed': '=',
    'row of s-old': '=',
    'newer row of s-ann': '=',
    'no rows': '=',
    purged: 'in, ann',
  },
  resyncing: {
    skipped: '=',
    'newer marker, in': 'in, ann, resyncing | resync',
    'newer marker, out': ENDED_ELSEWHERE,
    'own marker': '=',
    'newer message, in': 'in, ann, resyncing | resync',
    'newer message, out': ENDED_ELSEWHERE,
    'token of a sibling': 'in, ann',
    'token of a sibling for Bob': SWITCHED,
    'refreshed, Ann': 'in, ann | writeMarker post',
    'refreshed, Bob': SWITCHED,
    'login, Ann': 'in, ann | writeMarker post',
    'login, Bob': SWITCHED,
    refused: 'out, expired, purging | writeMarker post abandon end',
    indeterminate: 'in, ann, resyncing | post',
    logout: 'out, logout, purging, owes s-new | writeDebt writeMarker post abandon end',
    'start asks': 'in, ann, resyncing',
    'start has asked': 'in, ann, resyncing',
    'logout confirmed': '=',
    'row of s-old': '=',
    'newer row of s-ann': '=',
    'no rows': '=',
    purged: 'in, ann, resyncing',
  },
  'never signed in': {
    skipped: '=',
    'newer marker, in': 'unknown, resyncing | resync',
    'newer marker, out': 'out',
    'own marker': 'out',
    'newer message, in': 'unknown, resyncing | resync',
    'newer message, out': 'out',
    'token of a sibling': 'out',
    'token of a sibling for Bob': 'out',
    'refreshed, Ann': 'in, ann | writeMarker post',
    'refreshed, Bob': 'in, bob | writeMarker post',
    'login, Ann': 'in, ann | writeMarker post',
    'login, Bob': 'in, bob | writeMarker post',
    refused: 'out',
    indeterminate: 'out | post',
    logout: LOGGED_OUT_OF_WHICHEVER,
    'start asks': 'out, asking',
    'start has asked': 'out',
    'logout confirmed': '=',
    'row of s-old': 'out, owes s-old | pending',
    'newer row of s-ann': 'out, owes s-ann | pending',
    'no rows': 'out',
    purged: 'out',
  },
  'the start asks': {
    skipped: '=',
    'newer marker, in': 'unknown, resyncing, asking | resync',
    'newer marker, out': 'out, asking',
    'own marker': 'out, asking',
    'newer message, in': 'unknown, resyncing, asking | resync',
    'newer message, out': 'out, asking',
    'token of a sibling': 'out, asking',
    'token of a sibling for Bob': 'out, asking',
    'refreshed, Ann': 'in, ann, asking | writeMarker post',
    'refreshed, Bob': 'in, bob, asking | writeMarker post',
    'login, Ann': 'in, ann, asking | writeMarker post',
    'login, Bob': 'in, bob, asking | writeMarker post',
    refused: 'out, asking',
    indeterminate: 'out, asking | post',
    logout: LOGGED_OUT_OF_WHICHEVER,
    'start asks': 'out, asking',
    'start has asked': 'out',
    'logout confirmed': '=',
    'row of s-old': 'out, asking, owes s-old | pending',
    'newer row of s-ann': 'out, asking, owes s-ann | pending',
    'no rows': 'out, asking',
    purged: 'out, asking',
  },
  'logout pending': {
    skipped: '=',
    'newer marker, in': 'unknown, resyncing | writeDebt resync',
    'newer marker, out': 'out, logout, owes s-ann | pending',
    'own marker': 'out, logout, owes s-ann',
    'newer message, in': 'unknown, resyncing | writeDebt resync',
    'newer message, out': 'out, logout, owes s-ann | pending',
    'token of a sibling': 'out, logout, owes s-ann',
    'token of a sibling for Bob': 'out, logout, owes s-ann',
    'refreshed, Ann': '= | revoke',
    'refreshed, Bob': 'out, logout, owes s-ann s-bob | writeDebt revoke pending',
    'login, Ann': 'in, ann | writeDebt writeMarker post',
    'login, Bob': 'in, bob | writeDebt writeMarker post',
    refused: 'out, logout, owes s-ann',
    indeterminate: 'out, logout, owes s-ann | post',
    logout: 'out, logout, owes s-ann | writeDebt writeMarker post abandon',
    'start asks': 'out, logout, asking, owes s-ann',
    'start has asked': 'out, logout, owes s-ann',
    'logout confirmed': 'out, logout | writeDebt',
    'row of s-old': 'out, logout, owes s-old s-ann | pending',
    'newer row of s-ann': 'out, logout, owes s-ann',
    'no rows': 'out, logout, owes s-ann',
    purged: 'out, logout, owes s-ann',
  },
  'clearing up': {
    skipped: '=',
    'newer marker, in': 'unknown, purging, resyncing | writeDebt resync',
    'newer marker, out': 'out, logout, purging, owes s-ann | pending',
    'own marker': 'out, logout, purging, owes s-ann',
    'newer message, in': 'unknown, purging, resyncing | writeDebt resync',
    'newer message, out': 'out, logout, purging, owes s-ann | pending',
    'token of a sibling': 'out, logout, purging, owes s-ann',
    'token of a sibling for Bob': 'out, logout, purging, owes s-ann',
    'refreshed, Ann': '= | revoke',
    'refreshed, Bob': 'out, logout, purging, owes s-ann s-bob | writeDebt revoke pending',
    'login, Ann': 'out, logout, purging, ann waits | writeDebt writeMarker',
    'login, Bob': 'out, logout, purging, bob waits | writeDebt writeMarker',
    refused: 'out, logout, purging, owes s-ann',
    indeterminate: 'out, logout, purging, owes s-ann | post',
    logout: 'out, logout, purging, owes s-ann | writeDebt writeMarker post abandon',
    'start asks': 'out, logout, purging, asking, owes s-ann',
    'start has asked': 'out, logout, purging, owes s-ann',
    'logout confirmed': 'out, logout, purging | writeDebt',
    'row of s-old': 'out, logout, purging, owes s-old s-ann | pending',
    'newer row of s-ann': 'out, logout, purging, owes s-ann',
    'no rows': 'out, logout, purging, owes s-ann',
    purged: 'out, logout, owes s-ann',
  },
  'Bob waits': {
    skipped: '=',
    'newer marker, in': 'unknown, purging, resyncing | resync',
    'newer marker, out': 'out, user-switched, purging | revoke',
    'own marker': '=',
    'newer message, in': 'unknown, purging, resyncing | resync',
    'newer message, out': 'out, user-switched, purging | revoke',
    'token of a sibling': '=',
    'token of a sibling for Bob': '=',
    'refreshed, Ann': 'out, user-switched, purging, ann waits | writeMarker',
    'refreshed, Bob': 'out, user-switched, purging, bob waits | writeMarker',
    'login, Ann': 'out, user-switched, purging, ann waits | writeMarker',
    'login, Bob': 'out, user-switched, purging, bob waits | writeMarker',
    refused: 'out, user-switched, purging, bob waits',
    indeterminate: 'out, user-switched, purging, bob waits | post',
    logout: 'out, logout, purging, owes s-bob | writeDebt writeMarker post abandon',
    'start asks': 'out, user-switched, purging, bob waits, asking',
    'start has asked': 'out, user-switched, purging, bob waits',
    'logout confirmed': '=',
    'row of s-old': '=',
    'newer row of s-ann': '=',
    'no rows': '=',
    purged: 'in, bob | writeMarker post',
  },
}

const CELLS = Object.entries(TABLE).flatMap(([name, row]) =>
  Object.entries(row).map(([event, outcome]) => [name, event, outcome] as const),
)

it('the table names every state with every event', () => {
  const events = Object.keys(EVENTS)
  expect(Object.keys(TABLE)).toEqual(Object.keys(STATES))
  for (const row of Object.values(TABLE)) expect(Object.keys(row)).toEqual(events)
})

it.each(CELLS)('%s + %s → %s', (name, eventName, outcome) => {
  const state = STATES[name]!
  const [next, effects] = transition(state, EVENTS[eventName]!(state), NOW)
  const text = `${described(state, next)} | ${typesOf(effects).join(' ')}`
  expect(effects.length === 0 ? described(state, next) : text).toBe(outcome)
})

it('R99 who is told of a sign-in elsewhere while a visitor is asked about does not pass for signed out', () => {
  const visitor = after(INITIAL, { type: 'started', marker: undefined })
  const told = after(visitor, signedInElsewhere(visitor), { type: 'skipped' })
  expect(told).toMatchObject({ phase: 'unknown', resyncing: true })
})
