/* Auth.js, which is not ours, on Express with the credentials provider, with the preset and nothing else. */
import { BOB, putForward } from './fixtures.ts'
import { authJsLife } from './peers/auth-js.ts'
import { expect, openTab, test } from './peers/fixtures.ts'
import { nameOf, openSignedIn, type PeerKind, startQuietly, testChecks, testPeer } from './peers/flows.ts'

const AUTH_JS: PeerKind = {
  preset: 'authJs',
  live: authJsLife,
  cookie: 'authjs.session-token',
  rolls: true,
  asked: 'GET /api/auth/session 200',
  signedIn: ['POST /api/auth/callback/credentials 200', 'GET /api/auth/session 200'],
  signedOut: 'POST /api/auth/signout 200',
  refused: '401',
  token: 'GET /api/auth/csrf 200',
}

testPeer(AUTH_JS)
testChecks(AUTH_JS)

test('another user signs in on a page of the server: the tab that comes back shows him', async ({
  start,
  page,
  context,
}) => {
  const peer = await startQuietly(start, AUTH_JS)
  const tab = await openSignedIn(page, peer)
  const other = await context.newPage()
  await other.goto(`${peer.origin}/api/auth/signin`)
  await other.getByLabel('email').fill(BOB.email)
  await other.getByLabel('password').fill(BOB.password)
  await Promise.all([other.waitForURL(`${peer.origin}/`), other.getByRole('button').click()])
  await page.evaluate(putForward, 400_000)
  await page.evaluate(() => dispatchEvent(new Event('focus')))
  await expect(page.locator('#status')).toHaveText('Bob is signed in')
  expect(await nameOf(tab)).toBe('Bob')
})

test('the cookie of the token is gone: the sign-in fetches another token with it', async ({
  start,
  page,
  context,
}) => {
  const peer = await startQuietly(start, AUTH_JS)
  const tab = await openTab(page, peer)
  await context.clearCookies()
  expect(await tab.run('login', BOB)).toMatchObject({ status: 'authenticated', user: 'bob' })
  expect((await tab.run('write', 'Bob L.')).status).toBe(200)
})
