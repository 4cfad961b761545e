import { expect, it } from 'vitest'
import {
  createKit,
  FakeBrowser,
  grant,
  json,
  refusal,
  settle,
  signedIn,
  type Kit,
} from '../../support/kit.js'
import { failure, listen, outcome } from '../../support/client.js'

/** A page on which nobody is signed in, and nobody was. */
async function anonymous(): Promise<Kit> {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  return kit
}

it('a login posts the body as it is, and resolves with the state of who is signed in', async () => {
  const kit = await anonymous()
  kit.on('/auth/login', () => grant(1))
  const state = await kit.auth.login({ email: 'ann@example.com', password: 'pä55' })
  expect(state).toBe(kit.auth.getState())
  expect(state).toMatchObject({ status: 'authenticated', sessionId: 's1' })
  expect(kit.sent('/auth/login')).toMatchObject([
    { method: 'POST', body: { email: 'ann@example.com', password: 'pä55' } },
  ])
})

it.each([
  ['a user without an id', () => grant(1, { user: { name: 'Ann' } })],
  ['a token that is no bearer token', () => grant(1, { token_type: 'mac' })],
])('R48 %s with status 200 is followed by one logout, then the login fails', async (_, answer) => {
  const kit = await anonymous()
  kit.on('/auth/login', answer)
  const error = await failure(kit.auth.login({}))
  expect(error).toMatchObject({ name: 'AuthError' })
  expect(kit.sent('/auth/logout')).toMatchObject([{ body: { scope: 'current' } }])
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/logout')).toHaveLength(1)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R48 a logout that fails as well does not hide why the login did', async () => {
  const kit = await anonymous()
  kit.on('/auth/login', () => new Response('<html>'))
  kit.on('/auth/logout', () => new TypeError('Failed to fetch'))
  expect(await failure(kit.auth.login({}))).toMatchObject({ code: 'invalid_response' })
})

it.each([
  [401, 'invalid_credentials', 'invalid_credentials', false],
  [400, 'whatever', 'invalid_credentials', false],
  [422, undefined, 'invalid_credentials', false],
  [403, 'user_disabled', 'user_disabled', false],
  [403, undefined, 'forbidden', false],
  [429, 'too_many', 'rate_limited', true],
  [500, undefined, 'server_error', true],
  [503, undefined, 'server_error', true],
  [404, undefined, 'invalid_response', false],
] as const)(
  'R92 a login answered %s %s rejects as %s, once, and ends no session',
  async (status, error, code, retryable) => {
    const kit = await signedIn()
    kit.on('/auth/login', () => json(error ? { error } : {}, { status }))
    const told = listen(kit.auth)
    const thrown = await failure(kit.auth.login({}))
    expect(thrown).toMatchObject({ name: 'AuthError', code, status, retryable, serverCode: error })
    await kit.clock.advance(100_000)
    expect(kit.sent('/auth/login')).toHaveLength(2)
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
    expect(told.ends).toEqual([])
  },
)

it('OW-23 a throttled login says when to try again, and is not tried again by itself', async () => {
  const kit = await anonymous()
  kit.on('/auth/login', () => json({}, { status: 429, headers: { 'retry-after': '30' } }))
  const error = await failure(kit.auth.login({}))
  expect(error).toMatchObject({ code: 'rate_limited', retryAt: kit.clock.wall() + 30_000 })
  kit.signal('online')
  kit.signal('wake')
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/login')).toHaveLength(1)
  kit.on('/auth/login', () => grant(1))
  expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated' })
})

it.each([
  ['is not reached', () => new TypeError('Failed to fetch')],
  ['answers 503', () => json({}, { status: 503 })],
  ['answers 429', () => json({}, { status: 429 })],
])('OW-23 a login whose server %s is sent once', async (_, answer) => {
  const kit = await anonymous()
  kit.on('/auth/login', answer)
  await failure(kit.auth.login({ password: 'secret' }))
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/login')).toHaveLength(1)
})

it('AV-17 nothing but a call signs in: not the start, not an end, not coming back', async () => {
  const kit = await signedIn()
  const before = kit.sent('/auth/login').length
  kit.on('/auth/refresh', () => refusal())
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(1000)
  for (const signal of ['wake', 'online', 'restore', 'suspend'] as const) kit.signal(signal)
  await outcome(kit.auth.fetch('/api/orders'))
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/login')).toHaveLength(before)
  expect(kit.navigated).toEqual([])
})

it('R96 a sign-in by redirect names where to come back to, page by default, with query and hash', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  await kit.auth.loginWithRedirect({ returnTo: '/a b/ü?q=1&r=%2F#x?y' })
  const targets = kit.navigated.map((url) => new URL(url))
  expect(targets.map(({ origin, pathname }) => origin + pathname)).toEqual(
    Array.from(targets, () => 'https://app.example.com/auth/start'),
  )
  expect(targets.map(({ searchParams }) => searchParams.get('return_to'))).toEqual([
    '/orders?page=2#top',
    '/a%20b/%C3%BC?q=1&r=%2F#x?y',
  ])
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R96 a refused returnTo navigates nowhere and leaves no mark', async () => {
  const kit = await anonymous()
  expect(await outcome(kit.auth.loginWithRedirect({ returnTo: '//evil.example' }))).toBe('invalid_return_to')
  expect(kit.navigated).toEqual([])
  expect(kit.tabStorage.size).toBe(0)
})

it('R96 a page without an address of its own comes back to the start page', async () => {
  const kit = createKit({ baseUrl: 'https://api.example.com' })
  kit.on('/auth/refresh', () => refusal())
  Object.assign(kit.ports.page, { url: () => undefined, path: () => 'srcdoc' })
  await kit.auth.loginWithRedirect()
  expect(kit.navigated).toEqual(['https://api.example.com/auth/start?return_to=%2F'])
})

/** The page that the sign-in came back to: same browser, same tab. */
async function comeBack(kit: Kit, prepare: (next: Kit) => void, browser = kit.browser): Promise<Kit> {
  kit.auth.dispose()
  const next = createKit({}, { browser, clock: kit.clock })
  for (const [key, value] of kit.tabStorage) next.tabStorage.set(key, value)
  prepare(next)
  void next.auth.ready()
  await next.clock.advance(500)
  return next
}

it('R96 coming back asks once and signs in, though the marker says that nobody is', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  const next = await comeBack(kit, (page) => page.on('/auth/refresh', () => grant(5)))
  expect(next.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's1' })
  expect(next.requests.map(({ path }) => path)).toEqual(['/auth/refresh'])
  expect(next.tabStorage.size).toBe(0)
})

it('R96 coming back without having signed in asks once, and never again', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  const next = await comeBack(kit, (page) => page.on('/auth/refresh', () => refusal()))
  expect(next.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(next.sent('/auth/refresh')).toHaveLength(1)
  const later = await comeBack(next, (page) => page.on('/auth/session', () => json(null)))
  expect(later.requests.map(({ path }) => path)).toEqual(['/auth/session'])
})

it('R96 a mark older than ten minutes, or none, counts for nothing: the start is that of a visitor', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  await kit.clock.advance(600_000)
  const next = await comeBack(kit, (page) => page.on('/auth/session', () => json(null)))
  expect(next.requests.map(({ path }) => path)).toEqual(['/auth/session'])
})

it('R96 coming back while the server is down does not lose the sign-in', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  const next = await comeBack(kit, (page) => page.on('/auth/refresh', () => json({}, { status: 503 })))
  const later = await comeBack(next, (page) => page.on('/auth/refresh', () => grant(5)))
  expect(later.auth.getState()).toMatchObject({ status: 'authenticated' })
})

/** Ann has logged out, which the server does not know yet, and went to sign in. */
async function pending(): Promise<Kit> {
  const kit = await signedIn()
  kit.on('/auth/logout', () => new TypeError('Failed to fetch'))
  await kit.auth.logout()
  const navigated = kit.auth.loginWithRedirect()
  await kit.clock.advance(20_000)
  await navigated
  return kit
}

it('R96 another session id behind a pending logout is a sign-in', async () => {
  const next = await comeBack(await pending(), (page) => {
    page.on('/auth/refresh', () => grant(5, { session_id: 's2' }))
    page.on('/auth/logout', () => new TypeError('Failed to fetch'))
  })
  await next.clock.advance(20_000)
  expect(next.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
})

it('R96 the same session id behind a pending logout is no sign-in, and is revoked', async () => {
  const next = await comeBack(await pending(), (page) => {
    page.on('/auth/refresh', () => grant(5))
    page.on(
      '/auth/logout',
      ({ headers }) => new Response(null, { status: headers.has('authorization') ? 204 : 503 }),
    )
  })
  await next.clock.advance(20_000)
  expect(next.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  const revoked = next.sent('/auth/logout').find(({ headers }) => headers.has('authorization'))
  expect(revoked).toMatchObject({ body: { session_id: 's1', scope: 'current' } })
  expect(revoked?.headers.get('authorization')).toBe('Bearer token-5')
})

it('R96 R05 a client that is disposed on the way back leaves the sign-in to the next one', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  const next = await comeBack(kit, (page) => {
    page.on('/auth/refresh', () => grant(5))
    void page.auth.ready()
    page.auth.dispose()
  })
  const second = next.another()
  const ready = second.ready()
  await next.clock.advance(500)
  expect(await ready).toMatchObject({ status: 'authenticated' })
  expect(next.sent('/auth/refresh')).toHaveLength(1)
  expect(next.tabStorage.size).toBe(0)
})

it('R96 where storage is blocked the way back still signs in', async () => {
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const next = await comeBack(await anonymous(), (page) => page.on('/auth/refresh', () => grant(5)), browser)
  expect(next.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it('a login while prerendering waits until the page is shown', async () => {
  const kit = createKit()
  kit.prerendering = true
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/refresh', () => refusal())
  const login = kit.auth.login({})
  await kit.clock.advance(60_000)
  expect(kit.requests).toEqual([])
  kit.prerendering = false
  kit.signal('activate')
  await settle()
  expect(await login).toMatchObject({ status: 'authenticated' })
})
