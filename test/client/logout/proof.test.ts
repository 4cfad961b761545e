import { afterEach, expect, it, vi } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { ANN, createKit, grant, json, type Kit, refusal, type Respond, signedIn } from '../../support/kit.js'
import { owed, storeAsTab } from '../../support/stored.js'
import { gate } from '../../support/client.js'

const done = () => new Response(null, { status: 204 })
const unreachable = () => new TypeError('Failed to fetch')
const broken = () => json({}, { status: 503 })
/** What a backend says that knows nothing of our contract. */
const missing = () => json({ error: { status: 401, name: 'UnauthorizedError' } }, { status: 401 })
const forbidden = () => json({ error: { status: 403, name: 'ForbiddenError' } }, { status: 403 })

/** A backend such as Strapi's: a logout is proved by the bearer token alone, and the refresh cookie renews until then. */
function bearerBackend(
  kit: Kit,
  more: Record<string, unknown> = {},
  no: () => Response = missing,
): { alive: boolean } {
  const session = { alive: true }
  kit.on('/auth/login', () => grant(1, more))
  kit.on('/auth/refresh', (_request, count) => (session.alive ? grant(10 + count, more) : refusal()))
  kit.on('/auth/logout', ({ headers }) => {
    if (!headers.has('authorization')) return no()
    session.alive = false
    return json({ ok: true })
  })
  return session
}

const tokens = (kit: Kit) => kit.sent('/auth/logout').map(({ headers }) => headers.get('authorization'))
const paths = (kit: Kit) => kit.requests.map(({ path }) => path)
const stored = (kit: Kit) => JSON.stringify([...kit.browser.storage.values()])

/** The same browser after a reload. */
async function reload(kit: Kit, prepare: (next: Kit) => void, options: AuthClientOptions = {}): Promise<Kit> {
  kit.auth.dispose()
  const next = createKit(options, { browser: kit.browser, clock: kit.clock })
  prepare(next)
  next.auth.subscribe(({ status }) => expect(status).not.toBe('authenticated'))
  void next.auth.ready()
  await next.clock.advance(50)
  return next
}

/** A page of session mode in which Ann is signed in. */
async function inSession(options: AuthClientOptions = {}): Promise<Kit> {
  const kit = createKit({ mode: 'session', session: { csrf: {} }, ...options })
  const session = { user: ANN, session_id: 's1', csrf_token: 'c1' }
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/login', () => json(session))
  await kit.auth.ready()
  await kit.auth.login({})
  kit.on('/auth/session', () => json({ ...session, csrf_token: 'c2' }))
  return kit
}

afterEach(() => vi.restoreAllMocks())

it('R100 the access token that was held goes with the logout until it is delivered, and with no later one', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', broken)
  expect((await kit.auth.logout()).server).toBe('pending')
  kit.on('/auth/logout', done)
  kit.signal('online')
  await kit.clock.advance(100)
  expect(tokens(kit)).toEqual(['Bearer token-1', 'Bearer token-1'])
  expect(stored(kit)).not.toContain('token-1')
  expect(owed(kit)).toEqual([])
  await kit.auth.logout({ scope: 'all' })
  expect(tokens(kit).slice(2)).toEqual([null])
})

it('R100 the token of a logout that a sign-in has made void goes with no later one', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', broken)
  await kit.auth.logout()
  kit.on('/auth/login', () => grant(5, { session_id: undefined }))
  await kit.auth.login({})
  kit.on('/auth/logout', done)
  await kit.auth.logout()
  expect(tokens(kit).at(-1)).toBe('Bearer token-5')
})

it('R100 no other call to an auth endpoint carries the token', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', missing)
  kit.on('/auth/session', () => json(null))
  await kit.auth.refresh({ force: true })
  await kit.auth.logout()
  const others = kit.requests.filter(({ path }) => path !== '/auth/logout')
  expect(others.filter(({ headers }) => headers.has('authorization'))).toEqual([])
})

it('R100 a token that has expired goes with no logout', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', unreachable)
  kit.visible = false
  await kit.clock.advance(301_000)
  await kit.auth.logout()
  expect(tokens(kit)).toEqual([null])
})

it('R100 where CORS does not allow the header, the logout is tried once without it', async () => {
  const kit = await signedIn({ baseUrl: 'https://api.example.com' })
  kit.on('/auth/logout', ({ headers }) => (headers.has('authorization') ? unreachable() : done()))
  expect(await kit.auth.logout()).toEqual({ server: 'confirmed', durable: true })
  // The browser may have had no room for a keepalive request, so the first one goes twice.
  expect(tokens(kit)).toEqual(['Bearer token-1', 'Bearer token-1', null])
})

it('R100 a server of the same origin that is not reached is not asked without the token', async () => {
  const kit = await signedIn({ baseUrl: 'https://app.example.com' })
  kit.on('/auth/logout', unreachable)
  expect((await kit.auth.logout()).server).toBe('pending')
  expect(new Set(tokens(kit))).toEqual(new Set(['Bearer token-1']))
})

it.each([
  ['cookie', [null]],
  ['bearer', ['Bearer token-1']],
  [undefined, ['Bearer token-1', null]],
] as const)('R100 with logoutProof %s a refused logout was sent with %j', async (logoutProof, sent) => {
  const kit = await signedIn({ logoutProof })
  kit.on('/auth/logout', forbidden)
  kit.on('/auth/refresh', () => refusal())
  await kit.auth.logout()
  expect(tokens(kit)).toEqual(sent)
})

it('R100 a 401 in nobody\u2019s words confirms no logout while the refresh cookie renews the session', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', missing)
  kit.on('/auth/refresh', (_request, count) => grant(count))
  expect((await kit.auth.logout()).server).toBe('pending')
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(owed(kit)).toEqual(['s1'])
  const asked = kit.requests.length
  await kit.clock.advance(500_000)
  expect(kit.requests).toHaveLength(asked)
})

it('R100 nor where every 401 is a refusal of the refresh', async () => {
  const kit = await signedIn({ refusals: [{ status: 401, reason: 'expired' }], logoutProof: 'cookie' })
  kit.on('/auth/logout', missing)
  kit.on('/auth/refresh', (_request, count) => grant(count))
  expect((await kit.auth.logout()).server).toBe('pending')
})

it.each([
  ['confirmed', 'the refresh is then refused', () => refusal('session_expired')],
  ['pending', 'the refresh is then not answered', unreachable],
  ['pending', 'the refresh is answered as the logout', missing],
] as const)(
  'R100 after a 401 in nobody\u2019s words the logout is %s where %s',
  async (server, _, answer) => {
    const kit = await signedIn()
    kit.on('/auth/logout', missing)
    kit.on('/auth/session', () => json(null))
    kit.on('/auth/refresh', answer)
    expect((await kit.auth.logout()).server).toBe(server)
  },
)

it.each([
  ['confirmed', 'names nobody', () => json(null)],
  ['confirmed', 'refuses in words of the contract', () => refusal('session_revoked')],
  ['pending', 'names the user', () => json({ user: ANN, session_id: 's1' })],
  ['pending', 'says 401 without a word', () => json({}, { status: 401 })],
  ['pending', 'is not reached', unreachable],
  ['pending', 'is a page', () => new Response('<html>')],
] as const)(
  'R100 by cookie, after a 401 in nobody\u2019s words the logout is %s where the session endpoint %s',
  async (server, _, answer) => {
    const kit = await inSession()
    kit.on('/auth/logout', missing)
    kit.on('/auth/session', answer)
    expect((await kit.auth.logout()).server).toBe(server)
  },
)

it('R100 RV-02 a refusal in the contract\u2019s words confirms, and is followed by no question', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => refusal('session_revoked'))
  kit.requests.length = 0
  expect((await kit.auth.logout()).server).toBe('confirmed')
  expect(paths(kit)).toEqual(['/auth/logout'])
})

it.each(['bearer', undefined] as const)(
  'R100 after a reload a token is bought for the session that is owed, and nobody is shown by it (%s)',
  async (logoutProof) => {
    const kit = await signedIn()
    kit.on('/auth/logout', broken)
    await kit.auth.logout()
    let session: { alive: boolean } | undefined
    const next = await reload(kit, (page) => (session = bearerBackend(page)), { logoutProof })
    const sent = ['/auth/logout', '/auth/refresh', '/auth/logout']
    expect(paths(next).slice(0, 3)).toEqual(logoutProof ? [...sent.slice(1), '/auth/refresh'] : sent)
    expect(session).toEqual({ alive: false })
    expect(owed(next)).toEqual([])
    expect(stored(next)).not.toContain('token-')
    expect(next.auth.getState().status).toBe('unauthenticated')
  },
)

it.each(['bearer', undefined] as const)(
  'R100 a token that names another session than the one that is owed is not used (%s)',
  async (logoutProof) => {
    const kit = await signedIn()
    kit.on('/auth/logout', broken)
    await kit.auth.logout()
    const next = await reload(kit, (page) => void bearerBackend(page, { session_id: 's2' }), { logoutProof })
    expect(tokens(next).filter((token) => token !== null)).toEqual([])
    expect(owed(next)).toEqual(['s1'])
    const asked = next.sent('/auth/refresh').length
    await next.clock.advance(500_000)
    expect(next.sent('/auth/refresh')).toHaveLength(asked)
  },
)

it('R100 what cannot be proved keeps no other session from being ended', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', broken)
  await kit.auth.logout()
  storeAsTab(kit, { isSameSignIn: true, owed: ['s0', 's1'] })
  let session: { alive: boolean } | undefined
  const next = await reload(kit, (page) => (session = bearerBackend(page)), { logoutProof: 'bearer' })
  expect(session).toEqual({ alive: false })
  expect(next.sent('/auth/logout').map(({ body }) => body)).toEqual([{ session_id: 's1', scope: 'current' }])
})

it('R100 a backend that names no session and wants a token gets one, also where the one that was held has expired', async () => {
  const kit = await signedIn()
  const session = bearerBackend(kit, { session_id: undefined })
  await kit.auth.login({})
  kit.visible = false
  await kit.clock.advance(301_000)
  void kit.auth.logout()
  await kit.clock.advance(2000)
  expect(session).toEqual({ alive: false })
  expect(owed(kit)).toEqual([])
})

it('R100 where the token that was held is refused, another one is bought', async () => {
  const kit = await signedIn()
  bearerBackend(kit)
  kit.on('/auth/logout', ({ headers }) =>
    /Bearer token-1\d/.test(headers.get('authorization') ?? '') ? done() : missing(),
  )
  expect((await kit.auth.logout()).server).toBe('confirmed')
  expect(tokens(kit)).toEqual(['Bearer token-1', null, 'Bearer token-12'])
})

it('R100 a 403 to the token is followed by one try with the cookie alone', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', ({ headers }) => (headers.has('authorization') ? forbidden() : done()))
  expect((await kit.auth.logout()).server).toBe('confirmed')
  expect(tokens(kit)).toEqual(['Bearer token-1', null])
})

it('R100 a 403 to the cookie is followed by one try with a token', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', broken)
  await kit.auth.logout()
  let session: { alive: boolean } | undefined
  const next = await reload(kit, (page) => (session = bearerBackend(page, {}, forbidden)))
  expect(session).toEqual({ alive: false })
  expect(owed(next)).toEqual([])
})

it('R100 a 403 of a cookie session is followed by one try with a fresh CSRF token', async () => {
  const kit = await inSession()
  kit.on('/auth/logout', ({ headers }) => (headers.get('x-csrf-token') === 'c2' ? done() : forbidden()))
  expect((await kit.auth.logout()).server).toBe('confirmed')
  const sent = kit.sent('/auth/logout').map(({ headers }) => headers.get('x-csrf-token'))
  expect(sent).toEqual(['c1', 'c2'])
})

it.each(['token', 'session'] as const)(
  'R100 a logout that is refused whatever proves it is tried seldom, and in development it is said once (%s)',
  async (mode) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const development = { development: true }
    const kit = await (mode === 'token' ? signedIn(development) : inSession(development))
    if (mode === 'token') kit.on('/auth/refresh', (_request, count) => grant(count))
    kit.on('/auth/logout', forbidden)
    expect((await kit.auth.logout()).server).toBe('pending')
    const said = () => kit.auth.getDiagnostics().filter(({ type }) => type === 'logout.refused')
    await vi.waitUntil(() => said().length > 0)
    expect(said()[0]?.message).toMatch(/POST \/auth\/logout answered 403 application\/json.*logoutProof/)
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('The logout is not done'))
    const before = kit.sent('/auth/logout').length
    await kit.clock.advance(500_000)
    expect(kit.sent('/auth/logout')).toHaveLength(before)
    kit.signal('online')
    await kit.clock.advance(1000)
    expect(kit.sent('/auth/logout').length).toBeGreaterThan(before)
    expect(said()).toHaveLength(1)
  },
)

it('R100 in production nothing is said on the console, and the diagnostics name the status', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const kit = await signedIn()
  kit.on('/auth/logout', forbidden)
  await kit.auth.logout()
  expect(kit.auth.getDiagnostics().at(-1)).toMatchObject({ type: 'logout.pending', status: 403 })
  expect(warn).not.toHaveBeenCalled()
})

it.each([
  ['has no session endpoint', undefined],
  ['answers 401 to the cookie alone', missing],
  ['has never named the user by the cookie', () => json(null)],
] as [string, Respond | undefined][])(
  'R100 in development a logout that did not happen is seen by a refresh where the server %s',
  async (_, session) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const kit = await signedIn({ development: true })
    if (session) kit.on('/auth/session', session)
    kit.on('/auth/refresh', (_request, count) => grant(count))
    expect((await kit.auth.logout()).server).toBe('confirmed')
    const types = () => kit.auth.getDiagnostics().map(({ type }) => type)
    await vi.waitUntil(() => types().includes('logout.ineffective'))
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('the cookie still signs the user in'))
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
    expect(kit.sent('/auth/logout')).toHaveLength(1)
  },
)

it.each([
  ['is refused', () => refusal()],
  ['names somebody who has signed in since', () => grant(9, { session_id: 's9' })],
])('R100 nothing is said where that refresh %s', async (_, answer) => {
  const kit = await signedIn({ development: true })
  const before = kit.sent('/auth/refresh').length
  kit.on('/auth/refresh', answer)
  await kit.auth.logout()
  await vi.waitUntil(() => kit.sent('/auth/refresh').length > before)
  await kit.clock.advance(100)
  const types = kit.auth.getDiagnostics().map(({ type }) => type)
  expect(types).not.toContain('logout.ineffective')
  expect(kit.auth.getState().status).toBe('unauthenticated')
})

it('R100 a bare 401 to whoever was never signed in here is looked into as well', async () => {
  const kit = createKit({ restore: 'never' })
  kit.on('/auth/logout', missing)
  kit.on('/auth/refresh', () => refusal())
  await kit.auth.ready()
  void kit.auth.logout()
  await kit.clock.advance(5000)
  expect(owed(kit)).toEqual([])
  const asked = kit.requests.length
  await kit.clock.advance(600_000)
  expect(kit.requests).toHaveLength(asked)
})

it('R100 a token that is bought too late puts no cookie over that of whoever has signed in meanwhile', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', broken)
  await kit.auth.logout()
  kit.auth.dispose()
  const next = createKit({ logoutProof: 'bearer' }, { browser: kit.browser, clock: kit.clock })
  const late = gate()
  next.on('/auth/refresh', (_request, count) => (count === 1 ? late.answer : grant(20, { session_id: 's5' })))
  next.on('/auth/login', () => grant(5, { session_id: 's5' }))
  next.on('/auth/logout', broken)
  void next.auth.ready()
  const login = next.auth.login({})
  await next.clock.advance(30_000)
  expect(await login).toMatchObject({ status: 'authenticated', sessionId: 's5' })
  const before = next.sent('/auth/refresh').length
  late.open(grant(9))
  await next.clock.advance(1000)
  expect(next.sent('/auth/refresh')).toHaveLength(before + 1)
  expect(next.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's5' })
})
