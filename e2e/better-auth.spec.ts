/* better-auth, which is not ours, with the preset and nothing else. */
import { ADA, BOB, cookieOf, putForward } from './fixtures.ts'
import { betterAuthLife, type BetterAuthOptions } from './peers/better-auth.ts'
import { expect, openTab, type Peer, type StartPeer, type Tab, test } from './peers/fixtures.ts'
import { expectAll } from './tabs.ts'

const COOKIE = 'better-auth.session_token'

const startBetterAuth = (start: StartPeer, options?: BetterAuthOptions): Promise<Peer> =>
  start({ preset: 'betterAuth', development: false }, (origin) => betterAuthLife(origin, options))

/** Signs in, and counts from then on. */
async function signIn(tab: Tab, peer: Peer): Promise<void> {
  await tab.run('login', ADA)
  peer.seen.length = 0
}

const nameOf = async (tab: Tab): Promise<string> => {
  const { text } = await tab.run('fetch', '/api/profile')
  return (JSON.parse(text) as { name: string }).name
}

test('signs in, writes, and is restored after a reload by one question', async ({ start, page, context }) => {
  const peer = await startBetterAuth(start)
  const tab = await openTab(page, peer)
  await tab.expectUser(undefined)
  expect(await tab.fails('login', { ...ADA, password: 'wrong password' })).toMatchObject({
    code: 'invalid_credentials',
  })
  await signIn(tab, peer)
  await expect(page.locator('#status')).toHaveText('Ada is signed in')
  expect((await tab.run('write', 'Ada L.')).status).toBe(200)
  expect(await nameOf(tab)).toBe('Ada L.')
  expect(await page.evaluate(() => document.cookie)).toBe('')
  const before = await cookieOf(context, COOKIE)
  expect(before).toBeTruthy()
  peer.seen.length = 0
  await page.reload()
  await tab.run('ready')
  await expect(page.locator('#status')).toHaveText('Ada L. is signed in')
  expect((await tab.run('write', 'Ada K.')).status).toBe(200)
  expect(peer.seen).toEqual(['GET /api/auth/get-session 200', 'PUT /api/profile 200'])
  expect(await cookieOf(context, COOKIE)).toBe(before)
  // The session's own token in its answers stays out of what script can see of the client.
  expect(JSON.stringify(await tab.run('whole'))).not.toContain(decodeURIComponent(before!).split('.')[0])
})

test('R43 a second tab needs no question of its own, and a sign-out in one ends both, and no other browser', async ({
  start,
  page,
  context,
  browser,
}) => {
  const peer = await startBetterAuth(start)
  const elsewhere = await browser.newContext()
  const device = await openTab(await elsewhere.newPage(), peer)
  await signIn(device, peer)
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  const other = await openTab(await context.newPage(), peer)
  expect((await other.run('write', 'From the other tab')).status).toBe(200)
  expect(peer.seen).toEqual(['PUT /api/profile 200'])
  expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await expectAll([other], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  const from = peer.seen.length
  expect(await other.fails('write', 'x')).toMatchObject({ code: 'session_ended' })
  expect(peer.seen.slice(from)).toEqual([])
  expect(await cookieOf(context, COOKIE)).toBeUndefined()
  await other.page.reload()
  await other.expectUser(undefined)
  expect((await device.run('write', 'From elsewhere')).status).toBe(200)
  await elsewhere.close()
})

test('there is no token to go stale: a write from another origin is refused, with the cookie and all, and the tab goes on', async ({
  start,
  page,
  context,
}) => {
  const peer = await startBetterAuth(start)
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
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

const ENDS = [
  {
    what: 'the server restarts and has forgotten its sessions',
    lose: (peer: Peer) => peer.restart(),
    notice: (tab: Tab) => tab.fails('write', 'x'),
    seen: 'PUT /api/profile 401',
  },
  {
    what: 'the session expires',
    lose: async (peer: Peer) => peer.expireSessions(),
    notice: (tab: Tab) => tab.fails('fetch', '/api/profile'),
    seen: 'GET /api/profile 401',
  },
]

for (const { what, lose, notice, seen } of ENDS) {
  test(`${what}: the next request says so, nothing loops, and both tabs can sign in again`, async ({
    start,
    page,
    context,
  }) => {
    const peer = await startBetterAuth(start)
    const tab = await openTab(page, peer)
    await signIn(tab, peer)
    const other = await openTab(await context.newPage(), peer)
    await lose(peer)
    expect(await notice(tab)).toMatchObject({ code: 'session_ended' })
    await expectAll([tab, other], { status: 'unauthenticated', reason: 'expired' })
    expect(peer.seen.filter((one) => one.includes('/api/profile'))).toEqual([seen])
    await tab.run('login', ADA)
    await expectAll([tab, other], { status: 'authenticated' })
    expect((await other.run('write', 'Ada L.')).status).toBe(200)
  })
}

test('a session that is gone is found out by the next question, although a copy of it in a cookie says otherwise', async ({
  start,
  page,
}) => {
  const peer = await startBetterAuth(start, { cookieCache: true })
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  peer.expireSessions()
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
  const peer = await startBetterAuth(start)
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
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

test('in development the client looks whether the cookie comes back, and after the sign-out whether it is gone, and is content', async ({
  start,
  page,
}) => {
  const peer = await start({ preset: 'betterAuth' }, (origin) => betterAuthLife(origin))
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  await expect.poll(() => peer.seen).toEqual(['GET /api/auth/get-session 200'])
  expect(await tab.run('diagnose')).toEqual({ cookie: 'returned', causes: [] })
  await tab.run('logout')
  await expect
    .poll(() => peer.seen.slice(2))
    .toEqual(['POST /api/auth/sign-out 200', 'GET /api/auth/get-session 200'])
})
