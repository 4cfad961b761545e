import { beforeEach, expect, it, vi } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import {
  type Answer,
  ANN,
  createKit,
  grant,
  json,
  type Kit,
  leftSignedIn,
  refusal,
  settle,
} from '../../support/kit.js'
import { gate, silence } from '../../support/client.js'
import { saying } from '../../support/words.js'

let warn: ReturnType<typeof vi.spyOn>
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
})

/** A page that has just signed in. */
async function page(
  url: string,
  options: AuthClientOptions = {},
  session: () => Answer = () => json(null),
): Promise<Kit> {
  const kit = createKit(options)
  kit.url = url
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  // What is asked after the sign-in is counted, and not the start.
  kit.requests.length = 0
  kit.on('/auth/session', session)
  await kit.auth.login({})
  return kit
}

const APP = 'https://app.example.com/'

it.each([
  ['returned', 'knows the session', () => json({ user: ANN, session_id: 's1' })],
  ['missing', 'knows nobody', () => json(null)],
  ['missing', 'answers 401 without a code', () => json({}, { status: 401 })],
  ['missing', 'answers without a user', () => json({ user: null })],
  ['rejected', 'refuses the cookie', () => refusal('session_expired')],
  ['rejected', 'refuses the cookie as spent', () => refusal('refresh_reused')],
  ['unknown', 'is down', () => new TypeError('Failed to fetch')],
  ['unknown', 'fails', () => json({}, { status: 503 })],
  ['unknown', 'answers with a page', () => new Response('<html>')],
  ['unknown', 'has no such endpoint', () => json({}, { status: 404 })],
] as const)('R68 the cookie is %s where the session endpoint %s', async (cookie, _, session) => {
  const kit = await page(APP, {}, session)
  const diagnosis = await kit.auth.diagnose()
  expect(diagnosis.cookie).toBe(cookie)
  expect(diagnosis.causes.length > 0).toBe(cookie === 'missing' || cookie === 'rejected')
  const [probe] = kit.sent('/auth/session')
  expect(probe?.headers.has('authorization')).toBe(false)
  expect(probe?.init).toMatchObject({ credentials: 'include' })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it('R68 an answer that never comes, or no session endpoint, is an unknown, too', async () => {
  const kit = await page(APP, {}, silence)
  const diagnosis = kit.auth.diagnose()
  await vi.waitUntil(() => kit.sent('/auth/session').length > 0)
  await kit.clock.advance(8000)
  expect(await diagnosis).toEqual({ cookie: 'unknown', causes: [] })
  const without = await page(APP, { endpoints: { session: false } })
  expect(await without.auth.diagnose()).toEqual({ cookie: 'unknown', causes: [] })
})

it.each([
  ['same origin', APP, undefined, ['Path', 'Set-Cookie']],
  ['same site, other origin', APP, 'https://api.example.com', ['Path', 'Set-Cookie', 'CORS']],
  ['another site', APP, 'https://api.example.org', ['third-party', 'SameSite', 'Path', 'Set-Cookie', 'CORS']],
  [
    'an https page and an http API',
    APP,
    'http://localhost:3000',
    ['third-party', 'SameSite', 'Path', 'Set-Cookie', 'Secure', 'CORS'],
  ],
  [
    'localhost over http',
    'http://localhost:5173/',
    'http://localhost:3000',
    ['Path', 'Set-Cookie', 'Secure', 'CORS'],
  ],
  [
    'addresses that share their last numbers',
    'https://10.0.0.1/',
    'https://192.168.0.1',
    ['third-party', 'SameSite', 'Path', 'Set-Cookie', 'CORS'],
  ],
])(
  'R68 R67 for %s the causes of a missing cookie are told, the likeliest first',
  async (_, url, baseUrl, expected) => {
    const kit = await page(url, { baseUrl, development: false })
    const { causes } = await kit.auth.diagnose()
    expect(causes.map((cause) => cause.slice(0, cause.search(/:| cookie:/)).replace(' cookie', ''))).toEqual(
      expected,
    )
    if (baseUrl === 'https://api.example.org') expect(causes[0]).toContain('api.example.org')
  },
)

it('R68 the path of a cookie is named after the endpoints that need it', async () => {
  const kit = await page(APP, { endpoints: { refresh: '/v1/token', session: '/v1/me' } })
  kit.on('/v1/me', () => json(null))
  const { causes } = await kit.auth.diagnose()
  expect(causes.find((cause) => cause.startsWith('Path'))).toMatch(/\/v1\/token and \/v1\/me/)
})

it('R67 in development a login is followed by a check, and a missing cookie is said on the console', async () => {
  const kit = await page('http://localhost:5173/', { baseUrl: 'http://localhost:3000' })
  await vi.waitUntil(() => warn.mock.calls.length > 0)
  expect(kit.sent('/auth/session')).toHaveLength(1)
  expect(warn.mock.calls[0]?.[0]).toContain(
    'The refresh cookie is missing: the next reload will sign the user out',
  )
  expect(kit.auth.getDiagnostics().map(({ type }) => type)).toContain('cookie.missing')
})

it('R67 where the cookie comes back nothing is said', async () => {
  const kit = await page('http://localhost:5173/', {}, () => json({ user: ANN }))
  await vi.waitUntil(() => kit.sent('/auth/session').length > 0)
  await kit.auth.diagnose()
  expect(warn).not.toHaveBeenCalled()
})

it.each([
  ['in production', APP, {}],
  ['where the developer does not want it', 'http://localhost:5173/', { development: false }],
])('R67 %s a login is followed by nothing', async (_, url, options) => {
  const kit = await page(url, options)
  await import('../../../src/wire/for-developers.js')
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/session')).toEqual([])
})

it('R67 a check that fails troubles nobody', async () => {
  const kit = await page('http://localhost:5173/', {}, () => new TypeError('Failed to fetch'))
  await vi.waitUntil(() => kit.sent('/auth/session').length > 0)
  await kit.clock.advance(60_000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(warn).not.toHaveBeenCalled()
})

it('R68 a page without an address of its own is told of its site, not an error', async () => {
  const kit = await page(APP, { baseUrl: 'https://api.example.com' })
  Object.assign(kit.ports.page, { url: () => undefined })
  const { causes } = await kit.auth.diagnose()
  expect(causes[0]).toMatch(/^third-party/)
})

it('R74 a page in a frame of another origin does not navigate to sign in, unless it is meant to, and says why cookies are missing', async () => {
  const framed = await page(APP)
  framed.embedded = true
  await expect(framed.auth.loginWithRedirect()).rejects.toMatchObject({ code: 'embedded' })
  expect(framed.navigated).toEqual([])
  const { causes } = await framed.auth.diagnose()
  expect(causes[0]).toMatch(/third-party frame.*Partitioned.*requestStorageAccess/)
  const meant = await page(APP, { redirectInFrame: true })
  meant.embedded = true
  await meant.auth.loginWithRedirect()
  expect(meant.navigated).toHaveLength(1)
})

it.each([
  [
    'is not there',
    () => new TypeError('Failed to fetch'),
    saying('no answer arrived. Check that the server is up'),
  ],
  [
    'is another one, such as that of the pages where a mock was not started',
    () => new Response('<!doctype html>', { status: 404, headers: { 'content-type': 'text/html' } }),
    expect.stringContaining('Check the endpoint, what is in between, and that a mock is started') as string,
  ],
] as const)(
  'in development a start says once on the console where the backend %s',
  async (_, answer, advice) => {
    for (const [url, said] of [
      ['http://localhost:5173/', 1],
      [APP, 0],
    ] as const) {
      const kit = createKit({}, { browser: await leftSignedIn() })
      kit.url = url
      kit.on('/auth/refresh', answer)
      warn.mockClear()
      void kit.auth.ready()
      await kit.clock.advance(60_000)
      expect(kit.sent('/auth/refresh').length).toBeGreaterThan(1)
      expect(warn).toHaveBeenCalledTimes(said)
      if (said) expect(warn).toHaveBeenCalledWith(advice)
    }
  },
)

it('in development a start without a network, or that somebody ended, says nothing', async () => {
  const offline = createKit({ development: true })
  offline.online = false
  offline.on('/auth/refresh', () => new TypeError('Failed to fetch'))
  await offline.auth.ready()
  const gone = createKit({ development: true })
  gone.on('/auth/refresh', silence)
  void gone.auth.ready()
  await vi.waitUntil(() => gone.sent('/auth/refresh').length > 0)
  gone.auth.dispose()
  await gone.clock.advance(60_000)
  expect(warn).not.toHaveBeenCalled()
})

it.each([
  ['returned', () => grant(2, { user: undefined })],
  ['missing', () => refusal()],
  ['unknown', () => json({}, { status: 503 })],
] as const)(
  'R67 R68 where the user endpoint goes by token alone, a refresh shows whether the cookie is %s, and nobody is signed out',
  async (cookie, answer) => {
    const kit = createKit({
      baseUrl: 'http://localhost:3000',
      endpoints: { session: false, user: '/users/me' },
    })
    kit.url = 'http://localhost:5173/'
    kit.on('/auth/refresh', () => refusal())
    kit.on('/auth/login', () => grant(1))
    kit.on('/users/me', ({ headers }) => (headers.has('authorization') ? json(ANN) : refusal('no_token')))
    await kit.auth.ready()
    kit.on('/auth/refresh', answer)
    await kit.auth.login({})
    await vi.waitUntil(() => kit.sent('/auth/refresh').length > 1)
    expect((await kit.auth.diagnose()).cookie).toBe(cookie)
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
    expect(warn.mock.calls.length > 0).toBe(cookie === 'missing')
    if (cookie === 'missing')
      expect(warn.mock.calls[0]?.[0]).toContain('it must cover /auth/refresh. "Path=/" does')
  },
)

it('R68 R100 a logout that overtakes that refresh in the queue for the lock meets no cookie that it brought', async () => {
  const lock = gate()
  let isFree = true
  const kit = createKit(
    { endpoints: { session: false, user: '/users/me' } },
    {
      ports: {
        locks: {
          available: true,
          async acquire() {
            if (!isFree) await lock.answer
            return () => {}
          },
        },
      },
    },
  )
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1, { session_id: undefined }))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  await kit.auth.login({})
  kit.requests.length = 0
  kit.on('/auth/refresh', () => grant(2, { session_id: undefined }))
  isFree = false
  const diagnosis = kit.auth.diagnose()
  await settle()
  // Without an id it waits for no lock.
  expect((await kit.auth.logout()).server).toBe('confirmed')
  lock.open(new Response())
  expect(await diagnosis).toEqual({ cookie: 'unknown', causes: [] })
  expect(kit.requests.map(({ path }) => path)).toEqual(['/auth/logout'])
})

it('R68 R100 a logout lets a refresh land that was sent to see whether the cookie comes back, so that its cookie is the one that is ended', async () => {
  const refresh = gate()
  const kit = createKit({ endpoints: { session: false, user: '/users/me' } })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1, { session_id: undefined }))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  await kit.auth.login({})
  kit.requests.length = 0
  kit.on('/auth/refresh', () => refresh.answer)
  void kit.auth.diagnose()
  await settle()
  const logout = kit.auth.logout()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  await settle()
  expect(kit.requests.map(({ path }) => path)).toEqual(['/auth/refresh'])
  refresh.open(grant(2, { session_id: undefined }))
  expect((await logout).server).toBe('confirmed')
})
