/* The one form of what a browser knows of its sign-in, and what is read of the form before it. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isCount, isHandle } from '../../src/core/checks.js'
import { WHICHEVER } from '../../src/core/debts.js'
import {
  isKnown,
  parseRegister,
  readOld,
  readRegister,
  type Register,
  registerOf,
  serializeRegister,
} from '../../src/core/register.js'
import { INITIAL } from '../../src/core/state.js'
import { END_REASONS, type LogoutScope } from '../../src/core/types.js'
import { grantOf, loggedIn, LOGOUT, move, PURGED, run, signedIn, signedOut, START } from './support.js'

const WALL = 1_700_000_000_000

const REGISTER: Register = {
  epoch: [1_700_000_000_000, 'a'],
  state: 'in',
  follows: undefined,
  generation: 7,
  mode: 'token',
  sessionId: 's1',
  reason: 'none',
}

const handle = fc.string({ minLength: 1, maxLength: 256, unit: 'binary' })
const epoch = fc.tuple(fc.nat(), fc.string({ maxLength: 32, unit: 'binary' }))
const registers: fc.Arbitrary<Register> = fc.record({
  epoch,
  state: fc.constantFrom('in', 'out'),
  follows: fc.option(epoch, { nil: undefined }),
  generation: fc.nat(),
  mode: fc.constantFrom('token', 'session', undefined),
  sessionId: fc.option(handle, { nil: undefined }),
  reason: fc.constantFrom('none', ...END_REASONS),
})

it('R111 a register is read as it was written, and as it was said', () => {
  fc.assert(
    fc.property(registers, (register) => {
      expect(readRegister(serializeRegister(register), WALL)).toEqual(register)
      expect(parseRegister(structuredClone(register), WALL)).toEqual(register)
    }),
  )
})

it('R111 what a tab writes of its state is what it knows', () => {
  const renewed = { epoch: signedIn().epoch, state: 'in', generation: 1, mode: 'token', reason: 'none' }
  expect(registerOf(signedIn())).toMatchObject({ ...renewed, sessionId: 's-ann' })
  expect(registerOf(signedOut())).toMatchObject({ state: 'out', generation: 0, reason: 'logout' })
  // Whoever waits for the clean-up is signed in already.
  const waiting = run(signedOut(), (state) => loggedIn(state, grantOf('bob')))
  expect(registerOf(waiting)).toMatchObject({ state: 'in', sessionId: 's-bob', reason: 'none' })
  // A page that began behind the logout shows no reason, and still nobody who reads what it writes may go on.
  const later = run(INITIAL, () => ({ type: 'started', register: registerOf(signedOut()) }))
  expect(later.reason).toBe('none')
  expect(registerOf(later)).toEqual(registerOf(signedOut()))
  expect([isKnown(registerOf(INITIAL)), isKnown(registerOf(later))]).toEqual([false, true])
  for (const state of [
    signedIn(),
    signedOut(),
    waiting,
    later,
    move(waiting, PURGED)[0],
    move(later, LOGOUT)[0],
  ])
    expect(readRegister(serializeRegister(registerOf(state)), START)).toEqual(registerOf(state))
})

it('the longest handle a server can name comes through, whatever it is made of', () => {
  for (const letter of ['s', '"', '\\', '\u0000', '\ud800']) {
    const register = { ...REGISTER, sessionId: letter.repeat(512) }
    expect(readRegister(serializeRegister(register), WALL)).toEqual(register)
  }
})

/** Not one in storage of any version; the last ones not even over the channel. */
const STRANGE: [string, unknown][] = [
  ['no epoch', { ...REGISTER, epoch: undefined }],
  ['an epoch beyond all time', { ...REGISTER, epoch: [8.64e15, 'z'] }],
  ['no state', { ...REGISTER, state: undefined }],
  ['a state of its own', { ...REGISTER, state: 'admin' }],
  ['the state of the form before it', { ...REGISTER, state: 'logout-pending' }],
  ['no reason', { ...REGISTER, reason: undefined }],
  ['a reason nobody knows', { ...REGISTER, reason: 'because' }],
  ['a reason of Object.prototype', { ...REGISTER, reason: 'constructor' }],
  ['a reason that is no text', { ...REGISTER, reason: ['none'] }],
]

it.each<[string, string | null | undefined]>([
  ['nothing', null],
  ['storage that is not there', undefined],
  ['an empty text', ''],
  ['no JSON', '{"v":2'],
  ['a number', '2'],
  ['null', 'null'],
  ['an array', '[]'],
  ['no version', JSON.stringify(REGISTER)],
  ['the version before', JSON.stringify({ ...REGISTER, v: 1 })],
  ['another version', JSON.stringify({ ...REGISTER, v: 3 })],
  ['the version as a text', JSON.stringify({ ...REGISTER, v: '2' })],
  ['a state inherited', '{"v":2,"epoch":[1,"a"],"reason":"none","__proto__":{"state":"in"}}'],
  ['a text too long for one', JSON.stringify({ ...REGISTER, v: 2, more: 'x'.repeat(20_000) })],
  ...STRANGE.map(([name, value]): [string, string] => [name, JSON.stringify({ ...(value as object), v: 2 })]),
])('OW-18 %s is no register', (_name, text) => {
  expect(readRegister(text, WALL)).toBeUndefined()
})

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['a text', JSON.stringify(REGISTER)],
  ['an array', [REGISTER]],
  ['a map', new Map(Object.entries(REGISTER))],
  ...STRANGE,
])('OW-17 %s is none when it is said', (_name, value) => {
  expect(parseRegister(value, WALL)).toBeUndefined()
})

it('OW-18 what is odd inside a register falls to what does no harm', () => {
  const odd = {
    v: 2,
    epoch: [1, 'a'],
    state: 'out',
    follows: 'x',
    generation: -1,
    mode: 'root',
    sessionId: 5,
  }
  for (const reason of ['none', 'logout'])
    expect(readRegister(JSON.stringify({ ...odd, reason }), WALL)).toEqual({
      epoch: [1, 'a'],
      state: 'out',
      follows: undefined,
      generation: 0,
      mode: undefined,
      sessionId: undefined,
      reason,
    })
})

it('OW-18 unknown members are left out, and none of them gets into a prototype', () => {
  const text = `{"token":"secret","__proto__":{"polluted":true},${serializeRegister(REGISTER).slice(1)}`
  const register = readRegister(text, WALL)
  expect(register).toEqual(REGISTER)
  expect(Object.keys(register!).sort()).toEqual(Object.keys(REGISTER).sort())
  expect(Object.getPrototypeOf(register)).toBe(Object.prototype)
  expect('polluted' in {}).toBe(false)
})

const keys = [
  'v',
  'epoch',
  'state',
  'reason',
  'generation',
  'sessionId',
  'follows',
  'mode',
  'ending',
  'scope',
]
const nearly = (v: number) =>
  fc
    .tuple(registers, fc.dictionary(fc.constantFrom(...keys, '__proto__'), fc.jsonValue()))
    .map(([register, changes]) => JSON.stringify({ v, ...register, ...changes }))

function isFit(register: Register): void {
  expect(['in', 'out']).toContain(register.state)
  expect(['none', ...END_REASONS]).toContain(register.reason)
  expect(isCount(register.generation)).toBe(true)
  expect(register.sessionId === undefined || isHandle(register.sessionId)).toBe(true)
  // What was read can be written, and is the same to the next one who reads it.
  expect(readRegister(serializeRegister(register), WALL)).toEqual(register)
}

it('OW-18 whatever stands in storage, reading it never throws and gives a register or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), nearly(2)), (text) => {
      const register = readRegister(text, WALL)
      if (register) isFit(register)
    }),
  )
})

/** As the version before this one wrote it. */
const written = (register: Register, more: object = {}): string =>
  JSON.stringify({ v: 1, ...register, ending: [], scope: 'current', ...more })

it('R111 what the version before has left is read as it was written: who is signed in, or that nobody is', () => {
  fc.assert(
    fc.property(registers, (register) => {
      expect(readOld(written(register), WALL)).toEqual({ register, debts: [] })
    }),
  )
})

it('R111 R37 and so is each session that it has still to end, with its scope', () => {
  const ids = fc.uniqueArray(fc.oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.constant(WHICHEVER)))
  fc.assert(
    fc.property(registers, ids, fc.constantFrom<LogoutScope>('current', 'all'), (known, ending, scope) => {
      const text = written(known, { state: 'logout-pending', ending, scope })
      fc.pre(text.length <= 4096)
      const { epoch } = known
      expect(readOld(text, WALL)).toEqual({
        register: { ...known, state: 'out' },
        debts: ending.map((sessionId) => ({ sessionId, scope, epoch, isOwn: true })),
      })
    }),
  )
})

it.each<[string, string | null | undefined]>([
  ['nothing', null],
  ['storage that is not there', undefined],
  ['no JSON', '{"v":1'],
  ['an array', '[]'],
  ['a register of this version', serializeRegister(REGISTER)],
  ['no version', JSON.stringify(REGISTER)],
  ['a text too long for one', written(REGISTER, { more: 'x'.repeat(20_000) })],
  ...STRANGE.filter(([, value]) => (value as Register).state !== ('logout-pending' as string)).map(
    ([name, value]): [string, string] => [name, JSON.stringify({ ...(value as object), v: 1 })],
  ),
])('OW-18 %s is nothing that the version before has left', (_name, text) => {
  expect(readOld(text, WALL)).toBeUndefined()
})

it.each<[string, object]>([
  ['no list', { ending: 's1' }],
  ['none at all', { ending: undefined }],
  ['what are no ids', { ending: [5, null, ['s1'], { length: 1 }, 's'.repeat(513)] }],
  ['nobody is to be signed out', { state: 'out', ending: ['s1'] }],
  ['somebody is signed in', { state: 'in', ending: ['s1'] }],
])('OW-18 a list of the version before of which %s can be read owes nothing', (_name, more) => {
  expect(readOld(written(REGISTER, { state: 'logout-pending', ...more }), WALL)?.debts).toEqual([])
})

it('OW-18 whatever stands there, reading it never throws, and gives what can be written anew', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), nearly(1)), (text) => {
      const old = readOld(text, WALL)
      if (!old) return
      isFit(old.register)
      for (const { sessionId, scope, epoch } of old.debts) {
        expect(sessionId === WHICHEVER || isHandle(sessionId)).toBe(true)
        expect(['current', 'all']).toContain(scope)
        expect(epoch).toEqual(old.register.epoch)
      }
    }),
  )
})
