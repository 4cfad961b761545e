import { describe, expect, it } from 'vitest'
import type { AuthClientOptions } from '../../src/options.js'
import { ANN, createKit, grant, json, type Kit, refusal, settle, signedIn } from '../support/kit.js'
import { failure, listen, outcome, silence } from './support.js'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (claims: Record<string, unknown>): string => `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`

const AUTH_CALLS: Record<string, (kit: Kit) => Promise<unknown>> = {
  '/auth/login': (kit) => kit.auth.login({}),
  '/auth/refresh': (kit) => kit.auth.refresh({ force: true }),
  '/auth/session': (kit) => kit.auth.diagnose(),
  '/auth/logout': (kit) => kit.auth.logout(),
}

it.each(Object.entries(AUTH_CALLS))(
  'BBA-13 ERR-01 R67 %s is called with the static header, cookies, and without any cache',
  async (path, call) => {
    const kit = await signedIn({ baseUrl: 'https://api.example.com' })
    kit.on(path, () => (path === '/auth/logout' ? new Response(null, { status: 204 }) : grant(2)))
    await call(kit)
    const request = kit.sent(path).at(-1)
    expect(request?.url).toBe(`https://api.example.com${path}`)
    expect(request?.headers.get('x-csrf')).toBe('1')
    expect(request?.init).toMatchObject({ credentials: 'include', cache: 'no-store', redirect: 'manual' })
  },
)

it('BBA-13 a compensating logout carries the header, too', async () => {
  const kit = await signedIn({ staticHeader: ['X-App', 'shop'] })
  kit.on('/auth/login', () => new Response('<html>'))
  await failure(kit.auth.login({}))
  expect(kit.requests.every(({ headers }) => headers.get('x-app') === 'shop')).toBe(true)
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('ROT-06 a refresh outlives the page, is never aborted, and its answer is read to the end', async () => {
  const kit = await signedIn()
  let drained = false
  const body = new ReadableStream({
    async start(controller) {
      await settle()
      controller.enqueue(new TextEncoder().encode('<html>'))
      await settle()
      controller.close()
      drained = true
    },
  })
  kit.on('/auth/refresh', () => new Response(body, { status: 503 }))
  await outcome(kit.auth.refresh({ force: true }))
  expect(drained).toBe(true)
  const { init } = kit.sent('/auth/refresh').at(-1)!
  expect(init).toMatchObject({ method: 'POST', keepalive: true, credentials: 'include', redirect: 'manual', cache: 'no-store' })
  expect(init.signal).toBeUndefined()
})

it('ROT-06 neither a deadline, nor a logout, nor dispose, nor the signal of a caller aborts a refresh', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', silence)
  const caller = new AbortController()
  void outcome(kit.auth.getAccessToken({ minValidity: 1e6, signal: caller.signal }))
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(8000)
  caller.abort()
  await outcome(kit.auth.logout())
  kit.auth.dispose()
  expect(kit.sent('/auth/refresh').length).toBeGreaterThan(1)
  for (const { init } of kit.sent('/auth/refresh')) expect(init.signal).toBeUndefined()
})

it('ROT-06 where keepalive is refused at once the refresh goes once more without it', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', ({ init }) => (init.keepalive ? new TypeError('quota') : grant(2)))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  expect(kit.sent('/auth/refresh').slice(1).map(({ init }) => init.keepalive)).toEqual([true, false])
})

it.each([
  ['a fault of the network that takes its time', 30, true, () => new TypeError('Failed to fetch')],
  ['a browser that is offline', 0, false, () => new TypeError('Failed to fetch')],
  ['an abort', 0, true, () => new DOMException('aborted', 'AbortError')],
] as const)('ROT-06 %s is no reason to send it twice', async (_, milliseconds, online, fault) => {
  const kit = await signedIn()
  kit.online = online
  kit.on('/auth/refresh', () => {
    kit.clock.time += milliseconds
    return fault()
  })
  await outcome(kit.auth.refresh({ force: true }))
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
})

const DAY = 86_400_000

it.each([
  [60, 60_000],
  ['60', 60_000],
  [0.5, 500],
  [1e12, 400 * DAY],
  [Number.MAX_VALUE, 400 * DAY],
  [undefined, 300_000],
  [null, 300_000],
  [0, 0],
  [-60, 0],
  ['-60', 0],
  ['soon', 0],
  ['', 0],
  ['0x10', 0],
  [true, 0],
  [{}, 0],
  [[60], 0],
])('ERR-02 expires_in %j lives for %i ms', async (expires_in, lifetime) => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => grant(2, { expires_in }))
  const sentAt = kit.clock.wall()
  await kit.auth.refresh({ force: true })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', expiresAt: sentAt + lifetime })
  // It works at least once, whatever it says.
  expect(await outcome(kit.auth.getAccessToken())).toBe('resolved')
})

it('ERR-02 an endless number that JSON can hold is cut as well', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => new Response('{"access_token":"t","expires_in":1e999,"user":{"id":"ann"},"session_id":"s1"}'))
  const sentAt = kit.clock.wall()
  await kit.auth.refresh({ force: true })
  expect(kit.auth.getState()).toMatchObject({ expiresAt: sentAt + 400 * DAY })
})

it('ERR-02 the time an answer took on its way is taken off', async () => {
  const kit = await signedIn()
  const sentAt = kit.clock.wall()
  kit.on('/auth/refresh', () => {
    kit.clock.time += 6000
    return grant(2, { expires_in: 60 })
  })
  await kit.auth.refresh({ force: true })
  expect(kit.auth.getState()).toMatchObject({ expiresAt: sentAt + 60_000 })
})

it.each([
  ['exp − iat of a JWT, whatever the clock of this device', jwt({ iat: 1000, exp: 1090 }), {}, 90_000],
  ['the default of five minutes for an opaque token', 'opaque', {}, 300_000],
  ['the default for a JWT that does not say', jwt({ sub: 'ann' }), {}, 300_000],
  ['the default for what only looks like a JWT', 'a.b.c', {}, 300_000],
  ['the default that is configured', 'opaque', { defaultLifetime: 20 }, 20_000],
  ['nothing for a JWT that ended before it began', jwt({ iat: 2000, exp: 1000 }), {}, 0],
] as const)('ERR-02 JWT-01 without expires_in the lifetime is %s', async (_, token, options, lifetime) => {
  const kit = await signedIn(options)
  kit.on('/auth/refresh', () => grant(2, { access_token: token, expires_in: undefined }))
  const sentAt = kit.clock.wall()
  await kit.auth.refresh({ force: true })
  expect(kit.auth.getState()).toMatchObject({ expiresAt: sentAt + lifetime })
})

it.each(['bearer', 'BEARER', 'Bearer', undefined])('ERR-03 token_type %j is a bearer token', async (token_type) => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => grant(2, { token_type }))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe('token-2')
})

it.each(['DPoP', 'mac', 'N_A', '', 'Bearer ', 1, {}])('ERR-03 a token of type %j is not used, and ends nothing', async (token_type) => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => grant(2, { token_type }))
  expect(await failure(kit.auth.refresh({ force: true }))).toMatchObject({ code: 'unsupported_token_type' })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(await kit.auth.getAccessToken()).toBe('token-1')
})

it('ERR-04 a token of 16 kB and members nobody knows do no harm', async () => {
  const kit = await signedIn()
  const token = 'x'.repeat(16_384)
  kit.on('/auth/refresh', () => grant(2, { access_token: token, refresh_token: 'r', scope: 'a b', nested: { deep: [1] } }))
  kit.on('/api/orders', ({ headers }) => json(headers.get('authorization')))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe(token)
  expect(await (await kit.auth.fetch('/api/orders')).json()).toBe(`Bearer ${token}`)
})

it.each(['a\nb', 'a\r\nX-Evil: 1', 'a\u0000', 'a\u007f', 'a b', 'tökén', '', ' ', 'x'.repeat(70_000), 42, null, undefined, {}, ['t'], true])(
  'a token %.20j that cannot stand in a header is no answer, and ends nothing',
  async (access_token) => {
    const kit = await signedIn()
    kit.on('/auth/refresh', () => grant(2, { access_token }))
    expect(await failure(kit.auth.refresh({ force: true }))).toMatchObject({ code: 'invalid_response' })
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
    expect(await kit.auth.getAccessToken()).toBe('token-1')
  },
)

it.each(['', 'x'.repeat(513), {}, [], true, null])('a session id %.20j counts as none', async (session_id) => {
  const kit = await signedIn()
  kit.on('/auth/login', () => grant(2, { session_id }))
  expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated', sessionId: undefined })
})

it.each([
  ['an own __proto__ member', '{"id":"ann","__proto__":{"id":"eve","admin":true}}', 'ann'],
  ['a constructor', '{"id":"ann","constructor":{"prototype":{"admin":true}}}', 'ann'],
])('AV-27 a user with %s changes nothing but himself', async (_, user, id) => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => new Response(`{"access_token":"t2","expires_in":60,"session_id":"s1","user":${user}}`))
  await kit.auth.refresh({ force: true })
  expect(kit.auth.getState()).toMatchObject({ user: { id } })
  expect(Object.prototype).not.toHaveProperty('admin')
})

it.each([
  ['who a user is', '{"access_token":"t2","user":{"__proto__":{"id":"eve"}}}', 'invalid_user'],
  ['a member of an answer', '{"__proto__":{"access_token":"t2","user":{"id":"eve"}}}', 'invalid_response'],
])('AV-27 %s is never inherited', async (_, answer, code) => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => new Response(answer))
  expect(await outcome(kit.auth.refresh({ force: true }))).toBe(code)
  expect(kit.auth.getState()).toMatchObject({ user: ANN })
})

describe.each([
  ['opaque tokens', (number: number) => `token-${number}`],
  ['JWTs', (number: number) => jwt({ sub: 'ann', iat: 5, exp: 65, jti: number })],
])('%s', (_, make) => {
  it('JWT-01 sign in, work past the end of the token, reload, sign out', async () => {
    const options: AuthClientOptions = {}
    const answer = (number: number) => grant(number, { access_token: make(number), expires_in: 60 })
    const prepare = (page: Kit) => {
      page.on('/auth/refresh', (_request, count) => answer(count + 1))
      page.on('/auth/login', () => answer(1))
      page.on('/auth/logout', () => new Response(null, { status: 204 }))
      page.on('/api/orders', ({ headers }) => json(headers.get('authorization')))
    }
    const kit = createKit(options)
    prepare(kit)
    kit.on('/auth/refresh', (_request, count) => (count === 1 ? refusal() : answer(count)))
    await kit.auth.login({})
    const seen = async (page: Kit) => (await page.auth.fetch('/api/orders')).json()
    expect(await seen(kit)).toBe(`Bearer ${make(1)}`)
    await kit.clock.advance(61_000)
    expect(await seen(kit)).toBe(`Bearer ${make(2)}`)
    kit.auth.dispose()
    const next = createKit(options, { browser: kit.browser, clock: kit.clock })
    prepare(next)
    void next.auth.ready()
    await next.clock.advance(50)
    expect(next.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
    expect(await seen(next)).toBe(`Bearer ${make(2)}`)
    expect(await next.auth.logout()).toEqual({ server: 'confirmed', durable: true })
  })
})

it('BBA-07 a rejected token is renewed and the call repeated once', async () => {
  const kit = await signedIn()
  const told = listen(kit.auth)
  kit.on('/api/orders', ({ headers }) => json({}, { status: headers.get('authorization') === 'Bearer token-2' ? 200 : 401 }))
  expect((await kit.auth.fetch('/api/orders')).status).toBe(200)
  expect(kit.requests.slice(-3).map(({ path }) => path)).toEqual(['/api/orders', '/auth/refresh', '/api/orders'])
  expect(told.states).toEqual([])
})

it('an answer that does not say who it is for is completed by the session endpoint', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => json({ access_token: 'token-9', expires_in: 60 }))
  kit.on('/auth/session', () => json({ user: ANN, session_id: 's1' }))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe('token-9')
  const session = kit.sent('/auth/session')
  expect(session.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer token-9'])
  kit.on('/auth/session', () => json(null))
  expect(await outcome(kit.auth.refresh({ force: true }))).toBe('invalid_response')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
})
