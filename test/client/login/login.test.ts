import { expect, it } from 'vitest'
import { failure, listen, outcome, portal } from '../../support/client.js'
import { ANN, anonymous, createKit, grant, json, refusal, settle, signedIn } from '../../support/kit.js'
import { errorSaying } from '../../support/words.js'

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

it('R12 a page of a captive portal in the place of a login ends no session', async () => {
  const kit = await signedIn()
  kit.on('/auth/login', portal)
  await expect(kit.auth.login({})).rejects.toMatchObject({ code: 'invalid_response' })
  expect(kit.sent('/auth/logout')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
})

function cyclic(): unknown {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  return cycle
}

it.each([
  ['a form', new FormData()],
  ['a query', new URLSearchParams('email=ann')],
  ['a cycle', cyclic()],
  ['a bigint', { n: 10n }],
  ['a function', () => 'ann'],
])('%s as credentials is a mistake in words, and nothing is sent', async (_name, credentials) => {
  const kit = await signedIn()
  const before = kit.requests.length
  await expect(kit.auth.login(credentials)).rejects.toThrow(errorSaying('what JSON can hold'))
  expect(kit.requests).toHaveLength(before)
})
