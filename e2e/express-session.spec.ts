/* Express 5, express-session and csrf-sync, none of which is ours, with the preset and nothing else. */
import { BOB } from './fixtures.ts'
import { expressLife } from './peers/express-session.ts'
import { expect, test } from './peers/fixtures.ts'
import { nameOf, openSignedIn, type PeerKind, startQuietly, testChecks, testPeer } from './peers/flows.ts'
import { expectAll } from './tabs.ts'

const EXPRESS: PeerKind = {
  preset: 'expressSession',
  live: () => expressLife(),
  cookie: 'sid',
  asked: 'GET /auth/session 200',
  signedIn: ['POST /auth/login 200'],
  signedOut: 'POST /auth/logout 204',
  // The protection stands before the routes, so a write hears of its token first.
  refused: '403',
}

testPeer(EXPRESS)
testChecks(EXPRESS)

test('R70 a token that a page of the server has replaced costs one question and one replay', async ({
  start,
  page,
  context,
}) => {
  const peer = await startQuietly(start, EXPRESS)
  const tab = await openSignedIn(page, peer)
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

test('another user signs in past the client: the next write is not sent as him, and not lost in silence', async ({
  start,
  page,
  context,
}) => {
  const peer = await startQuietly(start, EXPRESS)
  const tab = await openSignedIn(page, peer)
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

test('R49 a sign-out that clears another cookie than that of the session is told in words', async ({
  start,
  page,
  noise,
}) => {
  noise.expect(
    /logout was confirmed, and the cookie still signs the user in.*delete the cookie with the same name/,
  )
  const peer = await start({ preset: 'expressSession' }, () => expressLife({ forgetsToSignOut: true }))
  const tab = await openSignedIn(page, peer)
  expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await expect.poll(() => noise.heard(/logout was confirmed/)).toHaveLength(1)
  await page.reload()
  // Sessions without an id: it looks like one that a link of the server has begun.
  await tab.expectUser('ada')
})
