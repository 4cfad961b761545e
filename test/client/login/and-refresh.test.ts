/* A login beside a refresh: neither answer takes the cookie of the other away. */
import { expect, it } from 'vitest'
import { beginLogin, gate, listen, NO_CHANNELS, NO_LOCKS, outcome, silence } from '../../support/client.js'
import { createHub } from '../../support/hub.js'
import { BOB, createKit, grant, refusal, settle, signedIn } from '../../support/kit.js'
import { anotherTab } from '../../support/tabs.js'

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
