import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isCount, isHandle } from '../../src/core/checks.js'
import { type Marker, parseMarker, serializeMarker } from '../../src/core/marker.js'
import { END_REASONS } from '../../src/core/types.js'

const WALL = 1_700_000_000_000

const MARKER: Marker = {
  epoch: [1_700_000_000_000, 'a'],
  state: 'in',
  generation: 7,
  mode: 'token',
  sessionId: 's1',
  reason: 'none',
}

const markers: fc.Arbitrary<Marker> = fc.record({
  epoch: fc.tuple(fc.nat(), fc.string({ maxLength: 32, unit: 'binary' })),
  state: fc.constantFrom('in', 'out'),
  generation: fc.nat(),
  mode: fc.constantFrom('token', 'session'),
  sessionId: fc.option(fc.string({ minLength: 1, maxLength: 256, unit: 'binary' }), {
    nil: undefined,
  }),
  reason: fc.constantFrom('none', ...END_REASONS),
})

it('a marker is read as it was written', () => {
  fc.assert(
    fc.property(markers, (marker) => {
      expect(parseMarker(serializeMarker(marker), WALL)).toEqual(marker)
    }),
  )
})

it('the longest handle a server can name comes through, whatever it is made of', () => {
  for (const letter of ['s', '"', '\\', '\u0000', '\ud800']) {
    const marker = { ...MARKER, sessionId: letter.repeat(512) }
    expect(parseMarker(serializeMarker(marker), WALL)).toEqual(marker)
  }
})

it.each<[string, string | null | undefined]>([
  ['nothing', null],
  ['storage that is not there', undefined],
  ['an empty text', ''],
  ['no JSON', '{"v":1'],
  ['a number', '1'],
  ['null', 'null'],
  ['an array', '[]'],
  ['no version', JSON.stringify(MARKER)],
  ['another version', JSON.stringify({ ...MARKER, v: 2 })],
  ['the version as a text', JSON.stringify({ ...MARKER, v: '1' })],
  ['no epoch', JSON.stringify({ v: 1, state: 'in' })],
  ['an epoch beyond all time', JSON.stringify({ ...MARKER, v: 1, epoch: [8.64e15, 'z'] })],
  ['no state', JSON.stringify({ v: 1, epoch: [1, 'a'] })],
  ['a state of its own', JSON.stringify({ ...MARKER, v: 1, state: 'admin' })],
  ['the state of an older form', JSON.stringify({ ...MARKER, v: 1, state: 'logout-pending' })],
  ['a state inherited', '{"v":1,"epoch":[1,"a"],"__proto__":{"state":"in"}}'],
  ['a text too long for a marker', JSON.stringify({ ...MARKER, v: 1, more: 'x'.repeat(20_000) })],
])('OW-18 %s is not a marker', (_name, text) => {
  expect(parseMarker(text, WALL)).toBeUndefined()
})

it('OW-18 what is odd inside a marker falls to what does no harm', () => {
  const odd = {
    v: 1,
    epoch: [1, 'a'],
    state: 'out',
    generation: -1,
    mode: 'root',
    sessionId: 5,
    reason: '<b>',
  }
  expect(parseMarker(JSON.stringify(odd), WALL)).toEqual({
    epoch: [1, 'a'],
    state: 'out',
    generation: 0,
    mode: undefined,
    sessionId: undefined,
    reason: 'none',
  })
})

it('OW-18 unknown members are left out, and none of them gets into a prototype', () => {
  const text = `{"token":"secret","__proto__":{"polluted":true},${serializeMarker(MARKER).slice(1)}`
  const marker = parseMarker(text, WALL)
  expect(marker).toEqual(MARKER)
  expect(Object.keys(marker!).sort()).toEqual([...Object.keys(MARKER), 'follows'].sort())
  expect(Object.getPrototypeOf(marker)).toBe(Object.prototype)
  expect('polluted' in {}).toBe(false)
})

it('OW-18 whatever stands in storage, reading it never throws and gives a marker or nothing', () => {
  const nearly = fc
    .tuple(
      markers,
      fc.dictionary(fc.constantFrom('v', 'epoch', 'state', 'generation', 'sessionId'), fc.jsonValue()),
    )
    .map(([marker, changes]) => JSON.stringify({ v: 1, ...marker, ...changes }))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), nearly), (text) => {
      const marker = parseMarker(text, WALL)
      if (!marker) return
      expect(['in', 'out']).toContain(marker.state)
      expect(isCount(marker.generation)).toBe(true)
      expect(marker.sessionId === undefined || isHandle(marker.sessionId)).toBe(true)
    }),
  )
})
