import { ADA, App, cookieOf, expect, REFRESH_COOKIE, test } from './fixtures.ts'

test('BBA-10 CK-01 CK-03 AV-01 the refresh cookie is seen on the wire with all its attributes, and by no script', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.open()
  await app.expectUser(undefined)
  const [signedIn] = await Promise.all([page.waitForResponse('**/auth/login'), app.run('login', ADA)])
  const [refreshed] = await Promise.all([page.waitForResponse('**/auth/refresh'), app.run('refresh', true)])
  for (const [index, response] of [signedIn, refreshed].entries()) {
    const lines = (await response.headersArray()).filter(({ name }) => name.toLowerCase() === 'set-cookie')
    expect(lines).toHaveLength(1)
    const [pair, ...attributes] = (lines[0]?.value ?? '').split(/; */)
    expect(pair).toBe(`${REFRESH_COOKIE}=${server.secrets[index]}`)
    expect(attributes.filter((one) => !one.startsWith('Max-Age=')).sort()).toEqual([
      'HttpOnly',
      'Path=/',
      'SameSite=Strict',
      'Secure',
    ])
    const body = await response.text()
    expect(body).toContain('access_token')
    for (const secret of server.secrets) expect(body).not.toContain(secret)
  }

  const [stored, ...others] = await context.cookies()
  expect(others).toEqual([])
  expect(stored).toMatchObject({
    name: REFRESH_COOKIE,
    value: server.secrets[1],
    domain: 'localhost',
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'Strict',
  })
  expect(await page.evaluate(() => document.cookie)).toBe('')
  expect(await page.evaluate(() => cookieStore.getAll())).toEqual([])
})

test('CK-05 AV-05 refresh, logout and login are no GET: a navigation there changes nothing', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  const cookie = await cookieOf(context)
  for (const path of ['/auth/refresh', '/auth/logout', '/auth/login']) {
    const response = await page.goto(server.origin + path)
    expect([path, response?.status(), response?.headers()['allow']]).toEqual([path, 405, 'POST'])
  }
  const session = await page.goto(`${server.origin}/auth/session`)
  expect(session?.status()).toBe(200)
  expect(await session?.headerValue('set-cookie')).toBeNull()
  expect(await cookieOf(context)).toBe(cookie)
  await app.open()
  await app.expectUser('ada')
})

test('CK-06 R44 the 401 that ends a session of itself deletes its cookie', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  await server.backend.admin.ban('ada')
  const [response] = await Promise.all([page.waitForResponse('**/auth/refresh'), app.fails('refresh', true)])
  expect(response.status()).toBe(401)
  expect(await response.headerValue('set-cookie')).toMatch(/^__Host-refresh=; Max-Age=0;/)
  expect(await cookieOf(context)).toBeUndefined()
  expect(await app.run('state')).toMatchObject({ status: 'unauthenticated' })
  expect((await app.run('told')).filter((one) => one.startsWith('sessionEnd'))).toHaveLength(1)
})

test('REV-05 a session that was revoked ends with that reason', async ({ app, server }) => {
  await app.signIn()
  await server.backend.admin.endAllSessions('ada')
  await app.fails('refresh', true)
  expect(await app.run('state')).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
})

test('R67 R68 a login whose cookie is not set is told in words', async ({ app, server, noise, page }) => {
  noise.expect(
    /refresh cookie is missing: the next reload will sign the user out.*Set-Cookie: is it in the answer/,
  )
  server.client = {}
  server.backend.faults.add({ kind: 'cookie-dropped', on: 'login' })
  await app.signIn()
  await expect.poll(() => noise.heard(/refresh cookie is missing/)).toHaveLength(1)
  await page.reload()
  await app.expectUser(undefined)
})

test('R67 R68 a login whose cookie has a path of its own is told in words', async ({
  page,
  serve,
  noise,
}) => {
  noise.expect(/refresh cookie is missing.*Path: it must cover \/auth\/refresh and \/auth\/session/)
  const server = await serve({ cookies: { insecureCookies: true } })
  server.client = {}
  server.rewriteCookie = (line) => line.replace('Path=/', 'Path=/auth/login')
  const app = new App(page, server)
  await app.signIn()
  await expect.poll(() => noise.heard(/refresh cookie is missing/)).toHaveLength(1)
  expect(await app.run('diagnose')).toMatchObject({ cookie: 'missing' })
})

test('R67 R68 a login at an API of another site is told in words: its Strict cookie does not come back', async ({
  page,
  serve,
  noise,
}) => {
  noise.expect(
    /refresh cookie is missing.*this order: third-party cookie: 127\.0\.0\.1.*SameSite: Strict and Lax/,
  )
  const site = await serve()
  const from = `http://127.0.0.1:${site.port}`
  const api = await serve({ allowedOrigins: [from] })
  api.fetchMetadata = false
  site.client = { baseUrl: api.origin }
  site.policy.connect = [api.origin]
  const app = new App(page, site)
  await app.open('/', from)
  await app.run('login', ADA)
  await expect.poll(() => noise.heard(/refresh cookie is missing/)).toHaveLength(1)
  expect(api.secrets).toHaveLength(1)
  await page.reload()
  await app.expectUser(undefined)
})
