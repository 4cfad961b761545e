/* Logout and other tabs in session mode. */
import { expect, it, vi } from 'vitest'
import { ANN, BOB, createStage, ORIGIN, type Stage } from '../../support/stage.js'

const sid = (stage: Stage): string | undefined =>
  stage.world.cookies().find(({ name }) => name.endsWith('sid'))?.value

const profile = (name: string): RequestInit => ({
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ name }),
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

/** Ann signs in on another device. */
const signInElsewhere = ({ backend }: Stage): Promise<Response> =>
  backend.handle(
    new Request(`${ORIGIN}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': '1', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify(ANN),
    }),
  )

/** Two more tabs are opened, and all three wake when what they know is too old. Counts from there on. */
async function wakeThree(stage: Stage): Promise<void> {
  await stage.open()
  await stage.open()
  await stage.world.advance(400_000)
  stage.exchanges.length = 0
  await stage.world.goOffline()
  await stage.world.goOnline()
  await stage.world.advance(2000)
}

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

it('R99 a tab that starts asks the server whom the cookie is for, whoever is signed in in the others', async () => {
  const stage = await createStage()
  await stage.signedIn()
  const others = [await stage.open(), await stage.open(), await stage.open()]
  expect(others.map(({ auth }) => auth.getState().status)).toEqual(Array(3).fill('authenticated'))
  expect(stage.sent('/auth/session')).toHaveLength(3)
  expect((await stage.write(others[2]!, 'x')).value?.status).toBe(200)
})

it('R99 a tab that starts and gets no answer shows nobody, whoever is signed in in the others', async () => {
  const stage = await createStage()
  await stage.signedIn()
  await stage.world.goOffline()
  const tab = await stage.open()
  await stage.world.advance(230_000)
  expect(tab.auth.getState().status).toBe('unknown')
  await stage.world.goOnline()
  await stage.world.advance(1000)
  expect(tab.auth.getState().status).toBe('authenticated')
})

it('one probe per browser: tabs that wake together ask once', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  await wakeThree(stage)
  expect(stage.sent('/auth/session')).toHaveLength(1)
  expect(app.told).toEqual([])
})

it('one probe per browser: who waited for another tab hears it out, however busy the machine is', async () => {
  const stage = await createStage(undefined, {}, { channelDelayMs: [100, 100] })
  await stage.signedIn()
  await wakeThree(stage)
  expect(stage.sent('/auth/session')).toHaveLength(1)
})

it('a logout signs every tab out, and no tab sends anything afterwards', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  const other = await stage.open()
  await stage.run(app.auth.logout())
  expect(other.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  stage.exchanges.length = 0
  expect((await stage.write(other, 'x')).error).toMatchObject({ code: 'session_ended' })
  expect(stage.sent()).toEqual([])
})

it('a login in one tab signs the other in, and another user switches it', async () => {
  const stage = await createStage()
  const app = await stage.open()
  const other = await stage.open()
  await stage.run(app.auth.login(ANN))
  expect(other.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
  await stage.run(app.auth.login(BOB))
  expect(other.told).toEqual(['end user-switched', 'switch ann bob'])
  expect((await stage.write(other, 'Bob B.')).value?.status).toBe(200)
  expect([await stage.nameOf('ann'), await stage.nameOf('bob')]).toEqual(['Ann', 'Bob B.'])
})

it('a write that waits while another user signs in elsewhere rejects and is never sent as him', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  const other = await stage.open()
  stage.world.setNetwork({ latencyMs: [100, 200] })
  stage.backend.admin.rotateCsrfKey()
  const write = app.auth.fetch('/api/profile', profile('written by Ann'))
  const login = other.auth.login(BOB)
  const [{ error }] = [await stage.run(write, 5000), await stage.run(login, 5000)]
  expect(error).toMatchObject({ code: 'session_changed' })
  expect([await stage.nameOf('ann'), await stage.nameOf('bob')]).toEqual(['Ann', 'Bob'])
})

it('the end of a session that one tab meets reaches the others with its reason', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  const other = await stage.open()
  await stage.backend.admin.ban('ann')
  await stage.run(app.auth.fetch('/api/profile'))
  expect([app.told, other.told]).toEqual([['end refused'], ['end refused']])
})

it('neither the marker nor what the tabs say holds the cookie or the CSRF token where it is not shared', async () => {
  const stage = await createStage({ mode: 'session', tabs: { shareToken: false } })
  const app = await stage.signedIn()
  await stage.open()
  expect(stage.sent('/auth/session')).toHaveLength(1)
  await stage.write(app, 'x')
  const csrf = stage.sent('/api/profile')[0]!.headers.get('x-csrf-token')!
  const stored = [...stage.world.stored().values()].join(' ')
  for (const secret of [csrf, sid(stage)!]) expect(stored).not.toContain(secret)
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
