import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { END_REASONS } from '../../src/core/types.js'
import { isTokenText, type Message, MESSAGE_VERSION, parseMessage, wrap } from '../../src/core/messages.js'
import type { Epoch } from '../../src/core/types.js'

const WALL = 1_700_000_000_000
const EPOCH: Epoch = [WALL, 'a']
const handle = fc.string({ minLength: 1, maxLength: 512 })
const epoch: fc.Arbitrary<Epoch> = fc.tuple(fc.nat(), fc.string({ maxLength: 64 }))
const text = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 1, maxLength: 200 })
  .map((codes) => String.fromCharCode(...codes))

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('ask' as const), epoch }),
  fc.record({
    type: fc.constant('in' as const),
    epoch,
    generation: fc.nat(),
    sessionId: fc.option(handle, { nil: undefined }),
    mode: fc.constantFrom('token' as const, 'session' as const),
    shared: fc.option(
      fc.record({
        token: text,
        subject: handle,
        rawUser: fc.jsonValue(),
        issuedAt: fc.integer(),
        lifetime: fc.integer({ min: 1 }),
      }),
      { nil: undefined },
    ),
  }),
  fc.record({
    type: fc.constant('out' as const),
    epoch,
    reason: fc.constantFrom(...END_REASONS),
    sessionId: fc.option(handle, { nil: undefined }),
  }),
  fc.record({
    type: fc.constant('wait' as const),
    epoch,
    generation: fc.nat(),
    until: fc.integer({ min: WALL, max: WALL + 600_000 }),
    failures: fc.nat(),
    mandated: fc.boolean(),
    triedAt: fc.integer({ min: 0, max: WALL }),
  }),
)

it('a message is read as it was sent', () => {
  fc.assert(
    fc.property(messages, (message) => {
      expect(parseMessage(structuredClone(wrap(message, 'a')), 'b', WALL)).toEqual(message)
    }),
  )
})

it('a tab does not hear itself', () => {
  fc.assert(
    fc.property(messages, (message) => {
      expect(parseMessage(wrap(message, 'a'), 'a', WALL)).toBeUndefined()
    }),
  )
})

it('a message of another version is ignored, older or newer', () => {
  fc.assert(
    fc.property(messages, fc.anything(), (message, v) => {
      fc.pre(v !== MESSAGE_VERSION)
      expect(parseMessage({ ...wrap(message, 'a'), v }, 'b', WALL)).toBeUndefined()
    }),
  )
})

const SHARED = { token: 't', subject: 'ann', rawUser: { id: 'ann' }, issuedAt: 1, lifetime: 1 }
const IN = { v: 1, from: 'a', type: 'in', epoch: EPOCH, generation: 1, mode: 'token', shared: SHARED }
const WAIT = {
  v: 1,
  from: 'a',
  type: 'wait',
  epoch: EPOCH,
  generation: 1,
  until: WALL + 1000,
  failures: 1,
  mandated: false,
}

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['a text', JSON.stringify(IN)],
  ['an array', [IN]],
  ['a map', new Map(Object.entries(IN))],
  ['no sender', { ...IN, from: undefined }],
  ['a sender that is no text', { ...IN, from: { toString: () => 'b' } }],
  ['a sender that is too long', { ...IN, from: 'a'.repeat(513) }],
  ['no epoch', { ...IN, epoch: undefined }],
  ['an epoch beyond all time', { ...IN, epoch: [8.64e15, 'z'] }],
  ['an unknown type', { ...IN, type: 'logout-everybody' }],
  ['a type of Object.prototype', { ...IN, type: '__proto__' }],
  ['a negative generation', { ...IN, generation: -1 }],
  ['a generation that is no whole number', { ...IN, generation: 1.5 }],
  ['a generation beyond counting', { ...IN, generation: 2 ** 60 }],
  ['a session id that is a number', { ...IN, sessionId: 5 }],
  ['a session id that is too long', { ...IN, sessionId: 's'.repeat(513) }],
  ['an unknown reason', { v: 1, from: 'a', type: 'out', epoch: EPOCH, reason: 'because' }],
  ['a wait without end', { ...WAIT, until: Infinity }],
  ['a wait of a day', { ...WAIT, until: WALL + 86_400_000 }],
  ['a wait that is over', { ...WAIT, until: WALL - 1 }],
  ['a wait until NaN', { ...WAIT, until: Number.NaN }],
  ['a wait until a text', { ...WAIT, until: String(WALL + 1000) }],
  ['a wait of no generation', { ...WAIT, generation: undefined }],
  ['a wait of an earlier version, with a delay', { ...WAIT, until: undefined, delay: 1000 }],
  ['failures beyond counting', { ...WAIT, failures: Infinity }],
])('OW-17 %s is no message', (_name, data) => {
  expect(parseMessage(data, 'b', WALL)).toBeUndefined()
})

it.each<[string, unknown]>([
  ['none', undefined],
  ['a text', 'token'],
  ['an array', [SHARED]],
  ['an empty token', { ...SHARED, token: '' }],
  ['a token with a line break', { ...SHARED, token: 'a\r\nb' }],
  ['a token with a blank', { ...SHARED, token: 'a b' }],
  ['a token of 64 kB and one', { ...SHARED, token: 't'.repeat(65_537) }],
  ['a token that is no text', { ...SHARED, token: { toString: () => 't' } }],
  ['no subject', { ...SHARED, subject: '' }],
  ['a lifetime of zero', { ...SHARED, lifetime: 0 }],
  ['an endless lifetime', { ...SHARED, lifetime: Infinity }],
  ['no time of issue', { ...SHARED, issuedAt: Number.NaN }],
])('OW-17 a message that shares %s shares no token, and tells the rest', (_name, shared) => {
  expect(parseMessage({ ...IN, shared }, 'b', WALL)).toMatchObject({
    type: 'in',
    generation: 1,
    shared: undefined,
  })
})

it('OW-17 whatever comes over the channel, reading it never throws and changes nothing', () => {
  const keys = [
    'v',
    'from',
    'epoch',
    'type',
    'generation',
    'sessionId',
    'shared',
    'until',
    'failures',
    'reason',
  ]
  const nearly = fc
    .tuple(messages, fc.dictionary(fc.constantFrom(...keys, '__proto__'), fc.anything()))
    .map(([message, changes]) => ({ ...wrap(message, 'a'), ...changes }))
  fc.assert(
    fc.property(fc.oneof(fc.anything(), nearly), (data) => {
      const message = parseMessage(data, 'b', WALL)
      if (message) expect(['ask', 'in', 'out', 'wait']).toContain(message.type)
      expect(Object.keys(Object.prototype)).toEqual([])
    }),
  )
})

it('ERR-04 a token is any visible ASCII up to 64 kB, and its form is nobody’s business', () => {
  for (const token of ['a', 'a.b.c', 'x'.repeat(16_384), 'x'.repeat(65_536), '~!@#$%^&*()_+{}|:"<>?']) {
    expect(isTokenText(token)).toBe(true)
  }
  for (const token of ['', 'a b', 'a\n', '\ta', 'ä', 'a\u0000', 'x'.repeat(65_537), 5, null, undefined, {}]) {
    expect(isTokenText(token)).toBe(false)
  }
})

it('R104 a try in a time to come, which would hold everybody, and one that is no time count as none', () => {
  for (const triedAt of [WALL + 1, NaN, 'x', undefined])
    expect(parseMessage({ ...WAIT, triedAt }, 'b', WALL)).toMatchObject({ type: 'wait', triedAt: 0 })
})
