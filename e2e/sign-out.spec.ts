import type { BrowserContext } from '@playwright/test'
import { BOB, cookieOf, expect, test, type TestServer } from './fixtures.ts'
import { liveSessions } from './tabs.ts'

/** Documents and scripts as a browser without a network has them: out of a cache. */
async function cachePages(context: BrowserContext, server: TestServer): Promise<void> {
  await context.route(/\/(assets\/.*)?$/, async (route) => {
    const { pathname } = new URL(route.request().url())
    const answer = await fetch(server.origin + pathname)
    const headers = Object.fromEntries(answer.headers)
    await route.fulfill({ status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) })
  })
}

test('RV-04 R72 a sign-out ends session, cookie and token, and the next start costs no request', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  await app.run('told')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.locator('#status')).toHaveText('unauthenticated')
  await expect.poll(() => liveSessions(server)).toBe(0)
  await expect.poll(() => cookieOf(context)).toBeUndefined()
  expect(await app.run('told')).toEqual(['sessionEnd logout ada', 'unauthenticated'])
  expect(await app.fails('fetch', '/api/orders')).toMatchObject({ code: 'login_required' })

  const before = server.count('/auth/refresh')
  await page.reload()
  await app.expectUser(undefined)
  expect(server.count('/auth/refresh') - before).toBe(0)
  await app.run('login', BOB)
  await app.expectUser('bob')
})

test('R36 RV-05 AV-25 a sign-out without a network ends the session here, survives a reload, and is delivered online', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  await app.run('told')
  await cachePages(context, server)
  await context.setOffline(true)
  // Chromium lets an early request of a new document slip through; nothing answers it.
  const reconnect = server.backend.faults.add({ kind: 'unreachable' })
  expect(await app.run('logout')).toEqual({ server: 'pending', durable: true })
  expect(await app.run('state')).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(await app.run('told')).toContain('sessionEnd logout ada')
  expect(await cookieOf(context)).toBe(server.secrets[0])

  await page.reload()
  expect(await app.run('ready')).toMatchObject({ status: 'unauthenticated' })
  expect(await liveSessions(server)).toBe(1)

  reconnect()
  await context.setOffline(false)
  await expect.poll(() => liveSessions(server)).toBe(0)
  await expect.poll(() => cookieOf(context)).toBeUndefined()
  await page.reload()
  await app.expectUser(undefined)
  expect(server.count('/auth/refresh')).toBe(0)
})

test('RV-03 a sign-out answered 503 is tried again at the next start, before anything is restored', async ({
  app,
  server,
  page,
}) => {
  await app.signIn()
  server.backend.faults.add({ kind: 'status', on: 'logout', status: 503, times: 1 })
  expect(await app.run('logout')).toEqual({ server: 'pending', durable: true })
  expect(await liveSessions(server)).toBe(1)
  await page.reload()
  await app.expectUser(undefined)
  expect(await liveSessions(server)).toBe(0)
  expect(server.count('/auth/refresh')).toBe(0)
})

test('R09 RV-04 a sign-out while a refresh is under way wins over it', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  await app.begin('logout')
  expect(await app.run('state')).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  held.release()
  await expect.poll(() => liveSessions(server)).toBe(0)
  await expect.poll(() => cookieOf(context)).toBeUndefined()
  await page.reload()
  await app.expectUser(undefined)
})

test('R09 RV-05 a sign-out and a reload while a refresh is under way: its cookie comes late and opens nothing', async ({
  app,
  server,
  page,
  context,
}) => {
  await app.signIn()
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  await app.begin('logout')
  await page.reload()
  await app.expectUser(undefined)
  await expect.poll(() => liveSessions(server)).toBe(0)

  held.release()
  await expect.poll(() => cookieOf(context)).toBe(server.secrets[1])
  // An app that asks the refresh endpoint is not let in by it, and neither is one that asks the session endpoint.
  const { client } = server
  server.client = { ...client, endpoints: { session: false } }
  await page.reload()
  await app.expectUser(undefined)
  expect(server.backend.stats.count('refresh', 'session_revoked')).toBe(1)
  server.client = client
  await page.reload()
  await app.expectUser(undefined)
})
