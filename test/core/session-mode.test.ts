/* What the mode of a credential changes in the pure core, which is little. */
import { expect, it } from 'vitest'
import { WHICHEVER } from '../../src/core/debts.js'
import { type News, parseNews, wrap } from '../../src/core/news.js'
import { readRegister, serializeRegister } from '../../src/core/register.js'
import type { ClientState, Grant } from '../../src/core/state.js'
import type { Mode } from '../../src/core/types.js'
import { INITIAL } from '../../src/core/state.js'
import { tell } from '../../src/core/telling.js'
import {
  LOGOUT,
  PURGED,
  START,
  at,
  effectOf,
  fromSibling,
  grantOf,
  loggedIn,
  knownOf,
  move,
  owedBy,
  renewed,
  rowsOf,
  run,
  signedIn,
  stores,
  typesOf,
  underOf,
} from './support.js'

const grant = (mode: Mode, subject = 'ann', parts = {}): Grant =>
  grantOf(subject, { mode, token: mode === 'session' ? '' : 't', issuedAt: 4000, ...parts })
const inSession = (): ClientState => signedIn(0, grantOf('ann', { mode: 'session', token: '' }))

it.each<[string, Mode, ClientState]>([
  ['a login', 'session', INITIAL],
  ['a login', 'token', INITIAL],
  ['a login over the other mode', 'session', signedIn()],
  ['a login over the other mode', 'token', inSession()],
])('%s teaches %s mode, and the register keeps it', (_name, mode, before) => {
  const [state, effects] = move(before, loggedIn(before, grant(mode)))
  expect(state).toMatchObject({ phase: 'in', mode })
  expect(effectOf(effects, 'writeRegister')?.register).toMatchObject({ state: 'in', mode })
})

it('a renewal in the other mode is the same sign-in: nobody is signed out, and the register says it', () => {
  for (const [before, mode] of [
    [signedIn(), 'session'],
    [inSession(), 'token'],
  ] as const) {
    const [state, effects] = move(before, renewed(before, grant(mode)))
    expect(state).toMatchObject({ phase: 'in', mode, epoch: before.epoch })
    expect(typesOf(effects)).toEqual(['writeRegister', 'post'])
    expect(effectOf(effects, 'writeRegister')?.register.mode).toBe(mode)
  }
})

it('the mode outlives the session', () => {
  const out = run(
    inSession(),
    () => LOGOUT,
    () => PURGED,
  )
  expect(out).toMatchObject({ phase: 'out', mode: 'session' })
  const [, effects] = move(inSession(), LOGOUT)
  expect(effectOf(effects, 'writeRegister')?.register).toMatchObject({ state: 'out', mode: 'session' })
  const ended = move(inSession(), {
    type: 'refused',
    reason: 'expired',
    status: 401,
    under: underOf(inSession()),
    asked: START + 5000,
  })
  expect(ended[0]).toMatchObject({ phase: 'out', mode: 'session' })
})

it.each([undefined, 'token', 'session'] as const)('a start takes the mode of the register: %s', (mode) => {
  const [state] = move(INITIAL, { type: 'started', register: knownOf([START, 'a'], { mode }) })
  expect(state.mode).toBe(mode)
})

it('a register without a mode has learned none', () => {
  const register = knownOf([START, 'a'], { state: 'out', mode: undefined })
  expect(readRegister(serializeRegister(register), START)?.mode).toBeUndefined()
})

it('a sign-in of another tab teaches its mode, and one whose register knows none takes none away', () => {
  const epoch = [START + 9000, 'other'] as const
  const followed = (mode: Mode | undefined) => move(inSession(), stores(knownOf(epoch, { mode })))[0].mode
  expect([followed('token'), followed(undefined)]).toEqual(['token', 'session'])
})

it('R11 a session check that is answered behind a logout revokes nothing, since it brought nothing to life', () => {
  const before = inSession()
  const [out] = move(before, LOGOUT)
  const late = { ...renewed(before, grant('session')), explicit: false }
  expect(typesOf(move(out, late)[1])).toEqual([])
  // A login does, and so does a refresh that brings a token.
  expect(typesOf(move(out, { ...late, explicit: true } as typeof late)[1])).toEqual(['revoke'])
  expect(typesOf(move(out, renewed(before, grant('token')))[1])).toEqual(['revoke'])
})

it('a logout that knew no session learns from a late session check which one it is for', () => {
  const unknown = move(INITIAL, {
    type: 'started',
    register: knownOf([START, 'a'], { sessionId: undefined }),
  })[0]
  const [out] = move(unknown, LOGOUT)
  const [state, effects] = move(out, renewed(unknown, grant('session')))
  expect(owedBy(state)).toEqual([['s-ann', 'current']])
  expect(rowsOf(effects)).toEqual({ [WHICHEVER]: undefined, 's-ann': 'current' })
  expect(typesOf(effects)).toEqual(['writeDebt', 'writeDebt', 'pending'])
})

it('another subject found by a session check is a user switch', () => {
  const before = inSession()
  const [state, effects] = move(before, renewed(before, grant('session', 'bob')))
  expect(state).toMatchObject({ phase: 'out', reason: 'user-switched', mode: 'session' })
  expect(typesOf(effects)).toEqual(['writeRegister', 'abandon', 'end', 'switched'])
})

it('what a tab tells of a cookie session is understood by its siblings, with an empty token, too', () => {
  const { news } = tell(inSession())
  const read = parseNews(wrap(news, 'a'), 'b', START + 10)
  expect(read).toMatchObject({
    register: { state: 'in', mode: 'session' },
    shared: { token: '', subject: 'ann' },
  })
  for (const mode of ['token', undefined] as const) {
    const other: News = { ...news, register: { ...news.register, mode } }
    expect(parseNews(wrap(other, 'a'), 'b', START + 10)).toMatchObject({
      register: { mode },
      shared: undefined,
    })
  }
})

it('R99 a sibling hands its session check over where it asked after this page was there', () => {
  const started = move(INITIAL, { type: 'started', register: knownOf([START, 'a'], { mode: 'session' }) })[0]
  const check = (issuedAt: number) =>
    move(started, fromSibling(started, grant('session', 'ann', { generation: 2, issuedAt })), at(9000))[0]
  expect(check(1000)).toMatchObject({ phase: 'unknown', candidate: { identity: { subject: 'ann' } } })
  expect(check(6000)).toMatchObject({ phase: 'in', mode: 'session', identity: { subject: 'ann' } })
})
