import { expect, it } from 'vitest'
import { isNewer, nextEpoch } from '../../src/core/epoch.js'
import type { ClientEvent, ClientState, Effect, Grant } from '../../src/core/state.js'
import type { Marker } from '../../src/core/marker.js'
import type { Message } from '../../src/core/messages.js'
import { WHICHEVER } from '../../src/core/pending-logout.js'
import { INITIAL } from '../../src/core/state.js'
import { writeMarker } from '../../src/core/telling.js'
import type { Epoch } from '../../src/core/types.js'
import {
  LOGOUT,
  PURGED,
  START,
  at,
  effectOf,
  elsewhere,
  fromSibling,
  grantOf,
  loggedIn,
  markerOf,
  messageIn,
  move,
  renewed,
  run,
  signedIn,
  signedOut,
  typesOf,
  underOf,
} from './support.js'

it('a login during the clean-up is durable at once: a reload finds it, not the logout before it', () => {
  const state = signedOut()
  const [waiting, effects] = move(state, loggedIn(state, grantOf('bob')))
  expect(waiting).toMatchObject({ phase: 'out', logout: undefined, sessionId: 's-bob' })
  expect(effectOf(effects, 'writeMarker')?.marker).toMatchObject({
    state: 'in',
    epoch: waiting.epoch,
    sessionId: 's-bob',
    generation: 1,
  })
})

it('a logout during the clean-up of a switch ends the session of the user who waits', () => {
  const state = run(signedIn(), (s) => loggedIn(s, grantOf('bob')))
  const [after, effects] = move(state, LOGOUT)
  expect(after).toMatchObject({
    phase: 'out',
    incoming: undefined,
    logout: { sessionIds: ['s-bob'], scope: 'current' },
  })
  expect(typesOf(effects)).not.toContain('end')
  expect(move(after, PURGED)[0].phase).toBe('out')
})

it('a switch of users ends, rejects and purges before the new identity is there', () => {
  const state = signedIn()
  const [waiting, effects] = move(state, renewed(state, grantOf('bob')))
  expect(typesOf(effects)).toEqual(['writeMarker', 'abandon', 'end', 'switched'])
  expect(effectOf(effects, 'end')).toMatchObject({ reason: 'user-switched', previous: { subject: 'ann' } })
  expect(waiting.identity).toBeUndefined()
  const [after, told] = move(waiting, PURGED)
  expect(after).toMatchObject({ phase: 'in', identity: { subject: 'bob' }, incoming: undefined })
  expect(typesOf(told)).toEqual(['writeMarker', 'post'])
})

it('R09 the answer of a refresh that a logout overtook changes nothing, and its session is ended', () => {
  const state = signedIn()
  const late = renewed(state, grantOf('ann', { token: 'late' }))
  const out = signedOut(state)
  const [after, effects] = move(out, late)
  expect(after).toBe(out)
  expect(typesOf(effects)).toEqual(['revoke'])
})

it('R09 the answer of a refresh that the login of somebody else overtook changes nothing, and its cookie is checked', () => {
  const state = signedIn()
  const late = renewed(state, grantOf('ann', { token: 'late' }))
  const bob = run(
    state,
    (s) => loggedIn(s, grantOf('bob')),
    () => PURGED,
  )
  expect(move(bob, late)).toEqual([bob, [{ type: 'repair' }]])
})

it('R36 a logout wipes first and speaks afterwards', () => {
  const [after, effects] = move(signedIn(), { type: 'logoutRequested', scope: 'all' })
  expect(after).toMatchObject({ phase: 'out', reason: 'logout', identity: undefined, credential: undefined })
  expect(after.logout).toEqual({ scope: 'all', sessionIds: ['s-ann'] })
  expect(typesOf(effects)).toEqual(['writeMarker', 'post', 'abandon', 'end'])
  expect(effectOf(effects, 'writeMarker')?.marker).toMatchObject({
    state: 'logout-pending',
    scope: 'all',
    sessionId: 's-ann',
    ending: ['s-ann'],
  })
  expect(effectOf(effects, 'post')?.message).toMatchObject({ type: 'out', reason: 'logout-elsewhere' })
})

it('a second logout neither forgets the session of the first nor narrows what it ends', () => {
  const first = move(signedIn(), { type: 'logoutRequested', scope: 'all' })[0]
  const [second, effects] = move(first, LOGOUT, at(6000))
  expect(second.logout).toEqual({ scope: 'all', sessionIds: ['s-ann'] })
  expect(effectOf(effects, 'writeMarker')?.marker).toMatchObject({ scope: 'all', ending: ['s-ann'] })
  const wider = move(signedOut(), { type: 'logoutRequested', scope: 'all' }, at(6000))[0]
  expect(wider.logout).toEqual({ scope: 'all', sessionIds: ['s-ann'] })
})

it('the sign-out of another tab does not make this one forget a logout it still has to deliver', () => {
  const state = signedOut()
  const epoch = nextEpoch(state.epoch, START + 4500, 'other')
  const message: ClientEvent = {
    type: 'received',
    message: { type: 'out', epoch, reason: 'logout-elsewhere', sessionId: 's-ann' },
    grant: undefined,
  }
  expect(move(state, message)[0]).toMatchObject({
    epoch,
    logout: { sessionIds: ['s-ann'], scope: 'current' },
  })
})

it('R37 two tabs that log out of two sessions at once end both, whichever epoch wins', () => {
  const state = signedOut()
  const epoch = nextEpoch(state.epoch, START + 4500, 'other')
  const parts = { state: 'logout-pending', sessionId: 's-bob', ending: ['s-bob'], scope: 'all' } as const
  const [after, effects] = move(state, { type: 'markerSeen', marker: markerOf(epoch, parts) })
  expect(after).toMatchObject({ epoch, logout: { sessionIds: ['s-ann', 's-bob'], scope: 'all' } })
  expect(typesOf(effects)).toEqual(['writeMarker', 'pending'])
  expect(effectOf(effects, 'writeMarker')?.marker).toMatchObject({ epoch, ending: ['s-ann', 's-bob'] })
})

it('R37 a tab that heard of a logout by a message learns from the marker that it is still to be delivered', () => {
  const heard = move(signedIn(), {
    type: 'received',
    message: { type: 'out', epoch: [START + 9000, 'x'], reason: 'logout-elsewhere', sessionId: 's-ann' },
    grant: undefined,
  })[0]
  expect(heard.logout).toBeUndefined()
  const marker = markerOf(heard.epoch, { state: 'logout-pending', ending: ['s-ann'] })
  const [after, effects] = move(heard, { type: 'markerSeen', marker })
  expect(after.logout).toEqual({ scope: 'current', sessionIds: ['s-ann'] })
  expect(typesOf(effects)).toContain('pending')
})

it('R37 of several sessions that are to be ended each is confirmed by itself', () => {
  const state = signedOut()
  const both: ClientState = { ...state, logout: { scope: 'current', sessionIds: ['s-ann', 's-bob'] } }
  const [one, effects] = move(both, { type: 'logoutConfirmed', epoch: both.epoch, sessionId: 's-ann' })
  expect(one.logout?.sessionIds).toEqual(['s-bob'])
  expect(effectOf(effects, 'writeMarker')?.marker).toMatchObject({
    state: 'logout-pending',
    ending: ['s-bob'],
  })
  // That whichever session the cookie stood for is ended says nothing about one that is named.
  expect(move(one, { type: 'logoutConfirmed', epoch: one.epoch, sessionId: WHICHEVER })[0]).toBe(one)
  // Another tab has delivered a part.
  const marker = markerOf(both.epoch, { state: 'logout-pending', ending: ['s-bob'] })
  expect(move(both, { type: 'markerSeen', marker })[0].logout?.sessionIds).toEqual(['s-bob'])
})

it('R09 a login whose answer nobody could read is ended by whoever can, unless somebody is signed in', () => {
  const state = move(signedOut(), {
    type: 'logoutConfirmed',
    epoch: signedOut().epoch,
    sessionId: 's-ann',
  })[0]
  const [after, effects] = move(state, { type: 'loginLost' })
  expect(after.logout).toEqual({ scope: 'current', sessionIds: [WHICHEVER] })
  expect(effectOf(effects, 'writeMarker')?.marker).toMatchObject({
    state: 'logout-pending',
    ending: [WHICHEVER],
  })
  expect(typesOf(effects)).toEqual(['writeMarker', 'pending'])
  const somebody = signedIn()
  expect(move(somebody, { type: 'loginLost' })).toEqual([somebody, [{ type: 'repair' }]])
  // Its id, learned later, is enough.
  const late = renewed(state, grantOf('bob'))
  expect(move(after, late)[0].logout?.sessionIds).toEqual(['s-bob'])
})

it('R50 a logout that is told again is as old as what it answers: whoever signed in meanwhile stays', () => {
  const state = signedOut()
  const [confirmed] = move(state, { type: 'logoutConfirmed', epoch: state.epoch, sessionId: 's-ann' })
  const revived = nextEpoch(confirmed.epoch, START + 5000, 'c')
  const login = nextEpoch(confirmed.epoch, START + 5100, 'd')
  const [told, effects] = move(confirmed, { type: 'markerSeen', marker: markerOf(revived) }, at(5200))
  expect(effectOf(effects, 'post')?.message).toMatchObject({ type: 'out', epoch: told.epoch })
  expect(isNewer(told.epoch, revived)).toBe(true)
  expect(isNewer(login, told.epoch)).toBe(true)
})

it('R37 a session whose logout is confirmed is over also while one without an id is still to be ended', () => {
  const state = signedOut()
  const [lost] = move(state, { type: 'loginLost' })
  const [left] = move(lost, { type: 'logoutConfirmed', epoch: lost.epoch, sessionId: 's-ann' })
  expect(left.logout?.sessionIds).toEqual([WHICHEVER])
  const marker = markerOf(nextEpoch(left.epoch, START + 1100, 'c'))
  const [told, effects] = move(left, { type: 'markerSeen', marker })
  expect(told).toMatchObject({ phase: 'out', logout: left.logout })
  expect(typesOf(effects)).toEqual(['writeMarker', 'post', 'pending'])
})

it('FIX-04 somebody else who is found by a credential of our own is told to the siblings, also where sessions have no id', () => {
  const nameless = (subject: string): Grant => {
    const { identity, credential } = grantOf(subject)
    return { identity: { ...identity, sessionId: undefined }, credential }
  }
  const ann = signedIn(0, nameless('ann'))
  // A sign-in that was overtaken: whose cookie came last is being asked.
  const asking: ClientState = { ...ann, resyncing: true }
  const [found] = move(asking, renewed(asking, nameless('bob')))
  expect(isNewer(found.epoch, ann.epoch)).toBe(true)
})

it('a logout that a sibling delivered is not delivered again', () => {
  const state = signedOut()
  const marker = markerOf(state.epoch, { state: 'out', reason: 'logout' })
  expect(move(state, { type: 'markerSeen', marker })[0].logout).toBeUndefined()
})

it('the confirmation of an earlier logout does not confirm a later one', () => {
  const first = signedOut()
  const [second] = move(first, LOGOUT, at(6000))
  const sessionId = 's-ann'
  expect(move(second, { type: 'logoutConfirmed', epoch: first.epoch, sessionId })[0]).toBe(second)
  const [confirmed, effects] = move(second, { type: 'logoutConfirmed', epoch: second.epoch, sessionId })
  expect(confirmed.logout).toBeUndefined()
  expect(effectOf(effects, 'writeMarker')?.marker.state).toBe('out')
})

it('R44 a visitor who was never signed in gets no end, a session that a marker named does', () => {
  const refused = (state: ClientState): ClientEvent => ({
    type: 'refused',
    reason: 'expired',
    status: 401,
    under: underOf(state),
    asked: START + 5000,
  })
  const [visitor, quiet] = move(INITIAL, refused(INITIAL))
  expect(visitor).toMatchObject({ phase: 'out', reason: 'none' })
  expect(typesOf(quiet)).toEqual(['writeMarker'])
  const known = move(INITIAL, { type: 'started', marker: markerOf([START, 'a']) })[0]
  const [ended, told] = move(known, refused(known))
  expect(ended).toMatchObject({ phase: 'out', reason: 'expired' })
  expect(effectOf(told, 'end')).toMatchObject({ reason: 'expired', status: 401 })
})

it('an old marker at the start does not undo a login that came before the start was done', () => {
  const state = signedIn()
  expect(move(state, { type: 'started', marker: markerOf([START + 9e9, 'z'], { state: 'out' }) })[0]).toBe(
    state,
  )
})

it('REV-05 a refusal ends the session with the reason the server gave', () => {
  const state = signedIn()
  const [after, effects] = move(state, {
    type: 'refused',
    reason: 'revoked',
    status: 401,
    under: underOf(state),
    asked: START + 5000,
  })
  expect(after).toMatchObject({ phase: 'out', reason: 'revoked' })
  const ended: Effect | undefined = effectOf(effects, 'end')
  expect(ended).toMatchObject({ reason: 'revoked', status: 401, previous: { subject: 'ann' } })
  expect(effectOf(effects, 'post')?.message).toMatchObject({ type: 'out', reason: 'revoked' })
})

const outElsewhere = (state: ClientState, sessionId: string | undefined): ClientEvent => ({
  type: 'received',
  message: {
    type: 'out',
    epoch: nextEpoch(state.epoch, START + 4500, 'other'),
    reason: 'logout-elsewhere',
    sessionId,
  },
  grant: undefined,
})

it('a logout elsewhere that named another session ends here, and ours is ended at the server by us', () => {
  const state = signedIn()
  const [same, quiet] = move(state, outElsewhere(state, 's-ann'))
  expect(same.phase).toBe('out')
  expect(typesOf(quiet)).not.toContain('revoke')
  for (const sessionId of ['s-other', undefined]) {
    const [after, effects] = move(state, outElsewhere(state, sessionId))
    expect(after).toMatchObject({ phase: 'out', reason: 'logout-elsewhere', credential: undefined })
    expect(effectOf(effects, 'revoke')?.grant).toEqual({
      identity: state.identity,
      credential: state.credential,
    })
  }
})

it('a tab that had not heard of a logout and restored its session is told again, and nobody is signed in', () => {
  const state = signedOut()
  const epoch = nextEpoch(state.epoch, START + 4500, 'other')
  const message = messageIn(epoch, 2, 's-ann')
  const [after, effects] = move(state, { type: 'received', message, grant: undefined })
  expect(after).toMatchObject({ phase: 'out', logout: { sessionIds: ['s-ann'] } })
  expect(isNewer(after.epoch, epoch)).toBe(true)
  expect(typesOf(effects)).toEqual(['writeMarker', 'post', 'pending'])
})

it('R38 a session that is logged out of does not come back because a tab that had not heard of it restored it', () => {
  const out = signedOut()
  const [state] = move(out, { type: 'logoutConfirmed', epoch: out.epoch, sessionId: 's-ann' })
  const epoch = nextEpoch(state.epoch, START + 4500, 'other')
  const [after, effects] = move(state, {
    type: 'received',
    message: messageIn(epoch, 2, 's-ann'),
    grant: undefined,
  })
  expect(after).toMatchObject({ phase: 'out', logout: undefined })
  expect(isNewer(after.epoch, epoch)).toBe(true)
  expect(typesOf(effects)).toEqual(['writeMarker', 'post'])
  const [other] = move(state, { type: 'received', message: messageIn(epoch, 2, 's-bob'), grant: undefined })
  expect(other).toMatchObject({ phase: 'unknown', resyncing: true })
})

it('R76 while the start asks although nobody is known to be signed in, only its answer ends that', () => {
  const out = move(INITIAL, { type: 'skipped' })[0]
  const [asking] = move(out, { type: 'asking', done: false })
  expect(asking).toMatchObject({ phase: 'out', asking: true })
  expect(move(asking, { type: 'asking', done: true })[0].asking).toBe(false)
  expect(move(asking, LOGOUT)[0].asking).toBe(false)
  expect(move(signedIn(), { type: 'asking', done: false })[0].asking).toBe(false)
})

it('R28 a refusal that a sibling has overtaken asks anew where nothing is known yet', () => {
  const [asking] = move(signedIn(), elsewhere(signedIn()))
  const under = { epoch: asking.epoch, generation: asking.generation }
  const [ahead] = move(asking, {
    type: 'markerSeen',
    marker: markerOf(asking.epoch, { generation: 5, sessionId: 's-new' }),
  })
  const refused: ClientEvent = { type: 'refused', reason: 'revoked', status: 401, under, asked: START }
  expect(move(ahead, refused)[1]).toEqual([{ type: 'resync' }])
  // Who holds a credential has no question.
  const [renewedState] = move(ahead, fromSibling(ahead, grantOf('ann', { generation: 5, issuedAt: 5000 })))
  expect(move(renewedState, refused)[1]).toEqual([])
})

it('R02 a refusal is as old as the question: whoever signed in while a page stood still stays, and tells it', () => {
  const before = signedIn()
  const login = nextEpoch(before.epoch, START + 5000, 'other')
  const asked = START + 4000
  const late: ClientEvent = { type: 'refused', reason: 'expired', status: 401, under: underOf(before), asked }
  const [after, effects] = move(before, late, at(300_000))
  expect(after.phase).toBe('out')
  expect(isNewer(login, after.epoch)).toBe(true)
  const { message } = effectOf(effects, 'post')!
  const sibling = { ...before, epoch: login }
  const [stays, answers] = move(sibling, { type: 'received', message, grant: undefined })
  expect(stays).toBe(sibling)
  expect(effectOf(answers, 'post')?.message).toMatchObject({ type: 'in', epoch: login })
})

const SIGNED_OUT = signedOut()

it.each([
  ['another tab logged out without naming it', ['told', 'confirmed']],
  ['its logout was confirmed behind that', ['confirmed', 'told']],
] as const)('R38 a session stays over though %s', (_name, order) => {
  const epoch = nextEpoch(SIGNED_OUT.epoch, START + 2000, 'b')
  const told: ClientEvent = {
    type: 'received',
    message: { type: 'out', epoch, reason: 'logout-elsewhere', sessionId: undefined },
    grant: undefined,
  }
  const state = order.reduce((state, step) => {
    const confirmed: ClientEvent = { type: 'logoutConfirmed', epoch: state.epoch, sessionId: 's-ann' }
    return move(state, step === 'told' ? told : confirmed)[0]
  }, SIGNED_OUT)
  expect(state.logout).toBeUndefined()
  const message = messageIn(nextEpoch(state.epoch, START + 9000, 'c'), 2, 's-ann')
  expect(move(state, { type: 'received', message, grant: undefined })[0].phase).toBe('out')
})

it.each([[['s-ann', 's2']], [['s2', 's-ann']]])(
  'R38 where two sessions were logged out of, each stays over, whichever is confirmed last: %s',
  (order) => {
    const before = signedIn()
    const late = {
      ...loggedIn(before, grantOf('ann', { sessionId: 's2' })),
      under: underOf(before),
    } as ClientEvent
    const [both] = move(SIGNED_OUT, late)
    expect(both.logout?.sessionIds).toEqual(['s-ann', 's2'])
    const state = order.reduce(
      (state, sessionId) => move(state, { type: 'logoutConfirmed', epoch: state.epoch, sessionId })[0],
      both,
    )
    expect(state.logout).toBeUndefined()
    for (const id of order) {
      const message = messageIn(nextEpoch(state.epoch, START + 9000, 'c'), 1, id)
      expect(move(state, { type: 'received', message, grant: undefined })[0].phase).toBe('out')
    }
  },
)

it('R43 a logout behind a refusal in another tab is for whichever session there is by then', () => {
  const state = signedIn()
  const epoch = nextEpoch(state.epoch, START + 1000, 'b')
  const message: Message = { type: 'out', epoch, reason: 'revoked', sessionId: undefined }
  const [out] = move(state, { type: 'received', message, grant: undefined })
  const [left] = move(out, { type: 'logoutRequested', scope: 'all' })
  expect(left.logout).toEqual({ scope: 'all', sessionIds: [WHICHEVER] })
})

it('R02 who signs in while the clean-up of a logout runs is not taken for over when he is refused later', () => {
  const [out] = move(signedIn(), LOGOUT, at(1000))
  expect(out.purging).toBe(true)
  const login = loggedIn(out, grantOf('ann', { sessionId: 's2', issuedAt: 2000 }))
  const [back] = move(move(out, login, at(2000))[0], PURGED, at(3000))
  const asked = START + 4000
  const refused: ClientEvent = {
    type: 'refused',
    reason: 'expired',
    status: 401,
    under: underOf(back),
    asked,
  }
  const [ended] = move(move(back, refused, at(4100))[0], PURGED, at(4200))
  const old = messageIn(back.epoch, 2, 's2')
  expect(typesOf(move(ended, { type: 'received', message: old, grant: undefined })[1])).toEqual(['repair'])
  const ahead = messageIn(nextEpoch(ended.epoch, START + 6000, 'z'), 1, 's2')
  expect(move(ended, { type: 'received', message: ahead, grant: undefined })[0].phase).toBe('unknown')
})

it('R02 late news of the session before do not end who has signed in since and waits for the clean-up', () => {
  const first = signedIn()
  const [out] = move(first, LOGOUT, at(1000))
  const [waiting] = move(out, loggedIn(out, grantOf('ann', { sessionId: 's2', issuedAt: 2000 })), at(2000))
  expect(waiting.incoming).toBeDefined()
  const told = (epoch: Epoch): ClientEvent => ({
    type: 'received',
    message: messageIn(epoch, 1, 's-ann'),
    grant: undefined,
  })
  expect(effectOf(move(waiting, told(first.epoch))[1], 'post')).toBeUndefined()
  const ahead = nextEpoch(waiting.epoch, START + 2500, 'z')
  expect(typesOf(move(waiting, told(ahead))[1])).toEqual(['resync'])
})

it('R37 R26 two tabs agree on a logout also where the one that knows of it began after it and the storage was emptied', () => {
  const [left] = move(signedIn(), LOGOUT, at(1000))
  const marker = effectOf(move(left, delivered(left))[1], 'writeMarker')!.marker
  let out = run(INITIAL, () => ({ type: 'started', marker }))
  expect(out).toMatchObject({ phase: 'out', reason: 'none' })
  // Somebody's page stood still with a login that brought that very session, and nothing stored tells it of the logout.
  let alive = signedIn(2000)
  const told = (from: readonly Effect[]): ClientEvent[] =>
    from.flatMap((effect) => (effect.type === 'writeMarker' ? seen(effect.marker) : []))
  let news = seen(markerOf(alive.epoch))
  let turns = 0
  for (; news.length > 0 && turns < 20; turns++) {
    const [here, said] = move(out, news[0]!, at(5000 + turns))
    out = here
    const [there] = told(said)
    alive = there ? move(alive, there, at(5000 + turns))[0] : alive
    news = isNewer(alive.epoch, out.epoch) ? seen(markerOf(alive.epoch)) : []
  }
  expect(turns).toBe(1)
  expect([out.phase, alive.phase]).toEqual(['out', 'out'])
})

it('R37 a marker written on the way says of no logout that its own state does not know of', () => {
  const [nobody] = move(INITIAL, { type: 'skipped' }, at(0))
  const [lost] = move(nobody, { type: 'loginLost', sessionId: 's1' }, at(10))
  const epoch = nextEpoch(lost.epoch, START + 1000, 'x')
  const marker = markerOf(epoch, { state: 'out', generation: 0, sessionId: undefined })
  const [next, effects] = move(lost, { type: 'markerSeen', marker }, at(1100))
  expect(next).toMatchObject({ loggedOut: undefined, reason: 'none' })
  expect(effectOf(effects, 'writeMarker')?.marker.reason).toBe('none')
})

it('R26 two tabs that know of more to end than the marker holds agree on what it says', () => {
  const [out] = move(signedIn(), LOGOUT, at(1000))
  const pending = (...sessionIds: string[]) => ({ scope: 'current' as const, sessionIds })
  const tabs = [
    { ...out, logout: pending('a', 'b', 'c', 'd') },
    { ...out, logout: pending('e', 'a', 'b', 'c') },
  ]
  let marker: Marker | undefined = effectOf([writeMarker(tabs[1]!)], 'writeMarker')!.marker
  let turns = 0
  for (; marker && turns < 20; turns++) {
    const [next, effects] = move(tabs[turns % 2]!, { type: 'markerSeen', marker }, at(2000 + turns))
    Object.assign(tabs, { [turns % 2]: next })
    marker = effectOf(effects, 'writeMarker')?.marker
  }
  expect(turns).toBeLessThan(3)
  expect(tabs[0]!.logout).toEqual(tabs[1]!.logout)
})

it('R43 such a list narrows no logout of all sessions', () => {
  const [out] = move(signedIn(), { type: 'logoutRequested', scope: 'all' }, at(1000))
  const ending = ['a', 'b', 'c', 'd']
  const marker = markerOf(out.epoch, { state: 'logout-pending', ending, reason: 'logout' })
  expect(move(out, { type: 'markerSeen', marker })[0].logout).toEqual({ scope: 'all', sessionIds: ending })
})

const delivered = ({ epoch }: ClientState): ClientEvent => ({
  type: 'logoutConfirmed',
  epoch,
  sessionId: 's-ann',
})
const seen = (marker: Marker): ClientEvent[] => [{ type: 'markerSeen', marker }]
