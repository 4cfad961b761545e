import { ADA, App, cookieOf, expect, test } from './fixtures.ts'

/** Everything once: sign in, call, renew, reload, replay, sign out. */
async function live(app: App): Promise<void> {
  const { server, page } = app
  expect(await app.run('login', ADA)).toMatchObject({ status: 'authenticated' })
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(await app.run('refresh', true)).toMatchObject({ user: 'ada' })
  await page.reload()
  await app.expectUser('ada')
  server.rejections = 1
  expect((await app.run('fetch', '/echo')).status).toBe(200)
  expect(await app.run('diagnose')).toMatchObject({ cookie: 'returned' })
  expect(await app.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await page.reload()
  await app.expectUser(undefined)
}

test('R88 AV-02 all of it works under a policy without eval, inline script or workers and with Trusted Types, and violates nothing', async ({
  app,
  server,
  page,
}) => {
  const answer = await page.goto(server.origin)
  expect(answer?.headers()['content-security-policy']).toMatch(
    /default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'none'.*require-trusted-types-for 'script'/,
  )
  await live(app)
  expect(server.violations).toEqual([])
})

test('R88 a violation of that policy would be noticed', async ({ app, server, page, noise }) => {
  noise.expect(/This document requires 'TrustedHTML' assignment/)
  await app.open()
  const thrown = await page.evaluate(() => {
    try {
      document.body.innerHTML = '<p>planted</p>'
      return ''
    } catch (error) {
      return (error as Error).name
    }
  })
  expect(thrown).toBe('TypeError')
  await expect.poll(() => server.violations.length).toBe(1)
  expect(server.violations.pop()).toContain('require-trusted-types-for')
})

test('R95 an unhandled rejection or an error of a page would be noticed', async ({ app, page, noise }) => {
  noise.expect(/uncaught: Error: planted rejection/)
  noise.expect(/uncaught: Error: planted throw/)
  noise.expect(/warning: planted warning/)
  await app.open()
  await page.evaluate(() => {
    void Promise.reject(new Error('planted rejection'))
    setTimeout(() => {
      throw new Error('planted throw')
    })
    console.warn('planted warning')
  })
  await expect.poll(() => noise.heard(/planted/)).toHaveLength(3)
})

test('R22 AV-10 on a plain http origin without locks all of it works, and one warning says what is missing', async ({
  page,
  context,
  serve,
  noise,
}) => {
  noise.expect(/Not available here: Web Locks \(no https\?\)\. Signing in works/)
  const server = await serve({ cookies: { insecureCookies: true } })
  server.client = {}
  const origin = `http://app.test:${server.port}`
  const app = new App(page, server)
  await app.open('/', origin)
  expect(
    await page.evaluate(() => [
      isSecureContext,
      'locks' in navigator,
      'subtle' in crypto,
      'BroadcastChannel' in window,
    ]),
  ).toEqual([false, false, false, true])
  await app.expectUser(undefined)
  expect(noise.heard(/./)).toHaveLength(1)

  await app.run('login', ADA)
  expect(await cookieOf(context, 'refresh')).toBe(server.secrets[0])
  await app.pass(301)
  expect(new Set(await app.run('burst', '/api/orders', 5))).toEqual(new Set([200]))
  expect(server.secrets).toHaveLength(2)
  await page.reload()
  await app.expectUser('ada')
  expect(await app.run('logout')).toEqual({ server: 'confirmed', durable: true })
  expect(await cookieOf(context, 'refresh')).toBeUndefined()
  // One for each start of the page, none for what came after it.
  expect(noise.heard(/./)).toHaveLength(2)
})

test('R73 R79 in a sandboxed frame, where storage throws and locks reject, the client fails in words and breaks nothing', async ({
  server,
  page,
  noise,
}) => {
  noise.expect(/Not available: localStorage\b/)
  noise.expect(/from origin 'null' has been blocked by CORS policy/)
  await page.goto(`${server.origin}/frame?sandbox=allow-scripts`)
  const frame = page.frames()[1]!
  const app = new App(page, server, frame)
  await frame.waitForFunction(() => 'run' in window)
  expect(
    await frame.evaluate(() => {
      try {
        return localStorage.length
      } catch (error) {
        return (error as Error).name
      }
    }),
  ).toBe('SecurityError')
  expect(await app.run('ready')).toMatchObject({ status: 'unknown', connection: 'degraded' })
  expect(await app.fails('login', ADA)).toMatchObject({ name: 'AuthError', code: 'network' })
  expect(await app.fails('fetch', '/api/orders')).toMatchObject({ name: 'AuthError', code: 'network' })
  expect(await app.run('logout')).toEqual({ server: 'pending', durable: false })
  expect(await app.run('state')).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
})

const WORKERS = {
  // Throws at every request, so that the browser goes on to the network by itself.
  broken: `addEventListener('install', () => skipWaiting())
    addEventListener('activate', (event) => event.waitUntil(clients.claim()))
    addEventListener('fetch', (event) => { event.request.nothing.there })`,
  passing: `addEventListener('install', () => skipWaiting())
    addEventListener('activate', (event) => event.waitUntil(clients.claim()))
    addEventListener('fetch', (event) => event.respondWith(fetch(event.request)))`,
} as const

for (const [name, worker] of Object.entries(WORKERS)) {
  test(`R97 a ${name} service worker, its death, its removal and a hard reload make no difference`, async ({
    app,
    server,
    page,
    context,
  }) => {
    server.policy.workers = true
    server.worker = worker
    await app.open()
    await page.evaluate(async () => {
      const controlled = new Promise((resolve) => {
        navigator.serviceWorker.addEventListener('controllerchange', resolve)
      })
      await navigator.serviceWorker.register('/worker.js')
      await controlled
    })
    await live(app)
    expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)

    await app.signIn()
    const cdp = await context.newCDPSession(page)
    await cdp.send('ServiceWorker.enable')
    await cdp.send('ServiceWorker.stopAllWorkers')
    expect((await app.run('fetch', '/api/orders')).status).toBe(200)
    expect(await app.run('refresh', true)).toMatchObject({ user: 'ada' })

    const loaded = page.waitForEvent('load')
    await cdp.send('Page.reload', { ignoreCache: true })
    await loaded
    await app.expectUser('ada')
    expect(await page.evaluate(() => navigator.serviceWorker.controller)).toBeNull()
    await page.evaluate(async () => {
      for (const registration of await navigator.serviceWorker.getRegistrations())
        await registration.unregister()
    })
    expect(await app.run('refresh', true)).toMatchObject({ user: 'ada' })
    await page.reload()
    await live(app)
  })
}

test('R97 the client registers no service worker of its own', async ({ app, page }) => {
  await app.open()
  await live(app)
  expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0)
})
