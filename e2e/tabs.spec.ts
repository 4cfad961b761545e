import { ADA, App, BOB, cookieOf, expect, test } from './fixtures.ts'
import { credentialed, expectAll, liveSessions, lockState, OPTIONS, passEverywhere } from './tabs.ts'

test.beforeEach(({ server }) => {
  server.client = OPTIONS
})

test('R01 R34 ROT-05 twenty tabs that wake together on an expired token cost one refresh', async ({
  app,
  server,
  context,
  tabs,
}) => {
  test.setTimeout(120_000)
  await app.signIn()
  const all = [app, ...(await tabs(19))]
  await passEverywhere(all, 301)
  server.seen.length = 0
  server.backend.stats.reset()
  const held = server.hold('/auth/refresh', 'request')
  await context.setOffline(true)
  await context.setOffline(false)
  await held.arrived
  await expect.poll(() => lockState(app)).toEqual({ held: 1, pending: 19 })
  held.release()

  const answers = await Promise.all(all.map((tab) => tab.run('fetch', '/api/orders')))
  expect(answers.map(({ status }) => status)).toEqual(all.map(() => 200))
  expect(server.count('/auth/refresh')).toBe(1)
  expect(server.backend.stats.all()).toMatchObject({ orders: { ok: 20 }, refresh: { rotated: 1 } })
  const sent = server.seen.filter(({ path }) => path === '/api/orders')
  const bearers = new Set(sent.map(({ headers }) => headers.get('authorization')))
  expect(bearers).toEqual(new Set([`Bearer ${server.tokens.at(-1)}`]))
})

test('R38 R42 RV-04 a sign-out in one of ten tabs ends all ten, and the old credential is not sent again', async ({
  app,
  server,
  context,
  tabs,
}) => {
  test.setTimeout(80_000)
  await app.signIn()
  const others = await tabs(9)
  const all = [app, ...others]
  const held = server.hold('/api/orders', 'answer')
  const running = others[0]!.fails('fetch', '/api/orders')
  await held.arrived
  await Promise.all(all.map((tab) => tab.run('told')))
  const from = server.seen.length

  expect(await app.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await expectAll(others, { status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(await app.run('told')).toEqual(['sessionEnd logout ada', 'unauthenticated'])
  for (const tab of others) {
    expect(await tab.run('told')).toEqual(['sessionEnd logout-elsewhere ada', 'unauthenticated'])
  }
  expect(await running).toMatchObject({ name: 'AuthError', code: 'session_changed' })
  held.release()
  expect(await cookieOf(context)).toBeUndefined()

  const refusals = await Promise.all(all.map((tab) => tab.fails('fetch', '/api/orders')))
  expect(refusals.map(({ name }) => name)).toEqual(all.map(() => 'AuthError'))
  for (const tab of [app, others[0]!]) {
    await tab.page.reload()
    await tab.expectUser(undefined)
  }
  expect(credentialed(server, from)).toEqual(['/auth/logout'])
})

for (const [how, leave] of [
  ['closed', ({ page }: App) => page.close()],
  ['reloaded', ({ page }: App) => page.reload()],
] as const) {
  test(`R06 ROT-03 a tab that is ${how} in mid-refresh leaves the next one signed in`, async ({
    app,
    server,
    context,
    tabs,
  }) => {
    await app.signIn()
    const [next] = (await tabs(1)) as [App]
    await passEverywhere([app, next], 301)
    server.backend.stats.reset()
    const held = server.hold('/auth/refresh', 'answer')
    await app.begin('refresh', true)
    await held.arrived
    await leave(app)
    expect((await next.run('fetch', '/api/orders')).status).toBe(200)
    const { rotated, redelivered } = server.backend.stats.all()['refresh'] ?? {}
    expect(rotated).toBe(1)
    expect(redelivered).toBeGreaterThanOrEqual(1)

    held.release()
    await expect.poll(() => cookieOf(context)).toBe(server.secrets.at(-1))
    expect(await next.run('refresh', true)).toMatchObject({ user: 'ada' })
    await next.page.reload()
    await next.expectUser('ada')
    expect(server.backend.stats.count('refresh', 'refresh_reused')).toBe(0)
    expect(await liveSessions(server)).toBe(1)
  })
}

test('R06 CK-13 the last tab of the app closed in mid-refresh: the cookie of the answer is kept, and the next start is signed in', async ({
  app,
  server,
  context,
  tabs,
}) => {
  await app.signIn()
  const foreign = new App(await context.newPage(), server)
  await foreign.open('/plain')
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  expect(await lockState(foreign)).toEqual({ held: 1, pending: 0 })
  await app.page.close()
  // The document is gone, and with it every request that was not meant to outlive it.
  await expect.poll(() => lockState(foreign)).toEqual({ held: 0, pending: 0 })
  held.release()
  await expect.poll(() => cookieOf(context)).toBe(server.secrets[1])
  const [next] = (await tabs(1)) as [App]
  await next.expectUser('ada')
  expect(server.backend.stats.all()['refresh']).toMatchObject({ rotated: 2 })
  expect(server.backend.stats.count('refresh', 'redelivered')).toBe(0)
})

test('R02 CK-06 the slow refresh of a closed tab is refused after Ada has left, and Bob, who came since, stays signed in', async ({
  app,
  server,
  context,
  tabs,
}) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  const held = server.hold('/auth/refresh', 'request')
  await app.begin('refresh', true)
  await held.arrived
  await app.page.close()
  await other.run('logout')
  await other.run('login', BOB)

  held.release()
  await expect.poll(() => server.backend.stats.count('refresh', 'session_revoked')).toBe(1)
  // Twice: by the second time the answer has been here for a whole start.
  for (let i = 0; i < 2; i++) {
    await other.page.reload()
    await other.expectUser('bob')
    expect(await cookieOf(context)).toBeDefined()
  }
})

test('R10 a sign-out lands behind the refresh of another tab, so that no cookie outlives it', async ({
  app,
  server,
  context,
  tabs,
}) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  await other.begin('logout')
  await expectAll([app, other], { status: 'unauthenticated' })
  await expect.poll(() => lockState(other)).toMatchObject({ pending: 1 })
  expect(server.count('/auth/logout')).toBe(0)

  held.release()
  await expect.poll(() => liveSessions(server)).toBe(0)
  await expect.poll(() => cookieOf(context)).toBeUndefined()
  await Promise.all([app.page.reload(), other.page.reload()])
  await app.expectUser(undefined)
  await other.expectUser(undefined)
  expect(await cookieOf(context)).toBeUndefined()
})

test('R10 a sign-out during a refresh that the server holds past every deadline: its late cookie is revoked', async ({
  app,
  server,
  context,
  tabs,
}) => {
  server.client = { ...OPTIONS, timeouts: { request: 700, lock: 700 } }
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  await other.begin('logout')
  await expectAll([app, other], { status: 'unauthenticated' })
  await expect.poll(() => liveSessions(server)).toBe(0)
  await expect.poll(() => cookieOf(context)).toBeUndefined()
  const delivered = server.count('/auth/logout')

  held.release()
  await expect.poll(() => server.count('/auth/logout')).toBeGreaterThan(delivered)
  expect(await app.run('timeline')).toContain('logout.compensated')
  // The cookie that came late is dead.
  await expect.poll(() => cookieOf(context)).toBe(server.secrets.at(-1))
  await Promise.all([app.page.reload(), other.page.reload()])
  await app.expectUser(undefined)
  await other.expectUser(undefined)
  expect(await liveSessions(server)).toBe(0)
})

test('R40 R42 FIX-03 somebody else signs in elsewhere: running requests end, the app clears up, and only then is he shown', async ({
  app,
  server,
  tabs,
}) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  await app.run('told')
  await app.run('holdCleanUp')
  const held = server.hold('/api/orders', 'answer')
  const running = app.fails('fetch', '/api/orders')
  await held.arrived
  await other.run('login', BOB)
  const from = server.seen.length

  await expect.poll(() => app.run('timeline')).toContain('session.switched')
  expect(await running).toMatchObject({ name: 'AuthError', code: 'session_changed' })
  held.release()
  const told: string[] = []
  await expect
    .poll(async () => (told.push(...(await app.run('told'))), told))
    .toEqual(['unknown', 'sessionEnd user-switched ada'])
  expect(await app.run('state')).toMatchObject({ status: 'unknown', user: undefined })
  await expect(app.page.locator('#status')).toHaveText('unknown')

  await app.run('endCleanUp')
  await expect(app.page.locator('#status')).toHaveText('Bob is signed in')
  expect(await app.run('told')).toEqual(['Bob is signed in', 'userSwitch ada bob'])
  expect(JSON.parse((await app.run('fetch', '/api/profile')).text)).toMatchObject({ id: 'bob' })
  const bearers = server.seen.slice(from).map(({ headers }) => headers.get('authorization'))
  expect(bearers).not.toContain(`Bearer ${server.tokens[0]}`)
})

test('R37 a sign-out without a network ends all tabs at once, survives a reload, and is delivered online', async ({
  app,
  server,
  context,
  tabs,
}) => {
  await app.signIn()
  const others = await tabs(2)
  await context.setOffline(true)
  const reconnect = server.backend.faults.add({ kind: 'unreachable' })
  const from = server.seen.length
  expect(await app.run('logout')).toEqual({ server: 'pending', durable: true })
  await expectAll(others, { status: 'unauthenticated', reason: 'logout-elsewhere' })
  // The page can be loaded again before the backend can be reached.
  await context.setOffline(false)
  await app.page.reload()
  expect(await app.run('ready')).toMatchObject({ status: 'unauthenticated' })
  expect(await liveSessions(server)).toBe(1)

  await context.setOffline(true)
  reconnect()
  await context.setOffline(false)
  await expect.poll(() => liveSessions(server)).toBe(0)
  await expect.poll(() => cookieOf(context)).toBeUndefined()
  for (const tab of [app, ...others]) {
    await tab.page.reload()
    await tab.expectUser(undefined)
  }
  // A start asks whose the cookie is, which renews nothing.
  expect(new Set(credentialed(server, from))).toEqual(new Set(['/auth/logout', '/auth/session']))
})

for (const shareToken of [true, false]) {
  test(`R41 a login in one tab signs in the sibling on the sign-in page without a reload, with shareToken ${shareToken}`, async ({
    app,
    server,
    tabs,
  }) => {
    server.client = { ...OPTIONS, tabs: { shareToken } }
    await app.open()
    const [sibling] = (await tabs(1)) as [App]
    await Promise.all([app.expectUser(undefined), sibling.expectUser(undefined)])
    const documents = server.count('/')
    server.backend.stats.reset()
    await app.run('login', ADA)
    await expect(sibling.page.locator('#status')).toHaveText('Ada is signed in')
    expect((await sibling.run('fetch', '/api/orders')).status).toBe(200)
    expect(server.count('/')).toBe(documents)
    // Where the token may not travel, the sibling gets one of its own.
    expect(server.backend.stats.count('refresh')).toBe(shareToken ? 0 : 1)
  })
}

test('R50 a login in another tab waits for the sign-out that is under way, which cannot end the new session', async ({
  app,
  server,
  context,
  tabs,
}) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  const held = server.hold('/auth/logout', 'request')
  await app.begin('logout')
  await held.arrived
  await expectAll([other], { status: 'unauthenticated' })
  const login = other.run('login', BOB)
  await expect.poll(() => lockState(other)).toEqual({ held: 1, pending: 1 })
  expect(server.count('/auth/login')).toBe(0)
  held.release()
  expect(await login).toMatchObject({ user: 'bob' })
  await expectAll([app], { user: 'bob' })
  expect(await server.backend.admin.listSessions('ada')).toEqual([])
  expect(await cookieOf(context)).toBe(server.secrets.at(-1))
  await app.page.reload()
  await app.expectUser('bob')
})

test('R51 R12 the doubt of one tab ends nothing: no sign-out is sent, and the others go on', async ({
  app,
  server,
  tabs,
}) => {
  await app.signIn()
  const [doubting] = (await tabs(1)) as [App]
  const repair = server.backend.faults.add({ kind: 'status', on: 'refresh', status: 503 })
  expect(await doubting.fails('refresh', true)).toMatchObject({ code: 'server_error' })
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(await app.run('state')).toMatchObject({ status: 'authenticated', user: 'ada' })
  repair()
  await expectAll([doubting], { status: 'authenticated', user: 'ada', connection: 'ok' })
  await doubting.page.reload()
  await doubting.expectUser('ada')
  expect(server.count('/auth/logout')).toBe(0)
})
