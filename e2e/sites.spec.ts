/* App and API under names of their own, over https, in a browser that blocks third-party cookies. */
import { ADA, App, cookieOf, expect, type TestServer } from './fixtures.ts'
import { test } from './profiles.ts'
import { expectAll } from './tabs.ts'

/** The app of one server and the API of the other, which knows where the app is. */
function connect(site: TestServer, api: TestServer, mode: 'token' | 'session'): void {
  site.client = { mode, baseUrl: api.origin, development: true, key: 'shop' }
  site.policy.connect = [api.origin]
}

/** The API as somebody sets it up who wants it to be called from another site. */
function acceptOtherSites(api: TestServer): void {
  api.fetchMetadata = false
  api.rewriteCookie = (line) => line.replace('SameSite=Strict', 'SameSite=None')
}

for (const mode of ['token', 'session'] as const) {
  test(`R69 in ${mode} mode an API on another subdomain of the same site works where third-party cookies are blocked`, async ({
    browse,
    serveAt,
  }) => {
    const context = await browse('blocked')
    const site = await serveAt('app.shop.test')
    const api = await serveAt('api.shop.test', { mode, allowedOrigins: [site.origin] })
    connect(site, api, mode)
    const app = new App(await context.newPage(), site)
    await app.open()
    await app.run('login', ADA)
    expect(await app.run('diagnose')).toEqual({ cookie: 'returned', causes: [] })
    expect((await app.run('write', 'Ada L.', api.origin)).status).toBe(200)
    const other = new App(await context.newPage(), site)
    await other.open()
    await other.expectUser('ada')
    await app.page.reload()
    await app.expectUser('ada')
    expect((await app.run('write', 'Ada K.', api.origin)).status).toBe(200)
    expect(app.page.frames()).toHaveLength(1)
    expect(await app.run('logout')).toEqual({ server: 'confirmed', durable: true })
    await expectAll([other], { status: 'unauthenticated', reason: 'logout-elsewhere' })
    expect(await cookieOf(context, mode === 'token' ? '__Host-refresh' : '__Host-sid')).toBeUndefined()
  })

  test(`R67 R69 in ${mode} mode an API of another site is told in words where third-party cookies are blocked`, async ({
    browse,
    serveAt,
    noise,
  }) => {
    noise.expect(
      /cookie is missing.*in this order: third-party cookie: app\.shop\.test:\d+ and api\.elsewhere\.test:\d+ look like different sites.*Serve the API from a subdomain/,
    )
    const context = await browse('blocked')
    const site = await serveAt('app.shop.test')
    const api = await serveAt('api.elsewhere.test', { mode, allowedOrigins: [site.origin] })
    acceptOtherSites(api)
    connect(site, api, mode)
    const app = new App(await context.newPage(), site)
    await app.open()
    await app.run('login', ADA)
    await expect.poll(() => noise.heard(/cookie is missing/)).toHaveLength(1)
    const { cookie, causes } = await app.run('diagnose')
    expect([cookie, causes[0]?.startsWith('third-party cookie: ')]).toEqual(['missing', true])
    await app.page.reload()
    await app.expectUser(undefined)
  })
}

test('R69 the same API of another site works where third-party cookies are allowed, so that it is they that were missing', async ({
  browse,
  serveAt,
}) => {
  const context = await browse('allowed')
  const site = await serveAt('app.shop.test')
  const api = await serveAt('api.elsewhere.test', { mode: 'session', allowedOrigins: [site.origin] })
  acceptOtherSites(api)
  connect(site, api, 'session')
  const app = new App(await context.newPage(), site)
  await app.open()
  await app.run('login', ADA)
  expect(await app.run('diagnose')).toEqual({ cookie: 'returned', causes: [] })
  await app.page.reload()
  await app.expectUser('ada')
  expect((await app.run('write', 'Ada L.', api.origin)).status).toBe(200)
})
