import { expect, it } from 'vitest'
import { isNewer, nextEpoch, NO_EPOCH } from '../../src/core/epoch.js'
import { WHICHEVER } from '../../src/core/debts.js'
import type { ClientEvent, ClientState, Grant } from '../../src/core/state.js'
import { INITIAL } from '../../src/core/state.js'
import {
  PURGED,
  START,
  effectOf,
  elsewhere,
  fromSibling,
  grantOf,
  identityOf,
  loggedIn,
  LOGOUT,
  knownOf,
  outOf,
  says,
  stores,
  move,
  owedBy,
  renewed,
  run,
  signedIn,
  signedOut,
  typesOf,
  underOf,
} from './support.js'

it('R50 a sign-in stands although it was found out meanwhile that the session before it is over', () => {
  const state = signedIn()
  const login: ClientEvent = { type: 'granted', grant: grantOf('bob'), under: underOf(state), explicit: true }
  const refused: ClientEvent = {
    type: 'refused',
    reason: 'revoked',
    status: 401,
    under: underOf(state),
    asked: START + 5000,
  }
  const over = run(
    state,
    () => refused,
    () => PURGED,
  )
  const [after] = move(over, login)
  expect(after).toMatchObject({ phase: 'in', identity: { subject: 'bob' } })
  expect(isNewer(after.epoch, over.epoch)).toBe(true)
  // Not against a logout.
  expect(move(signedOut(state), login)[0]).toMatchObject({ phase: 'out' })
})

it('R09 a logout still counts when another tab is told afterwards that nobody is signed in', () => {
  const before = signedIn()
  const out = signedOut(before)
  const confirmed: ClientEvent = { type: 'logoutConfirmed', epoch: out.epoch, sessionId: 's-ann' }
  const done = move(out, confirmed)[0]
  expect(done.debts).toEqual([])
  for (const reason of ['expired', 'none'] as const) {
    const epoch = nextEpoch(done.epoch, START + 9000, 'x')
    const register = knownOf(epoch, { state: 'out', reason, sessionId: undefined })
    const [later] = move(done, stores(register))
    const late = grantOf('ann', { sessionId: 's-late' })
    const answer: ClientEvent = { type: 'granted', grant: late, under: underOf(before), explicit: false }
    const [after, effects] = move(later, answer)
    expect(after.phase).toBe('out')
    expect(effectOf(effects, 'revoke')?.grant).toBe(late)
  }
})

it('R39 a frozen page whose login answer waited signs nobody in where somebody logged out meanwhile', () => {
  const nobody = move(INITIAL, {
    type: 'refused',
    reason: 'expired',
    status: 401,
    under: underOf(INITIAL),
    asked: START + 5000,
  })[0]
  const out = move(
    nobody,
    stores(knownOf(nextEpoch(nobody.epoch, START + 5000, 'x'), { state: 'out', reason: 'logout' })),
  )[0]
  const login: ClientEvent = {
    type: 'granted',
    grant: grantOf('ann', { sessionId: 's-frozen' }),
    under: underOf(nobody),
    explicit: true,
  }
  const [after, effects] = move(out, login)
  expect(after).toMatchObject({ phase: 'out', reason: 'none' })
  expect(typesOf(effects)).toContain('revoke')
})

it('R39 a session that a frozen page finds out about is as old as its question, and gives way to what was done since', () => {
  const under = underOf(INITIAL)
  const [late] = move(INITIAL, {
    type: 'granted',
    grant: grantOf('ann', { issuedAt: 1000 }),
    under,
    explicit: false,
  })
  expect(late).toMatchObject({ phase: 'in', epoch: [START + 1000, expect.any(String)] })
  const out = signedOut(signedIn(2000))
  expect(isNewer(out.epoch, late.epoch)).toBe(true)
  const register = knownOf(late.epoch, { sessionId: 's-old' })
  expect(move(out, says(register))).toEqual([out, []])
})

it('R04 each refresh makes the next generation, and a login starts again with one', () => {
  const first = signedIn()
  expect(first).toMatchObject({ generation: 1, credential: { generation: 1 } })
  const [second] = move(first, renewed(first, grantOf('ann', { token: 'b' })))
  expect(second).toMatchObject({ generation: 2, credential: { generation: 2, token: 'b' } })
  const [third] = move(second, loggedIn(second, grantOf('ann')))
  expect(third).toMatchObject({ generation: 1, credential: { generation: 1 } })
  expect(isNewer(third.epoch, second.epoch)).toBe(true)
})

it('R04 an answer that comes after a sibling made a newer generation is not taken, and is repaired', () => {
  const state = signedIn()
  const late = renewed(state, grantOf('ann', { token: 'late' }))
  const [ahead] = move(state, stores(knownOf(state.epoch, { generation: 3 })))
  expect(ahead).toMatchObject({ generation: 3, credential: { generation: 1 } })
  const [after, effects] = move(ahead, late)
  expect(after).toEqual(ahead)
  expect(effects).toEqual([{ type: 'repair' }])
})

it('R04 an answer that comes after its deadline lies over the cookies of those who asked meanwhile, and is repaired', () => {
  const state = signedIn()
  const overtaken = renewed(state, grantOf('ann', { token: 'first', issuedAt: 1000 }))
  const [now] = move(state, renewed(state, grantOf('ann', { token: 'second', issuedAt: 2000 })))
  expect(move(now, overtaken)).toEqual([now, []])
  const late = { ...overtaken, late: true } as ClientEvent
  expect(move(now, late)).toEqual([now, [{ type: 'repair' }]])
  const held = move(now, { type: 'indeterminate', offline: false, delay: 60_000, mandated: false })[0]
  expect(held.retryAt).toBeDefined()
  expect(move(held, late)).toEqual([now, [{ type: 'repair' }]])
})

it('R04 the late one is repaired also where it is the first that this tab hears of', () => {
  const [asking] = move(signedIn(), elsewhere(signedIn()))
  const [noted] = move(asking, stores(knownOf(asking.epoch, { generation: 2, sessionId: 's-new' })))
  const grant = grantOf('ann', { sessionId: 's-new' })
  const answer: ClientEvent = { type: 'granted', grant, under: underOf(asking), explicit: false, late: true }
  expect(move(noted, answer)[1]).toEqual([{ type: 'repair' }])
  // Where nobody has asked in between it is as good as any.
  expect(typesOf(move(asking, answer)[1])).not.toContain('repair')
})

it('R99 a sign-in whose answer named no session learns its id from a tab that has asked since', () => {
  const named = signedIn()
  const state: ClientState = {
    ...named,
    sessionId: undefined,
    identity: { ...named.identity!, sessionId: undefined },
  }
  const fresh = { generation: 3, issuedAt: 4000, sessionId: 's-new' }
  const [next] = move(state, fromSibling(state, grantOf('ann', fresh)))
  expect(next).toMatchObject({ sessionId: 's-new', identity: { subject: 'ann', sessionId: 's-new' } })
  // So that a logout names it, and no other tab has to end it once more.
  expect(owedBy(move(next, LOGOUT)[0])).toEqual([['s-new', 'current']])
})

it('R99 a logout is no proof: what a sibling asked for before this page was there is still not shown behind it', () => {
  const [asking] = move(INITIAL, { type: 'started', register: undefined })
  const told = run(asking, () => LOGOUT, elsewhere)
  const [next] = move(told, fromSibling(told, grantOf('ann', { issuedAt: 1000 })))
  expect(next).toMatchObject({
    phase: 'unknown',
    identity: undefined,
    candidate: { identity: { subject: 'ann' } },
  })
})

it('a sibling is believed only where epoch, subject and session are ours and its token is newer', () => {
  const state = run(signedIn(), (s) => renewed(s, grantOf('ann')))
  const token = (grant: Grant) => move(state, fromSibling(state, grant))[0].credential?.token
  const fresh = { generation: 3, token: 'fresh', issuedAt: 4000 }
  expect(token(grantOf('ann', fresh))).toBe('fresh')
  expect(token(grantOf('bob', fresh))).toBe('t')
  expect(token(grantOf('ann', { ...fresh, sessionId: 'another' }))).toBe('t')
  expect(token(grantOf('ann', { ...fresh, generation: 2 }))).toBe('t')
  expect(token(grantOf('ann', { ...fresh, generation: 1 }))).toBe('t')
  expect(token(grantOf('ann', { ...fresh, lifetime: 1000 }))).toBe('t')
  const older = says(knownOf([START - 1, 'x'], { generation: 3 }), grantOf('ann', fresh))
  expect(move(state, older)[0]).toBe(state)
})

it('a token is never adopted by a browser in which nothing was ever learned', () => {
  const news = says(knownOf(NO_EPOCH), grantOf('ann'))
  expect(move(INITIAL, news)[0]).toMatchObject({ phase: 'unknown', credential: undefined })
})

it('news of an epoch ahead are a reason to ask, never to adopt', () => {
  const state = signedIn()
  const epoch = nextEpoch(state.epoch, START + 4500, 'other')
  const grant = grantOf('ann', { generation: 2, token: 'hot', issuedAt: 4000 })
  const [after, effects] = move(state, says(knownOf(epoch, { generation: 2 }), grant))
  expect(after).toMatchObject({ phase: 'in', resyncing: true, epoch, credential: undefined })
  expect(effects).toEqual([{ type: 'resync' }])
})

it('whoever signed in elsewhere keeps the number that his credential has in his epoch', () => {
  const state = run(signedIn(), (s) => elsewhere(s, 2))
  const [after, effects] = move(state, renewed(state, grantOf('bob', { sessionId: 's-new' })))
  expect(after).toMatchObject({ generation: 3, incoming: { credential: { generation: 3 } } })
  expect(effectOf(effects, 'writeRegister')?.register).toMatchObject({ generation: 3, epoch: state.epoch })
})

it('R28 a token older than the newest that is known of is not adopted, also where this tab holds none', () => {
  const [asking] = move(INITIAL, elsewhere(INITIAL, 3))
  expect(asking).toMatchObject({ phase: 'unknown', credential: undefined, generation: 3 })
  const told = (generation: number) =>
    fromSibling(asking, grantOf('ann', { generation, sessionId: 's-new', issuedAt: 4600 }))
  expect(move(asking, told(2))).toEqual([asking, []])
  expect(move(asking, told(3))[0]).toMatchObject({ phase: 'in', credential: { generation: 3 } })
})

it('R38 another session of the same user is told to the siblings as a sign-in is, which end nothing for it', () => {
  const state = signedIn()
  const [found, effects] = move(state, renewed(state, grantOf('ann', { sessionId: 's-2', issuedAt: 4000 })))
  expect(found).toMatchObject({ phase: 'in', sessionId: 's-2', follows: state.epoch })
  expect(isNewer(found.epoch, state.epoch)).toBe(true)
  expect(typesOf(effects)).toEqual(['writeRegister', 'post'])
  const register = effectOf(effects, 'writeRegister')!.register
  const [sibling, resynced] = move(state, stores(register))
  expect(sibling).toMatchObject({ phase: 'in', doubtful: false, sessionId: 's-2', epoch: found.epoch })
  expect(typesOf(resynced)).toEqual(['resync'])
  const again = renewed(sibling, grantOf('ann', { sessionId: 's-2', issuedAt: 4500 }))
  expect(move(sibling, again)[0].epoch).toEqual(found.epoch)
})

it('a sibling that renewed the token during the clean-up is not overlooked', () => {
  const state = signedIn()
  const waiting = run(state, (s) => loggedIn(s, grantOf('bob')))
  const [noticed] = move(waiting, stores(knownOf(waiting.epoch, { generation: 2 })))
  const [after, effects] = move(noticed, PURGED)
  expect(after).toMatchObject({ phase: 'in', generation: 2, credential: { generation: 1 } })
  expect(effectOf(effects, 'writeRegister')?.register.generation).toBe(2)
})

it('a user handed over by a sibling waits, too, until the last one is cleared away', () => {
  const state = run(signedOut(), (s) => elsewhere(s))
  const [waiting] = move(state, fromSibling(state, grantOf('bob', { issuedAt: 4000 })))
  expect(waiting).toMatchObject({ phase: 'unknown', purging: true, identity: undefined })
  expect(move(waiting, PURGED)[0]).toMatchObject({
    phase: 'in',
    purging: false,
    resyncing: false,
    identity: { subject: 'bob' },
  })
})

it('FIX-04 a login that another one overtook signs nobody in: the server says whose cookie is in the jar', () => {
  const state = INITIAL
  const overtaken = loggedIn(state, grantOf('bob'))
  const [now] = move(state, loggedIn(state, grantOf('ann')))
  const [after, effects] = move(now, overtaken)
  expect(after).toMatchObject({ identity: identityOf('ann'), epoch: now.epoch, resyncing: true })
  expect(effects).toEqual([{ type: 'repair' }])
})

it('R39 who may have signed out unheard stays out of sight until the server has answered, however many epochs pass', () => {
  const state = signedIn()
  const first = nextEpoch(state.epoch, START + 4000, 'a')
  const second = nextEpoch(first, START + 4500, 'b')
  const seen = (epoch: ClientState['epoch'], follows?: ClientState['epoch']): ClientEvent =>
    stores(knownOf(epoch, { sessionId: 's-bob', follows }))
  const [doubtful] = move(state, seen(first))
  expect(doubtful).toMatchObject({ doubtful: true })
  expect(move(doubtful, seen(second, first))[0]).toMatchObject({ doubtful: true })
  expect(move(state, seen(first, state.epoch))[0]).toMatchObject({ doubtful: false })
})

it('R51 a tab that knew nothing and was refused signs nobody else out', () => {
  const state = signedIn()
  const epoch = nextEpoch(state.epoch, START + 4000, 'a')
  const register = knownOf(epoch, { state: 'out', reason: 'none', sessionId: undefined })
  const [asked, effects] = move(state, stores(register))
  expect(asked).toMatchObject({ phase: 'in', resyncing: true, identity: { subject: 'ann' } })
  expect(isNewer(asked.epoch, epoch)).toBe(true)
  expect(effects).toEqual([{ type: 'resync' }])
  expect(move(INITIAL, stores(register))[0]).toMatchObject({ phase: 'out', reason: 'none' })
})

it('R51 nor does it overrule a sign-in that is still looked into', () => {
  const [asking] = move(signedIn(), elsewhere(signedIn()))
  const waiting: ClientState = { ...asking, phase: 'unknown' }
  const epoch = nextEpoch(asking.epoch, START + 6000, 'a')
  const register = knownOf(epoch, { state: 'out', reason: 'none', sessionId: undefined })
  const [after, effects] = move(waiting, stores(register))
  expect(after).toMatchObject({ phase: 'unknown', resyncing: true })
  expect(effects).toEqual([{ type: 'resync' }])
})

it('R51 nor who has signed in and waits for the clean-up: the server is asked who it is', () => {
  const state = signedIn()
  const waiting = run(state, (s) => loggedIn(s, grantOf('bob')))
  const epoch = nextEpoch(waiting.epoch, START + 9000, 'a')
  const register = outOf(epoch, { reason: 'none', sessionId: undefined })
  for (const news of [stores(register), says(register)]) {
    const [asked, effects] = move(waiting, news)
    expect(asked).toMatchObject({ phase: 'unknown', resyncing: true, purging: true })
    expect(isNewer(asked.epoch, epoch)).toBe(true)
    expect(effects).toEqual([{ type: 'resync' }])
  }
})

it('R39 whoever says that the session is alive that somebody logged out of is told so, whatever he missed', () => {
  const before = signedIn()
  const out = signedOut(before)
  const say = (sessionId: string): ClientEvent => says(knownOf(before.epoch, { generation: 2, sessionId }))
  const [same, effects] = move(out, say('s-ann'))
  expect(same).toBe(out)
  expect(effects).toMatchObject([
    { type: 'post', news: { register: { state: 'out', epoch: out.epoch, sessionId: 's-ann' } } },
  ])
  // Of another one nobody knows: with a clock that was set back it may be the newer.
  expect(move(out, say('s-other'))).toEqual([out, []])
})

it('FIX-04 a sign-in after a logout stands although another tab is refused while it runs', () => {
  const [out] = move(signedOut(), PURGED)
  const epoch = nextEpoch(out.epoch, START + 4000, 'a')
  const refusal = knownOf(epoch, { state: 'out', reason: 'expired', sessionId: undefined })
  const [refused] = move(out, stores(refusal))
  const event: ClientEvent = { ...loggedIn(out, grantOf('ann')), under: underOf(out) } as ClientEvent
  expect(move(refused, event)[0]).toMatchObject({ phase: 'in', identity: { subject: 'ann' } })
  // A refresh that the logout overtook is still taken back.
  const late: ClientEvent = renewed(signedIn(), grantOf('ann'))
  expect(typesOf(move(refused, late)[1])).toContain('revoke')
})

it('R38 a logout that knows of no session and waits is told to whoever says that an older one is alive', () => {
  const unknown: ClientState = { ...signedIn(), phase: 'unknown', sessionId: undefined }
  const out = signedOut(unknown)
  expect(owedBy(out)).toEqual([[WHICHEVER, 'current']])
  const say = says(knownOf(signedIn().epoch))
  expect(move(out, say)).toMatchObject([
    out,
    [{ type: 'post', news: { register: { state: 'out', epoch: out.epoch } } }],
  ])
  // Delivered, it has ended whichever there was.
  const [done] = move(out, { type: 'logoutConfirmed', epoch: out.epoch, sessionId: WHICHEVER })
  expect(move(done, say)).toEqual([done, []])
})

it('R02 R33 who is out although nobody wanted that asks the server when a sibling says that somebody is signed in, however old the news look', () => {
  const before = signedIn()
  const epoch = nextEpoch(before.epoch, START + 4000, 'a')
  const [refused] = move(before, stores(outOf(epoch, { reason: 'expired', sessionId: undefined })))
  const [same, effects] = move(refused, says(knownOf(before.epoch, { generation: 2 })))
  expect(same).toBe(refused)
  expect(effects).toEqual([{ type: 'repair' }])
})

it('FIX-04 whoever tells of an end that is older than the sign-in is told of the sign-in, for those who heard only of the end', () => {
  const [ended] = move(signedOut(), { type: 'purged' })
  const [again] = move(ended, loggedIn(ended, grantOf('ann')))
  const late: ClientEvent = says(outOf(ended.epoch))
  const [same, effects] = move(again, late)
  expect(same).toBe(again)
  expect(effects).toMatchObject([{ type: 'post', news: { register: { state: 'in', epoch: again.epoch } } }])
  expect(move(signedOut(again), late)[1]).toEqual([])
})

it('FIX-04 who waits for the clean-up and is overtaken by a logout is signed out at the server', () => {
  const [switching] = move(signedIn(), loggedIn(signedIn(), grantOf('bob')))
  expect(switching.incoming).toBeDefined()
  const epoch = nextEpoch(switching.epoch, START + 9000, 'a')
  const register = outOf(epoch)
  const [, effects] = move(switching, says(register))
  expect(effectOf(effects, 'revoke')?.grant.identity.subject).toBe('bob')
})

it('R28 a tab that is still learning who has signed in does not go out because one that knew nothing was told that nobody is', () => {
  const [asking] = move(INITIAL, elsewhere(INITIAL))
  expect(asking).toMatchObject({ phase: 'unknown', resyncing: true })
  const nobody = (epoch: ClientState['epoch']) => outOf(epoch, { reason: 'none', sessionId: undefined })
  expect(move(asking, says(nobody([START, 'older'])))).toEqual([asking, []])
  // Its clock is ahead.
  const newer = nextEpoch(asking.epoch, START + 9000, 'newer')
  for (const news of [says(nobody(newer)), stores(nobody(newer))]) {
    const [after, effects] = move(asking, news)
    expect(after).toMatchObject({ phase: 'unknown', resyncing: true })
    expect(isNewer(after.epoch, newer)).toBe(true)
    expect(typesOf(effects)).toEqual(['resync'])
  }
})

it('R38 a signed-out tab that hears of a logout elsewhere knows which session its own would be for', () => {
  const state = signedIn()
  const heard = (epoch: ClientState['epoch']): ClientEvent => says(outOf(epoch, { sessionId: 's-other' }))
  const [first] = move(state, heard(nextEpoch(state.epoch, START + 4000, 'a')))
  expect(first).toMatchObject({ phase: 'out', sessionId: 's-other' })
  const [again] = move(signedOut(), heard(nextEpoch(state.epoch, START + 4000, 'a')))
  expect(again).toMatchObject({ phase: 'out', sessionId: 's-other' })
})

it('R77 a refresh that brings the same user keeps the very user object', () => {
  const state = signedIn()
  const [after, effects] = move(state, renewed(state, grantOf('ann')))
  expect(after.identity?.user).toBe(state.identity?.user)
  expect(typesOf(effects)).toEqual(['writeRegister', 'post'])
})

it('R78 other claims of the same user are told once, the same ones not at all', () => {
  const state = signedIn()
  const grant = grantOf('ann', { rawUser: { id: 'ann', role: 'admin' } })
  const [after, effects] = move(state, renewed(state, grant))
  expect(effectOf(effects, 'claimsChanged')).toMatchObject({ current: { rawUser: { role: 'admin' } } })
  expect(typesOf(move(after, renewed(after, grant))[1])).not.toContain('claimsChanged')
})

it.each<[string, () => unknown]>([
  ['a bigint', () => ({ id: 1n })],
  [
    'a cycle',
    () => {
      const user: Record<string, unknown> = { id: 'ann' }
      user['self'] = user
      return user
    },
  ],
])('a user with %s does not keep the token from being renewed', (_name, rawUser) => {
  const state = signedIn(0, grantOf('ann', { rawUser: rawUser() }))
  const [after] = move(state, renewed(state, grantOf('ann', { rawUser: rawUser(), token: 'b' })))
  expect(after.credential?.token).toBe('b')
})

it('R04 whoever finds that a sibling has written an older generation over his asks the server: its cookie may lie over his', () => {
  const state = signedIn()
  const [renewedOnce] = move(state, renewed(state, grantOf('ann')))
  const older = knownOf(state.epoch, { generation: 1 })
  const before = knownOf(state.epoch, { generation: 2 })
  const [same, effects] = move(renewedOnce, stores(older, before))
  expect(same).toBe(renewedOnce)
  expect(effects).toEqual([{ type: 'repair' }])
  // Who has only heard of the newer one holds none that could be lost.
  const [told] = move(state, stores(knownOf(state.epoch, { generation: 2 })))
  expect(move(told, stores(older, before))[1]).toEqual([])
  // Storage that lags behind the channel shows what was before.
  expect(move(renewedOnce, stores(older))[1]).toEqual([])
})
