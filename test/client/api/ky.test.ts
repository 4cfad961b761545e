import ky, { HTTPError, isKyError, NetworkError, type Options, TimeoutError } from 'ky'
import { expect, expectTypeOf, it } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { isAuthError } from '../../../src/errors.js'
import { type ApiOptions, createApi } from '../../../src/ky.js'
import { ANN, createKit, grant, json, type Kit, refusal, settle, signedIn } from '../../support/kit.js'
import { failure, gate } from '../../support/client.js'

const PREFIX = 'https://app.example.com/api'
/** ky's retries at once: what is tested is how many there are. */
const AT_ONCE = { delay: () => 0 }

interface Setup {
  readonly kit: Kit
  readonly api: ReturnType<typeof createApi>
}

async function setUp(options: ApiOptions = {}, client: AuthClientOptions = {}): Promise<Setup> {
  const kit = await signedIn(client)
  return { kit, api: createApi(kit.auth, { prefix: PREFIX, retry: AT_ONCE, ...options }) }
}

const unauthorized = (): Response => json({ error: 'expired' }, { status: 401 })
const tokens = (kit: Kit): (string | null)[] =>
  kit.sent('/api/orders').map(({ headers }) => headers.get('authorization'))
const refreshes = (kit: Kit): number => kit.sent('/auth/refresh').length - 1

it('a ky instance authenticates, and json() has the type it was asked for', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', () => json([{ id: 'o1' }]))
  const orders = await api.get('orders', { searchParams: { page: 2 } }).json<{ id: string }[]>()
  expectTypeOf(orders).toEqualTypeOf<{ id: string }[]>()
  expect(orders).toEqual([{ id: 'o1' }])
  expect([kit.sent('/api/orders')[0]?.url, tokens(kit)]).toEqual([
    `${PREFIX}/orders?page=2`,
    ['Bearer token-1'],
  ])
})

it('R66 a 401 is answered by one refresh, and the second attempt has the new token', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', (_request, count) => (count === 1 ? unauthorized() : json({ ok: true })))
  expect(await api.post('orders', { json: { a: 1 } }).json()).toEqual({ ok: true })
  expect([tokens(kit), refreshes(kit)]).toEqual([['Bearer token-1', 'Bearer token-2'], 1])
  expect(kit.sent('/api/orders').map(({ body }) => body)).toEqual([{ a: 1 }, { a: 1 }])
})

it('R66 a 401 that stays is an HTTPError after two attempts: ky does not repeat it', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', unauthorized)
  const error = await failure(api.get('orders').json())
  expect(error).toBeInstanceOf(HTTPError)
  expect((error as HTTPError).response.status).toBe(401)
  expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([2, 1])
})

it.each([
  ['a network fault', () => new TypeError('Failed to fetch'), NetworkError],
  ['a 503', () => json({}, { status: 503 }), HTTPError],
] as const)(
  'R66 retries do not multiply: limit + 2 attempts with %s, one of them a replay',
  async (_name, fault, type) => {
    for (const limit of [0, 1, 2, 5]) {
      const { kit, api } = await setUp({ retry: { ...AT_ONCE, limit } })
      kit.on('/api/orders', (_request, count) => (count === 1 ? unauthorized() : fault()))
      expect(await failure(api.get('orders').json())).toBeInstanceOf(type)
      expect(kit.sent('/api/orders')).toHaveLength(limit + 2)
      expect(kit.auth.getDiagnostics().filter((entry) => entry.type === 'request.replayed')).toHaveLength(1)
    }
  },
)

it('R66 a second 401 in one call is its answer, also where ky has tried again in between', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', (_request, count) => (count === 2 ? json({}, { status: 503 }) : unauthorized()))
  expect(await failure(api.get('orders').json())).toMatchObject({ response: { status: 401 } })
  expect(kit.sent('/api/orders')).toHaveLength(3)
})

it('R66 the default limit of ky makes four attempts at most', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', (_request, count) => (count === 1 ? unauthorized() : json({}, { status: 500 })))
  expect(await failure(api.get('orders').json())).toBeInstanceOf(HTTPError)
  expect(kit.sent('/api/orders')).toHaveLength(4)
})

it('R66 a 401 that comes only with the last retry is still replayed', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', (_request, count) =>
    count < 3 ? json({}, { status: 503 }) : count === 3 ? unauthorized() : json({ ok: true }),
  )
  expect(await api.get('orders').json()).toEqual({ ok: true })
  expect(kit.sent('/api/orders')).toHaveLength(4)
})

it('R66 where ky is told to repeat a 401 the bound holds all the same', async () => {
  const { kit, api } = await setUp({ retry: { ...AT_ONCE, statusCodes: [401] } })
  kit.on('/api/orders', unauthorized)
  expect(await failure(api.get('orders').json())).toBeInstanceOf(HTTPError)
  expect(kit.sent('/api/orders')).toHaveLength(4)
})

it('R66 the bound is of one call: two calls at once have a replay each', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', ({ headers }) =>
    headers.get('authorization') === 'Bearer token-1' ? unauthorized() : json({ ok: true }),
  )
  expect(await Promise.all([api.get('orders').json(), api.get('orders').json()])).toHaveLength(2)
  expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([4, 1])
})

it('ERR-16 a POST that meets a network fault is sent once', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', () => new TypeError('Failed to fetch'))
  const error = await failure(api.post('orders', { json: {} }).json())
  expect(error).toBeInstanceOf(NetworkError)
  expect((error as NetworkError).cause).toBeInstanceOf(TypeError)
  expect(kit.sent('/api/orders')).toHaveLength(1)
})

it('a GET that meets a network fault is repeated as ky does, with the token of that moment', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', async (_request, count) => {
    if (count > 1) return json({ ok: true })
    await kit.auth.refresh({ force: true })
    return new TypeError('Failed to fetch')
  })
  expect(await api.get('orders').json()).toEqual({ ok: true })
  expect(tokens(kit)).toEqual(['Bearer token-1', 'Bearer token-2'])
})

it('R66 an AuthError reaches the caller as it is, and ky does not retry it', async () => {
  const kit = createKit()
  const api = createApi(kit.auth, { prefix: PREFIX, retry: AT_ONCE })
  kit.on('/auth/refresh', () => refusal())
  const pending = failure(api.get('orders').json())
  await kit.clock.advance(1000)
  const error = await pending
  expect([isAuthError(error), isKyError(error)]).toEqual([true, false])
  expect(error).toMatchObject({ code: 'login_required', retryable: false })
  expect(kit.sent('/api/orders')).toHaveLength(0)
})

it.each([
  ['server_error', () => json({}, { status: 503 })],
  ['network', () => new Error('gone')],
  ['rate_limited', () => json({}, { status: 429, headers: { 'retry-after': '7' } })],
] as const)(
  'R66 also a retryable AuthError (%s) is not retried by ky: the client keeps the time',
  async (code, fault) => {
    const { kit, api } = await setUp()
    kit.on('/auth/refresh', fault)
    kit.on('/api/orders', unauthorized)
    const error = await failure(api.get('orders').json())
    expect(error).toMatchObject({ name: 'AuthError', code, retryable: true })
    expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([1, 1])
  },
)

it('an HTTPError of the API keeps its data, and no request that it holds has the token', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', () => json({ error: 'not_found' }, { status: 404 }))
  const error = (await failure(api.get('orders').json())) as HTTPError
  expect([error.response.status, error.data]).toEqual([404, { error: 'not_found' }])
  expect(error.request.headers.has('authorization')).toBe(false)
})

it('extend stays authenticated and bounded, and keeps the hooks of the application', async () => {
  const seen: string[] = []
  const { kit, api } = await setUp({
    hooks: { beforeRequest: [({ request }) => void seen.push(request.url)] },
  })
  const orders = api
    .extend({ headers: { 'x-a': '1' }, hooks: { init: [() => void seen.push('init')] } })
    .extend((defaults) => ({ prefix: `${String(defaults.prefix)}/orders` }))
  kit.on('/api/orders/7', (_request, count) => (count === 1 ? unauthorized() : json({}, { status: 503 })))
  expect(await failure(orders.get('7').json())).toBeInstanceOf(HTTPError)
  const sent = kit.sent('/api/orders/7')
  expect(sent.map(({ headers }) => [headers.get('x-a'), headers.get('authorization')])).toEqual([
    ['1', 'Bearer token-1'],
    ['1', 'Bearer token-2'],
    ['1', 'Bearer token-2'],
    ['1', 'Bearer token-2'],
  ])
  expect(seen).toEqual(['init', `${PREFIX}/orders/7`])
})

it('auth says for an instance whether it acts for the user', async () => {
  const { kit, api } = await setUp({ auth: 'optional' })
  kit.on('/api/orders', () => json({}))
  await api.get('orders')
  await kit.auth.logout()
  await api.get('orders')
  const open = createApi(kit.auth, { prefix: PREFIX, auth: 'omit' })
  await open.get('orders')
  expect(tokens(kit)).toEqual(['Bearer token-1', null, null])
})

it('baseUrl works as in ky, and another origin gets no token', async () => {
  const { kit } = await setUp()
  const api = createApi(kit.auth, { baseUrl: 'https://app.example.com/api/' })
  kit.on('/api/orders', () => json({}))
  await api.get('orders')
  await api.get('https://other.example.com/api/orders')
  expect(tokens(kit)).toEqual(['Bearer token-1', null])
})

it('ERR-09 a header of the caller stays', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', unauthorized)
  await failure(api.get('orders', { headers: { authorization: 'Basic YTpi' } }).json())
  expect(tokens(kit)).toEqual(['Basic YTpi'])
})

it('R56 FormData is sent again with the same parts and a boundary that fits', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', (_request, count) => (count === 1 ? unauthorized() : json({ ok: true })))
  const body = new FormData()
  body.set('file', new File(['abc'], 'a.txt', { type: 'text/plain' }))
  expect(await api.post('orders', { body }).json()).toEqual({ ok: true })
  const [first, second] = kit.sent('/api/orders')
  expect(second?.body).toBe(first?.body)
  const boundary = first?.headers.get('content-type')?.split('boundary=')[1] ?? 'none'
  expect(String(first?.body)).toContain(boundary)
})

it('R58 an abort of the caller ends the call at once', async () => {
  const { kit, api } = await setUp()
  const renewal = gate()
  kit.on('/auth/refresh', () => renewal.answer)
  kit.on('/api/orders', unauthorized)
  const controller = new AbortController()
  const error = failure(api.get('orders', { signal: controller.signal }).json())
  await settle()
  controller.abort()
  expect(await error).toMatchObject({ name: 'AbortError' })
  renewal.open(grant(2))
  await settle()
  expect(kit.sent('/api/orders')).toHaveLength(1)
  expect(await kit.auth.getAccessToken()).toBe('token-2')
})

it('R58 the time limit of ky spans the waiting for a token, and nothing is sent after it', async () => {
  const { kit, api } = await setUp({ timeout: 20 })
  const renewal = gate()
  kit.on('/auth/refresh', () => renewal.answer)
  kit.on('/api/orders', unauthorized)
  expect(await failure(api.get('orders').json())).toBeInstanceOf(TimeoutError)
  renewal.open(grant(2))
  await settle()
  expect(kit.sent('/api/orders')).toHaveLength(1)
})

it('a logout ends the calls that run, with the client’s error', async () => {
  const { kit, api } = await setUp()
  kit.on('/api/orders', () => gate().answer)
  const error = failure(api.get('orders').json())
  await settle()
  void kit.auth.logout()
  expect(await error).toMatchObject({ name: 'AuthError', code: 'session_changed' })
})

it('a client of any user makes an api, and an api is a ky instance', async () => {
  const kit = await signedIn<{ id: string }>({ parseUser: () => ANN })
  const api = createApi(kit.auth)
  expectTypeOf(api).toEqualTypeOf<typeof ky>()
  expectTypeOf<ApiOptions['retry']>().toEqualTypeOf<Options['retry']>()
  expect(Object.keys(api).sort()).toEqual(Object.keys(ky).sort())
})
