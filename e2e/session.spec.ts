import { App, cookieOf, expect, test } from './fixtures.ts'

test('R30 R03 R55 twenty calls on an expired token cost one refresh and never send the old one', async ({
  app,
  server,
}) => {
  await app.signIn()
  const [old] = server.tokens
  await app.pass(301)
  expect(new Set(await app.run('burst', '/api/orders', 20))).toEqual(new Set([200]))
  expect(server.count('/auth/refresh')).toBe(1)
  const sent = server.seen
    .filter(({ path }) => path === '/api/orders')
    .map((one) => one.headers.get('authorization'))
  expect(sent).toHaveLength(20)
  expect(new Set(sent)).toEqual(new Set([`Bearer ${server.tokens[1]}`]))
  expect(server.tokens[1]).not.toBe(old)
})

test('R77 a page that is left alone renews its short token again and again, and shows no change', async ({
  page,
  serve,
}) => {
  const server = await serve({ accessTokenSeconds: 3 })
  const app = new App(page, server)
  await app.signIn()
  await app.run('told')
  await expect.poll(() => server.tokens.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(3)
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(server.backend.stats.count('orders', 'invalid_token')).toBe(0)
  expect(server.backend.stats.count('refresh', 'rotated')).toBe(server.tokens.length - 1)
  expect(await app.run('told')).toEqual([])
})

test('R35 a session whose token expired days ago is there again at the next start', async ({
  app,
  server,
  page,
}) => {
  await app.signIn()
  await page.goto('about:blank')
  server.advance(3 * 24 * 3_600_000)
  await app.open()
  await app.expectUser('ada')
})

test('BBA-07 ERR-12 a call whose token the server revoked is renewed once and repeated once', async ({
  page,
  serve,
}) => {
  const server = await serve({ revocation: 'token-version' })
  const app = new App(page, server)
  await app.signIn()
  await server.backend.admin.setRoles('ada', ['admin', 'auditor'])
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(server.backend.stats.all()).toMatchObject({
    orders: { ok: 1, invalid_token: 1 },
    refresh: { rotated: 1 },
  })
  expect(await app.run('told')).toContain('claimsChange ada')
})

test('R52 a resource that goes on refusing gets two calls, and the caller the 401', async ({
  app,
  server,
}) => {
  await app.signIn()
  server.rejections = 10
  expect((await app.run('fetch', '/echo')).status).toBe(401)
  expect(server.count('/echo')).toBe(2)
  expect(server.count('/auth/refresh')).toBe(1)
  await app.expectUser('ada')
})

test('R06 ROT-02 CK-13 a reload in the middle of a refresh is given the same successor', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  await page.reload()
  await app.expectUser('ada')
  // However often it was asked: one successor.
  const { rotated, redelivered } = server.backend.stats.all()['refresh'] ?? {}
  expect(rotated).toBe(1)
  expect(redelivered).toBeGreaterThanOrEqual(1)

  held.release()
  await expect.poll(() => cookieOf(context)).toBe(server.secrets.at(-1))
  await page.reload()
  await app.expectUser('ada')
})

test('R06 where the backend cannot deliver twice, the page that reloaded waits for the cookie of the first refresh', async ({
  page,
  context,
  serve,
}) => {
  const server = await serve({ onRace: 'refuse' })
  const app = new App(page, server)
  await app.signIn()
  const before = server.count('/auth/refresh')
  const first = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await first.arrived
  const second = server.hold('/auth/refresh', 'answer')
  await page.reload()
  await second.arrived
  first.release()
  await expect.poll(() => cookieOf(context)).toBe(server.secrets.at(-1))
  second.release()
  await app.expectUser('ada')
  expect(server.backend.stats.all()['refresh']).toMatchObject({ rotated: 2, refresh_raced: 1 })
  expect(server.count('/auth/refresh') - before).toBe(3)
})

test('ROT-06 the cookie of a refresh is kept although the tab that asked for it was closed', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  const [first] = server.secrets
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  await page.close()
  expect(await cookieOf(context)).toBe(first)
  held.release()
  await expect.poll(() => cookieOf(context)).toBe(server.secrets[1])
  expect(server.secrets).toHaveLength(2)

  const next = new App(await context.newPage(), server)
  await next.open()
  await next.expectUser('ada')
  expect(server.backend.stats.all()['refresh']).toMatchObject({ rotated: 2 })
})

test('AV-11 R12 a refresh that is answered with a redirect is an error, is not followed, and keeps the session', async ({
  app,
  server,
  page,
}) => {
  await app.signIn()
  server.backend.faults.add({ kind: 'redirect', on: 'refresh', times: 1, location: '/plain' })
  expect(await app.fails('refresh', true)).toMatchObject({ name: 'AuthError', code: 'redirected' })
  expect(await app.run('state')).toMatchObject({ status: 'authenticated', connection: 'degraded' })
  expect(server.count('/plain')).toBe(0)
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  await page.reload()
  await app.expectUser('ada')
})

test('R14 R95 a renewal in the background that fails disturbs nobody', async ({ app, server }) => {
  await app.signIn()
  server.backend.faults.add({ kind: 'status', on: 'refresh', status: 503 })
  await app.pass(250)
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  await expect.poll(() => app.run('timeline')).toContain('refresh.failed')
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(await app.run('state')).toMatchObject({ status: 'authenticated', connection: 'degraded' })
})

test('R15 offline with an expired token is an error that says so, and one refresh when the network is back', async ({
  app,
  server,
  context,
}) => {
  await app.signIn()
  await app.pass(301)
  await context.setOffline(true)
  expect(await app.fails('fetch', '/api/orders')).toMatchObject({ name: 'AuthError', code: 'offline' })
  expect(await app.run('state')).toMatchObject({ status: 'authenticated', connection: 'offline' })
  const before = server.count('/auth/refresh')
  await context.setOffline(false)
  await expect.poll(() => app.run('state')).toMatchObject({ status: 'authenticated', connection: 'ok' })
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(server.count('/auth/refresh') - before).toBe(1)
})
