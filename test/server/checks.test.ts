import { expect, it } from 'vitest'
import { ADA, createTestBackend, errorOf, login, ORIGIN, type Init } from './support.ts'

const FRIEND = 'https://admin.app.test'
const FOE = 'https://evil.test'

const ROUTES: [method: string, path: string, body?: unknown][] = [
  ['POST', '/auth/login', ADA],
  ['POST', '/auth/refresh'],
  ['POST', '/auth/logout', {}],
  ['DELETE', '/auth/sessions/some'],
]

const REFUSED = 'origin_refused'
const SOURCES: [name: string, headers: Record<string, string | undefined>, expected: string | undefined][] = [
  ['same-origin', { 'sec-fetch-site': 'same-origin' }, undefined],
  ['none', { 'sec-fetch-site': 'none', origin: undefined }, undefined],
  ['same-site from a listed origin', { 'sec-fetch-site': 'same-site', origin: FRIEND }, undefined],
  [
    'same-site from another origin',
    { 'sec-fetch-site': 'same-site', origin: 'https://blog.app.test' },
    REFUSED,
  ],
  ['same-site without an origin', { 'sec-fetch-site': 'same-site', origin: undefined }, REFUSED],
  ['cross-site', { 'sec-fetch-site': 'cross-site', origin: FOE }, REFUSED],
  ['cross-site from a listed origin', { 'sec-fetch-site': 'cross-site', origin: FRIEND }, REFUSED],
  ['a value of the future from a foreign origin', { 'sec-fetch-site': 'same-planet', origin: FOE }, REFUSED],
  [
    'a value of the future from a listed origin',
    { 'sec-fetch-site': 'same-planet', origin: FRIEND },
    undefined,
  ],
  [
    'a value of the future without an origin',
    { 'sec-fetch-site': 'same-planet', origin: undefined },
    REFUSED,
  ],
  ['no metadata, own origin', { 'sec-fetch-site': undefined }, undefined],
  ['no metadata, listed origin', { 'sec-fetch-site': undefined, origin: FRIEND }, undefined],
  ['no metadata, foreign origin', { 'sec-fetch-site': undefined, origin: FOE }, REFUSED],
  ['no metadata, origin null', { 'sec-fetch-site': undefined, origin: 'null' }, REFUSED],
  [
    'no metadata, own origin as a prefix',
    { 'sec-fetch-site': undefined, origin: `${ORIGIN}.evil.test` },
    REFUSED,
  ],
  ['no metadata, another scheme', { 'sec-fetch-site': undefined, origin: 'http://app.test' }, REFUSED],
  ['no metadata, another port', { 'sec-fetch-site': undefined, origin: `${ORIGIN}:8443` }, REFUSED],
  [
    'a referer of ours alone',
    { 'sec-fetch-site': undefined, origin: undefined, referer: `${ORIGIN}/x?y` },
    undefined,
  ],
  [
    'a foreign referer alone',
    { 'sec-fetch-site': undefined, origin: undefined, referer: `${FOE}/${ORIGIN}` },
    REFUSED,
  ],
  ['nothing at all', { 'sec-fetch-site': undefined, origin: undefined }, REFUSED],
]

it.each(ROUTES.flatMap((route) => SOURCES.map((source) => [...source, route] as const)))(
  'BBA-12 OW-12 OW-15 S69 %s: %o gives %s',
  async (_name, headers, expected, [method, path, body]) => {
    const browser = (await createTestBackend({ allowedOrigins: [FRIEND] })).browser()
    const answer = await browser.send(method, path, { body, headers })
    const error = answer.ok ? undefined : (await errorOf(answer))[1]
    if (expected === undefined) expect(error).not.toBe(REFUSED)
    else expect([answer.status, error]).toEqual([403, expected])
  },
)

it('BBA-12 allowMissingOrigin lets tools pass that say nothing, and no page that does', async () => {
  const browser = (await createTestBackend({ allowMissingOrigin: true })).browser()
  const send = (headers: Record<string, string | undefined>): Promise<Response> =>
    browser.send('POST', '/auth/login', { body: ADA, headers: { 'sec-fetch-site': undefined, ...headers } })
  expect((await send({ origin: undefined })).status).toBe(200)
  expect((await send({ origin: FOE })).status).toBe(403)
})

it.each(ROUTES)(
  'BBA-13 OW-15 FIX-04 %s %s without the static header is refused and changes nothing',
  async (method, path, body) => {
    const backend = await createTestBackend()
    const browser = backend.browser()
    const { session_id } = await login(browser)
    for (const value of [undefined, '', '0', '11']) {
      const answer = await browser.send(method, path.replace('some', session_id), {
        body,
        headers: { 'x-csrf': value },
      })
      expect(answer.headers.getSetCookie()).toEqual([])
      expect(await errorOf(answer)).toEqual([403, 'csrf_header_missing'])
    }
    expect(await backend.admin.listSessions()).toHaveLength(1)
  },
)

it('BBA-13 name and value of the static header are configurable', async () => {
  const browser = (await createTestBackend({ staticHeader: { name: 'X-App', value: 'latchkey' } })).browser()
  expect((await browser.send('POST', '/auth/login', { body: ADA })).status).toBe(403)
  expect(
    (await browser.send('POST', '/auth/login', { body: ADA, headers: { 'x-app': 'latchkey' } })).status,
  ).toBe(200)
})

it.each([
  ['application/x-www-form-urlencoded', 'email=ada%40example.com&password=x'],
  ['multipart/form-data; boundary=x', '--x--'],
  ['text/plain', JSON.stringify(ADA)],
  ['application/jsonp', JSON.stringify(ADA)],
  ['text/plain; application/json', JSON.stringify(ADA)],
  [undefined, JSON.stringify(ADA)],
])('OW-13 a body of type %s is refused', async (type, body) => {
  const browser = (await createTestBackend()).browser()
  const answer = await browser.send('POST', '/auth/login', { body, headers: { 'content-type': type } })
  const error = await errorOf(answer)
  // Without a type, Request itself calls a string text/plain.
  expect(error).toEqual([415, 'unsupported_media_type'])
})

it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
  'OW-13 %s is taken',
  async (type) => {
    const browser = (await createTestBackend()).browser()
    const answer = await browser.send('POST', '/auth/login', { body: ADA, headers: { 'content-type': type } })
    expect(answer.status).toBe(200)
  },
)

it.each([
  ['GET', '/auth/login', 'POST'],
  ['GET', '/auth/refresh', 'POST'],
  ['HEAD', '/auth/refresh', 'POST'],
  ['GET', '/auth/logout', 'POST'],
  ['PUT', '/auth/refresh', 'POST'],
  ['POST', '/auth/session', 'GET'],
  ['POST', '/auth/callback', 'GET'],
])('CK-05 AV-05 %s %s is 405 and touches no cookie', async (method, path, allow) => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  await login(browser)
  const before = browser.cookie()
  const answer = await browser.send(method, path)
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(browser.cookie()).toBe(before)
  expect(await backend.admin.listSessions()).toHaveLength(1)
})

it('CC-01 ERR-01 every answer of the auth endpoints and the API is no-store and says what it depends on', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const { access_token: token } = await login(browser)
  const calls: [string, string, Init?][] = [
    ['POST', '/auth/login', { body: ADA }],
    ['POST', '/auth/login', { body: { ...ADA, password: 'x' } }],
    ['POST', '/auth/refresh'],
    ['GET', '/auth/refresh'],
    ['GET', '/auth/session'],
    ['GET', '/auth/sessions', { token }],
    ['GET', '/auth/start'],
    ['GET', '/auth/callback'],
    ['GET', '/idp/login?request=x'],
    ['GET', '/api/orders', { token }],
    ['GET', '/api/orders'],
    ['GET', '/auth/nothing'],
    ['POST', '/auth/logout'],
  ]
  for (const call of calls) {
    const { headers } = await browser.send(...call)
    expect([call, headers.get('cache-control'), headers.get('pragma')]).toEqual([
      call,
      'no-store',
      'no-cache',
    ])
    expect(headers.get('vary')).toBe('Origin, Sec-Fetch-Site')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

const cors = (answer: Response): (string | null)[] =>
  ['origin', 'credentials'].map((name) => answer.headers.get(`access-control-allow-${name}`))

it('BBA-14 a listed origin may read answers with credentials, and the headers it needs', async () => {
  const browser = (await createTestBackend({ allowedOrigins: [FRIEND] })).browser()
  const headers = { origin: FRIEND, 'sec-fetch-site': 'same-site' }
  const answer = await browser.send('POST', '/auth/login', { body: ADA, headers })
  expect(cors(answer)).toEqual([FRIEND, 'true'])
  expect(answer.headers.get('access-control-expose-headers')).toBe('WWW-Authenticate, Retry-After, Date')
  expect(Date.parse(answer.headers.get('date') ?? '')).toBe(Date.UTC(2026, 0, 1))
})

it.each([FOE, 'null', `${ORIGIN}.evil.test`, 'https://APP.test', '*'])(
  'BBA-14 the origin %s gets no CORS header, preflight included',
  async (origin) => {
    const browser = (await createTestBackend({ allowedOrigins: [FRIEND] })).browser()
    for (const [method, path] of [
      ['GET', '/auth/session'],
      ['POST', '/auth/refresh'],
      ['GET', '/api/orders'],
    ] as const) {
      const answer = await browser.send(method, path, { headers: { origin } })
      expect(cors(answer)).toEqual([null, null])
    }
    const answer = await browser.send('OPTIONS', '/auth/refresh', {
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    expect([answer.status, ...cors(answer)]).toEqual([403, null, null])
  },
)

it('BBA-14 a preflight of a listed origin is allowed, cached and no request of its own', async () => {
  const backend = await createTestBackend({ allowedOrigins: [FRIEND] })
  const answer = await backend.browser().send('OPTIONS', '/auth/refresh', {
    headers: { origin: FRIEND, 'access-control-request-method': 'POST' },
  })
  expect(answer.status).toBe(204)
  expect(cors(answer)).toEqual([FRIEND, 'true'])
  expect(answer.headers.get('access-control-allow-headers')).toBe('Authorization, Content-Type, X-CSRF')
  expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE')
  expect(answer.headers.get('access-control-max-age')).toBe('7200')
  expect(answer.headers.get('vary')).toContain('Origin')
  expect(backend.stats.count()).toBe(0)
})

it('SEC-17 pages reached by navigation have no CORS at all', async () => {
  const browser = (await createTestBackend({ allowedOrigins: [FRIEND] })).browser()
  for (const path of ['/auth/start', '/auth/callback', '/idp/login?request=x', '/idp/style.css']) {
    const answer = await browser.send('GET', path, { headers: { origin: FRIEND } })
    expect(cors(answer)).toEqual([null, null])
  }
})
