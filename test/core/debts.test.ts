import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isHandle } from '../../src/core/checks.js'
import { type Debt, isExpired, parseDebt, serializeDebt, WHICHEVER, withDebt } from '../../src/core/debts.js'
import { at, move, rowOf, signedOut, START } from './support.js'

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
  const [state] = move(signedOut(), { type: 'loginLost', sessionId: 's2' }, at(40 * 86_400_000))
  const debt = state.debts.find(({ sessionId }) => sessionId === 's2')!
  expect(debt).toMatchObject({ epoch: state.epoch, since })
  const row = parseDebt('s2', serializeDebt(debt), since)!
  expect(row).toMatchObject({ epoch: state.epoch, since })
  expect(isExpired(row, since + 1000)).toBe(false)
  expect(isExpired(row, since + 31 * 86_400_000)).toBe(true)
})
