/* What a developer reads when something is wrong: where it went, what came back, and what to do about it. */
import { expect, it, vi } from 'vitest'
import { AuthError } from '../../../src/errors.js'
import type { AuthClientOptions } from '../../../src/options/types.js'
import {
  createKit,
  grant,
  json,
  type Kit,
  ORIGIN,
  refusal,
  type Respond,
  settle,
  signedIn,
} from '../../support/kit.js'

const API = 'https://api.example.com'
const SECRET = 'secret-5f1d'

const failed = async (call: Promise<unknown>): Promise<AuthError> => {
  const error: unknown = await call.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(AuthError)
  return error as AuthError
}

/** What a sign-in is told where the server answers it so. */
async function told(options: AuthClientOptions, answer: Respond): Promise<AuthError> {
  const kit = createKit({ restore: 'never', ...options })
  for (const path of ['login', 'logout', 'refresh', 'session']) kit.on(`/auth/${path}`, () => refusal())
  kit.on('/auth/login', answer)
  return failed(kit.auth.login({ email: 'ann@example.com', password: SECRET }))
}

it.each<[string, () => Response, string]>([
  [
    'a page',
    () => new Response('<h1>', { status: 404, headers: { 'content-type': 'text/html; charset=utf-8' } }),
    'answered 404 text/html: ',
  ],
  ['JSON', () => json({ error: 'boom' }, { status: 500 }), 'answered 500 application/json: '],
  ['nothing', () => new Response(null, { status: 503 }), 'answered 503: '],
])(
  'R92 an error names method, path, status and content type of the answer: %s',
  async (_name, answer, said) => {
    const kit = await signedIn()
    kit.on('/auth/refresh', answer)
    kit.on('/auth/session', answer)
    const { message } = await failed(kit.auth.refresh({ force: true }))
    expect(message).toContain(`Failed to refresh the session: POST /auth/refresh ${said}`)
    expect((await told({}, answer)).message).toContain(`Failed to log in: POST /auth/login ${said}`)
  },
)

it.each<[string, number, string | undefined]>([
  ['invalid_credentials', 401, undefined],
  ['invalid_credentials', 422, undefined],
  ['forbidden', 403, undefined],
  ['user_disabled', 403, 'user_disabled'],
])('R92 so does a sign-in that is refused: %s (%i)', async (code, status, error = 'no') => {
  const refused = await told({}, () => json({ error }, { status }))
  expect(refused).toMatchObject({ code, status, serverCode: error })
  const said = `Failed to log in: POST /auth/login answered ${status} application/json: `
  expect(refused.message).toContain(said)
})

it('R92 so does a sign-in after which nobody is signed in', async () => {
  const kit = createKit({ restore: 'never', mode: 'session', session: { csrf: {} } })
  kit.on('/auth/login', () => new Response(null, { status: 204 }))
  kit.on('/auth/session', () => json(null))
  const { code, message } = await failed(kit.auth.login({}))
  expect(code).toBe('no_session_cookie')
  expect(message).toContain('Failed to log in: POST /auth/login answered 204: after the sign-in')
})

const never = () => new Promise<never>(() => {})

it('R92 a time-out names method and path', async () => {
  const kit = await signedIn()
  for (const path of ['login', 'refresh']) kit.on(`/auth/${path}`, never)
  const calls = [failed(kit.auth.refresh({ force: true })), failed(kit.auth.login({}))]
  await kit.clock.advance(60_000)
  const [refresh, login] = await Promise.all(calls)
  expect([refresh!.code, login!.code]).toEqual(['timeout', 'timeout'])
  expect(refresh!.message).toContain('Failed to refresh the session: POST /auth/refresh: the server did not')
  expect(login!.message).toContain('Failed to log in: POST /auth/login: the server did not answer in time')
})

it('R92 where a cookie is the credential it is the session check that a time-out names', async () => {
  const kit = createKit({ restore: 'never', mode: 'session', session: { csrf: {} } })
  kit.on('/auth/session', never)
  const refresh = failed(kit.auth.refresh({ force: true }))
  await kit.clock.advance(60_000)
  expect((await refresh).message).toContain(
    'Failed to refresh the session: GET /auth/session: the server did',
  )
})

it.each<[string, Respond, string]>([
  ['that does not come', never, ': the server did not answer in time'],
  ['that is none', () => json({ id: 1 }), ' answered 200 application/json: the answer'],
  ['of a refresh', () => refusal('refresh_raced', 409), ' answered 409 application/json: the answer'],
  [
    'without an id',
    () => json({ user: { uuid: 1 } }),
    ' answered 200 application/json: the user has neither',
  ],
])('R92 so does an error at the start, for an answer %s', async (_name, answer, said) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const kit = createKit({ development: true, mode: 'token', timeouts: { request: 1000 } })
  kit.on('/auth/session', answer)
  void kit.auth.ready()
  await kit.clock.advance(1500)
  const told = `the session: GET /auth/session${said}`
  await vi.waitFor(() => expect(warn.mock.calls.flat().join('\n')).toContain(told))
})

it('R92 an error without an answer names method and path alone', async () => {
  const { message } = await told({}, () => new TypeError('fetch failed'))
  expect(message).toMatch(/^Failed to log in: POST \/auth\/login: no answer arrived/)
})

it.each<[string, unknown, string]>([
  [
    'in camel case',
    { accessToken: SECRET },
    'no `access_token`; did it come as `accessToken`? See `parseAnswer`',
  ],
  [
    'deeper',
    { data: { access_token: SECRET } },
    'no `access_token`; did it come as `data.access_token`? See `parseAnswer`',
  ],
  ['nowhere', { greeting: SECRET }, 'no `access_token`. See `parseAnswer`'],
  [
    'the user',
    { access_token: SECRET, profile: { id: 1 } },
    'no `user`; did it come as `profile`? See `parseAnswer`',
  ],
])(
  'R92 in development the missing member is named, and under which name it may have come: %s',
  async (_name, body, sentence) => {
    const { code, message } = await told({ development: true, endpoints: { session: false } }, () =>
      json(body),
    )
    expect(code).toBe('invalid_response')
    expect(message).toContain(`POST /auth/login answered 200 application/json: the answer has ${sentence}.`)
    expect(message).not.toContain(SECRET)
    const production = await told({ endpoints: { session: false } }, () => json(body))
    expect(production.message).toContain('the answer is not what the contract says')
    expect(production.message).not.toContain('did it come')
  },
)

it.each([400, 401])(
  'R92 a %i of the refresh is told as a refusal that nobody knows, not as an answer without a token',
  async (status) => {
    const kit = createKit({ restore: 'never', development: true, endpoints: { session: false } })
    kit.on('/auth/refresh', () => json({ errors: [{ message: SECRET }] }, { status }))
    const { message } = await failed(kit.auth.refresh({ force: true }))
    expect(message).toContain(
      `POST /auth/refresh answered ${status} application/json: the answer is no refusal that the client knows. Where it says that nobody is signed in, name it in \`refusals\`.`,
    )
  },
)

it('R92 in session mode it is the user that is missing', async () => {
  const options = { development: true, mode: 'session', session: { csrf: {} } } as const
  const kit = createKit({ restore: 'never', ...options })
  kit.on('/auth/session', () => json({ account: { id: 1 } }))
  const { message } = await failed(kit.auth.refresh({ force: true }))
  expect(message).toContain(
    'GET /auth/session answered 200 application/json: the answer has no `user`; did it come as `account`?',
  )
})

it('R94 a user without an id is told with what to do, and what a parser throws is not', async () => {
  const { code, message } = await told({}, () => grant(1, { user: { uuid: SECRET } }))
  expect(code).toBe('invalid_user')
  expect(message).toContain('the user has neither `sub` nor `id`: say with `getUserId` who it is')
  const parseUser = () => {
    throw new Error(SECRET)
  }
  expect((await told({ parseUser }, () => grant(1))).message).not.toContain(SECRET)
})

/** A server of another origin: script is told of nothing it answers, unless it asks for nothing. */
function behindCors(up: boolean, options: AuthClientOptions = {}): Kit {
  const kit = createKit({ baseUrl: API, development: true, restore: 'never', ...options })
  const respond: Respond = ({ init }) =>
    up && init.mode === 'no-cors' ? new Response(null) : new TypeError('Failed to fetch')
  for (const path of ['login', 'refresh', 'session']) kit.on(`/auth/${path}`, respond)
  return kit
}

it('R68 where the server is up, a call that arrives nowhere says "probably CORS" and what the server has to allow', async () => {
  const kit = behindCors(true, { staticHeader: ['X-Mine', '1'] })
  const { code, message } = await failed(kit.auth.login({ password: SECRET }))
  expect(code).toBe('network')
  expect(message).toMatch(
    /^Failed to log in: POST \/auth\/login: probably CORS: https:\/\/api\.example\.com is up/,
  )
  for (const part of [
    `Access-Control-Allow-Origin: ${ORIGIN}`,
    'Access-Control-Allow-Credentials: true',
    'X-Mine',
  ])
    expect(message).toContain(part)
  const [post, probe] = kit.sent('/auth/login')
  expect(post!.method).toBe('POST')
  expect(probe).toMatchObject({ method: 'GET', body: '', init: { mode: 'no-cors', credentials: 'omit' } })
})

it('R68 diagnose() says the same', async () => {
  const { cookie, causes } = await behindCors(true).auth.diagnose()
  expect([cookie, causes.length]).toEqual(['unknown', 1])
  expect(causes[0]).toMatch(/^probably CORS: .*Access-Control-Allow-Credentials: true/)
  expect(await behindCors(false).auth.diagnose()).toEqual({ cookie: 'unknown', causes: [] })
})

it.each<[string, boolean, AuthClientOptions]>([
  ['a server that is down', false, {}],
  ['the page’s own server', true, { baseUrl: undefined }],
  ['production', true, { development: false }],
])('R68 nothing is said of CORS for %s', async (_name, up, options) => {
  const kit = behindCors(up, options)
  const { message } = await failed(kit.auth.login({}))
  expect(message).toContain('no answer arrived')
  expect(kit.sent('/auth/login').map(({ init }) => init.mode)).toEqual(
    up ? [undefined] : [undefined, 'no-cors'],
  )
})

it('R68 a probe that is never answered holds an error up for two seconds', async () => {
  const kit = behindCors(true)
  kit.on('/auth/login', ({ init }) =>
    init.mode === 'no-cors' ? new Promise(() => {}) : new TypeError('Failed to fetch'),
  )
  let message = ''
  kit.auth.login({}).catch((error: AuthError) => (message = error.message))
  await vi.waitFor(() => expect(kit.sent('/auth/login')).toHaveLength(2))
  await kit.clock.advance(1999)
  expect(message).toBe('')
  await kit.clock.advance(1)
  await vi.waitFor(() => expect(message).toContain('no answer arrived'))
})

/** What was noted of requests that went without the credential. */
const foreign = ({ auth }: Kit) => auth.getDiagnostics().filter(({ type }) => type === 'request.foreign')

it.each([true, false])(
  'R59 a relative URL with the base on another origin is said once, in development: %s',
  async (development) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const kit = createKit({ baseUrl: API, development, restore: 'never' })
    kit.on(`/orders/${SECRET}`, () => json([]))
    for (const url of [`/orders/${SECRET}`, `orders/${SECRET}`.replace('orders', '/orders')])
      await kit.auth.fetch(url)
    await vi.waitFor(() => expect(foreign(kit)).toHaveLength(1))
    expect(foreign(kit)[0]).toMatchObject({ url: ORIGIN, status: 200 })
    const { message } = foreign(kit)[0]!
    expect(message).toContain(`A relative URL went to ${ORIGIN}, without the credential`)
    expect(message).toContain(`\`baseUrl\` is at ${API}`)
    expect(message).not.toContain(SECRET)
    expect(warn.mock.calls).toEqual(development ? [[`[latchkey] ${message}`]] : [])
  },
)

it.each([true, false])(
  'R59 a 401 of an origin that is not listed is said once for each, in development: %s',
  async (development) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const kit = createKit({ development, restore: 'never' })
    kit.on(`/${SECRET}`, () => new Response(null, { status: 401 }))
    for (const host of ['a', 'a', 'b']) await kit.auth.fetch(`https://${host}.example/${SECRET}?${SECRET}`)
    await vi.waitFor(() => expect(foreign(kit)).toHaveLength(2))
    expect(foreign(kit).map(({ url, status }) => [url, status])).toEqual([
      ['https://a.example', 401],
      ['https://b.example', 401],
    ])
    expect(JSON.stringify(foreign(kit))).not.toContain(SECRET)
    expect(foreign(kit)[0]!.message).toContain('one of `allowedOrigins`')
    expect(warn).toHaveBeenCalledTimes(development ? 2 : 0)
  },
)

it('R59 nothing is said of what was meant to go without the credential', async () => {
  const kit = createKit({ baseUrl: API, development: true, restore: 'never' })
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  kit.on('/x', () => new Response(null, { status: 401 }))
  kit.on('/y', () => json([]))
  await kit.auth.fetch('/x', { headers: { authorization: 'Basic eA==' } })
  await kit.auth.fetch(`${API}/x`, { auth: 'omit' })
  await kit.auth.fetch(`${ORIGIN}/y`)
  await kit.auth.fetch(new URL(`${ORIGIN}/y`))
  await kit.auth.fetch(new Request(`${ORIGIN}/y`))
  await import('../../../src/wire/for-developers.js')
  await settle()
  expect([foreign(kit), warn.mock.calls]).toEqual([[], []])
})
