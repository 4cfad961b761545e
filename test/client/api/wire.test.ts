import { describe, expect, it } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { failure, jwt, listen, opaqueRedirect, outcome, silence } from '../../support/client.js'
import { ANN, createKit, grant, json, type Kit, refusal, settle, signedIn } from '../../support/kit.js'

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
  kit.on('/auth/login', () => grant(2, { user: { name: 'nobody' } }))
  await failure(kit.auth.login({}))
  expect(kit.requests.every(({ headers }) => headers.get('x-app') === 'shop')).toBe(true)
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('ROT-06 a refresh outlives the page, is not aborted, and its answer is read to the end', async () => {
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
  expect(init).toMatchObject({
    method: 'POST',
    keepalive: true,
    credentials: 'include',
    redirect: 'manual',
    cache: 'no-store',
  })
  expect(init.signal?.aborted).toBe(false)
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
  for (const { init } of kit.sent('/auth/refresh')) expect(init.signal?.aborted).toBe(false)
})

it('ROT-06 where keepalive is refused at once the refresh goes once more without it', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', ({ init }) => (init.keepalive ? new TypeError('quota') : grant(2)))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  expect(
    kit
      .sent('/auth/refresh')
      .slice(1)
      .map(({ init }) => init.keepalive),
  ).toEqual([true, false])
})

it('R32 a machine that slept between the two tries does not make the token old that the second one brought', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', ({ init }) => {
    if (!init.keepalive) return grant(2)
    kit.clock.sleep(600_000)
    return new TypeError('Failed to fetch')
  })
  await kit.auth.refresh({ force: true })
  const sent = kit.requests.length
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  expect(kit.requests).toHaveLength(sent)
})

it('R50 a logout that the machine slept over does not go once more at once: the cookie may be somebody else’s by now', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => {
    kit.clock.sleep(600_000)
    return new TypeError('Failed to fetch')
  })
  expect(await kit.auth.logout()).toMatchObject({ server: 'pending' })
  expect(kit.sent('/auth/logout')).toHaveLength(1)
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
  kit.on('/api/orders', ({ headers }) =>
    json({}, { status: headers.get('authorization') === 'Bearer token-2' ? 200 : 401 }),
  )
  expect((await kit.auth.fetch('/api/orders')).status).toBe(200)
  expect(kit.requests.slice(-3).map(({ path }) => path)).toEqual([
    '/api/orders',
    '/auth/refresh',
    '/api/orders',
  ])
  expect(told.states).toEqual([])
})

it.each([
  ['login', '/auth/login'],
  ['refresh', '/auth/refresh'],
  ['logout', '/auth/logout'],
] as const)('AV-11 a redirect of the %s endpoint is an error, not followed', async (call, path) => {
  const kit = await signedIn()
  kit.on(path, opaqueRedirect)
  const calls = {
    login: () => kit.auth.login({}),
    refresh: () => kit.auth.refresh({ force: true }),
    logout: () => kit.auth.logout(),
  }
  const before = kit.requests.length
  const result = calls[call]()
  const expected = call === 'logout' ? { server: 'pending' } : { code: 'redirected', retryable: false }
  expect(await result.catch((error: unknown) => error)).toMatchObject(expected)
  expect(kit.requests.slice(before)).toMatchObject([{ path, init: { redirect: 'manual' } }])
})
