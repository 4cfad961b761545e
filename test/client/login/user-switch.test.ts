/* Another user: the one before is ended and cleared away first. */
import { expect, it } from 'vitest'
import { listen, outcome, stateOf, gate } from '../../support/client.js'
import { ANN, BOB, grant, json, settle, signedIn } from '../../support/kit.js'
import { owed } from '../../support/stored.js'

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

it('R09 a refresh that comes late, while the next user waits for the clean-up, is revoked and owed by nobody', async () => {
  const kit = await signedIn()
  kit.auth.on('sessionEnd', () => new Promise(() => {}))
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(8000)
  void kit.auth.logout()
  kit.on('/auth/login', () => grant(20, { user: BOB, session_id: 's2' }))
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(3000)
  expect(kit.sent('/auth/login')).toHaveLength(2)
  expect(kit.auth.getState().status).toBe('unknown')
  const before = kit.sent('/auth/logout').length
  kit.on('/auth/logout', () => json({}, { status: 503 }))
  late.open(grant(9))
  await settle()
  expect(kit.sent('/auth/logout').slice(before)).toMatchObject([{ body: { session_id: 's1' } }])
  expect(owed(kit)).toEqual([])
  await kit.clock.advance(2000)
  expect(await login).toBe('resolved')
  kit.on('/auth/refresh', () => grant(21, { user: BOB, session_id: 's2' }))
  expect(await outcome(kit.auth.refresh({ force: true }))).toBe('resolved')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
})
