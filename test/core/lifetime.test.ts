import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Credential, elapsed, margin, parseLifetime, remaining } from '../../src/core/lifetime.js'

const DAY = 86_400_000

it.each<[string, unknown, number | undefined]>([
  ['a number of seconds', 300, 300_000],
  ['a fraction', 0.5, 500],
  ['digits in a string', '300', 300_000],
  ['a fraction in a string', '1.5', 1500],
  ['nothing', undefined, undefined],
  ['null', null, undefined],
  ['zero', 0, 0],
  ['zero in a string', '0', 0],
  ['a negative number', -1, 0],
  ['a negative number in a string', '-300', 0],
  ['NaN', Number.NaN, 0],
  ['minus infinity', -Infinity, 0],
  ['infinity', Infinity, 400 * DAY],
  ['a huge number', 1e300, 400 * DAY],
  ['a huge number in a string', '9'.repeat(400), 400 * DAY],
  ['an empty string', '', 0],
  ['words', 'never', 0],
  ['Infinity as a word', 'Infinity', 0],
  ['an exponent in a string', '3e2', 0],
  ['a hexadecimal string', '0x10', 0],
  ['a string with blanks', ' 300 ', 0],
  ['digits of another script', '٣٠٠', 0],
  ['true', true, 0],
  ['an array', [300], 0],
  ['an object', { valueOf: () => 300 }, 0],
])('ERR-02 expires_in as %s', (_name, value, expected) => {
  expect(parseLifetime(value)).toBe(expected)
})

it('ERR-02 whatever comes as expires_in, the lifetime is unknown, or a number from zero to 400 days', () => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.string(), fc.double()), (value) => {
      const lifetime = parseLifetime(value)
      if (lifetime === undefined) expect(value ?? undefined).toBeUndefined()
      else expect(lifetime >= 0 && lifetime <= 400 * DAY).toBe(true)
    }),
  )
})

it('R32 a token of 40 days keeps its 40 days', () => {
  expect(parseLifetime(40 * 86_400)).toBe(40 * DAY)
})

const ISSUED = { wall: 1_700_000_000_000, monotonic: 5000 }
const token = (lifetime: number): Credential => ({
  mode: 'token',
  token: 't',
  generation: 1,
  issued: ISSUED,
  lifetime,
  lead: 0,
})
const later = (wall: number, monotonic: number) => ({
  wall: ISSUED.wall + wall,
  monotonic: ISSUED.monotonic + monotonic,
})

it.each([
  ['both clocks went on', 60_000, 60_000, 60_000],
  ['the machine slept: the monotonic clock stood still', 60_000, 1000, 60_000],
  ['the wall clock was set back ten minutes', -600_000, 60_000, 60_000],
  ['the wall clock was set forward ten minutes', 600_000, 60_000, 600_000],
])('R33 elapsed is the larger of both clocks: %s', (_name, wall, monotonic, expected) => {
  expect(elapsed(ISSUED, later(wall, monotonic))).toBe(expected)
})

it('R33 a clock that is wrong all along changes nothing, for a token of a minute and one of five', () => {
  for (const skew of [-600_000, 600_000]) {
    for (const lifetime of [60_000, 300_000]) {
      const issued = { wall: ISSUED.wall + skew, monotonic: 0 }
      const credential = { ...token(lifetime), issued }
      const half = { wall: issued.wall + lifetime / 2, monotonic: lifetime / 2 }
      const end = { wall: issued.wall + lifetime, monotonic: lifetime }
      expect(remaining(credential, half)).toBe(lifetime / 2)
      expect(remaining(credential, end)).toBe(0)
    }
  }
})

it('R33 a token is never thought younger than either clock says, so an expired one is never used', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(), fc.nat(), (wall, monotonic, lifetime) => {
      const left = remaining(token(lifetime), later(wall, monotonic))
      expect(left).toBeLessThanOrEqual(lifetime - monotonic)
      expect(left).toBeLessThanOrEqual(lifetime - wall)
    }),
  )
})

it('a margin is what was asked for, and at most a quarter of the lifetime', () => {
  expect(margin(300_000, 60)).toBe(60_000)
  expect(margin(60_000, 60)).toBe(15_000)
  expect(margin(300_000, Infinity)).toBe(75_000)
  expect(margin(300_000, 0)).toBe(0)
})

it('a margin is never negative, so that no wish makes an expired token valid', () => {
  expect(margin(300_000, -600)).toBe(0)
  expect(margin(0, 60)).toBe(0)
  expect(margin(-1000, 60)).toBe(0)
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (lifetime, seconds) => {
      const kept = margin(lifetime, seconds)
      expect(kept >= 0 && kept <= Math.max(0, lifetime) / 4).toBe(true)
    }),
  )
})
