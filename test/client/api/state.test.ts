import { expect, it } from 'vitest'
import { failure, listen, outcome } from '../../support/client.js'
import { createKit, grant, json, refusal, settle, signedIn } from '../../support/kit.js'
import { saying } from '../../support/words.js'

it('R77 a hundred refreshes change neither the status nor the user object, and tell nobody', async () => {
  const kit = await signedIn()
  const before = kit.auth.getState()
  const { user, expiresAt } = before as { user: unknown; expiresAt: number }
  const told = listen(kit.auth)
  for (let round = 0; round < 100; round++) {
    await kit.auth.refresh({ force: true })
    await kit.clock.advance(10_000)
  }
  expect(kit.sent('/auth/refresh').length).toBeGreaterThanOrEqual(101)
  expect(kit.auth.getState()).toBe(before)
  expect(kit.auth.getState()).toHaveProperty('user', user)
  expect((kit.auth.getState() as { user: unknown }).user).toBe(user)
  expect(told).toEqual({ ends: [], switches: [], claims: [], states: [] })
  // Read live, so that it need not make a new state.
  expect((before as { expiresAt: number }).expiresAt).toBe(expiresAt + 990_000)
})

it('R77 a parser that makes a new object each time keeps the first as long as the data are the same', async () => {
  const kit = await signedIn({ parseUser: (value) => ({ ...(value as { id: string }) }) })
  const { user } = kit.auth.getState() as { user: unknown }
  await kit.auth.refresh({ force: true })
  expect((kit.auth.getState() as { user: unknown }).user).toBe(user)
})

it('R77 R78 other data of the same user are told once, and end nothing', async () => {
  const kit = await signedIn()
  const told = listen(kit.auth)
  kit.on('/auth/refresh', () => grant(2, { user: { id: 'ann', role: 'admin' } }))
  await kit.auth.refresh({ force: true })
  await kit.auth.refresh({ force: true })
  expect(told.claims).toEqual([
    { previousUser: { id: 'ann', name: 'Ann' }, user: { id: 'ann', role: 'admin' } },
  ])
  expect(told).toMatchObject({ ends: [], switches: [], states: ['authenticated'] })
})

it('R78 ten times away and back with a fresh token cause no event and no request', async () => {
  const kit = await signedIn()
  const told = listen(kit.auth)
  const noted: string[] = []
  kit.auth.on('diagnostic', ({ type }) => void noted.push(type))
  const before = kit.requests.length
  for (let cycle = 0; cycle < 10; cycle++) {
    kit.visible = false
    kit.signal('hidden')
    await kit.clock.advance(2000)
    kit.visible = true
    kit.signal('wake')
    kit.signal('wake')
    await kit.clock.advance(2000)
  }
  expect(kit.requests).toHaveLength(before)
  expect(told).toEqual({ ends: [], switches: [], claims: [], states: [] })
  expect(noted).toEqual([])
  expect(kit.clock.pending).toBe(1)
})

it('R78 a subscriber hears each change once, and the state in between is one object', async () => {
  const kit = await signedIn()
  const told = listen(kit.auth)
  const state = kit.auth.getState()
  expect(kit.auth.getState()).toBe(state)
  kit.on('/auth/refresh', () => json({}, { status: 503 }))
  await failure(kit.auth.refresh({ force: true }))
  kit.on('/auth/refresh', () => grant(2))
  await kit.clock.advance(2000)
  await kit.auth.logout()
  await kit.auth.logout()
  expect(told.states).toEqual(['authenticated', 'authenticated', 'unauthenticated'])
  expect(told.ends).toHaveLength(1)
})

it('what is shown of a state holds no token, and a listener cannot be added for what does not exist', async () => {
  const kit = await signedIn()
  expect(JSON.stringify(kit.auth.getState())).not.toContain('token-1')
  expect(() => kit.auth.on('constructor' as 'sessionEnd', () => {})).toThrow(TypeError)
})

it.each([
  ['timeout', () => new Promise<Response>(() => {}), true, undefined],
  ['network', () => new TypeError('Failed to fetch'), true, undefined],
  ['server_error', () => json({ error: 'oops' }, { status: 502 }), true, 502],
  ['rate_limited', () => json({}, { status: 429 }), true, 429],
  ['forbidden', () => json({}, { status: 403 }), false, 403],
  ['invalid_response', () => new Response('<html>'), false, 200],
  ['unsupported_token_type', () => grant(2, { token_type: 'DPoP' }), false, 200],
  ['invalid_user', () => grant(2, { user: { name: 'x' } }), false, 200],
] as const)(
  'R92 a refresh that fails as %s says so in code, status, cause and whether to try again',
  async (code, answer, retryable, status) => {
    const kit = await signedIn()
    kit.on('/auth/refresh', answer)
    const failed = failure(kit.auth.refresh({ force: true }))
    await kit.clock.advance(8000)
    const error = (await failed) as Error
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'AuthError', code, retryable, status })
    expect(error.message).toEqual(saying(/^Failed to refresh the session: .{20,}\.$/))
    if (code === 'network' || code === 'invalid_user') expect(error.cause).toBeInstanceOf(Error)
    // Who comes during the back-off gets the same, and when to come again.
    const { retryAt } = kit.auth.getState()
    expect(retryAt).toBeTypeOf('number')
  },
)

it('R92 no call navigates by itself, and every rejection without a session has a code', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  await kit.auth.ready()
  const calls = [
    kit.auth.getAccessToken(),
    kit.auth.fetch('/api/orders'),
    kit.auth.refresh(),
    kit.auth.refresh({ force: true }),
  ]
  expect(await Promise.all(calls.map(outcome))).toEqual(Array.from(calls, () => 'login_required'))
  expect(kit.navigated).toEqual([])
})

it('R92 a diagnosis by a reader of answers that throws is an answer, or an AuthError', async () => {
  const kit = await signedIn()
  const auth = kit.another({
    parseAnswer: (_body, call) => {
      if (call === 'session') throw new Error('token-1 in the text of a parser')
      return undefined
    },
  })
  kit.on('/auth/session', () => json({ user: { id: 'ann' } }))
  expect(await auth.diagnose()).toEqual({ cookie: 'unknown', causes: [] })
})

it('R94 a parser that fails on a refresh is a typed error, and the session is kept', async () => {
  let strict = false
  const parseUser = (value: unknown) => {
    if (strict) throw new TypeError('name is missing')
    return value as { id: string }
  }
  const kit = await signedIn({ parseUser })
  const told = listen(kit.auth)
  strict = true
  const error = await failure(kit.auth.refresh({ force: true }))
  expect(error).toMatchObject({ code: 'invalid_user', cause: { message: 'name is missing' } })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
  expect(await kit.auth.getAccessToken()).toBe('token-1')
  expect(told.ends).toEqual([])
  strict = false
  await kit.clock.advance(60_000)
  expect(await kit.auth.getAccessToken()).not.toBe('token-1')
})

it('R94 a parser that fails on a login is a typed error, and the session it made is discarded', async () => {
  const kit = createKit({
    parseUser: () => {
      throw new TypeError('name is missing')
    },
  })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  expect(await failure(kit.auth.login({}))).toMatchObject({ code: 'invalid_user' })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('R51 R101 a login answer that breaks off has set its cookies, so it is asked whom they are for', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  const broken = new ReadableStream({ start: (controller) => controller.error(new TypeError('cut')) })
  kit.on('/auth/login', () => new Response(broken, { status: 200 }))
  await kit.auth.ready()
  expect(await failure(kit.auth.login({}))).toMatchObject({ code: 'network', cause: { message: 'cut' } })
  expect(kit.requests.slice(-2).map(({ path }) => path)).toEqual(['/auth/login', '/auth/refresh'])
  expect(kit.sent('/auth/logout')).toEqual([])
})

it('R94 events and states carry the user as it was parsed', async () => {
  const kit = await signedIn<{ key: string }>({
    parseUser: (value) => ({ key: `u-${(value as { id: string }).id}` }),
    getUserId: ({ key }) => key,
  })
  const told = listen(kit.auth)
  kit.on('/auth/refresh', () => grant(2, { user: { id: 'bob' }, session_id: 's2' }))
  await failure(kit.auth.refresh({ force: true }))
  await settle()
  expect(told.ends).toMatchObject([{ previousUser: { key: 'u-ann' } }])
  expect(told.switches).toEqual([{ from: { key: 'u-ann' }, to: { key: 'u-bob' } }])
  expect(kit.auth.getState()).toMatchObject({ user: { key: 'u-bob' } })
})

it('R15 the connection is offline as soon as the browser says so, and ok when it is back', async () => {
  const kit = await signedIn()
  kit.signal('offline')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'offline' })
  kit.signal('online')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'ok' })
})
