/* Every state with every event: what becomes of it, and which effects go out. */
import { expect, it } from 'vitest'
import { isNewer, nextEpoch } from '../../src/core/epoch.js'
import type { ClientEvent, ClientState, Grant } from '../../src/core/state.js'
import { INITIAL } from '../../src/core/state.js'
import { transition } from '../../src/core/transition.js'
import type { Epoch } from '../../src/core/types.js'
import {
  at,
  debtsSeen,
  grantOf,
  knownOf,
  outOf,
  says,
  stores,
  rowOf,
  signedIn,
  signedOut,
  START,
  typesOf,
  underOf,
} from './support.js'

const NOW = at(5000)
const OLD: Epoch = [START - 1000, 'old']
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

const signedInElsewhere = (state: ClientState): ClientEvent =>
  stores(knownOf(ahead(state), { sessionId: 's-new' }))
/** Somebody signed in in another tab, and this one does not know yet who. */
const resyncing = (state = signedIn()): ClientState => after(state, signedInElsewhere(state))
const handedOver = (state: ClientState, grant: Grant): ClientEvent =>
  says(knownOf(state.epoch, { generation: grant.credential.generation }), grant)

const STATES: Record<string, ClientState> = {
  fresh: INITIAL,
  'the register says in': after(INITIAL, { type: 'started', register: knownOf([START, 'a']) }),
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
  'newer register, in': signedInElsewhere,
  'newer register, out': (state) => stores(outOf(ahead(state))),
  'newer register, nobody': (state) =>
    stores(outOf(ahead(state), { reason: 'none', mode: undefined, sessionId: undefined })),
  'own register': (state) => stores(knownOf(state.epoch)),
  'old register, stored': () => stores(knownOf(OLD)),
  'old register, in': () => says(knownOf(OLD)),
  'old register, out': () => says(outOf(OLD)),
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
  'row of s-old': () => debtsSeen(rowOf('s-old', OLD)),
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

const SWITCHED = 'out, user-switched, purging, bob waits | writeRegister abandon end switched'
const ENDED_ELSEWHERE = 'out, logout-elsewhere, purging | abandon end'
const LOGGED_OUT = 'out, logout, purging, owes s-ann | writeDebt writeRegister post abandon end'
const LOGGED_OUT_OF_WHICHEVER = 'out, logout, owes whichever | writeDebt writeRegister post abandon'

const TABLE: Record<string, Record<string, string>> = {
  fresh: {
    skipped: 'out',
    'newer register, in': 'unknown, resyncing | resync',
    'newer register, out': 'out, logout-elsewhere | abandon',
    'newer register, nobody': 'out | abandon',
    'own register': 'unknown',
    'old register, stored': 'unknown, resyncing | resync',
    'old register, in': 'unknown, resyncing | resync',
    'old register, out': 'out, logout-elsewhere | abandon',
    'token of a sibling': 'unknown',
    'token of a sibling for Bob': 'unknown',
    'refreshed, Ann': 'in, ann | writeRegister post',
    'refreshed, Bob': 'in, bob | writeRegister post',
    'login, Ann': 'in, ann | writeRegister post',
    'login, Bob': 'in, bob | writeRegister post',
    refused: 'out | writeRegister',
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
  'the register says in': {
    skipped: 'out',
    'newer register, in': 'unknown, resyncing | resync',
    'newer register, out': ENDED_ELSEWHERE,
    'newer register, nobody': 'out, purging | abandon end',
    'own register': '=',
    'old register, stored': '=',
    'old register, in': '=',
    'old register, out': '=',
    // What it holds is from before this page was there: the server has to say whose the cookie is.
    'token of a sibling': 'unknown',
    'token of a sibling for Bob': 'unknown',
    'refreshed, Ann': 'in, ann | writeRegister post',
    'refreshed, Bob': 'in, bob | writeRegister post',
    'login, Ann': 'in, ann | abandon writeRegister post',
    'login, Bob': 'in, bob | abandon writeRegister post',
    refused: 'out, expired, purging | writeRegister post abandon end',
    indeterminate: 'unknown | post',
    logout: LOGGED_OUT,
    'start asks': 'unknown',
    'start has asked': 'unknown',
    'logout confirmed': '=',
    'row of s-old': '=',
    // Somebody has logged out of it since, and a page that could not see that has written over the register.
    'newer row of s-ann': 'out, logout-elsewhere, purging, owes s-ann | writeRegister abandon end pending',
    'no rows': '=',
    purged: 'unknown',
  },
  'signed in': {
    skipped: '=',
    'newer register, in': 'in, ann, resyncing | resync',
    'newer register, out': ENDED_ELSEWHERE,
    'newer register, nobody': 'in, ann, resyncing | resync',
    'own register': '=',
    'old register, stored': '=',
    'old register, in': '=',
    'old register, out': '= | post',
    'token of a sibling': 'in, ann',
    'token of a sibling for Bob': 'in, ann | repair',
    'refreshed, Ann': 'in, ann | writeRegister post',
    'refreshed, Bob': SWITCHED,
    'login, Ann': 'in, ann | writeRegister post',
    'login, Bob': SWITCHED,
    refused: 'out, expired, purging | writeRegister post abandon end',
    indeterminate: 'in, ann | post',
    logout: LOGGED_OUT,
    'start asks': 'in, ann',
    'start has asked': 'in, ann',
    'logout confirmed': '=',
    'row of s-old': '=',
    'newer row of s-ann': 'out, logout-elsewhere, purging, owes s-ann | writeRegister abandon end pending',
    'no rows': '=',
    purged: 'in, ann',
  },
  resyncing: {
    skipped: '=',
    'newer register, in': 'in, ann, resyncing | resync',
    'newer register, out': ENDED_ELSEWHERE,
    'newer register, nobody': 'in, ann, resyncing | resync',
    'own register': '=',
    'old register, stored': '=',
    'old register, in': '=',
    'old register, out': '= | post',
    'token of a sibling': 'in, ann',
    'token of a sibling for Bob': SWITCHED,
    'refreshed, Ann': 'in, ann | writeRegister post',
    'refreshed, Bob': SWITCHED,
    'login, Ann': 'in, ann | writeRegister post',
    'login, Bob': SWITCHED,
    refused: 'out, expired, purging | writeRegister post abandon end',
    indeterminate: 'in, ann, resyncing | post',
    logout: 'out, logout, purging, owes s-new | writeDebt writeRegister post abandon end',
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
    'newer register, in': 'unknown, resyncing | resync',
    'newer register, out': 'out',
    'newer register, nobody': 'out',
    'own register': 'out',
    'old register, stored': 'unknown, resyncing | resync',
    'old register, in': 'unknown, resyncing | resync',
    'old register, out': 'out',
    'token of a sibling': 'out',
    'token of a sibling for Bob': 'out',
    'refreshed, Ann': 'in, ann | writeRegister post',
    'refreshed, Bob': 'in, bob | writeRegister post',
    'login, Ann': 'in, ann | writeRegister post',
    'login, Bob': 'in, bob | writeRegister post',
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
    'newer register, in': 'unknown, resyncing, asking | resync',
    'newer register, out': 'out, asking',
    'newer register, nobody': 'out, asking',
    'own register': 'out, asking',
    'old register, stored': 'unknown, resyncing, asking | resync',
    'old register, in': 'unknown, resyncing, asking | resync',
    'old register, out': 'out, asking',
    'token of a sibling': 'out, asking',
    'token of a sibling for Bob': 'out, asking',
    'refreshed, Ann': 'in, ann, asking | writeRegister post',
    'refreshed, Bob': 'in, bob, asking | writeRegister post',
    'login, Ann': 'in, ann, asking | writeRegister post',
    'login, Bob': 'in, bob, asking | writeRegister post',
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
    'newer register, in': 'unknown, resyncing | writeDebt resync',
    'newer register, out': 'out, logout, owes s-ann | pending',
    'newer register, nobody': 'out, logout, owes s-ann | pending',
    'own register': 'out, logout, owes s-ann',
    'old register, stored': '=',
    'old register, in': '= | post',
    'old register, out': '=',
    'token of a sibling': 'out, logout, owes s-ann',
    'token of a sibling for Bob': 'out, logout, owes s-ann',
    'refreshed, Ann': '= | revoke',
    'refreshed, Bob': 'out, logout, owes s-ann s-bob | writeDebt revoke pending',
    'login, Ann': 'in, ann | writeDebt writeRegister post',
    'login, Bob': 'in, bob | writeDebt writeRegister post',
    refused: 'out, logout, owes s-ann',
    indeterminate: 'out, logout, owes s-ann | post',
    logout: 'out, logout, owes s-ann | writeDebt writeRegister post abandon',
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
    'newer register, in': 'unknown, purging, resyncing | writeDebt resync',
    'newer register, out': 'out, logout, purging, owes s-ann | pending',
    'newer register, nobody': 'out, logout, purging, owes s-ann | pending',
    'own register': 'out, logout, purging, owes s-ann',
    'old register, stored': '=',
    'old register, in': '= | post',
    'old register, out': '=',
    'token of a sibling': 'out, logout, purging, owes s-ann',
    'token of a sibling for Bob': 'out, logout, purging, owes s-ann',
    'refreshed, Ann': '= | revoke',
    'refreshed, Bob': 'out, logout, purging, owes s-ann s-bob | writeDebt revoke pending',
    'login, Ann': 'out, logout, purging, ann waits | writeDebt writeRegister',
    'login, Bob': 'out, logout, purging, bob waits | writeDebt writeRegister',
    refused: 'out, logout, purging, owes s-ann',
    indeterminate: 'out, logout, purging, owes s-ann | post',
    logout: 'out, logout, purging, owes s-ann | writeDebt writeRegister post abandon',
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
    'newer register, in': 'unknown, purging, resyncing | resync',
    'newer register, out': 'out, user-switched, purging | revoke',
    'newer register, nobody': 'unknown, purging, resyncing | resync',
    'own register': '=',
    'old register, stored': '=',
    'old register, in': '= | repair',
    'old register, out': '=',
    'token of a sibling': '=',
    'token of a sibling for Bob': '=',
    'refreshed, Ann': 'out, user-switched, purging, ann waits | writeRegister',
    'refreshed, Bob': 'out, user-switched, purging, bob waits | writeRegister',
    'login, Ann': 'out, user-switched, purging, ann waits | writeRegister',
    'login, Bob': 'out, user-switched, purging, bob waits | writeRegister',
    refused: 'out, user-switched, purging, bob waits',
    indeterminate: 'out, user-switched, purging, bob waits | post',
    logout: 'out, logout, purging, owes s-bob | writeDebt writeRegister post abandon',
    'start asks': 'out, user-switched, purging, bob waits, asking',
    'start has asked': 'out, user-switched, purging, bob waits',
    'logout confirmed': '=',
    'row of s-old': '=',
    'newer row of s-ann': '=',
    'no rows': '=',
    purged: 'in, bob | writeRegister post',
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
  const event = EVENTS[eventName]!(state)
  const [next, effects] = transition(state, event, NOW)
  const text = `${described(state, next)} | ${typesOf(effects).join(' ')}`
  expect(effects.length === 0 ? described(state, next) : text).toBe(outcome)
  // What is newer counts whether it came by storage or over the channel.
  if (event.type === 'heard' && isNewer(event.register.epoch, state.epoch))
    expect(transition(state, { ...event, said: !event.said }, NOW)).toEqual([next, effects])
})

it('R99 who is told of a sign-in elsewhere while a visitor is asked about does not pass for signed out', () => {
  const visitor = after(INITIAL, { type: 'started', register: undefined })
  const told = after(visitor, signedInElsewhere(visitor), { type: 'skipped' })
  expect(told).toMatchObject({ phase: 'unknown', resyncing: true })
})
