/* Fastify 5, @fastify/session and @fastify/csrf-protection, none of which is ours, with the preset and nothing else. */
import { BOB } from './fixtures.ts'
import { fastifyLife } from './peers/fastify-session.ts'
import { expect, test } from './peers/fixtures.ts'
import { nameOf, openSignedIn, type PeerKind, startQuietly, testChecks, testPeer } from './peers/flows.ts'
import { expectAll } from './tabs.ts'

const FASTIFY: PeerKind = {
  preset: 'fastifySession',
  live: fastifyLife,
  cookie: 'sessionId',
  asked: 'GET /auth/session 200',
  signedIn: ['POST /auth/login 200'],
  signedOut: 'POST /auth/logout 204',
  // The protection stands before the routes, so a write hears of its token first.
  refused: '403',
}

testPeer(FASTIFY)
testChecks(FASTIFY)

test('another user signs in past the client: the next write is not sent as him, and not lost in silence', async ({
  start,
  page,
  context,
}) => {
  const peer = await startQuietly(start, FASTIFY)
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
