import { expect, it } from 'vitest'
import { isNewer, nextEpoch } from '../../src/core/epoch.js'
import type { ClientEvent, ClientState, Effect, Grant } from '../../src/core/state.js'
import { WHICHEVER } from '../../src/core/debts.js'
import type { Register } from '../../src/core/register.js'
import { INITIAL } from '../../src/core/state.js'
import { write } from '../../src/core/telling.js'
import type { Epoch } from '../../src/core/types.js'
import {
  LOGOUT,
  PURGED,
  START,
  at,
  debtsSeen,
  effectOf,
  elsewhere,
  fromSibling,
  grantOf,
  loggedIn,
  knownOf,
  outOf,
  says,
  stores,
  move,
  owedBy,
  renewed,
  rowOf,
  rowsOf,
  run,
  signedIn,
  signedOut,
  typesOf,
  underOf,
} from './support.js'

it('a login during the clean-up is durable at once: a reload finds it, not the logout before it', () => {
  const state = signedOut()
  const [waiting, effects] = move(state, loggedIn(state, grantOf('bob')))
  expect(waiting).toMatchObject({ phase: 'out', debts: [], sessionId: 's-bob' })
  expect(effectOf(effects, 'writeRegister')?.register).toMatchObject({
    state: 'in',
    epoch: waiting.epoch,
    sessionId: 's-bob',
    generation: 1,
  })
})

it('a logout during the clean-up of a switch ends the session of the user who waits', () => {
  const state = run(signedIn(), (s) => loggedIn(s, grantOf('bob')))
  const [after, effects] = move(state, LOGOUT)
  expect(after).toMatchObject({ phase: 'out', incoming: undefined })
  expect(owedBy(after)).toEqual([['s-bob', 'current']])
  expect(typesOf(effects)).not.toContain('end')
  expect(move(after, PURGED)[0].phase).toBe('out')
})

it('a switch of users ends, rejects and purges before the new identity is there', () => {
  const state = signedIn()
  const [waiting, effects] = move(state, renewed(state, grantOf('bob')))
  expect(typesOf(effects)).toEqual(['writeRegister', 'abandon', 'end', 'switched'])
  expect(effectOf(effects, 'end')).toMatchObject({ reason: 'user-switched', previous: { subject: 'ann' } })
  expect(waiting.identity).toBeUndefined()
  const [after, told] = move(waiting, PURGED)
  expect(after).toMatchObject({ phase: 'in', identity: { subject: 'bob' }, incoming: undefined })
  expect(typesOf(told)).toEqual(['writeRegister', 'post'])
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
  expect(owedBy(after)).toEqual([['s-ann', 'all']])
  expect(typesOf(effects)).toEqual(['writeDebt', 'writeRegister', 'post', 'abandon', 'end'])
  expect(rowsOf(effects)).toEqual({ 's-ann': 'all' })
  expect(effectOf(effects, 'writeRegister')?.register).toMatchObject({ state: 'out', sessionId: 's-ann' })
  expect(effectOf(effects, 'post')?.news.register).toMatchObject({ state: 'out', reason: 'logout' })
})

it('a second logout neither forgets the session of the first nor narrows what it ends', () => {
  const first = move(signedIn(), { type: 'logoutRequested', scope: 'all' })[0]
  const [second, effects] = move(first, LOGOUT, at(6000))
  expect(owedBy(second)).toEqual([['s-ann', 'all']])
  expect(rowsOf(effects)).toEqual({ 's-ann': 'all' })
  const wider = move(signedOut(), { type: 'logoutRequested', scope: 'all' }, at(6000))[0]
  expect(owedBy(wider)).toEqual([['s-ann', 'all']])
})

it('the sign-out of another tab does not make this one forget a logout it still has to deliver', () => {
  const state = signedOut()
  const epoch = nextEpoch(state.epoch, START + 4500, 'other')
  const [after] = move(state, says(outOf(epoch)))
  expect(after.epoch).toEqual(epoch)
  expect(owedBy(after)).toEqual([['s-ann', 'current']])
})

it('R37 two tabs that log out of two sessions at once end both, whichever epoch wins', () => {
  const state = signedOut()
  const epoch = nextEpoch(state.epoch, START + 4500, 'other')
  const register = outOf(epoch, { sessionId: 's-bob' })
  const [told, effects] = move(state, stores(register))
  const rows = [rowOf('s-ann', state.epoch), rowOf('s-bob', epoch, 'all')]
  const [after, owing] = move(told, debtsSeen(...rows))
  expect(after.epoch).toEqual(epoch)
  expect(owedBy(after)).toEqual([
    ['s-ann', 'current'],
    ['s-bob', 'all'],
  ])
  // Neither of them writes down what the other one owes.
  expect(typesOf([...effects, ...owing])).toEqual(['pending', 'pending'])
})

it('R37 a tab that heard of a logout over the channel learns from its row that it is still to be delivered', () => {
  const heard = move(signedIn(), says(outOf([START + 9000, 'x'])))[0]
  expect(heard.debts).toEqual([])
  const [after, effects] = move(heard, debtsSeen(rowOf('s-ann', heard.epoch)))
  expect(owedBy(after)).toEqual([['s-ann', 'current']])
  expect(typesOf(effects)).toContain('pending')
})

it('R37 of several sessions that are to be ended each is confirmed by itself', () => {
  const state = signedOut()
  const [both] = move(state, debtsSeen(rowOf('s-ann', state.epoch), rowOf('s-bob', state.epoch)))
  const [one, effects] = move(both, { type: 'logoutConfirmed', epoch: both.epoch, sessionId: 's-ann' })
  expect(owedBy(one)).toEqual([['s-bob', 'current']])
  expect(rowsOf(effects)).toEqual({ 's-ann': undefined })
  // That whichever session the cookie stood for is ended says nothing about one that is named.
  expect(move(one, { type: 'logoutConfirmed', epoch: one.epoch, sessionId: WHICHEVER })[0]).toBe(one)
  // Another tab has delivered its part.
  const [left] = move(both, debtsSeen(rowOf('s-ann', state.epoch)))
  expect(owedBy(left)).toEqual([['s-ann', 'current']])
})

it('R09 a login whose answer nobody could read is ended by whoever can, unless somebody is signed in', () => {
  const state = move(signedOut(), {
    type: 'logoutConfirmed',
    epoch: signedOut().epoch,
    sessionId: 's-ann',
  })[0]
  const [after, effects] = move(state, { type: 'loginLost' })
  expect(owedBy(after)).toEqual([[WHICHEVER, 'current']])
  expect(rowsOf(effects)).toEqual({ [WHICHEVER]: 'current' })
  expect(typesOf(effects)).toEqual(['writeDebt', 'writeRegister', 'pending'])
  const somebody = signedIn()
  expect(move(somebody, { type: 'loginLost' })).toEqual([somebody, [{ type: 'repair' }]])
  // Its id, learned later, is enough.
  const late = renewed(state, grantOf('bob'))
  expect(owedBy(move(after, late)[0])).toEqual([['s-bob', 'current']])
  expect(rowsOf(move(after, late)[1])).toEqual({ [WHICHEVER]: undefined, 's-bob': 'current' })
})

it('R50 a logout that is told again is as old as what it answers: whoever signed in meanwhile stays', () => {
  const state = signedOut()
  const [confirmed] = move(state, { type: 'logoutConfirmed', epoch: state.epoch, sessionId: 's-ann' })
  const revived = nextEpoch(confirmed.epoch, START + 5000, 'c')
  const login = nextEpoch(confirmed.epoch, START + 5100, 'd')
  const [told, effects] = move(confirmed, stores(knownOf(revived)), at(5200))
  expect(effectOf(effects, 'post')?.news.register).toMatchObject({ state: 'out', epoch: told.epoch })
  expect(isNewer(told.epoch, revived)).toBe(true)
  expect(isNewer(login, told.epoch)).toBe(true)
})

it('R37 a session whose logout is confirmed is over also while one without an id is still to be ended', () => {
  const state = signedOut()
  const [lost] = move(state, { type: 'loginLost' })
  const [left] = move(lost, { type: 'logoutConfirmed', epoch: lost.epoch, sessionId: 's-ann' })
  expect(owedBy(left)).toEqual([[WHICHEVER, 'current']])
  const register = knownOf(nextEpoch(left.epoch, START + 1100, 'c'))
  const [told, effects] = move(left, stores(register))
  expect(told.phase).toBe('out')
  // For the epoch that is told now: nobody has signed in meanwhile.
  expect(told.debts).toEqual([{ ...left.debts[0], epoch: told.epoch }])
  expect(effectOf(effects, 'writeDebt')?.debt).toEqual(told.debts[0])
  expect(typesOf(effects)).toEqual(['writeDebt', 'writeRegister', 'post'])
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
  const heard = run(signedIn(), (s) => outElsewhere(s, 's-ann'))
  const [owing] = move(heard, debtsSeen(rowOf('s-ann', heard.epoch), rowOf(WHICHEVER, heard.epoch)))
  expect(owing.debts).toHaveLength(2)
  const [done, effects] = move(owing, debtsSeen())
  expect([done.debts, effects]).toEqual([[], []])
})

it('the confirmation of an earlier logout does not confirm a later one', () => {
  const first = signedOut()
  const [second] = move(first, LOGOUT, at(6000))
  const sessionId = 's-ann'
  expect(move(second, { type: 'logoutConfirmed', epoch: first.epoch, sessionId })[0]).toBe(second)
  const [confirmed, effects] = move(second, { type: 'logoutConfirmed', epoch: second.epoch, sessionId })
  expect(confirmed.debts).toEqual([])
  expect(effects).toEqual([{ type: 'writeDebt', sessionId }])
})

it('R44 a visitor who was never signed in gets no end, a session that the register named does', () => {
  const refused = (state: ClientState): ClientEvent => ({
    type: 'refused',
    reason: 'expired',
    status: 401,
    under: underOf(state),
    asked: START + 5000,
  })
  const [visitor, quiet] = move(INITIAL, refused(INITIAL))
  expect(visitor).toMatchObject({ phase: 'out', reason: 'none' })
  expect(typesOf(quiet)).toEqual(['writeRegister'])
  const known = move(INITIAL, { type: 'started', register: knownOf([START, 'a']) })[0]
  const [ended, told] = move(known, refused(known))
  expect(ended).toMatchObject({ phase: 'out', reason: 'expired' })
  expect(effectOf(told, 'end')).toMatchObject({ reason: 'expired', status: 401 })
})

it('an old register at the start does not undo a login that came before the start was done', () => {
  const state = signedIn()
  expect(move(state, { type: 'started', register: knownOf([START + 9e9, 'z'], { state: 'out' }) })[0]).toBe(
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
  expect(effectOf(effects, 'post')?.news.register).toMatchObject({ state: 'out', reason: 'revoked' })
})

const outElsewhere = (state: ClientState, sessionId: string | undefined): ClientEvent =>
  says(outOf(nextEpoch(state.epoch, START + 4500, 'other'), { sessionId }))

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
  const register = knownOf(epoch, { generation: 2 })
  const [after, effects] = move(state, says(register))
  expect(after.phase).toBe('out')
  expect(owedBy(after)).toEqual([['s-ann', 'current']])
  expect(isNewer(after.epoch, epoch)).toBe(true)
  expect(typesOf(effects)).toEqual(['writeRegister', 'post'])
})

it('R38 a session that is logged out of does not come back because a tab that had not heard of it restored it', () => {
  const out = signedOut()
  const [state] = move(out, { type: 'logoutConfirmed', epoch: out.epoch, sessionId: 's-ann' })
  const epoch = nextEpoch(state.epoch, START + 4500, 'other')
  const [after, effects] = move(state, says(knownOf(epoch, { generation: 2 })))
  expect(after).toMatchObject({ phase: 'out', debts: [] })
  expect(isNewer(after.epoch, epoch)).toBe(true)
  expect(typesOf(effects)).toEqual(['writeRegister', 'post'])
  const [other] = move(state, says(knownOf(epoch, { generation: 2, sessionId: 's-bob' })))
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
  const [ahead] = move(asking, stores(knownOf(asking.epoch, { generation: 5, sessionId: 's-new' })))
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
  const { register } = effectOf(effects, 'post')!.news
  const sibling = { ...before, epoch: login }
  const [stays, answers] = move(sibling, says(register))
  expect(stays).toBe(sibling)
  expect(effectOf(answers, 'post')?.news.register).toMatchObject({ state: 'in', epoch: login })
})

const SIGNED_OUT = signedOut()

it.each([
  ['another tab logged out without naming it', ['told', 'confirmed']],
  ['its logout was confirmed behind that', ['confirmed', 'told']],
] as const)('R38 a session stays over though %s', (_name, order) => {
  const epoch = nextEpoch(SIGNED_OUT.epoch, START + 2000, 'b')
  const told: ClientEvent = says(outOf(epoch, { sessionId: undefined }))
  const state = order.reduce((state, step) => {
    const confirmed: ClientEvent = { type: 'logoutConfirmed', epoch: state.epoch, sessionId: 's-ann' }
    return move(state, step === 'told' ? told : confirmed)[0]
  }, SIGNED_OUT)
  expect(state.debts).toEqual([])
  const register = knownOf(nextEpoch(state.epoch, START + 9000, 'c'), { generation: 2 })
  expect(move(state, says(register))[0].phase).toBe('out')
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
    expect(owedBy(both).map(([id]) => id)).toEqual(['s-ann', 's2'])
    const state = order.reduce(
      (state, sessionId) => move(state, { type: 'logoutConfirmed', epoch: state.epoch, sessionId })[0],
      both,
    )
    expect(state.debts).toEqual([])
    for (const id of order) {
      const register = knownOf(nextEpoch(state.epoch, START + 9000, 'c'), { sessionId: id })
      expect(move(state, says(register))[0].phase).toBe('out')
    }
  },
)

it('R43 a logout behind a refusal in another tab is for whichever session there is by then', () => {
  const state = signedIn()
  const epoch = nextEpoch(state.epoch, START + 1000, 'b')
  const register = outOf(epoch, { reason: 'revoked', sessionId: undefined })
  const [out] = move(state, says(register))
  const [left] = move(out, { type: 'logoutRequested', scope: 'all' })
  expect(owedBy(left)).toEqual([[WHICHEVER, 'all']])
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
  const old = knownOf(back.epoch, { generation: 2, sessionId: 's2' })
  expect(typesOf(move(ended, says(old))[1])).toEqual(['repair'])
  const ahead = knownOf(nextEpoch(ended.epoch, START + 6000, 'z'), { sessionId: 's2' })
  expect(move(ended, says(ahead))[0].phase).toBe('unknown')
})

it('R02 late news of the session before do not end who has signed in since and waits for the clean-up', () => {
  const first = signedIn()
  const [out] = move(first, LOGOUT, at(1000))
  const [waiting] = move(out, loggedIn(out, grantOf('ann', { sessionId: 's2', issuedAt: 2000 })), at(2000))
  expect(waiting.incoming).toBeDefined()
  const told = (epoch: Epoch): ClientEvent => says(knownOf(epoch))
  expect(effectOf(move(waiting, told(first.epoch))[1], 'post')).toBeUndefined()
  const ahead = nextEpoch(waiting.epoch, START + 2500, 'z')
  expect(typesOf(move(waiting, told(ahead))[1])).toEqual(['resync'])
})

it('R37 R26 two tabs agree on a logout also where the one that knows of it began after it and the storage was emptied', () => {
  const [left] = move(signedIn(), LOGOUT, at(1000))
  expect(move(left, delivered(left))[0].debts).toEqual([])
  const { register } = effectOf([write(left)], 'writeRegister')!
  let out = run(INITIAL, () => ({ type: 'started', register }))
  expect(out).toMatchObject({ phase: 'out', reason: 'none' })
  // Somebody's page stood still with a login that brought that very session, and nothing stored tells it of the logout.
  let alive = signedIn(2000)
  const told = (from: readonly Effect[]): ClientEvent[] =>
    from.flatMap((effect) => (effect.type === 'writeRegister' ? seen(effect.register) : []))
  let news = seen(knownOf(alive.epoch))
  let turns = 0
  for (; news.length > 0 && turns < 20; turns++) {
    const [here, said] = move(out, news[0]!, at(5000 + turns))
    out = here
    const [there] = told(said)
    alive = there ? move(alive, there, at(5000 + turns))[0] : alive
    news = isNewer(alive.epoch, out.epoch) ? seen(knownOf(alive.epoch)) : []
  }
  expect(turns).toBe(1)
  expect([out.phase, alive.phase]).toEqual(['out', 'out'])
})

it('R37 a register written on the way says of no logout that its own state does not know of', () => {
  const [nobody] = move(INITIAL, { type: 'skipped' }, at(0))
  const [lost] = move(nobody, { type: 'loginLost', sessionId: 's1' }, at(10))
  const epoch = nextEpoch(lost.epoch, START + 1000, 'x')
  const register = knownOf(epoch, { state: 'out', generation: 0, sessionId: undefined })
  const [next, effects] = move(lost, stores(register), at(1100))
  expect(next).toMatchObject({ loggedOut: undefined, reason: 'none' })
  expect(effectOf(effects, 'writeRegister')).toBeUndefined()
  const [again, written] = move(next, { type: 'loginLost', sessionId: 's2' }, at(1200))
  expect(again.debts).toHaveLength(2)
  expect(effectOf(written, 'writeRegister')?.register.reason).toBe('none')
})

it('R26 R110 two tabs that owe several sessions agree, and neither touches a row of the other', () => {
  const [out] = move(signedIn(), LOGOUT, at(1000))
  const ours = ['a', 'b', 'c', 'd'].reduce((state, id) => move(state, lost(id), at(1100))[0], out)
  const theirs = ['e', 'a', 'b', 'f'].reduce((state, id) => move(state, lost(id), at(1200))[0], out)
  const rows = [...ours.debts, ...theirs.debts].map((debt) => ({ ...debt, isOwn: false }))
  const [ourView, written] = move(ours, debtsSeen(...rows))
  const [theirView, theirWritten] = move(theirs, debtsSeen(...rows))
  expect(typesOf([...written, ...theirWritten])).toEqual(['pending', 'pending'])
  expect(owedBy(ourView)).toEqual(owedBy(theirView))
  expect(
    owedBy(ourView)
      .map(([id]) => id)
      .sort(),
  ).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 's-ann'])
})

it('R43 R110 a row narrows no logout of all sessions, and none is narrowed by a later logout', () => {
  const [out] = move(signedIn(), { type: 'logoutRequested', scope: 'all' }, at(1000))
  expect(owedBy(move(out, debtsSeen(rowOf('s-ann', out.epoch)))[0])).toEqual([['s-ann', 'all']])
  const heard = run(signedIn(), (s) => outElsewhere(s, 's-ann'))
  const [wide] = move(heard, debtsSeen(rowOf('s-ann', heard.epoch, 'all')))
  const [again, effects] = move(wide, LOGOUT, at(9000))
  expect(owedBy(again)).toEqual([['s-ann', 'all']])
  expect(rowsOf(effects)).toEqual({ 's-ann': 'all' })
})

it('R110 at most eight are owed, and the oldest gives way: of those a tab makes, and of those it sees', () => {
  const ids = Array.from({ length: 8 }, (_, number) => `s${number}`)
  const [out] = move(signedIn(), LOGOUT, at(1000))
  const made = ids.reduce<[ClientState, readonly Effect[]]>(
    ([state], id) => [...move(state, lost(id))],
    [out, []],
  )
  const rows = [rowOf('s-ann', out.epoch), ...ids.map((id, number) => rowOf(id, [START + 2000 + number, id]))]
  const heard = run(signedIn(), (s) => outElsewhere(s, 's-ann'))
  for (const [state, effects] of [
    made,
    move(heard, debtsSeen(...rows)),
    move(heard, debtsSeen(...rows.toReversed())),
  ]) {
    expect(owedBy(state).map(([id]) => id)).toEqual(ids)
    expect(effects).toContainEqual({ type: 'writeDebt', sessionId: 's-ann', expired: true })
  }
})

it('R38 R110 a session stays over, however much else is owed', () => {
  const [out] = move(signedIn(), LOGOUT, at(1000))
  const owing = Array.from({ length: 12 }, (_, number) => lost(`s${number}`)).reduce(
    (state, event) => move(state, event)[0],
    out,
  )
  const register = knownOf(nextEpoch(owing.epoch, START + 9000, 'c'))
  expect(move(owing, says(register))[0].phase).toBe('out')
})

it('R110 what a tab is to end does not give way to what others owe, also where its clock is behind', () => {
  const [out] = move(signedIn(), LOGOUT, at(1000))
  const rows = Array.from({ length: 8 }, (_, number) => rowOf(`s${number}`, [START + 90_000, 'x']))
  const [state, effects] = move(move(out, debtsSeen(...rows))[0], lost('s-late'))
  expect(owedBy(state)).toHaveLength(8)
  expect(rowsOf(effects)).toEqual({ s0: undefined, 's-late': 'current' })
})

it('R110 what is owed for more than thirty days is given up, by whoever sees it', () => {
  const [out] = move(signedIn(), LOGOUT, at(1000))
  const row = rowOf('s-ann', out.epoch)
  const given = { type: 'writeDebt', sessionId: 's-ann', expired: true }
  for (const state of [out, { ...out, debts: [] }]) {
    expect(move(state, debtsSeen(row), at(THIRTY_DAYS))[0].debts).toHaveLength(1)
    expect(move(state, debtsSeen(row), at(THIRTY_DAYS + 2000))).toEqual([{ ...out, debts: [] }, [given]])
  }
  // Not where somebody has logged out of it anew.
  const [again] = move(out, LOGOUT, at(THIRTY_DAYS))
  expect(owedBy(move(again, debtsSeen(row), at(THIRTY_DAYS + 2000))[0])).toEqual([['s-ann', 'current']])
})

it('R110 whoever signs in pays for what was owed, and no row is believed while he waits for the clean-up', () => {
  const [out] = move(signedIn(), LOGOUT, at(1000))
  const [waiting, effects] = move(out, loggedIn(out, grantOf('bob')), at(2000))
  expect(rowsOf(effects)).toEqual({ 's-ann': undefined })
  // A copy of the storage that is behind.
  const [still] = move(
    waiting,
    debtsSeen(rowOf('s-ann', out.epoch), rowOf('s-old', [START - 1, 'x'])),
    at(2100),
  )
  expect(still).toBe(waiting)
  expect(move(still, PURGED)[0]).toMatchObject({ phase: 'in', debts: [] })
})

it('R110 one without an id counts only in its own epoch, and its row is left alone in a later one until it is old', () => {
  const heard = run(signedIn(), (s) => outElsewhere(s, undefined))
  expect(owedBy(move(heard, debtsSeen(rowOf(WHICHEVER, heard.epoch)))[0])).toEqual([[WHICHEVER, 'current']])
  const older = move(heard, debtsSeen(rowOf(WHICHEVER, [START, 'x'])))
  // By now the row may be another tab's.
  expect(older).toEqual([heard, []])
  const old = move(heard, debtsSeen(rowOf(WHICHEVER, [START, 'x'])), at(31 * 86_400_000))
  expect(old).toEqual([heard, [{ type: 'writeDebt', sessionId: WHICHEVER }]])
  // Its sign-out is not heard of yet.
  expect(move(heard, debtsSeen(rowOf(WHICHEVER, [START + 9000, 'x'])))).toEqual([heard, []])
})

it('R110 R38 a start that reads that somebody is signed in follows a newer row which says that he has logged out', () => {
  const started = run(INITIAL, () => ({ type: 'started', register: knownOf([START, 'a']) }))
  const newer: Epoch = [START + 1000, 'b']
  const [after, effects] = move(started, debtsSeen(rowOf('s-ann', newer)))
  expect(after).toMatchObject({ phase: 'out', epoch: newer, loggedOut: newer, reason: 'logout-elsewhere' })
  expect(effectOf(effects, 'writeRegister')?.register).toMatchObject({
    epoch: newer,
    state: 'out',
    reason: 'logout',
  })
  // One of before the sign-in, of another session, or too old, says nothing.
  for (const row of [rowOf('s-ann', [START - 1, 'a']), rowOf('s-bob', newer)])
    expect(move(started, debtsSeen(row))[0]).toBe(started)
  expect(move(started, debtsSeen(rowOf('s-ann', newer)), at(THIRTY_DAYS + 2000))[0]).toBe(started)
})

const THIRTY_DAYS = 30 * 86_400_000
const lost = (sessionId: string): ClientEvent => ({ type: 'loginLost', sessionId })
const delivered = ({ epoch }: ClientState): ClientEvent => ({
  type: 'logoutConfirmed',
  epoch,
  sessionId: 's-ann',
})
const seen = (register: Register): ClientEvent[] => [stores(register)]
