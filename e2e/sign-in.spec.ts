import type { Page } from '@playwright/test'
import { ADA, App, cookieOf, expect, test } from './fixtures.ts'

async function fillProviderForm(page: Page): Promise<void> {
  await page.getByLabel('E-mail address').fill(ADA.email)
  await page.getByLabel('Password').fill(ADA.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** All places that keep where the browser has been. */
const trail = (page: Page): Promise<string> =>
  page.evaluate(() =>
    [
      location.href,
      document.referrer,
      JSON.stringify(history.state),
      ...performance.getEntries().map(({ name }) => name),
      ...navigation.entries().map(({ url }) => url),
    ].join('\n'),
  )

test('BBA-05 R72 a visitor asks once at each start, signs in by form, and a reload costs one refresh', async ({
  app,
  server,
  page,
}) => {
  await app.open()
  await app.expectUser(undefined)
  await page.reload()
  await app.expectUser(undefined)
  expect([server.count('/auth/session'), server.count('/auth/refresh')]).toEqual([2, 0])

  await page.getByLabel('E-mail').fill(ADA.email)
  await page.getByLabel('Password').fill(ADA.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.locator('#status')).toHaveText('Ada is signed in')
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect([server.count('/auth/session'), server.count('/auth/refresh')]).toEqual([2, 0])

  await page.reload()
  await expect(page.locator('#status')).toHaveText('Ada is signed in')
  expect((await app.run('fetch', '/api/profile')).status).toBe(200)
  expect([server.count('/auth/session'), server.count('/auth/refresh')]).toEqual([2, 1])
})

test('R92 a wrong password is told in words, and the right one still signs in', async ({
  app,
  server,
  page,
}) => {
  server.client = {}
  await app.open()
  await page.getByLabel('E-mail').fill(ADA.email)
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.getByRole('alert')).toContainText('did not accept the credentials')
  await app.run('login', ADA)
  await app.expectUser('ada')
})

test('OW-23 a login that gets no answer is one request of the page, never repeated by itself', async ({
  app,
  server,
  page,
}) => {
  await app.open()
  await app.expectUser(undefined)
  // Counted in the page: on a connection it used before, the browser itself sends once more what was cut off.
  const sent: string[] = []
  page.on('request', (request) => sent.push(new URL(request.url()).pathname))
  const repair = server.backend.faults.add({ kind: 'lost-answer', on: 'login' })
  expect(await app.fails('login', ADA)).toMatchObject({ name: 'AuthError', code: 'network' })
  expect(sent).toEqual(['/auth/login'])
  repair()
  await app.run('login', ADA)
  await app.expectUser('ada')
})

test('BBA-06 R96 a sign-in by redirect is a navigation that comes back to the path, and no code gets near script', async ({
  app,
  server,
  page,
}) => {
  await app.open('/orders?page=2#total')
  await app.expectUser(undefined)
  const documents: string[] = []
  page.on('request', (request) => {
    if (request.isNavigationRequest()) documents.push(new URL(request.url()).pathname)
  })
  await page.getByRole('button', { name: 'Sign in elsewhere' }).click()
  await fillProviderForm(page)
  await page.waitForURL(`${server.origin}/orders?page=2#total`)
  await app.expectUser('ada')
  expect(documents).toEqual(['/auth/start', '/idp/login', '/idp/login', '/auth/callback', '/orders'])

  const { query } = server.last('/auth/callback')
  const [code, state] = [query.get('code') ?? '', query.get('state') ?? '']
  expect(code.length).toBeGreaterThan(20)
  const places = await trail(page)
  expect(places).toContain('/orders')
  expect(places).not.toContain(code)
  expect(places).not.toContain(state)

  await page.reload()
  await app.expectUser('ada')
})

test('CK-12 the cookie of a sign-in survives the way back from another site, is gone behind it, and works once', async ({
  app,
  server,
  page,
  context,
  browser,
}) => {
  server.providerOrigin = `http://127.0.0.1:${server.port}`
  await app.open()
  await app.begin('loginWithRedirect', '/orders')
  await page.waitForURL('**/idp/login?*')
  const [cookie] = await context.cookies(server.origin)
  expect(cookie?.name).toMatch(/^__Host-login-/)
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax' })
  // Longer than it is good for, so that who comes late is led back.
  expect(cookie?.expires).toBeLessThanOrEqual(Date.now() / 1000 + 3601)

  await fillProviderForm(page)
  await page.waitForURL(`${server.origin}/orders`)
  await app.expectUser('ada')
  const callback = server.last('/auth/callback')
  // Once by the other site, and once by the page that goes on with what that had to leave behind.
  expect(server.count('/auth/callback')).toBe(2)
  expect(callback.headers.get('sec-fetch-site')).toBe('same-origin')
  expect(callback.headers.get('cookie')).toContain(`${cookie?.name}=`)
  expect(await cookieOf(context, cookie?.name)).toBeUndefined()

  const again = await page.goto(`${server.origin}/auth/callback?${callback.query.toString()}`)
  // Who is signed in goes to his page, and nobody else is signed in by it.
  expect([again?.status(), page.url()]).toEqual([200, `${server.origin}/orders`])
  await app.expectUser('ada')
  const stranger = await browser.newContext()
  const elsewhere = await stranger.newPage()
  callback.query.set('state', `${callback.query.get('state')}x`)
  await elsewhere.goto(`${server.origin}/auth/callback?${callback.query.toString()}`)
  await expect(elsewhere.getByRole('heading')).toHaveText('This sign-in cannot go on')
  await stranger.close()
})

test('CK-04 who enters from another site is signed in by fetch, though no cookie came with the document', async ({
  app,
  server,
  page,
}) => {
  await app.signIn()
  const target = encodeURIComponent(`${server.origin}/orders`)
  await page.goto(`http://127.0.0.1:${server.port}/plain?to=${target}`)
  await page.getByRole('link').click()
  await page.waitForURL(`${server.origin}/orders`)
  await app.expectUser('ada')

  const { headers } = server.last('/orders')
  expect(headers.get('sec-fetch-site')).toBe('cross-site')
  expect(headers.get('cookie')).toBeNull()
  expect(server.last('/auth/refresh').headers.get('cookie')).toContain('__Host-refresh=')
})

test('R67 an API of another origin on the same site keeps the session across a reload, and nothing is warned of', async ({
  page,
  serve,
}) => {
  const site = await serve()
  const api = await serve({ allowedOrigins: [site.origin] })
  site.client = { baseUrl: api.origin }
  site.policy.connect = [api.origin]
  const app = new App(page, site)
  await app.signIn()
  expect(await app.run('diagnose')).toEqual({ cookie: 'returned', causes: [] })
  await page.reload()
  await app.expectUser('ada')
  expect((await app.run('fetch', `${api.origin}/api/orders`)).status).toBe(200)
  expect(site.seen.filter(({ path }) => path.startsWith('/auth'))).toEqual([])
  await app.run('logout')
  expect(await api.backend.admin.listSessions('ada')).toEqual([])
})
