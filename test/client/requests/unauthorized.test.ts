/* What a 401 or 403 of an API comes to: one refresh and one replay, or none. */
import { expect, it } from 'vitest'
import type { DiagnosticEntry } from '../../../src/plumbing/diagnostics.js'
import { refreshes, rejects, tokens, unauthorized } from './support.js'
import { failure, gate, outcome } from '../../support/client.js'
import { grant, json, type Kit, refusal, settle, signedIn } from '../../support/kit.js'
import { saying } from '../../support/words.js'

const notes = ({ auth }: Kit, type: DiagnosticEntry['type']): readonly DiagnosticEntry[] =>
  auth.getDiagnostics().filter((entry) => entry.type === type)

it('BBA-07 ERR-12 a 401 is answered by one refresh and one replay with the new token', async () => {
  const kit = await signedIn({ diagnosticPath: (path) => path })
  kit.on('/api/orders', rejects(1))
  const response = await kit.auth.fetch('/api/orders')
  expect([response.status, await response.json()]).toEqual([200, { by: 'Bearer token-2' }])
  expect([tokens(kit), refreshes(kit)]).toEqual([['Bearer token-1', 'Bearer token-2'], 1])
  expect(notes(kit, 'request.replayed')).toMatchObject([{ url: 'https://app.example.com/api/orders' }])
})

it('R04 a late 401 of an older token is replayed with the newer one, without a refresh', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/api/orders', rejects(1))
  kit.on('/api/slow', (request, count) => (count === 1 ? late.answer : rejects(1)(request)))
  const slow = kit.auth.fetch('/api/slow')
  await kit.auth.fetch('/api/orders')
  late.open(unauthorized('Bearer error="invalid_token"'))
  expect((await slow).status).toBe(200)
  expect([tokens(kit, '/api/slow'), refreshes(kit)]).toEqual([['Bearer token-1', 'Bearer token-2'], 1])
})

it('R04 a late 401 of the sign-in before this one costs no refresh, though both tokens are the first of theirs', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/api/slow', (request, count) => (count === 1 ? late.answer : rejects(1)(request)))
  const slow = kit.auth.fetch('/api/slow')
  await settle()
  kit.on('/auth/login', () => grant(9, { session_id: 's2' }))
  await kit.auth.login({})
  late.open(unauthorized())
  expect((await slow).status).toBe(200)
  expect([tokens(kit, '/api/slow'), refreshes(kit)]).toEqual([['Bearer token-1', 'Bearer token-9'], 0])
})

it('R04 a late 401 of a stream does not renew a token that is already newer', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/api/orders', rejects(1))
  kit.on('/api/upload', () => late.answer)
  const body = new Blob(['abc']).stream()
  const upload = outcome(
    kit.auth.fetch('/api/upload', { method: 'POST', body, duplex: 'half' } as RequestInit),
  )
  await kit.auth.fetch('/api/orders')
  late.open(unauthorized())
  expect([await upload, refreshes(kit)]).toEqual(['not_replayable', 1])
})

it('R52 an endpoint that always answers 401 gets two calls, and the caller the last 401', async () => {
  const kit = await signedIn({ diagnosticPath: (path) => path })
  kit.on('/api/orders', () => unauthorized('Bearer error="invalid_token"'))
  const response = await kit.auth.fetch('/api/orders?page=1')
  expect([response.status, await response.json()]).toEqual([401, { error: 'nope' }])
  expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([2, 1])
  expect(notes(kit, 'request.unauthorized')).toMatchObject([
    {
      url: 'https://app.example.com/api/orders',
      status: 401,
      message: saying(/audience/),
    },
  ])
  expect(kit.auth.getState().status).toBe('authenticated')
})

it('R52 REV-05 the next calls of such an endpoint are one request each, until there is a newer token anyway', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', () => unauthorized())
  await kit.auth.fetch('/api/orders')
  for (let page = 2; page <= 5; page++) {
    expect((await kit.auth.fetch(`/api/orders?page=${page}`)).status).toBe(401)
    await kit.clock.advance(12_000)
  }
  expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([6, 1])
  expect(notes(kit, 'request.unauthorized')).toHaveLength(1)
  // Another resource that rejects the same token is another matter: the token may have been revoked.
  kit.on('/api/profile', rejects(2))
  expect((await kit.auth.fetch('/api/profile')).status).toBe(200)
  expect(refreshes(kit)).toBe(2)
})

it('R52 many endpoints that always answer 401 do not cost a refresh each', async () => {
  const kit = await signedIn()
  const statuses: number[] = []
  for (let i = 0; i < 20; i++) {
    kit.on(`/api/${i}`, () => unauthorized())
    statuses.push((await kit.auth.fetch(`/api/${i}`)).status)
  }
  expect(new Set(statuses)).toEqual(new Set([401]))
  expect(refreshes(kit)).toBe(3)
})

it('R52 many parallel 401s cost one refresh and one replay each', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', rejects(1))
  const all = await Promise.all(Array.from({ length: 50 }, () => kit.auth.fetch('/api/orders')))
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
  expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([100, 1])
})

it.each(['/auth/login', '/auth/refresh', '/auth/logout'])(
  'R53 a 401 of %s that the app itself fetched refreshes nothing and ends nothing',
  async (path) => {
    const kit = await signedIn()
    const before = refreshes(kit)
    kit.on(path, () => refusal('session_revoked'))
    expect((await kit.auth.fetch(`${path}?x`, { method: 'POST' })).status).toBe(401)
    expect(kit.sent(path).length - (path === '/auth/refresh' ? 1 : 0)).toBe(path === '/auth/login' ? 2 : 1)
    expect(refreshes(kit) - before).toBe(path === '/auth/refresh' ? 1 : 0)
    expect(kit.auth.getState().status).toBe('authenticated')
  },
)

it('R53 a login that is refused with 401 leaves the session there is, and refreshes nothing', async () => {
  const kit = await signedIn()
  kit.on('/auth/login', () => refusal('invalid_credentials'))
  expect(await outcome(kit.auth.login({}))).toBe('invalid_credentials')
  expect([refreshes(kit), kit.auth.getState().status]).toEqual([0, 'authenticated'])
})

it.each([
  ['with auth: omit', '/api/orders', { auth: 'omit' }],
  ['with the caller’s own Authorization', '/api/orders', { headers: { authorization: 'Basic YTpi' } }],
  ['to another origin', 'https://other.example.com/api/orders', {}],
] as const)('R53 a 401 of a request %s goes to the caller and ends nothing', async (_name, url, init) => {
  const kit = await signedIn()
  kit.on('/api/orders', () => unauthorized('Bearer error="invalid_token"'))
  expect((await kit.auth.fetch(url, init)).status).toBe(401)
  expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([1, 0])
  expect(tokens(kit)).not.toContain('Bearer token-1')
  expect(kit.auth.getState().status).toBe('authenticated')
})

it('R57 by default a POST is replayed, and its idempotency key stays the same', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', rejects(1))
  const headers = { 'idempotency-key': 'k1' }
  expect((await kit.auth.fetch('/api/orders', { method: 'POST', headers, body: '{}' })).status).toBe(200)
  expect(kit.sent('/api/orders').map((sent) => sent.headers.get('idempotency-key'))).toEqual(['k1', 'k1'])
})

it.each([
  ['GET', 200, 2],
  ['HEAD', 200, 2],
  ['OPTIONS', 200, 2],
  ['POST', 401, 1],
  ['PUT', 401, 1],
  ['PATCH', 401, 1],
  ['DELETE', 401, 1],
])('R57 with replay: safe a %s ends with %i after %i calls', async (method, status, calls) => {
  const kit = await signedIn({ replay: 'safe' })
  kit.on('/api/orders', rejects(1))
  expect((await kit.auth.fetch('/api/orders', { method })).status).toBe(status)
  await settle()
  expect(kit.sent('/api/orders')).toHaveLength(calls)
  // What is not sent again renews the token all the same.
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  expect(refreshes(kit)).toBe(1)
})

it('R57 a function decides about the replay, and is asked only after a 401', async () => {
  const asked: unknown[] = []
  const replay = (request: { method: string; url: string }): boolean => {
    asked.push(request)
    return request.url.endsWith('?again')
  }
  const kit = await signedIn({ replay })
  kit.on('/api/fine', () => json({}))
  await kit.auth.fetch('/api/fine', { method: 'POST' })
  kit.on('/api/orders', rejects(1, 2))
  expect((await kit.auth.fetch('/api/orders', { method: 'post' })).status).toBe(401)
  await settle()
  kit.on('/api/orders', rejects(2))
  expect((await kit.auth.fetch('/api/orders?again', { method: 'put' })).status).toBe(200)
  expect(asked).toEqual([
    { method: 'POST', url: 'https://app.example.com/api/orders' },
    { method: 'PUT', url: 'https://app.example.com/api/orders?again' },
  ])
})

it('R57 one request can refuse its replay', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', rejects(1))
  expect((await kit.auth.fetch('/api/orders', { replay: () => false })).status).toBe(401)
  expect(kit.sent('/api/orders')).toHaveLength(1)
})

it('ERR-13 insufficient_scope is given to the caller, the scope is told, and nothing is refreshed', async () => {
  const kit = await signedIn({ diagnosticPath: (path) => path })
  const challenge = 'Basic realm="x", Bearer error="insufficient_scope", scope="admin orders:write"'
  for (const status of [403, 401]) {
    kit.on('/api/admin', () => json({}, { status, headers: { 'www-authenticate': challenge } }))
    expect((await kit.auth.fetch('/api/admin?id=7')).status).toBe(status)
  }
  expect([kit.sent('/api/admin').length, refreshes(kit)]).toEqual([2, 0])
  const entry = { url: 'https://app.example.com/api/admin', scope: 'admin orders:write' }
  expect(notes(kit, 'request.forbidden')).toMatchObject([
    { ...entry, status: 403 },
    { ...entry, status: 401 },
  ])
})

it.each(['', 'Bearer realm="x"', 'Bearer error="invalid_token"'])(
  'ERR-13 a 403 (%s) never refreshes, never replays and ends nothing',
  async (challenge) => {
    const kit = await signedIn()
    kit.on('/api/admin', () => json({}, { status: 403, headers: { 'www-authenticate': challenge } }))
    expect((await kit.auth.fetch('/api/admin')).status).toBe(403)
    expect([kit.sent('/api/admin').length, refreshes(kit)]).toEqual([1, 0])
    expect(kit.auth.getState().status).toBe('authenticated')
  },
)

it.each([undefined, 'Bearer', 'Bearer realm="api"', 'DPoP algs="ES256"', 'Bearer error="invalid_token'])(
  'ERR-14 a 401 that names no fault (%s) leads to one refresh at most, then it is reported',
  async (challenge) => {
    const kit = await signedIn()
    kit.on('/api/orders', () => unauthorized(challenge))
    expect((await kit.auth.fetch('/api/orders')).status).toBe(401)
    expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([2, 1])
    expect(notes(kit, 'request.unauthorized')).toHaveLength(1)
  },
)

it.each(['invalid_request', 'insufficient_user_authentication'])(
  'ERR-12 a 401 that names another fault (%s) is no matter of the token',
  async (error) => {
    const kit = await signedIn()
    kit.on('/api/orders', () => unauthorized(`Bearer error="${error}"`))
    expect((await kit.auth.fetch('/api/orders')).status).toBe(401)
    expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([1, 0])
  },
)

it('R12 a 401 whose refresh fails rejects with the failure, and the session stays', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', () => unauthorized())
  kit.on('/auth/refresh', () => new Response('', { status: 503 }))
  expect(await failure(kit.auth.fetch('/api/orders'))).toMatchObject({
    code: 'server_error',
    retryable: true,
  })
  expect([kit.sent('/api/orders').length, kit.auth.getState().status]).toEqual([1, 'authenticated'])
})

it('REV-05 a 401 whose refresh is refused with a reason ends the session with it', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', () => unauthorized())
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  const rejected = failure(kit.auth.fetch('/api/orders'))
  await kit.clock.advance(1000)
  expect(await rejected).toMatchObject({ code: 'session_ended', reason: 'revoked' })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
})

it('the body of a 401 that nobody reads is let go before the replay', async () => {
  const kit = await signedIn()
  let cancelled = false
  const body = new ReadableStream({ cancel: () => void (cancelled = true) })
  kit.on('/api/orders', (_request, count) => (count === 1 ? new Response(body, { status: 401 }) : json({})))
  expect((await kit.auth.fetch('/api/orders')).status).toBe(200)
  expect(cancelled).toBe(true)
})
