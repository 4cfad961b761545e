import { expect, it } from 'vitest'
import { storedSession } from '../support/stored.js'
import { anotherTab } from '../support/tabs.js'
import { createHub } from '../support/hub.js'
import {
  ANN,
  BOB,
  createKit,
  FakeBrowser,
  grant,
  json,
  type Kit,
  ManualClock,
  refusal,
  type SentRequest,
  settle,
  signedIn,
} from '../support/kit.js'
import {
  beginLogin,
  FakeLocks,
  failure,
  gate,
  listen,
  NO_CHANNELS,
  NO_LOCKS,
  outcome,
  silence,
  stateOf,
} from '../support/client.js'

/** What ends the session of the answer that came late carries the token of that answer. */
const isCompensation = ({ headers }: SentRequest): boolean =>
  headers.get('authorization') === 'Bearer token-2'
const compensations = (kit: Kit): SentRequest[] => kit.sent('/auth/logout').filter(isCompensation)

it('R09 a logout during a refresh drops its result, rejects who waits, and revokes the session that came late', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const waiting = failure(kit.auth.refresh({ force: true }))
  await settle()
  const told = listen(kit.auth)
  const logout = kit.auth.logout()
  expect(await waiting).toMatchObject({ code: 'session_changed', reason: 'logout' })
  late.open(grant(2, { session_id: 's1' }))
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(told.states).toEqual(['unauthenticated'])
  expect(told.ends).toHaveLength(1)
  expect(await logout).toMatchObject({ server: 'confirmed' })
  expect(compensations(kit)).toMatchObject([{ body: { session_id: 's1', scope: 'current' } }])
})

it('R09 the answer that comes after logout and deadline is revoked, and nobody is signed in by it', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(8000)
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  late.open(grant(2))
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(kit.sent('/auth/logout').map(({ headers }) => headers.get('authorization'))).toEqual([
    'Bearer token-1',
    'Bearer token-2',
  ])
})

it('R09 a compensating logout that the server does not take is tried again, and not for ever', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  kit.on('/auth/logout', (request) => new Response(null, { status: isCompensation(request) ? 503 : 204 }))
  void kit.auth.logout()
  late.open(grant(2))
  await kit.clock.advance(600_000)
  expect(compensations(kit)).toHaveLength(4)
})

it('R09 R38 one that does not reach the server is tried until it does', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  const isReachable = () => compensations(kit).length > 9
  kit.on('/auth/logout', (request) => {
    if (!isCompensation(request) || isReachable()) return new Response(null, { status: 204 })
    return new TypeError('the network is broken, and nobody has noticed')
  })
  void kit.auth.logout()
  late.open(grant(2))
  await kit.clock.advance(1_200_000)
  expect(compensations(kit)).toHaveLength(10)
})

it('R50 nor for ever where it names no session: by then the cookie may be that of somebody else', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  kit.on('/auth/logout', (request) =>
    isCompensation(request) ? new TypeError('broken') : new Response(null, { status: 204 }),
  )
  void kit.auth.logout()
  late.open(grant(2, { session_id: undefined }))
  await kit.clock.advance(1_200_000)
  // Four times; each time once more at once, since a rejection that comes at once may be the quota for keepalive.
  expect(compensations(kit)).toHaveLength(8)
  expect(new Set(compensations(kit).map(({ body }) => JSON.stringify(body)))).toEqual(
    new Set(['{"scope":"current"}']),
  )
})

/** While a refresh is under way, another tab is told that the session is over. */
async function endedElsewhere(): Promise<{ kit: Kit; answer: (response: Response) => void }> {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const other = await anotherTab(kit, { isRestored: true })
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  await other.refreshes(() => refusal('session_revoked'))
  // It asks once more before it believes that.
  await kit.clock.advance(250)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
  kit.on('/auth/refresh', () => grant(3))
  return { kit, answer: late.open }
}

it('R02 a session that the server has just renewed is not ended because another tab was refused: the server is asked', async () => {
  const { kit, answer } = await endedElsewhere()
  answer(grant(2))
  await kit.clock.advance(1000)
  expect(kit.sent('/auth/logout')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(await kit.auth.getAccessToken()).toBe('token-3')
})

it('R02 an answer behind its deadline is repaired once where no tab can say whether another one has asked meanwhile', async () => {
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const kit = await signedIn({}, { browser, ports: { channels: NO_CHANNELS } })
  let number = 1
  kit.on('/auth/refresh', () => {
    const late = gate()
    kit.clock.after(9000, () => late.open(grant(++number)))
    return late.answer
  })
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(1 + 2)
  expect(await kit.auth.getAccessToken()).toBe('token-3')
})

it('R02 an answer that breaks off behind its deadline is repaired, too: its cookie is set', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', (_request, count) => (count === 2 ? late.answer : grant(count)))
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(10_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
  late.open(new Response('{"access_token": "tok', { headers: { 'content-type': 'application/json' } }))
  await kit.clock.advance(16_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(3)
})

it('R09 and not behind a logout', async () => {
  const { kit, answer } = await endedElsewhere()
  const asked = kit.sent('/auth/refresh').length
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  answer(grant(2))
  void kit.auth.logout()
  await kit.clock.advance(10_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(asked)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R09 a refresh that waits for the start asks nobody after a logout', async () => {
  const { browser, clock } = await signedIn()
  const kit = createKit({}, { browser, clock })
  kit.on('/auth/refresh', () => grant(2))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const refresh = outcome(kit.auth.refresh({ force: true }))
  void kit.auth.logout()
  await kit.clock.advance(10_000)
  expect(await refresh).toBe('session_changed')
  expect(kit.sent('/auth/refresh')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R09 a forced refresh that still waits for its turn asks nobody after a logout', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, ports: { locks } })
  const release = await locks.acquire([...locks.names][0]!, 1)
  const refresh = outcome(kit.auth.refresh({ force: true }))
  const before = kit.sent('/auth/refresh').length
  await settle()
  void kit.auth.logout()
  kit.signal('suspend')
  await settle()
  release?.()
  await settle()
  expect(await refresh).toBe('session_changed')
  expect(kit.sent('/auth/refresh')).toHaveLength(before)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R09 a login while a refresh hangs: the late result of the other user changes nothing', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const waiting = outcome(kit.auth.refresh({ force: true }))
  await settle()
  kit.on('/auth/login', () => grant(20, { user: BOB, session_id: 's2' }))
  const login = kit.auth.login({ as: 'bob' })
  await settle()
  // The login waits for the refresh, and so at most for its deadline.
  expect(kit.sent('/auth/login')).toHaveLength(1)
  await kit.clock.advance(8000)
  expect(await login).toMatchObject({ user: BOB })
  expect(await waiting).toBe('timeout')
  const told = listen(kit.auth)
  // Its cookie may lie over that of the login: the server is asked once whose is in the jar.
  kit.on('/auth/refresh', () => grant(21, { user: BOB, session_id: 's2' }))
  late.open(grant(2))
  await settle()
  expect(kit.auth.getState()).toMatchObject({ user: BOB, sessionId: 's2' })
  expect(await kit.auth.getAccessToken()).toBe('token-21')
  expect(told).toEqual({ ends: [], switches: [], claims: [], states: [] })
})

it('FIX-04 a logout while a login runs wins: the login rejects and what it made is revoked', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const { login, answer } = await beginLogin(kit)
  const logout = kit.auth.logout()
  answer(grant(30, { session_id: 's3' }))
  expect(await login).toBe('session_changed')
  await logout
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toContainEqual({
    session_id: 's3',
    scope: 'current',
  })
})

it('FIX-04 without locks, too, a logout is not sent while a login of the same tab is: its answer would take the new cookie away', async () => {
  const kit = createKit({}, { ports: { locks: NO_LOCKS } })
  kit.on('/auth/refresh', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 503 }))
  void kit.auth.ready()
  await kit.clock.advance(300)
  expect(await kit.auth.logout()).toMatchObject({ server: 'pending' })
  const { login, answer } = await beginLogin(kit)
  const before = kit.sent('/auth/logout').length
  expect(kit.sent('/auth/login')).toHaveLength(1)
  await kit.clock.advance(6000)
  expect(kit.sent('/auth/logout')).toHaveLength(before)
  answer(grant(30, { session_id: 's3' }))
  expect(await login).toBe('resolved')
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/logout')).toHaveLength(before)
})

/** Without locks: a sign-in that came too late is being undone. */
async function undoing(): Promise<{ kit: Kit; first: ReturnType<typeof gate> }> {
  const kit = createKit({}, { ports: { locks: NO_LOCKS } })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  void kit.auth.ready()
  await kit.clock.advance(1000)
  const first = gate()
  kit.on('/auth/login', () => first.answer)
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(8000)
  expect(await login).toBe('timeout')
  return { kit, first }
}

it('FIX-04 without locks, too, a late login is not undone while the next one is sent: its answer would take the new cookie away', async () => {
  const { kit, first } = await undoing()
  const second = gate()
  kit.on('/auth/login', () => second.answer)
  const login = outcome(kit.auth.login({}))
  await settle()
  first.open(grant(30, { session_id: 's3' }))
  await kit.clock.advance(1000)
  expect(kit.sent('/auth/logout')).toEqual([])
  second.open(grant(40, { session_id: 's4' }))
  await kit.clock.advance(1000)
  expect(await login).toBe('resolved')
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toEqual([{ session_id: 's3', scope: 'current' }])
})

it('FIX-04 nor is the next one sent while a late login is undone', async () => {
  const { kit, first } = await undoing()
  const undone = gate()
  kit.on('/auth/logout', () => undone.answer)
  first.open(grant(30, { session_id: 's3' }))
  await settle()
  const login = outcome(kit.auth.login({}))
  kit.on('/auth/login', () => grant(40, { session_id: 's4' }))
  await kit.clock.advance(1000)
  expect(kit.sent('/auth/logout')).toHaveLength(1)
  expect(kit.sent('/auth/login')).toHaveLength(1)
  undone.open(new Response(null, { status: 204 }))
  expect(await login).toBe('resolved')
})

it('FIX-04 without locks, too, a refresh is not sent while a login of the same tab is: its answer could take the new cookie away', async () => {
  const kit = await signedIn({}, { ports: { locks: NO_LOCKS, channels: NO_CHANNELS } })
  const { login, answer } = await beginLogin(kit)
  const before = kit.sent('/auth/refresh').length
  const refresh = outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(6000)
  expect(kit.sent('/auth/refresh')).toHaveLength(before)
  kit.on('/auth/refresh', () => grant(31, { session_id: 's3' }))
  answer(grant(30, { session_id: 's3' }))
  await kit.clock.advance(500)
  expect([await login, await refresh]).toEqual(['resolved', 'resolved'])
  expect(kit.sent('/auth/refresh')).toHaveLength(before + 1)
  expect(await kit.auth.getAccessToken()).toBe('token-31')
})

it('FIX-04 nor is a login sent while a refresh is that began as it waited for its turn', async () => {
  const hub = createHub()
  const kit = createKit({}, { ports: { locks: NO_LOCKS, channels: hub.channels } })
  kit.on('/auth/refresh', () => grant(1))
  void kit.auth.ready()
  await kit.clock.advance(1000)
  const ended = gate()
  kit.on('/auth/logout', () => ended.answer)
  void kit.auth.logout()
  await kit.clock.advance(1)
  const login = outcome(kit.auth.login({}))
  await settle()
  // Somebody signs in in another tab, and this one asks who.
  const asked = gate()
  kit.on('/auth/refresh', () => asked.answer)
  await (await anotherTab(kit, { shareToken: false })).signsIn({ session_id: 's8' })
  await kit.clock.advance(1000)
  ended.open(new Response(null, { status: 204 }))
  await kit.clock.advance(1000)
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
  expect(kit.sent('/auth/login')).toEqual([])
  kit.on('/auth/login', () => grant(30, { session_id: 's3' }))
  asked.open(grant(9, { session_id: 's8' }))
  await kit.clock.advance(1000)
  expect(await login).toBe('resolved')
})

it('FIX-04 a refresh does not wait for a login for longer than for an answer', async () => {
  const kit = await signedIn({}, { ports: { locks: NO_LOCKS, channels: NO_CHANNELS } })
  kit.on('/auth/login', silence)
  void outcome(kit.auth.login({}))
  await settle()
  const before = kit.sent('/auth/refresh').length
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(9000)
  expect(kit.sent('/auth/refresh')).toHaveLength(before + 1)
})

it('FIX-04 a logout that is called while a login still waits for its turn wins', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const before = kit.sent('/auth/login').length
  const login = outcome(kit.auth.login({}))
  const logout = kit.auth.logout()
  expect(await login).toBe('session_changed')
  expect(await logout).toMatchObject({ server: 'confirmed' })
  expect(kit.sent('/auth/login')).toHaveLength(before)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('FIX-04 a login answer after the deadline signs nobody in and is revoked', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const { login, answer } = await beginLogin(kit)
  await kit.clock.advance(8000)
  expect(await login).toBe('timeout')
  answer(grant(30, { session_id: 's3' }))
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(kit.sent('/auth/logout').at(-1)).toMatchObject({ body: { session_id: 's3', scope: 'current' } })
})

it('R38 FIX-04 a session that a login made after its deadline is ended by the next page if this one cannot', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  await kit.auth.ready()
  kit.on('/auth/logout', () => new TypeError('the network is broken'))
  const { login, answer } = await beginLogin(kit)
  await kit.clock.advance(8000)
  expect(await login).toBe('timeout')
  answer(grant(1, { session_id: 's9' }))
  await kit.clock.advance(1000)
  kit.auth.dispose()
  const next = createKit({}, { browser: kit.browser, clock: kit.clock })
  next.on('/auth/logout', () => new Response(null, { status: 204 }))
  next.on('/auth/session', () => json(null))
  await next.auth.ready()
  expect(next.sent('/auth/logout').map(({ body }) => body)).toEqual([{ session_id: 's9', scope: 'current' }])
  expect(storedSession(kit)).toMatchObject({ isSignedIn: false, owed: [] })
})

it('FIX-04 a login whose client was disposed signs nobody in and is revoked', async () => {
  const kit = await signedIn()
  const { login, answer } = await beginLogin(kit)
  kit.auth.dispose()
  expect(await login).toBe('disposed')
  answer(grant(30, { session_id: 's3' }))
  await settle()
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toEqual([{ session_id: 's3', scope: 'current' }])
})

it.each([undefined, 's9'])(
  'FIX-04 R26 nor in any moment of its answer is the session left that nobody takes (id: %s)',
  async (session_id) => {
    for (let microtasks = 0; microtasks < 8; microtasks++) {
      let isArmed = false
      const disposeSoon = async () => {
        for (let passed = 0; passed < microtasks; passed++) await Promise.resolve()
        kit.auth.dispose()
      }
      const parseUser = (user: unknown) => {
        if (isArmed) void disposeSoon()
        return user
      }
      const kit = createKit({ parseUser }, { ports: { locks: NO_LOCKS } })
      kit.on('/auth/refresh', () => refusal())
      kit.on('/auth/logout', () => new Response(null, { status: 204 }))
      void kit.auth.ready()
      await kit.clock.advance(1000)
      const { login, answer } = await beginLogin(kit)
      isArmed = true
      answer(grant(30, { session_id }))
      await kit.clock.advance(20_000)
      expect(await login).toBe('disposed')
      const isTaken = kit.auth.getState().status === 'authenticated'
      expect([microtasks, isTaken || kit.sent('/auth/logout').length > 0]).toEqual([microtasks, true])
    }
  },
)

it('R50 R26 what ends the session of a disposed client waits for the login of the next one, and leaves nothing behind', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, ports: { locks } })
  await kit.auth.logout()
  const before = kit.sent('/auth/logout').length
  const { answer } = await beginLogin(kit)
  kit.auth.dispose()
  const logins = kit.sent('/auth/login').length
  kit.on('/auth/session', () => json(null))
  const next = kit.another()
  const second = gate()
  kit.on('/auth/login', () => second.answer)
  const login = outcome(next.login({}))
  await settle()
  await clock.advance(100)
  expect(kit.sent('/auth/login')).toHaveLength(logins + 1)
  // Its answer would take away the cookie of the second, were it to come behind that.
  answer(grant(30, { session_id: 's3' }))
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(before)
  kit.on('/auth/logout', silence)
  second.open(grant(31, { session_id: 's4' }))
  expect(await login).toBe('resolved')
  await settle()
  expect(kit.sent('/auth/logout').slice(before)).toMatchObject([{ body: { session_id: 's3' } }])
  expect(locks.pending).toBe(0)
  next.dispose()
  expect(clock.pending).toBe(0)
})

it('R50 R26 without an id it does not wait: it would end the sign-in of the next one', async () => {
  const clock = new ManualClock()
  const kit = createKit({ mode: 'session' }, { clock, ports: { locks: new FakeLocks(clock) } })
  let jar: string | undefined
  const ended: unknown[] = []
  kit.on('/auth/session', () => (jar ? json({ user: { id: jar } }) : refusal()))
  kit.on('/auth/logout', () => {
    ended.push(jar)
    jar = undefined
    return new Response(null, { status: 204 })
  })
  const signIn = (auth: typeof kit.auth, user: string) => {
    const late = gate()
    kit.on('/auth/login', () => late.answer)
    const login = outcome(auth.login({}))
    return { login, answer: () => ((jar = user), late.open(json({ user: { id: user } }))) }
  }
  await kit.auth.ready()
  const first = signIn(kit.auth, 'ann')
  await settle()
  kit.auth.dispose()
  const next = kit.another()
  await next.ready()
  const second = signIn(next, 'bob')
  await settle()
  first.answer()
  await settle()
  second.answer()
  expect(await second.login).toBe('resolved')
  await clock.advance(1000)
  expect([ended, jar]).toEqual([['ann'], 'bob'])
})

it('R50 a login answer that cannot be read and comes after its deadline does not end the session of the next login', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const before = kit.sent('/auth/logout').length
  const { login: first, answer } = await beginLogin(kit)
  await kit.clock.advance(8000)
  expect(await first).toBe('timeout')
  kit.on('/auth/login', () => grant(30, { session_id: 's3' }))
  await kit.auth.login({})
  kit.on('/auth/refresh', () => grant(31, { session_id: 's3' }))
  const refreshes = kit.sent('/auth/refresh').length
  answer(new Response('{', { status: 200 }))
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(before)
  // Its cookie may lie over theirs, and only the server can tell.
  expect(kit.sent('/auth/refresh')).toHaveLength(refreshes + 1)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's3' })
})

it('R39 a login answer that cannot be read and waited in a frozen page does not end the session of the next login', async () => {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const { login, answer } = await beginLogin(kit)
  await (await anotherTab(kit)).signsIn({ session_id: 's8' })
  kit.on('/auth/refresh', () => grant(8, { session_id: 's8' }))
  answer(new Response('{', { status: 200 }))
  await kit.clock.advance(1000)
  expect(await login).toBe('invalid_response')
  expect(kit.sent('/auth/logout')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's8' })
})

it('R39 nor where the page was frozen and can have heard of nothing', async () => {
  const kit = await signedIn({}, { ports: { channels: NO_CHANNELS } })
  const { login, answer } = await beginLogin(kit)
  kit.signal('suspend')
  answer(new Response('{', { status: 200 }))
  await kit.clock.advance(1000)
  expect(await login).toBe('invalid_response')
  expect(kit.sent('/auth/logout')).toEqual([])
})

it('R39 nor where who signed in is not known yet', async () => {
  const hub = createHub()
  const kit = createKit({}, { ports: { channels: hub.channels } })
  kit.on('/auth/refresh', () => refusal())
  await kit.auth.ready()
  const { login, answer } = await beginLogin(kit)
  await (await anotherTab(kit, { shareToken: false })).signsIn({ session_id: 's8' })
  expect(kit.auth.getState()).toMatchObject({ status: 'unknown' })
  kit.on('/auth/refresh', () => grant(8, { session_id: 's8' }))
  answer(new Response('{', { status: 200 }))
  await kit.clock.advance(1000)
  expect(await login).toBe('invalid_response')
  expect(kit.sent('/auth/logout')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's8' })
})

it('two logins at once: one after the other, and the later one stands', async () => {
  const kit = await signedIn()
  kit.on('/auth/login', (_request, count) =>
    count === 2 ? grant(40, { user: ANN, session_id: 's4' }) : grant(50, { user: BOB, session_id: 's5' }),
  )
  const both = await Promise.all([
    outcome(kit.auth.login({ as: 'ann' })),
    outcome(kit.auth.login({ as: 'bob' })),
  ])
  expect(both[1]).toBe('resolved')
  expect(kit.auth.getState()).toMatchObject({ user: BOB, sessionId: 's5' })
})

it('a login during the first refresh of an anonymous page is not thrown away where there are no locks', async () => {
  const kit = createKit({}, { ports: { locks: NO_LOCKS } })
  const slow = gate()
  const signIn = gate()
  kit.on('/auth/refresh', () => slow.answer)
  kit.on('/auth/login', () => signIn.answer)
  void kit.auth.ready()
  await kit.clock.advance(300)
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(300)
  slow.open(refusal())
  await settle()
  signIn.open(grant(1))
  await kit.clock.advance(300)
  expect(await login).toBe('resolved')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(kit.sent('/auth/logout')).toHaveLength(0)
})

it('FIX-03 a refresh that finds another user ends and purges the old one before the new one is shown', async () => {
  const kit = await signedIn()
  const told = listen(kit.auth)
  let purged = () => {}
  kit.auth.on('sessionEnd', () => new Promise<void>((resolve) => (purged = resolve)))
  kit.on('/auth/refresh', () => grant(9, { user: BOB, session_id: 's9' }))
  const refresh = outcome(kit.auth.refresh({ force: true }))
  await settle()
  expect(await refresh).toBe('session_changed')
  expect(told).toMatchObject({
    ends: [{ reason: 'user-switched', previousUser: ANN }],
    switches: [],
    // Somebody else is signed in: not shown yet, and no reason to ask for a sign-in.
    states: ['unknown'],
  })
  expect(await outcome(kit.auth.getAccessToken())).toBe('session_ended')
  purged()
  await settle()
  expect(told).toMatchObject({
    switches: [{ from: ANN, to: BOB }],
    states: ['unknown', 'authenticated'],
  })
  expect(kit.auth.getState()).toMatchObject({ user: BOB, sessionId: 's9' })
  expect(await kit.auth.getAccessToken()).toBe('token-9')
})

it('a clean-up that never ends holds the next user back for five seconds, not longer', async () => {
  const kit = await signedIn()
  kit.auth.on('sessionEnd', () => new Promise(() => {}))
  kit.on('/auth/login', () => grant(20, { user: BOB, session_id: 's2' }))
  const login = kit.auth.login({ as: 'bob' })
  await kit.clock.advance(4999)
  expect(await stateOf(login)).toBe('pending')
  expect(kit.auth.getState()).toMatchObject({ status: 'unknown' })
  await kit.clock.advance(1)
  expect(await login).toMatchObject({ user: BOB })
})

it('a logout while the application still clears up drops the user who was to come', async () => {
  const kit = await signedIn()
  const told = listen(kit.auth)
  kit.auth.on('sessionEnd', () => new Promise(() => {}))
  kit.on('/auth/refresh', () => grant(9, { user: BOB, session_id: 's9' }))
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  const logout = kit.auth.logout()
  await kit.clock.advance(5000)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(told.states).not.toContain('authenticated')
  expect(told.switches).toEqual([])
  expect(await logout).toMatchObject({ server: 'confirmed' })
  expect(kit.sent('/auth/logout')).toMatchObject([{ body: { session_id: 's9' } }])
})

it('a lock that is granted after the page went away is given back', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, ports: { locks } })
  const release = await locks.acquire([...locks.names][0]!, 1)
  kit.on('/auth/logout', silence)
  void kit.auth.logout()
  await settle()
  kit.signal('suspend')
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(1)
  release?.()
  await settle()
  expect(locks.pending).toBe(0)
})

it('R04 a forced refresh that is refused is not satisfied by a token that was there before it was sent', async () => {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const first = gate()
  kit.on('/auth/refresh', () => first.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  const forced = outcome(kit.auth.refresh({ force: true }))
  await settle()
  await (await anotherTab(kit)).signsIn()
  expect(await kit.auth.getAccessToken()).toBe('token-100')
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  first.open(grant(2))
  await kit.clock.advance(20_000)
  expect([await forced, kit.auth.getState().status]).toEqual(['session_ended', 'unauthenticated'])
})
