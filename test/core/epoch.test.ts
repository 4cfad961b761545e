import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isNewer, isSame, nextEpoch, NO_EPOCH, parseEpoch } from '../../src/core/epoch.js'
import type { Epoch } from '../../src/core/types.js'

const WALL = 1_700_000_000_000
const CENTURY = 3.2e12

const epochs: fc.Arbitrary<Epoch> = fc.tuple(fc.nat(3), fc.constantFrom('', 'a', 'b'))

it('epochs are totally ordered: of two, one is newer or they are the same', () => {
  fc.assert(
    fc.property(epochs, epochs, (a, b) => {
      expect([isNewer(a, b), isNewer(b, a), isSame(a, b)].filter(Boolean)).toHaveLength(1)
    }),
  )
})

it('the order of epochs has no cycles', () => {
  fc.assert(
    fc.property(epochs, epochs, epochs, (a, b, c) => {
      if (isNewer(a, b) && isNewer(b, c)) expect(isNewer(a, c)).toBe(true)
    }),
  )
})

it('the next epoch is newer than what was seen, also where the wall clock was set back', () => {
  fc.assert(
    fc.property(epochs, fc.double({ min: -1e15, max: 1e15, noNaN: true }), fc.string(), (seen, wall, id) => {
      const next = nextEpoch(seen, wall, id)
      expect(isNewer(next, seen)).toBe(true)
      expect(next[0]).toBeGreaterThanOrEqual(Math.floor(wall))
    }),
  )
})

it('everything is newer than the epoch of a browser in which nothing was learned', () => {
  expect(isNewer(nextEpoch(NO_EPOCH, 0, 'a'), NO_EPOCH)).toBe(true)
})

it('OW-18 an epoch is read from a pair of a plausible time and a short id, and from nothing else', () => {
  expect(parseEpoch([5, 'a'], WALL)).toEqual([5, 'a'])
  const wrong: unknown[] = [
    undefined,
    null,
    'a',
    5,
    {},
    [],
    [5],
    [5, 'a', 1],
    ['5', 'a'],
    [5, 6],
    [-1, 'a'],
    [0.5, 'a'],
    [Number.NaN, 'a'],
    [Infinity, 'a'],
    [8.64e15, 'a'],
    [WALL + CENTURY + 1, 'a'],
    [5, 'a'.repeat(65)],
    { 0: 5, 1: 'a', length: 2 },
  ]
  for (const value of wrong) expect(parseEpoch(value, WALL)).toBeUndefined()
})

it('an epoch of ours can be read again', () => {
  fc.assert(
    fc.property(epochs, fc.string({ maxLength: 64 }), (seen, id) => {
      const next = nextEpoch(seen, WALL, id)
      expect(parseEpoch(JSON.parse(JSON.stringify(next)), WALL)).toEqual(next)
    }),
  )
})

it('OW-18 an epoch planted as far ahead as is read can be followed by newer ones, which are read too', () => {
  const planted = parseEpoch([WALL + CENTURY, 'z'.repeat(64)], WALL)!
  let [seen, wall] = [planted, WALL]
  for (let day = 0; day < 1000; day++) {
    wall += 86_400_000
    const next = nextEpoch(seen, wall, 'a')
    expect(isNewer(next, seen)).toBe(true)
    expect(parseEpoch(next, wall)).toEqual(next)
    seen = next
  }
})

it('R33 an honest epoch stays in force when the clock falls back to 1970', () => {
  expect(parseEpoch([WALL, 'a'], 0)).toEqual([WALL, 'a'])
  const next = nextEpoch([WALL, 'a'], 0, 'b')
  expect(parseEpoch(next, 0)).toEqual(next)
})
