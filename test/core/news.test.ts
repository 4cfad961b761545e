import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isTokenText, type News, parseNews, type Wait, wrap } from '../../src/core/news.js'
import type { Register } from '../../src/core/register.js'
import { END_REASONS, type Epoch } from '../../src/core/types.js'

const WALL = 1_700_000_000_000
const EPOCH: Epoch = [WALL, 'a']
const handle = fc.string({ minLength: 1, maxLength: 512 })
const epoch: fc.Arbitrary<Epoch> = fc.tuple(fc.nat(), fc.string({ maxLength: 64 }))
const text = fc
  .array(fc.integer({ min: 0x21, max: 0x7e }), { minLength: 1, maxLength: 200 })
  .map((codes) => String.fromCharCode(...codes))

const news: fc.Arbitrary<News> = fc.record({
  register: fc.record({
    epoch,
    state: fc.constantFrom('in', 'out'),
    follows: fc.option(epoch, { nil: undefined }),
    generation: fc.nat(),
    mode: fc.constantFrom('token', 'session', undefined),
    sessionId: fc.option(handle, { nil: undefined }),
    reason: fc.constantFrom('none', ...END_REASONS),
  }),
  ask: fc.boolean(),
  wait: fc.option(
    fc.record({
      until: fc.integer({ min: WALL, max: WALL + 600_000 }),
      failures: fc.nat(),
      mandated: fc.boolean(),
      triedAt: fc.integer({ min: 0, max: WALL }),
    }),
    { nil: undefined },
  ),
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
})

it('R111 what a tab says is heard as it was said', () => {
  fc.assert(
    fc.property(news, (said) => {
      expect(parseNews(structuredClone(wrap(said, 'a')), 'b', WALL)).toEqual(said)
    }),
  )
})

it('a tab does not hear itself', () => {
  fc.assert(
    fc.property(news, (said) => {
      expect(parseNews(wrap(said, 'a'), 'a', WALL)).toBeUndefined()
    }),
  )
})

it('what a tab of another version says is ignored, older or newer', () => {
  fc.assert(
    fc.property(news, fc.oneof(fc.anything(), fc.constantFrom(1, 3, '2')), (said, v) => {
      fc.pre(v !== 2)
      expect(parseNews({ ...wrap(said, 'a'), v }, 'b', WALL)).toBeUndefined()
    }),
  )
})

const REGISTER: Register = {
  epoch: EPOCH,
  state: 'in',
  generation: 1,
  mode: 'token',
  sessionId: 's1',
  reason: 'none',
}
const SHARED = { token: 't', subject: 'ann', rawUser: { id: 'ann' }, issuedAt: 1, lifetime: 1 }
const IN = { v: 2, from: 'a', register: REGISTER, shared: SHARED }
const WAIT: Wait = { until: WALL + 1000, failures: 1, mandated: false, triedAt: 0 }

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['a text', JSON.stringify(IN)],
  ['an array', [IN]],
  ['a map', new Map(Object.entries(IN))],
  ['no sender', { ...IN, from: undefined }],
  ['a sender that is no text', { ...IN, from: { toString: () => 'b' } }],
  ['a sender that is too long', { ...IN, from: 'a'.repeat(513) }],
  ['no register', { ...IN, register: undefined }],
  ['a register as text', { ...IN, register: JSON.stringify(REGISTER) }],
  ['a question without a register', { v: 2, from: 'a', ask: true }],
  ['a wait without a register', { v: 2, from: 'a', wait: WAIT }],
  ['a token without a register', { v: 2, from: 'a', shared: SHARED }],
  ['a sign-in of the version before', { v: 1, from: 'a', type: 'in', ...REGISTER }],
  ['no epoch', { ...IN, register: { ...REGISTER, epoch: undefined } }],
  ['an epoch beyond all time', { ...IN, register: { ...REGISTER, epoch: [8.64e15, 'z'] } }],
  ['an unknown state', { ...IN, register: { ...REGISTER, state: 'logout-everybody' } }],
  ['a state of Object.prototype', { ...IN, register: { ...REGISTER, state: '__proto__' } }],
  ['an unknown reason', { ...IN, register: { ...REGISTER, state: 'out', reason: 'because' } }],
  ['no reason', { ...IN, register: { ...REGISTER, state: 'out', reason: undefined } }],
])('OW-17 %s is nothing that was said to us', (_name, data) => {
  expect(parseNews(data, 'b', WALL)).toBeUndefined()
})

it.each<[string, object, object]>([
  ['a negative generation', { generation: -1 }, { generation: 0 }],
  ['a generation that is no whole number', { generation: 1.5 }, { generation: 0 }],
  ['a generation beyond counting', { generation: 2 ** 60 }, { generation: 0 }],
  ['a session id that is a number', { sessionId: 5 }, { sessionId: undefined }],
  ['a session id that is too long', { sessionId: 's'.repeat(513) }, { sessionId: undefined }],
  ['an unknown mode', { mode: 'root' }, { mode: undefined }],
])('OW-17 %s says as little as none', (_name, part, read) => {
  const data = { ...IN, register: { ...REGISTER, ...part } }
  expect(parseNews(data, 'b', WALL)?.register).toEqual({ ...REGISTER, ...read })
})

it.each<[string, unknown]>([
  ['without end', { ...WAIT, until: Infinity }],
  ['of a day', { ...WAIT, until: WALL + 86_400_000 }],
  ['that is over', { ...WAIT, until: WALL - 1 }],
  ['until NaN', { ...WAIT, until: Number.NaN }],
  ['until a text', { ...WAIT, until: String(WALL + 1000) }],
  ['with a delay, of an earlier version', { ...WAIT, until: undefined, delay: 1000 }],
  ['with failures beyond counting', { ...WAIT, failures: Infinity }],
  ['that is a list', [WAIT]],
  ['that is a number', WALL + 1000],
])('OW-17 a wait %s holds nobody', (_name, wait) => {
  expect(parseNews({ ...IN, wait }, 'b', WALL)).toEqual({
    register: REGISTER,
    ask: false,
    wait: undefined,
    shared: SHARED,
  })
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
])('OW-17 news that share %s share no token, and tell the rest', (_name, shared) => {
  expect(parseNews({ ...IN, shared }, 'b', WALL)).toEqual({
    register: REGISTER,
    ask: false,
    wait: undefined,
    shared: undefined,
  })
})

it('OW-17 whatever comes over the channel, reading it never throws and changes nothing', () => {
  const nearly = fc
    .tuple(
      news,
      fc.dictionary(
        fc.constantFrom('v', 'from', 'register', 'ask', 'wait', 'shared', '__proto__'),
        fc.anything(),
      ),
      fc.constantFrom('register', 'wait', 'shared'),
      fc.dictionary(fc.constantFrom('epoch', 'state', 'reason', 'until', 'triedAt', 'token'), fc.anything()),
    )
    .map(([said, changes, part, odd]) => {
      const whole: Record<string, unknown> = { ...wrap(said, 'a') }
      return { ...whole, [part]: { ...(whole[part] as object | undefined), ...odd }, ...changes }
    })
  fc.assert(
    fc.property(fc.oneof(fc.anything(), nearly), (data) => {
      const heard = parseNews(data, 'b', WALL)
      if (heard) expect(['in', 'out']).toContain(heard.register.state)
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
  for (const triedAt of [WALL + 1, NaN, 'x', '1', undefined, [1], { valueOf: 1, toString: 1 }])
    expect(parseNews({ ...IN, wait: { ...WAIT, triedAt } }, 'b', WALL)?.wait).toEqual(WAIT)
})
