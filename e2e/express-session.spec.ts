/* Express 5, express-session and csrf-sync, none of which is ours, with the preset and nothing else. */
import type { BrowserContext } from '@playwright/test'
import { ADA, BOB, cookieOf } from './fixtures.ts'
import { expressLife } from './peers/express-session.ts'
import { expect, openTab, type Peer, type StartPeer, type Tab, test } from './peers/fixtures.ts'
import { expectAll } from './tabs.ts'

const startExpress = (start: StartPeer): Promise<Peer> =>
  start({ preset: 'expressSession', development: false }, () => expressLife())

/** Signs in, and counts from then on. */
async function signIn(tab: Tab, peer: Peer): Promise<void> {
  await tab.run('login', ADA)
  peer.seen.length = 0
}

const nameOf = async (tab: Tab): Promise<string> => {
  const { text } = await tab.run('fetch', '/api/profile')
  return (JSON.parse(text) as { name: string }).name
}

const sid = (context: BrowserContext): Promise<string | undefined> => cookieOf(context, 'sid')

test('signs in, writes with a CSRF token, and is restored after a reload by one question', async ({
  start,
  page,
  context,
}) => {
  const peer = await startExpress(start)
  const tab = await openTab(page, peer)
  await tab.expectUser(undefined)
  expect(peer.seen).toEqual(['GET /auth/session 200'])
  const visitor = await sid(context)
  expect(await tab.fails('login', { ...ADA, password: 'wrong' })).toMatchObject({
    code: 'invalid_credentials',
  })
  await signIn(tab, peer)
  await tab.expectUser('ada')
  expect(await sid(context)).not.toBe(visitor)
  expect((await tab.run('write', 'Ada L.')).status).toBe(200)
  expect(await nameOf(tab)).toBe('Ada L.')
  expect(await page.evaluate(() => document.cookie)).toBe('')
  peer.seen.length = 0
  await page.reload()
  await tab.expectUser('ada')
  expect((await tab.run('write', 'Ada K.')).status).toBe(200)
  expect(peer.seen).toEqual(['GET /auth/session 200', 'PUT /api/profile 200'])
})

test('R43 a second tab needs no question of its own, and a sign-out in one ends both, and no other browser', async ({
  start,
  page,
  context,
  browser,
}) => {
  const peer = await startExpress(start)
  const elsewhere = await browser.newContext()
  const device = await openTab(await elsewhere.newPage(), peer)
  await signIn(device, peer)
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  const other = await openTab(await context.newPage(), peer)
  await other.expectUser('ada')
  expect((await other.run('write', 'From the other tab')).status).toBe(200)
  expect(peer.seen).toEqual(['PUT /api/profile 200'])
  expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await expectAll([other], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  const from = peer.seen.length
  expect(await other.fails('write', 'x')).toMatchObject({ code: 'session_ended' })
  expect(peer.seen.slice(from).filter((one) => one.includes('/api/'))).toEqual([])
  await other.page.reload()
  await other.expectUser(undefined)
  expect((await device.run('write', 'From elsewhere')).status).toBe(200)
  await elsewhere.close()
})

test('R70 a token that a page of the server has replaced costs one question and one replay', async ({
  start,
  page,
  context,
}) => {
  const peer = await startExpress(start)
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  const form = await context.newPage()
  await form.goto(`${peer.origin}/form`)
  peer.seen.length = 0
  expect((await tab.run('write', 'Ada L.')).status).toBe(200)
  expect(peer.seen).toEqual(['PUT /api/profile 403', 'GET /auth/session 200', 'PUT /api/profile 200'])
  await form.reload()
  expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await page.reload()
  await tab.expectUser(undefined)
})

/** The protection stands before the routes, so a write hears of its token first. */
const ENDS = [
  {
    what: 'the server restarts and has forgotten its sessions',
    lose: (peer: Peer) => peer.restart(),
    notice: (tab: Tab) => tab.fails('write', 'x'),
    seen: 'PUT /api/profile 403',
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
    const peer = await startExpress(start)
    const tab = await openTab(page, peer)
    await signIn(tab, peer)
    const other = await openTab(await context.newPage(), peer)
    await lose(peer)
    expect(await notice(tab)).toMatchObject({ code: 'session_ended' })
    await expectAll([tab, other], { status: 'unauthenticated', reason: 'expired' })
    expect(peer.seen.filter((one) => one.includes('/api/'))).toEqual([seen])
    await tab.run('login', ADA)
    await expectAll([tab, other], { status: 'authenticated', user: 'ada' })
    expect((await other.run('write', 'Ada L.')).status).toBe(200)
  })
}

test('another user signs in past the client: the next write is not sent as him, and not lost in silence', async ({
  start,
  page,
  context,
}) => {
  const peer = await startExpress(start)
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  const form = await context.newPage()
  await form.goto(`${peer.origin}/form`)
  const status = await form.evaluate(async (credentials) => {
    const headers = {
      'content-type': 'application/json',
      'x-csrf-token': document.querySelector('input')?.value ?? '',
    }
    return (await fetch('/auth/login', { method: 'POST', headers, body: JSON.stringify(credentials) })).status
  }, BOB)
  expect(status).toBe(200)
  expect(await tab.run('state')).toMatchObject({ user: 'ada' })
  expect(await tab.fails('write', 'written by Ada')).toMatchObject({ code: 'session_changed' })
  await expectAll([tab], { status: 'authenticated', user: 'bob' })
  expect(await nameOf(tab)).toBe('Bob')
})

test('in development the client looks whether the cookie comes back, and after the sign-out whether it is gone, and is content', async ({
  start,
  page,
}) => {
  const peer = await start({ preset: 'expressSession' }, () => expressLife())
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  await expect.poll(() => peer.seen).toEqual(['GET /auth/session 200'])
  expect(await tab.run('diagnose')).toEqual({ cookie: 'returned', causes: [] })
  await tab.run('logout')
  await expect.poll(() => peer.seen.slice(2)).toEqual(['POST /auth/logout 204', 'GET /auth/session 200'])
})

test('R49 a sign-out that clears another cookie than that of the session is told in words', async ({
  start,
  page,
  noise,
}) => {
  noise.expect(
    /logout was confirmed, and the cookie still signs the user in.*delete the cookie with the same name/,
  )
  const peer = await start({ preset: 'expressSession' }, () => expressLife({ forgetsToSignOut: true }))
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await expect.poll(() => noise.heard(/logout was confirmed/)).toHaveLength(1)
  await page.reload()
  await tab.expectUser(undefined)
})
