/* A login that is answered after its deadline, or in no readable words, when somebody else may have signed in. */
import { expect, it } from 'vitest'
import { beginLogin, gate, NO_CHANNELS, NO_LOCKS, outcome } from '../../support/client.js'
import { createHub } from '../../support/hub.js'
import { createKit, grant, json, type Kit, refusal, settle, signedIn } from '../../support/kit.js'
import { storedSession } from '../../support/stored.js'
import { anotherTab } from '../../support/tabs.js'

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
