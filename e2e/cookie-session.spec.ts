import type { AuthClientOptions } from '../src/index.js'
import { ADA, App, beUnhurried, BOB, cookieOf, expect, test, type TestServer } from './fixtures.ts'
import { expectAll, liveSessions } from './tabs.ts'

const SID = '__Host-sid'
const OPTIONS: AuthClientOptions = { development: false, mode: 'session', key: 'shop' }

test.use({ backend: { mode: 'session' } })
test.beforeEach(({ server }) => {
  server.client = OPTIONS
})

const nameOf = async (app: App): Promise<string> => {
  const { text } = await app.run('fetch', '/api/profile')
  return (JSON.parse(text) as { name: string }).name
}

/** Signs in on the pages of the server alone, in a tab of its own; no script of ours runs there. */
async function signInAtTheServer(app: App, { email, password }: typeof BOB): Promise<void> {
  const page = await app.page.context().newPage()
  await page.goto(`${app.server.origin}/auth/start?return_to=/plain`)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL('**/plain')
  // What a page of the server brings with it: a readable cookie, where the backend has one.
  await page.evaluate(() => fetch('/auth/session'))
  await page.close()
}

const paths = (server: TestServer): string[] =>
  server.seen
    .filter(({ path }) => /^\/(auth|api)\//.test(path))
    .map(({ method, path }) => `${method} ${path}`)

test('signs in, writes with a CSRF token, and is restored after a reload by one question', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  expect(await app.run('state')).toMatchObject({ status: 'authenticated', mode: 'session', user: 'ada' })
  expect((await app.run('write', 'Ada L.')).status).toBe(200)
  const { headers } = server.last('/api/profile')
  expect([headers.get('x-csrf'), headers.has('x-csrf-token'), headers.has('authorization')]).toEqual([
    '1',
    true,
    false,
  ])
  const before = await cookieOf(context, SID)
  server.seen.length = 0
  await page.reload()
  await app.expectUser('ada')
  expect(paths(server)).toEqual(['GET /auth/session'])
  expect(await cookieOf(context, SID)).toBe(before)
  expect((await app.run('write', 'Ada K.')).status).toBe(200)
  expect(await nameOf(app)).toBe('Ada K.')
})

test('script sees neither the cookie nor a token', async ({ app, page }) => {
  await app.signIn()
  expect(await page.evaluate(() => document.cookie)).toBe('')
  expect(await app.fails('hasToken')).toMatchObject({ code: 'no_token_in_session_mode' })
})

test('R99 a second tab asks once whom the cookie is for, and a sign-out in one ends both', async ({
  app,
  server,
  context,
}) => {
  await app.signIn()
  const page = await context.newPage()
  await page.addInitScript(beUnhurried)
  const other = new App(page, server)
  await other.open()
  await other.expectUser('ada')
  expect((await other.run('write', 'From the other tab')).status).toBe(200)
  expect(server.count('/auth/session')).toBe(1)
  expect(await app.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await expectAll([other], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(await cookieOf(context, SID)).toBeUndefined()
  expect(await liveSessions(server)).toBe(0)
  const from = server.seen.length
  expect(await other.fails('write', 'x')).toMatchObject({ code: 'session_ended' })
  expect(server.seen.slice(from)).toEqual([])
})

test('R11 a request that is on its way cannot bring a rolling cookie back after the sign-out', async ({
  serve,
  page,
  context,
}) => {
  const server = await serve({ mode: 'session', rolling: true })
  server.client = OPTIONS
  const app = new App(page, server)
  await app.signIn()
  const held = server.hold('/api/orders', 'answer')
  const running = app.fails('fetch', '/api/orders')
  await held.arrived
  await app.run('logout')
  held.release()
  expect(await running).toMatchObject({ code: 'session_changed' })
  await page.reload()
  await app.expectUser(undefined)
  expect(await cookieOf(context, SID)).toBeUndefined()
})

test('R70 a stale CSRF token costs one question and one replay', async ({ app, server }) => {
  await app.signIn()
  server.backend.admin.rotateCsrfKey()
  expect((await app.run('write', 'Ada L.')).status).toBe(200)
  expect(paths(server)).toEqual(['PUT /api/profile', 'GET /auth/session', 'PUT /api/profile'])
  await app.expectUser('ada')
})

test('R70 a readable cookie is read at each send, and a token that another tab has renewed is used at once', async ({
  serve,
  page,
  context,
}) => {
  const server = await serve({ mode: 'session', csrf: { delivery: ['cookie'] } })
  server.client = { ...OPTIONS, session: { csrf: { cookie: '__Host-csrf' } } }
  const app = new App(page, server)
  await app.signIn()
  expect((await app.run('write', 'one')).status).toBe(200)
  server.backend.admin.rotateCsrfKey()
  const other = new App(await context.newPage(), server)
  await other.open()
  await other.expectUser('ada')
  await other.run('refresh', true)
  server.seen.length = 0
  expect((await app.run('write', 'two')).status).toBe(200)
  expect(server.count('/api/profile')).toBe(1)
})

test('R71 a readable cookie that the page cannot read for its path is named, and a write that is refused for it signs nobody out', async ({
  serve,
  page,
  noise,
}) => {
  noise.expect(/CSRF cookie "XSRF-TOKEN" cannot be read on this page.*Path/)
  const server = await serve({ mode: 'session', csrf: { delivery: ['cookie'], cookie: 'XSRF-TOKEN' } })
  server.client = { ...OPTIONS, development: true, session: { csrf: { cookie: 'XSRF-TOKEN' } } }
  server.rewriteCookie = (line) =>
    line.startsWith('XSRF-TOKEN=') ? line.replace('Path=/', 'Path=/auth') : line
  const app = new App(page, server)
  await app.signIn()
  expect((await app.run('write', 'Ada L.')).status).toBe(403)
  await app.expectUser('ada')
  server.rewriteCookie = (line) => line
  server.backend.admin.rotateCsrfKey()
  // What was refused twice is believed for a minute.
  await app.pass(61)
  expect((await app.run('write', 'Ada L.')).status).toBe(200)
})

test('a session that is gone is noticed at the next request, with its reason, and nothing loops', async ({
  app,
  server,
}) => {
  await app.signIn()
  await app.run('told')
  await server.backend.admin.endAllSessions('ada')
  expect(await app.fails('fetch', '/api/orders')).toMatchObject({ code: 'session_ended' })
  expect(await app.run('state')).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
  expect(await app.run('told')).toEqual(['sessionEnd revoked ada', 'unauthenticated'])
  expect(server.seen.filter(({ path }) => path === '/api/orders')).toHaveLength(1)
})

test('R99 an idle session ends with its reason, and the page after it asks once, as any visitor', async ({
  app,
  server,
  page,
}) => {
  await app.signIn()
  await app.pass(8 * 86_400)
  expect(await app.fails('write', 'x')).toMatchObject({ code: 'session_ended' })
  expect(await app.run('state')).toMatchObject({ reason: 'expired' })
  server.seen.length = 0
  await page.reload()
  await app.expectUser(undefined)
  expect(paths(server)).toEqual(['GET /auth/session'])
})

test('FIX-03 another user signs in on a page of the server while this tab stands still: its next write is not sent as him, and not lost in silence', async ({
  app,
  server,
}) => {
  await app.signIn()
  await app.run('told')
  await signInAtTheServer(app, BOB)
  expect(await app.run('state')).toMatchObject({ user: 'ada' })
  expect(await app.fails('write', 'written by Ada')).toMatchObject({
    name: 'AuthError',
    code: 'session_changed',
  })
  await expect.poll(() => app.run('state')).toMatchObject({ status: 'authenticated', user: 'bob' })
  const told = await app.run('told')
  expect(told.filter((one) => /^(sessionEnd|userSwitch)/.test(one))).toEqual([
    'sessionEnd user-switched ada',
    'userSwitch ada bob',
  ])
  expect(await nameOf(app)).toBe('Bob')
  expect((await app.run('write', 'Bob B.')).status).toBe(200)
  expect(server.backend.stats.all()).toMatchObject({ profile: { session_mismatch: 1 } })
})

test('the same where the backend compares no session ids and a readable cookie is all there is', async ({
  serve,
  page,
}) => {
  const server = await serve({ mode: 'session', sessionIdHeader: false, csrf: { delivery: ['cookie'] } })
  server.client = { ...OPTIONS, session: { idHeader: false, csrf: { cookie: '__Host-csrf' } } }
  const app = new App(page, server)
  await app.signIn()
  await signInAtTheServer(app, BOB)
  server.seen.length = 0
  expect(await app.fails('write', 'written by Ada')).toMatchObject({ code: 'session_changed' })
  expect(server.count('/api/profile')).toBe(0)
  await expect.poll(() => app.run('state')).toMatchObject({ user: 'bob' })
  expect(await nameOf(app)).toBe('Bob')
})

test('R47 R85 coming back after a while asks once and finds that the session was ended elsewhere', async ({
  app,
  server,
  page,
}) => {
  await app.signIn()
  const focus = () => page.evaluate(() => [1, 2, 3].forEach(() => dispatchEvent(new Event('focus'))))
  await focus()
  await app.run('ready')
  expect(server.count('/auth/session')).toBe(0)
  await app.pass(400)
  await focus()
  await expect.poll(() => server.count('/auth/session')).toBe(1)
  await app.run('refresh', false)
  await server.backend.admin.endAllSessions('ada')
  await app.pass(400)
  await focus()
  await expect.poll(() => app.run('state')).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
})

test('auto: a migration from sessions to tokens keeps the person signed in', async ({
  app,
  server,
  page,
}) => {
  server.client = { development: false, key: 'shop', session: { csrf: {} } }
  await app.signIn()
  expect(await app.run('state')).toMatchObject({ mode: 'session' })
  server.backend.admin.setMode('both', 'token')
  await page.reload()
  await app.expectUser('ada')
  expect(await app.run('state')).toMatchObject({ mode: 'token' })
  server.backend.admin.setMode('token')
  expect((await app.run('write', 'Ada L.')).status).toBe(200)
  expect(await app.run('hasToken')).toBe(true)
})

test('an auto client that has heard nothing of cookie sessions refuses one and says why', async ({
  app,
  server,
}) => {
  server.client = { development: false, key: 'shop' }
  await app.open()
  expect(await app.fails('login', ADA)).toMatchObject({ code: 'session_mode_refused' })
  await app.expectUser(undefined)
  expect(await liveSessions(server)).toBe(0)
})

test('R74 in a frame of another origin the sign-in by redirect does not navigate, and the diagnosis names the frame', async ({
  serve,
  page,
}) => {
  const [server, host] = [await serve({ mode: 'session' }), await serve()]
  server.client = OPTIONS
  await page.goto(`${host.origin}/plain`)
  await page.evaluate((src) => {
    const frame = document.createElement('iframe')
    frame.src = src
    document.body.append(frame)
  }, `${server.origin}/`)
  await expect.poll(() => page.frames().length).toBe(2)
  const frame = page.frames()[1]!
  await frame.waitForFunction(() => 'run' in window)
  const app = new App(page, server, frame)
  expect(await app.fails('loginWithRedirect')).toMatchObject({ code: 'embedded' })
  expect(frame.url()).toBe(`${server.origin}/`)
  expect(JSON.stringify(await app.run('diagnose'))).toContain('third-party frame')
})
