/* Logout in session mode. */
import { expect, it, vi } from 'vitest'
import { ANN, BOB, createStage, ORIGIN, type Stage } from '../../support/stage.js'

const sid = (stage: Stage): string | undefined =>
  stage.world.cookies().find(({ name }) => name.endsWith('sid'))?.value

/** Ann signs in on another device. */
const signInElsewhere = ({ backend }: Stage): Promise<Response> =>
  backend.handle(
    new Request(`${ORIGIN}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': '1', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify(ANN),
    }),
  )

it('R43 RV-04 logout ends this session at the server, takes its cookie away, and leaves the others alone', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  const elsewhere = (await (await signInElsewhere(stage)).json()) as { session_id: string }
  const { value } = await stage.run(auth.logout())
  expect(value).toEqual({ server: 'confirmed', durable: true })
  const { body = '', headers } = stage.sent('/auth/logout')[0]!
  expect(JSON.parse(body)).toMatchObject({ scope: 'current', session_id: expect.any(String) })
  expect(headers.has('x-csrf-token')).toBe(true)
  expect(sid(stage)).toBeUndefined()
  const left = await stage.backend.admin.listSessions('ann')
  expect(left.map(({ id }) => id)).toEqual([elsewhere.session_id])
  expect(stage.sent()).toHaveLength(1)
})

it('R43 scope all ends every session of the user', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  await signInElsewhere(stage)
  expect(await stage.backend.admin.listSessions('ann')).toHaveLength(2)
  await stage.run(auth.logout({ scope: 'all' }))
  expect(await stage.backend.admin.listSessions('ann')).toEqual([])
})

/** A server that keeps nothing: whatever it answers to a cookie sets that cookie again. */
const echo: Stage['respond'] = ({ headers }, url) =>
  url.pathname === '/api/rolling'
    ? new Response('ok', {
        headers: {
          'set-cookie': `${/__Host-sid=[^;]+/.exec(headers.get('cookie') ?? '')?.[0] ?? 'none=1'}; Path=/; Secure; HttpOnly`,
        },
      })
    : undefined

it('R11 no request of ours sets the cookie of a rolling session again once logout was called', async () => {
  const stage = await createStage(undefined, { rolling: true })
  stage.respond = echo
  stage.world.setNetwork({ latencyMs: [10, 400] })
  const { auth } = await stage.signedIn()
  const running = Array.from({ length: 8 }, () => auth.fetch('/api/rolling').catch(() => 'rejected'))
  await stage.world.advance(50)
  const logout = auth.logout()
  const held = await stage.run(auth.fetch('/api/rolling'), 0)
  expect(held.error).toMatchObject({ code: 'login_required' })
  await stage.run(logout, 5000)
  expect(await Promise.all(running)).toEqual(running.map(() => 'rejected'))
  expect(sid(stage)).toBeUndefined()
})

it('R01 no request of ours puts the cookie of a rolling session back over that of a sign-in behind it', async () => {
  const stage = await createStage()
  stage.respond = echo
  const { auth } = await stage.signedIn()
  const other = await stage.open()
  stage.world.setNetwork({ latencyMs: [100, 300] })
  const running = [auth, auth, other.auth, other.auth].map((client) =>
    client.fetch('/api/rolling').catch(({ code }: { code: string }) => code),
  )
  await stage.world.advance(10)
  stage.world.setNetwork({})
  expect((await stage.run(auth.login(ANN), 5000)).error).toBeUndefined()
  expect((await stage.write(other, 'still here')).value?.status).toBe(200)
  expect([auth.getState().status, other.auth.getState().status]).toEqual(['authenticated', 'authenticated'])
  expect(await Promise.all(running)).toEqual(running.map(() => 'session_changed'))
})

it('R11 the requests of the other tabs end with the session, too', async () => {
  const stage = await createStage()
  stage.respond = echo
  stage.world.setNetwork({ latencyMs: [100, 300] })
  const { auth } = await stage.signedIn()
  const other = await stage.open()
  await stage.world.advance(1000)
  const running = Array.from({ length: 8 }, () => other.auth.fetch('/api/rolling').catch(() => 'rejected'))
  await stage.world.advance(20)
  await stage.run(auth.logout(), 5000)
  expect(await Promise.all(running)).toEqual(running.map(() => 'rejected'))
  expect(sid(stage)).toBeUndefined()
})

it('R09 a session check that is under way is aborted by a logout, and puts no cookie behind it', async () => {
  const stage = await createStage()
  stage.world.setNetwork({ latencyMs: [100, 300] })
  const { auth } = await stage.signedIn()
  void auth.refresh({ force: true }).catch(() => {})
  await stage.world.advance(20)
  await stage.run(auth.logout(), 5000)
  const [check, logout] = stage.sent()
  expect([check?.url.pathname, logout?.url.pathname]).toEqual(['/auth/session', '/auth/logout'])
  expect(check!.stored).not.toBe(true)
  expect(sid(stage)).toBeUndefined()
  // One look behind it, whether that has held.
  await stage.world.advance(60_000)
  expect(stage.sent().map(({ url }) => url.pathname)).toEqual([
    '/auth/session',
    '/auth/logout',
    '/auth/session',
  ])
})

it('a logout made offline is delivered after a reload, with a CSRF token fetched for it, and shows nobody', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  await stage.world.goOffline()
  const { value } = await stage.run(auth.logout(), 10_000)
  expect(value).toEqual({ server: 'pending', durable: true })
  await stage.world.tabs[0]!.reload()
  const app = stage.world.tabs[0]!.app!
  const states: string[] = []
  app.auth.subscribe(({ status }) => void states.push(status))
  await stage.world.advance(1000)
  await stage.world.goOnline()
  await stage.world.advance(120_000)
  expect(new Set(states)).toEqual(new Set(['unauthenticated']))
  expect(await stage.backend.admin.listSessions('ann')).toEqual([])
  expect(sid(stage)).toBeUndefined()
})

it('a stale CSRF token does not keep a logout from the server', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  stage.backend.admin.rotateCsrfKey()
  const { value } = await stage.run(auth.logout())
  expect(value).toMatchObject({ server: 'confirmed' })
  expect(stage.sent().map(({ url }) => url.pathname)).toEqual([
    '/auth/logout',
    '/auth/session',
    '/auth/logout',
  ])
  expect(sid(stage)).toBeUndefined()
})

it('a logout that knows of no session is not sent again with the CSRF token of who has signed in meanwhile', async () => {
  const stage = await createStage()
  const [app, other] = [await stage.open(), await stage.open()]
  await stage.outside('POST', '/auth/login', ANN)
  stage.world.setNetwork({ latencyMs: [3000, 3000] })
  void app.auth.logout({ scope: 'all' })
  await stage.world.advance(1)
  stage.world.setNetwork({})
  await stage.run(other.auth.login(BOB))
  expect(other.auth.getState()).toMatchObject({ user: { id: 'bob' } })
  await stage.world.advance(60_000)
  expect(await stage.backend.admin.listSessions('bob')).toHaveLength(1)
  expect(other.auth.getState()).toMatchObject({ user: { id: 'bob' } })
})

it('RV-02 a session that is over already makes no logout fail', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  await stage.backend.admin.endAllSessions('ann')
  expect((await stage.run(auth.logout())).value).toMatchObject({ server: 'confirmed' })
})

it('R49 a logout that leaves the cookie and the session in place is called out', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const stage = await createStage({ mode: 'session', development: true })
  const { auth } = await stage.signedIn()
  stage.respond = (_request, url) =>
    url.pathname === '/auth/logout' ? new Response(null, { status: 204 }) : undefined
  await stage.run(auth.logout())
  await vi.waitFor(async () => {
    await stage.world.advance(100)
    expect(auth.getDiagnostics().map(({ type }) => type)).toContain('logout.ineffective')
  })
  expect(warn.mock.calls.join(' ')).toMatch(/Path, Domain/)
  expect(auth.getState().status).toBe('unauthenticated')
  warn.mockRestore()
})

it('R49 a logout that worked is not called out', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const stage = await createStage({ mode: 'session', development: true })
  const { auth } = await stage.signedIn()
  await stage.run(auth.logout())
  await vi.waitFor(async () => {
    await stage.world.advance(100)
    expect(stage.sent('/auth/session').at(-1)?.answer?.status).toBe(200)
  })
  expect(auth.getDiagnostics().map(({ type }) => type)).not.toContain('logout.ineffective')
  expect(warn).not.toHaveBeenCalled()
  warn.mockRestore()
})

it('RV-02 a logout that is refused for its CSRF token where nobody is signed in any more is done, unless it is for all', async () => {
  for (const [scope, server] of [
    ['current', 'confirmed'],
    ['all', 'pending'],
  ] as const) {
    const stage = await createStage()
    const { auth } = await stage.signedIn()
    await stage.backend.admin.endAllSessions('ann')
    stage.respond = (_request, url) =>
      url.pathname === '/auth/logout' ? Response.json({ error: 'csrf_failed' }, { status: 403 }) : undefined
    expect((await stage.run(auth.logout({ scope }))).value).toMatchObject({ server })
  }
})

it('R50 the refusal of a logout that comes after its deadline is looked into no more: its answer could cross the next sign-in', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  let logouts = 0
  stage.respond = (_request, url) =>
    url.pathname === '/auth/logout' && logouts++ === 0
      ? Response.json({ error: 'csrf_failed' }, { status: 403 })
      : undefined
  stage.world.setNetwork({ latencyMs: [5000, 5000] })
  const logout = auth.logout()
  await stage.world.advance(100)
  stage.world.setNetwork({ latencyMs: [5, 5] })
  expect((await stage.run(logout, 8000)).value).toMatchObject({ server: 'pending' })
  await stage.run(auth.login(ANN), 1500)
  const before = stage.sent('/auth/session').length
  await stage.world.advance(10_000)
  expect(stage.sent('/auth/session')).toHaveLength(before)
  expect(auth.getState()).toMatchObject({ status: 'authenticated' })
})
