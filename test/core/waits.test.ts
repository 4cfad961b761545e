import { expect, it } from 'vitest'
import { nextEpoch } from '../../src/core/epoch.js'
import type { Register } from '../../src/core/register.js'
import type { ClientEvent, ClientState } from '../../src/core/state.js'
import { isLooping, waitLeft } from '../../src/core/waits.js'
import {
  START,
  at,
  grantOf,
  knownOf,
  move,
  outOf,
  renewed,
  signedIn,
  signedOut,
  stores,
  typesOf,
} from './support.js'

it('R17 three tokens in a row that did not live half their time open the breaker, for ten seconds', () => {
  const stale = (state: ClientState, milliseconds: number) =>
    move(state, renewed(state, grantOf('ann', { lifetime: 0, issuedAt: milliseconds })), at(milliseconds))[0]
  let state = signedIn(0, grantOf('ann', { lifetime: 0 }))
  expect(isLooping(state, at(0))).toBe(false)
  state = stale(state, 1000)
  expect(isLooping(state, at(1000))).toBe(false)
  state = stale(state, 2000)
  expect(isLooping(state, at(2000))).toBe(true)
  expect(isLooping(state, at(9999))).toBe(true)
  expect(isLooping(state, at(10_000))).toBe(false)
})

it('R17 tokens that live their time do not open it, however short that is', () => {
  let state = signedIn(0, grantOf('ann', { lifetime: 1000 }))
  for (let second = 1; second <= 20; second++) {
    const grant = grantOf('ann', { lifetime: 1000, issuedAt: second * 1000 })
    state = move(state, renewed(state, grant), at(second * 1000))[0]
    expect(isLooping(state, at(second * 1000))).toBe(false)
  }
})

it('R17 a sign-in elsewhere closes the breaker: it is another session, and nobody would ask for it again', () => {
  const stale = (state: ClientState) => move(state, renewed(state, grantOf('ann', { lifetime: 0 })))[0]
  const looping = stale(stale(signedIn(0, grantOf('ann', { lifetime: 0 }))))
  expect(isLooping(looping, at(5000))).toBe(true)
  const register = knownOf([START + 6000, 'other'], { sessionId: 's-2' })
  const [state, effects] = move(looping, stores(register))
  expect(typesOf(effects)).toContain('resync')
  expect(isLooping(state, at(5000))).toBe(false)
})

const failed = (delay: number, mandated = false, offline = false): ClientEvent => ({
  type: 'indeterminate',
  offline,
  delay,
  mandated,
})

it('R13 a wait ends with either clock, so that sleep ends it and a clock set back does not prolong it', () => {
  const [state] = move(signedIn(), failed(30_000), at(1000))
  expect(waitLeft(state, at(1000))).toBe(30_000)
  expect(waitLeft(state, at(31_000))).toBe(0)
  expect(waitLeft(state, { ...at(1000), wall: START + 40_000 })).toBe(0)
  expect(waitLeft(state, { ...at(31_000), wall: START - 86_400_000 })).toBe(0)
})

it('R13 a wait the server asked for outlives the signal that the network is back, our own does not', () => {
  const [ours] = move(signedIn(), failed(30_000), at(1000))
  expect(waitLeft(move(ours, { type: 'retryNow' })[0], at(2000))).toBe(0)
  const [asked] = move(signedIn(), failed(30_000, true), at(1000))
  expect(waitLeft(move(asked, { type: 'retryNow' })[0], at(2000))).toBe(29_000)
})

it('R13 a failure of our own does not shorten the wait that a sibling was told to keep meanwhile', () => {
  const state = signedIn()
  const [told] = move(state, wait(state, 20_000), at(0))
  const [failure, effects] = move(told, failed(1000), at(2000))
  expect(waitLeft(failure, at(2000))).toBe(18_000)
  expect(failure.mandated).toBe(true)
  expect(effects).toMatchObject([{ news: { wait: { until: START + 20_000, mandated: true } } }])
  expect(waitLeft(move(told, failed(60_000), at(2000))[0], at(2000))).toBe(60_000)
})

const waits = (register: Register, delay: number, triedAt = START): ClientEvent => ({
  type: 'heard',
  register,
  said: true,
  wait: { until: START + delay, failures: 4, mandated: true, triedAt },
})

const wait = ({ epoch, generation }: ClientState, delay: number): ClientEvent =>
  waits(knownOf(epoch, { generation }), delay)

it('R104 a shorter wait of another tab tells when somebody tried last', () => {
  const [own] = move(signedIn(), failed(60_000), at(0))
  const triedAt = START + 10_000
  const [told] = move(own, waits(knownOf(own.epoch), 40_000, triedAt), at(10_000))
  expect(told.triedAt).toBe(triedAt)
  expect(waitLeft(told, at(10_000))).toBe(50_000)
})

it('R28 a wait that comes late or twice ends when it was to end, and one from before a success is over', () => {
  const state = signedIn()
  const [waiting] = move(state, wait(state, 20_000), at(15_000))
  expect(waitLeft(waiting, at(15_000))).toBe(5000)
  expect(move(waiting, wait(state, 20_000), at(18_000))[0]).toBe(waiting)
  const [after] = move(waiting, renewed(state, grantOf('ann')), at(18_000))
  expect(move(after, wait(state, 20_000), at(18_000))[0]).toBe(after)
})

it('R13 R111 a wait of another epoch, older or newer, changes nothing: neither who waits nor who is signed in', () => {
  const state = signedIn(1000)
  const older = [START, 'x'] as const
  const newer = nextEpoch(state.epoch, START + 4500, 'x')
  for (const epoch of [older, newer])
    for (const register of [knownOf(epoch, { generation: 9 }), outOf(epoch)])
      for (const before of [state, signedOut(state, 3000), move(state, failed(1000))[0]]) {
        const [after, effects] = move(before, waits(register, 20_000))
        expect(after).toBe(before)
        expect(effects).toEqual([])
      }
})

it('R13 the wait of a sibling counts here, and never shortens one of ours', () => {
  const state = signedIn()
  const [waiting] = move(state, wait(state, 20_000), at(0))
  expect(waiting).toMatchObject({ failures: 4, mandated: true })
  expect(waitLeft(waiting, at(0))).toBe(20_000)
  expect(waitLeft(move(waiting, wait(waiting, 5000), at(0))[0], at(0))).toBe(20_000)
})

it('R13 the wait of a sibling counts also after somebody set the clock back', () => {
  const [state] = move(signedIn(), failed(30_000), at(1000))
  const back = { ...at(60_000), wall: START - 7_200_000 }
  const heard = wait(state, -7_200_000 + 5000)
  expect(waitLeft(state, back)).toBe(0)
  expect(waitLeft(move(state, heard, back)[0], back)).toBe(5000)
})

it('a success ends the back-off and the fault', () => {
  const [state] = move(signedIn(), failed(30_000, false, true))
  expect(state).toMatchObject({ connection: 'offline', failures: 1 })
  const [after] = move(state, renewed(state, grantOf('ann')))
  expect(after).toMatchObject({ connection: 'ok', failures: 0, retryAt: undefined, mandated: false })
})
