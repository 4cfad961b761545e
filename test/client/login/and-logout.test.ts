/* A logout while a login waits or runs, and a login while a logout does. */
import { expect, it } from 'vitest'
import { beginLogin, gate, NO_LOCKS, outcome } from '../../support/client.js'
import { createKit, grant, settle, signedIn } from '../../support/kit.js'

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

it('R09 a logout during a login wins, also where nobody was signed in before', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const late = gate()
  kit.on('/auth/login', () => late.answer)
  const login = kit.auth.login({}).catch((error: unknown) => error)
  await settle()
  expect(kit.sent('/auth/login')).toHaveLength(2)
  const logout = kit.auth.logout()
  late.open(grant(9, { session_id: 's9' }))
  await kit.clock.advance(20_000)
  await logout
  expect(await login).toMatchObject({ code: 'session_changed' })
  expect(kit.auth.getState().status).toBe('unauthenticated')
})

it('R09 a login waits for the logout of a session that came back to life behind a sign-out', async () => {
  const kit = await signedIn()
  let late = (_response: Response): void => {}
  kit.on('/auth/refresh', () => new Promise((resolve) => (late = resolve)))
  const order: string[] = []
  const slow: (() => void)[] = []
  kit.on('/auth/logout', ({ headers }) => {
    if (headers.get('authorization') !== 'Bearer token-5') return new Response(null, { status: 204 })
    return new Promise((resolve) =>
      slow.push(() => {
        order.push('compensated')
        resolve(new Response(null, { status: 204 }))
      }),
    )
  })
  void kit.auth.refresh({ force: true }).catch(() => {})
  await settle()
  const logout = kit.auth.logout()
  late(grant(5))
  await logout
  await settle()
  expect(slow).toHaveLength(1)
  kit.on('/auth/login', () => {
    order.push('login')
    return grant(6, { session_id: 's6' })
  })
  const login = kit.auth.login({})
  await settle()
  slow[0]!()
  await login
  expect(order).toEqual(['compensated', 'login'])
})
