import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isHandle } from '../../src/core/checks.js'
import { nextEpoch } from '../../src/core/epoch.js'
import type { ClientEvent, ClientState, Transition } from '../../src/core/state.js'
import { type Debt, isExpired, parseDebt, serializeDebt, WHICHEVER, withDebt } from '../../src/core/debts.js'
import {
  at,
  debtsSeen,
  elsewhere,
  grantOf,
  knownOf,
  LOGOUT,
  loggedIn,
  move,
  owedBy,
  PURGED,
  renewed,
  rowOf,
  rowsOf,
  run,
  says,
  signedIn,
  signedOut,
  START,
  typesOf,
} from './support.js'

const DAY = 86_400_000

const debts: fc.Arbitrary<Debt> = fc.record({
  sessionId: fc.oneof(fc.constant(WHICHEVER), fc.string({ minLength: 1, maxLength: 256, unit: 'binary' })),
  scope: fc.constantFrom('current', 'all'),
  epoch: fc.tuple(fc.nat(), fc.string({ maxLength: 32, unit: 'binary' })),
  isOwn: fc.constant(false),
})

it('R110 a row is read as it was written, and is nobody’s own', () => {
  fc.assert(
    fc.property(debts, fc.boolean(), (debt, isOwn) => {
      expect(parseDebt(debt.sessionId, serializeDebt({ ...debt, isOwn }), START)).toEqual(debt)
    }),
  )
})

it.each<[string, string | null | undefined]>([
  ['nothing', null],
  ['storage that is not there', undefined],
  ['an empty text', ''],
  ['no JSON', '["current"'],
  ['a number', '1'],
  ['null', 'null'],
  ['a text', '"all"'],
  ['a record', '{"scope":"all","epoch":[1,"a"]}'],
  ['an empty list', '[]'],
  ['no epoch', '["all"]'],
  ['half an epoch', '["all",1]'],
  ['an epoch without a number', '["all","1","a"]'],
  ['an epoch of before all time', '["all",-1,"a"]'],
  ['an epoch beyond all time', '["all",8.64e15,"z"]'],
  ['an endless id of an epoch', JSON.stringify(['all', 1, 'a'.repeat(65)])],
])('OW-18 R110 %s is not a row', (_name, text) => {
  expect(parseDebt('s1', text, START)).toBeUndefined()
})

it('OW-18 R110 a key that no session can have is not that of a row, and an odd scope falls to what does no harm', () => {
  expect(parseDebt('s'.repeat(513), '["all",1,"a"]', START)).toBeUndefined()
  for (const scope of ['everything', null, 5, {}, ['all']])
    expect(parseDebt('s1', JSON.stringify([scope, 1, 'a']), START)).toEqual(rowOf('s1', [1, 'a']))
})

it('OW-18 R110 whatever stands in storage, reading it never throws and gives a row or nothing', () => {
  const nearly = fc
    .tuple(fc.jsonValue(), fc.jsonValue(), fc.jsonValue())
    .map((parts) => JSON.stringify(parts))
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.string(), fc.json(), nearly), (id, text) => {
      const debt = parseDebt(id, text, START)
      if (!debt) return
      expect(debt.sessionId === WHICHEVER || isHandle(debt.sessionId)).toBe(true)
      expect(['current', 'all']).toContain(debt.scope)
    }),
  )
})

it('R110 a row expires after thirty days, and not because a clock was set back', () => {
  const row = rowOf('s1', [START, 'a'])
  expect(isExpired(row, START + 30 * DAY)).toBe(false)
  expect(isExpired(row, START + 30 * DAY + 1)).toBe(true)
  expect(isExpired(row, 0)).toBe(false)
})

it('R110 one more makes no debt narrower, older or somebody else’s, and the one without an id comes last', () => {
  fc.assert(
    fc.property(fc.array(debts, { maxLength: 6 }), debts, fc.boolean(), (before, more, isOwn) => {
      const known = before.reduce<readonly Debt[]>(withDebt, [])
      const after = withDebt(known, { ...more, isOwn })
      expect(new Set(after.map(({ sessionId }) => sessionId)).size).toBe(after.length)
      for (const debt of known) {
        const kept = after.find(({ sessionId }) => sessionId === debt.sessionId)!
        expect(kept.epoch[0]).toBeGreaterThanOrEqual(debt.epoch[0])
        if (debt.scope === 'all') expect(kept.scope).toBe('all')
        if (debt.isOwn) expect(kept.isOwn).toBe(true)
      }
      const last = after.findIndex(({ sessionId }) => sessionId === WHICHEVER)
      expect([-1, after.length - 1]).toContain(last)
    }),
  )
})

it('R110 a debt that is younger than its epoch says so in its row, and its age counts from then', () => {
  const since = START + 40 * 86_400_000
  const [state] = move(signedOut(), { type: 'owe', sessionId: 's2' }, at(40 * 86_400_000))
  const debt = state.debts.find(({ sessionId }) => sessionId === 's2')!
  expect(debt).toMatchObject({ epoch: state.epoch, since })
  const row = parseDebt('s2', serializeDebt(debt), since)!
  expect(row).toMatchObject({ epoch: state.epoch, since })
  expect(isExpired(row, since + 1000)).toBe(false)
  expect(isExpired(row, since + 31 * 86_400_000)).toBe(true)
})

const left = (sessionId: string, now = at(2000)) => ({
  event: { type: 'owe', sessionId, proof: grantOf('ann', { token: 'own' }).credential } as const,
  now,
})
const owes = (state: ClientState, sessionId: string): Transition => {
  const { event, now } = left(sessionId)
  return move(state, event, now)
}

it('R110 what is left behind while somebody is signed in is owed in memory, and told to nobody', () => {
  const [state, effects] = owes(signedIn(), 's-left')
  expect(owedBy(state)).toEqual([['s-left', 'current']])
  expect(effects).toEqual([{ type: 'deliver' }])
  // It waits until somebody is told whom the cookie is for.
  const [asking] = move(state, elsewhere(state))
  expect(asking).toMatchObject({ resyncing: true, debts: state.debts })
  // A logout goes on owing it, and its own.
  const [out] = move(state, LOGOUT)
  expect(owedBy(out)).toEqual([
    ['s-left', 'current'],
    ['s-ann', 'current'],
  ])
})

it('R110 R50 what turns out to be the session of whoever is signed in is not owed any more', () => {
  const [state] = owes(signedIn(), 's-left')
  const [found] = move(state, renewed(state, grantOf('ann', { sessionId: 's-left' })))
  expect(found).toMatchObject({ phase: 'in', sessionId: 's-left', debts: [] })
  const [asking] = owes(move(signedIn(), elsewhere(signedIn()))[0], 's-left')
  const told = says(knownOf(nextEpoch(asking.epoch, START + 6000, 'x'), { sessionId: 's-left' }))
  expect(move(asking, told)[0].debts).toEqual([])
})

it('R110 whoever signs in pays for what was logged out of, and not for what was left behind with a proof of its own', () => {
  const [out] = owes(signedOut(), 's-left')
  expect(owedBy(out)).toHaveLength(2)
  const [state, effects] = move(out, loggedIn(out, grantOf('bob')))
  expect(owedBy(state)).toEqual([['s-left', 'current']])
  expect(rowsOf(effects)).toEqual({ 's-ann': undefined, 's-left': undefined })
  expect(typesOf(effects).at(-1)).toBe('deliver')
  const [nameless] = move(signedOut(), { ...left('').event, sessionId: undefined })
  expect(move(nameless, loggedIn(nameless, grantOf('bob')))[0].debts).toEqual([])
})

it('R99 R110 where a start finds somebody else, all that has an id is still owed, of this sign-out alone', () => {
  const out = run(
    signedIn(),
    () => ({ type: 'logoutRequested', scope: 'all' }),
    () => PURGED,
  )
  const found = { ...renewed(out, grantOf('bob')), found: true, wished: true } as ClientEvent
  const [state] = move(out, found)
  expect(state).toMatchObject({ phase: 'in', identity: { subject: 'bob' } })
  expect(owedBy(state)).toEqual([['s-ann', 'current']])
})

it('R110 a proof is kept in memory as long as it is the best there is', () => {
  const own = left('s-ann').event.proof
  const out = signedOut()
  expect(out.debts).toMatchObject([{ proof: { token: 't' } }])
  const proofOf = (state: ClientState) => state.debts[0]!.proof?.token
  expect(proofOf(owes(out, 's-ann')[0])).toBe('own')
  // A row tells of none.
  expect(proofOf(run(out, ({ epoch }) => debtsSeen(rowOf('s-ann', epoch))))).toBe('t')
  expect(proofOf(run(out, () => LOGOUT))).toBe('t')
  expect(proofOf(run(out, () => ({ type: 'proved', sessionId: 's-ann', proof: own })))).toBe('own')
  expect(proofOf(run(out, () => ({ type: 'proved', sessionId: 's-ann' })))).toBeUndefined()
  // That of one that nobody can name proves no other that nobody can name.
  const nameless = signedOut({ ...signedIn(), sessionId: undefined })
  expect(proofOf(nameless)).toBe('t')
  expect(proofOf(run(nameless, () => ({ type: 'owe' })))).toBeUndefined()
})
