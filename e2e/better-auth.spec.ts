/* better-auth, which is not ours, with the preset and nothing else. */
import { BOB, cookieOf, putForward } from './fixtures.ts'
import { betterAuthLife } from './peers/better-auth.ts'
import { expect, openTab, test } from './peers/fixtures.ts'
import { expectAll } from './tabs.ts'
import { nameOf, openSignedIn, type PeerKind, startQuietly, testChecks, testPeer } from './peers/flows.ts'

const BETTER_AUTH: PeerKind = {
  preset: 'betterAuth',
  live: (origin) => betterAuthLife(origin),
  cookie: 'better-auth.session_token',
  asked: 'GET /api/auth/get-session 200',
  signedIn: ['POST /api/auth/sign-in/email 200'],
  signedOut: 'POST /api/auth/sign-out 200',
  refused: '401',
}

testPeer(BETTER_AUTH)
testChecks(BETTER_AUTH)

test("the session's own token in its answers stays out of what script can see of the client", async ({
  start,
  page,
  context,
}) => {
  const peer = await startQuietly(start, BETTER_AUTH)
  const tab = await openSignedIn(page, peer)
  await page.reload()
  await tab.run('ready')
  const [token] = decodeURIComponent((await cookieOf(context, BETTER_AUTH.cookie)) ?? '').split('.')
  expect(token?.length).toBeGreaterThan(20)
  const answer = await context.request.get(`${peer.origin}/api/auth/get-session`)
  expect(await answer.text()).toContain(token)
  expect(JSON.stringify(await tab.run('whole'))).not.toContain(token)
})

test('there is no token to go stale: a write from another origin is refused, with the cookie and all, and the tab goes on', async ({
  start,
  page,
  context,
}) => {
  const peer = await startQuietly(start, BETTER_AUTH)
  const tab = await openSignedIn(page, peer)
  for (const [method, path] of [
    ['POST', '/api/auth/sign-out'],
    ['PUT', '/api/profile'],
  ] as const) {
    const headers = { origin: 'https://elsewhere.test' }
    const answer = await context.request.fetch(peer.origin + path, { method, headers, data: { name: 'x' } })
    expect([path, answer.status()]).toEqual([path, 403])
  }
  expect((await tab.run('write', 'Ada L.')).status).toBe(200)
  expect(await nameOf(tab)).toBe('Ada L.')
})

test('a session that is gone is found out by the next question, although a copy of it in a cookie says otherwise', async ({
  start,
  page,
}) => {
  const peer = await startQuietly(start, {
    ...BETTER_AUTH,
    live: (origin) => betterAuthLife(origin, { cookieCache: true }),
  })
  const tab = await openSignedIn(page, peer)
  await peer.expireSessions()
  expect((await tab.run('fetch', '/api/profile')).status).toBe(200)
  expect(await tab.fails('refresh', true)).toMatchObject({ code: 'session_ended' })
  expect(await tab.run('state')).toMatchObject({ status: 'unauthenticated', reason: 'expired' })
  await page.reload()
  await tab.expectUser(undefined)
})

test('another user signs in past the client: coming back to the page finds it out', async ({
  start,
  page,
  context,
}) => {
  const peer = await startQuietly(start, BETTER_AUTH)
  const tab = await openSignedIn(page, peer)
  const answer = await context.request.post(`${peer.origin}/api/auth/sign-in/email`, {
    headers: { origin: peer.origin },
    data: BOB,
  })
  expect(answer.status()).toBe(200)
  await page.evaluate(putForward, 400_000)
  await page.evaluate(() => dispatchEvent(new Event('focus')))
  await expect(page.locator('#status')).toHaveText('Bob is signed in')
  const told = await tab.run('told')
  expect(told.filter((one) => one.startsWith('sessionEnd'))).toHaveLength(1)
  expect(await nameOf(tab)).toBe('Bob')
})

test('R120 sign-up and a new password are exchanges: both tabs follow, a refusal changes nothing, and the other device is out', async ({
  start,
  page,
  context,
  browser,
}) => {
  const peer = await startQuietly(start, BETTER_AUTH)
  const tab = await openTab(page, peer)
  const other = await openTab(await context.newPage(), peer)
  const EVE = { name: 'Eve', email: 'eve@example.com', password: 'a password of Eve' }
  expect(await tab.run('exchange', '/api/auth/sign-up/email', EVE)).toEqual({ status: 'in', answered: 200 })
  await expectAll([tab, other], { status: 'authenticated' })
  expect(await nameOf(other)).toBe('Eve')
  const elsewhere = await browser.newContext()
  const device = await openTab(await elsewhere.newPage(), peer)
  await device.run('login', EVE)

  const change = { currentPassword: 'wrong', newPassword: 'another one of Eve', revokeOtherSessions: true }
  expect(await tab.run('exchange', '/api/auth/change-password', change)).toEqual({
    status: 'nobody',
    answered: 400,
  })
  await tab.expectUser((await tab.run('state')).user)
  expect((await device.run('fetch', '/api/profile')).status).toBe(200)

  await tab.run('told')
  const right = { ...change, currentPassword: EVE.password }
  expect(await tab.run('exchange', '/api/auth/change-password', right)).toEqual({
    status: 'in',
    answered: 200,
  })
  expect(await tab.run('told')).toEqual([])
  expect([await nameOf(tab), await nameOf(other)]).toEqual(['Eve', 'Eve'])
  expect(await device.fails('fetch', '/api/profile')).toMatchObject({ code: 'session_ended' })
  await page.reload()
  expect(await tab.run('ready')).toMatchObject({ status: 'authenticated' })
  await elsewhere.close()
})
