import { expect, it } from 'vitest'
import { assemble } from '../../../src/client.js'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { failure, jwt, outcome, silence } from '../../support/client.js'
import { ANN, BOB, createKit, grant, json, type Kit, refusal, signedIn } from '../../support/kit.js'

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
  kit.on(
    '/auth/refresh',
    () => new Response('{"access_token":"t","expires_in":1e999,"user":{"id":"ann"},"session_id":"s1"}'),
  )
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

it.each(['bearer', 'BEARER', 'Bearer', undefined])(
  'ERR-03 token_type %j is a bearer token',
  async (token_type) => {
    const kit = await signedIn()
    kit.on('/auth/refresh', () => grant(2, { token_type }))
    await kit.auth.refresh({ force: true })
    expect(await kit.auth.getAccessToken()).toBe('token-2')
  },
)

it.each(['DPoP', 'mac', 'N_A', '', 'Bearer ', 1, {}])(
  'ERR-03 a token of type %j is not used, and ends nothing',
  async (token_type) => {
    const kit = await signedIn()
    kit.on('/auth/refresh', () => grant(2, { token_type }))
    expect(await failure(kit.auth.refresh({ force: true }))).toMatchObject({ code: 'unsupported_token_type' })
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
    expect(await kit.auth.getAccessToken()).toBe('token-1')
  },
)

it('ERR-04 a token of 16 kB and members nobody knows do no harm', async () => {
  const kit = await signedIn()
  const token = 'x'.repeat(16_384)
  kit.on('/auth/refresh', () =>
    grant(2, { access_token: token, refresh_token: 'r', scope: 'a b', nested: { deep: [1] } }),
  )
  kit.on('/api/orders', ({ headers }) => json(headers.get('authorization')))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe(token)
  expect(await (await kit.auth.fetch('/api/orders')).json()).toBe(`Bearer ${token}`)
})

it.each([
  'a\nb',
  'a\r\nX-Evil: 1',
  'a\u0000',
  'a\u007f',
  'a b',
  'tökén',
  '',
  ' ',
  'x'.repeat(70_000),
  42,
  null,
  undefined,
  {},
  ['t'],
  true,
])('a token %.20j that cannot stand in a header is no answer, and ends nothing', async (access_token) => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => grant(2, { access_token }))
  expect(await failure(kit.auth.refresh({ force: true }))).toMatchObject({ code: 'invalid_response' })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(await kit.auth.getAccessToken()).toBe('token-1')
})

it.each(['', 'x'.repeat(513), {}, [], true, null])(
  'a session id %.20j counts as none',
  async (session_id) => {
    const kit = await signedIn()
    kit.on('/auth/login', () => grant(2, { session_id }))
    expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated', sessionId: undefined })
  },
)

it.each([
  ['an own __proto__ member', '{"id":"ann","__proto__":{"id":"eve","admin":true}}', 'ann'],
  ['a constructor', '{"id":"ann","constructor":{"prototype":{"admin":true}}}', 'ann'],
])('AV-27 a user with %s changes nothing but himself', async (_, user, id) => {
  const kit = await signedIn()
  kit.on(
    '/auth/refresh',
    () => new Response(`{"access_token":"t2","expires_in":60,"session_id":"s1","user":${user}}`),
  )
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

it('R40 an answer that does not say who it is for is completed by the session endpoint, which goes by the cookie alone', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => json({ access_token: 'token-9', expires_in: 60 }))
  kit.on('/auth/session', () => json({ user: ANN, session_id: 's1' }))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe('token-9')
  const session = kit.sent('/auth/session')
  expect(session.map(({ headers }) => headers.get('authorization'))).toEqual([null])
  kit.on('/auth/session', () => json(null))
  expect(await outcome(kit.auth.refresh({ force: true }))).toBe('invalid_response')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it.each([
  ['the user itself', { id: 'ann', user: 'ann@example.com' }, { id: 'ann' }],
  ['a member', { user: ANN, session_id: 's1' }, ANN],
])('R40 endpoints.user says by the new token who it is for: %s', async (_, body, user) => {
  const kit = await signedIn({ endpoints: { session: false, user: '/users/me' } })
  kit.on('/auth/refresh', () => json({ access_token: 'token-9', expires_in: 60 }))
  kit.on('/users/me', () => json(body))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe('token-9')
  const asked = kit.sent('/users/me').map(({ method, headers }) => [method, headers.get('authorization')])
  expect(asked).toEqual([['GET', 'Bearer token-9']])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user })
  expect(kit.sent('/auth/session')).toEqual([])
})

it('R40 where both are there, the user endpoint says whose the token is, and the session endpoint never sees it', async () => {
  const kit = await signedIn({ endpoints: { user: '/users/me' } })
  kit.on('/auth/refresh', () => json({ access_token: 'token-9', expires_in: 60 }))
  kit.on('/users/me', () => json(ANN))
  kit.on('/auth/session', () => json({ user: { id: 'bob' }, session_id: 's2' }))
  await kit.auth.refresh({ force: true })
  await kit.auth.diagnose()
  expect(kit.auth.getState()).toMatchObject({ user: ANN })
  expect(kit.sent('/auth/session').map(({ headers }) => headers.get('authorization'))).toEqual([null])
})

const NAMELESS = (count: number, more: object = {}) =>
  json({ access_token: `token-${count}`, expires_in: 300, ...more })

const down = (headers = {}) => json({ error: 'down' }, { status: 503, headers })

/** Ann is signed in, and no refresh says who it is for; without ids it does not say which session either. */
async function nameless(sessionId: string | undefined, options: AuthClientOptions = {}): Promise<Kit> {
  const kit = await signedIn({ retry: { base: 1000, cap: 1000 }, ...options })
  kit.on('/auth/login', () => grant(1, { session_id: sessionId }))
  await kit.auth.login({})
  kit.on('/auth/refresh', (_request, count) => NAMELESS(count, { session_id: sessionId }))
  return kit
}

it('R14 where a refresh names the same session alone, a session endpoint that fails holds up no token', async () => {
  for (const answer of [() => down(), () => new TypeError('Failed to fetch'), () => json(null)]) {
    const kit = await nameless('s1')
    kit.on('/auth/session', answer)
    await kit.auth.refresh({ force: true })
    expect(kit.sent('/auth/session')).toHaveLength(1)
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN, connection: 'ok' })
    expect(await kit.auth.getAccessToken()).toBe('token-2')
  }
})

it('R14 nor does one that never answers, for longer than half a deadline', async () => {
  const kit = await nameless('s1')
  kit.on('/auth/session', silence)
  const refresh = outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(4000)
  expect(await refresh).toBe('resolved')
  expect(await kit.auth.getAccessToken()).toBe('token-2')
})

it('R77 the user of a session that refreshes name alone is asked for now and then, and a change is told once', async () => {
  const kit = await nameless('s1')
  const changes: unknown[] = []
  kit.auth.on('claimsChange', ({ user }) => changes.push(user))
  const annie = { ...ANN, name: 'Annie' }
  kit.on('/auth/session', () => json({ user: annie, session_id: 's1' }))
  // A visible page, an hour long: one refresh in four minutes, and one question in five.
  await kit.clock.advance(3_600_000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: annie })
  expect(changes).toEqual([annie])
  const [refreshes, questions] = [kit.sent('/auth/refresh').length, kit.sent('/auth/session').length]
  expect(refreshes).toBeGreaterThan(12)
  expect(questions).toBeGreaterThan(5)
  expect(questions).toBeLessThanOrEqual(12)
})

it('R77 who forces a refresh hears of a new profile at once', async () => {
  const kit = await nameless('s1')
  kit.on('/auth/session', () => json({ user: { ...ANN, name: 'Annie' }, session_id: 's1' }))
  expect(await kit.auth.refresh({ force: true })).toMatchObject({ user: { name: 'Annie' } })
})

it('R40 the user of another cookie is not shown with the token of a session that is named', async () => {
  for (const answer of [{ user: BOB, session_id: 's2' }, { user: BOB }]) {
    const kit = await nameless('s1')
    kit.on('/auth/session', () => json(answer))
    await kit.auth.refresh({ force: true })
    expect(kit.auth.getState()).toMatchObject({ user: ANN, sessionId: 's1' })
  }
})

it.each([
  ['no id', undefined, {}],
  ['another session', 's2', {}],
  [
    'no id, and the token says whose it is',
    undefined,
    { endpoints: { session: false, user: '/auth/session' } },
  ],
] as const)(
  'R92 R12 where a refresh names %s, and the server fails to say whose it is, its fault is told and the token is kept: it costs no other',
  async (_, sessionId, options) => {
    const kit = await nameless('s1', options)
    kit.on('/auth/refresh', (_request, count) => NAMELESS(count, { session_id: sessionId }))
    kit.on('/auth/session', () => down())
    const before = kit.sent('/auth/refresh').length
    expect(await failure(kit.auth.refresh({ force: true }))).toMatchObject({
      code: 'server_error',
      status: 503,
      retryable: true,
    })
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN, connection: 'degraded' })
    await kit.clock.advance(20_000)
    expect(kit.sent('/auth/session').length).toBeGreaterThan(5)
    kit.on('/auth/session', () => json({ user: { ...ANN, name: 'Annie' } }))
    await kit.clock.advance(2000)
    expect(kit.auth.getState()).toMatchObject({ user: { name: 'Annie' }, connection: 'ok' })
    expect(kit.sent('/auth/refresh').length - before).toBe(1)
    expect(await kit.auth.getAccessToken()).toBe(`token-${before + 1}`)
  },
)

it('R40 a token that nobody knew the owner of is not used for whom the cookie is for by then', async () => {
  const kit = await nameless(undefined)
  kit.on('/auth/session', () => down())
  await failure(kit.auth.refresh({ force: true }))
  const late = kit.sent('/auth/refresh').length
  kit.on('/auth/session', () => json({ user: BOB }))
  await kit.clock.advance(10_000)
  expect(kit.auth.getState()).toMatchObject({ user: BOB })
  expect(await kit.auth.getAccessToken()).toBe(`token-${late + 1}`)
})

it('R13 the wait that the user endpoint asks for is kept', async () => {
  const kit = await nameless(undefined)
  kit.on('/auth/session', () => down({ 'retry-after': '120' }))
  const error = await failure(kit.auth.refresh({ force: true }))
  expect(error).toMatchObject({ retryAt: kit.clock.wall() + 120_000 })
})

it('R09 a token that nobody has said whose it is does not outlive a logout, not even in memory', async () => {
  const fetch = (input: string | URL | Request) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    if (pathname === '/auth/login') return Promise.resolve(grant(1, { session_id: undefined }))
    if (pathname === '/auth/logout') return Promise.resolve(new Response(null, { status: 204 }))
    if (pathname === '/auth/refresh') return Promise.resolve(NAMELESS(2, { session_id: undefined }))
    return Promise.resolve(down())
  }
  const { ports } = createKit()
  const [auth, context] = assemble({ fetch }, ports)
  await auth.login({})
  expect(await outcome(auth.refresh({ force: true }))).toBe('server_error')
  expect(context.nameless?.credential.token).toBe('token-2')
  await auth.logout()
  expect(context.nameless).toBeUndefined()
  auth.dispose()
})

it('an id that is not a number is no id', async () => {
  const kit = createKit({ getUserId: (user) => Number((user as { uid?: number }).uid) })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await expect(kit.auth.login({})).rejects.toMatchObject({ code: 'invalid_user' })
})
