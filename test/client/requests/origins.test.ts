import { expect, it, vi } from 'vitest'
import { createClientWith } from '../../../src/client.js'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { createKit, grant, json, type Kit, refusal, settle } from '../../support/kit.js'
import { failure } from '../../support/client.js'

interface Sent {
  readonly url: string
  readonly authorization: string | null
  readonly csrf: string | null
  readonly credentials: RequestCredentials | undefined
}

interface World {
  readonly kit: Kit
  readonly sent: Sent[]
}

/** Ann is signed in, and whatever else is asked for is answered with 200 and recorded. */
async function signedIn(
  options: AuthClientOptions = {},
  respond: (url: string) => Response = () => json({}),
): Promise<World> {
  const sent: Sent[] = []
  let refreshes = 0
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input)
    if (url.endsWith('/auth/session')) return new Response(null, { status: 404 })
    if (url.endsWith('/auth/login')) return grant(1)
    if (url.endsWith('/auth/refresh')) return ++refreshes === 1 ? refusal() : grant(refreshes)
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined))
    const { credentials } = input instanceof Request ? input : init
    sent.push({ url, authorization: headers.get('authorization'), csrf: headers.get('x-csrf'), credentials })
    return respond(url)
  }
  const kit = createKit({ fetch, ...options })
  await kit.auth.ready()
  await kit.auth.login({})
  return { kit, sent }
}

const PLACES = {
  baseUrl: 'https://api.example.com',
  allowedOrigins: [
    'https://files.example.com:8443',
    'https://xn--bcher-kva.example',
    'http://localhost:3000',
  ],
}

it.each([
  'https://api.example.com/orders',
  'https://api.example.com',
  'HTTPS://API.EXAMPLE.COM/orders',
  'https://api.example.com:443/orders',
  '//api.example.com/orders',
  '\\\\api.example.com\\orders',
  ' https://api.example.com/orders\n',
  'https://a\tpi.example.com/orders',
  'https://api%2eexample.com/orders',
  'https://ａｐｉ.example.com/orders',
  'https://files.example.com:8443/a?b=https://evil.example',
  'https://bücher.example/',
  'http://localhost:3000/',
])('R59 SEC-08 %j is one of the listed origins and receives the token', async (url) => {
  const { kit, sent } = await signedIn(PLACES)
  await kit.auth.fetch(url)
  expect(sent).toMatchObject([{ authorization: 'Bearer token-1' }])
  expect(new URL(sent[0]!.url).origin).toBe(new URL(url, kit.url).origin)
})

const STRANGERS = [
  '/orders',
  'orders',
  'https://app.example.com/orders',
  'http://api.example.com/orders',
  'http://api.example.com:443/orders',
  'https://api.example.com:444/orders',
  'https://api.example.com:80/orders',
  'https://api.example.com./orders',
  'https://api.example.com.evil.example/orders',
  'https://api.example.comevil.example/orders',
  'https://evil.example/https://api.example.com/',
  'https://evil.example/?https://api.example.com',
  'https://evil.example#https://api.example.com',
  'https://evil.example\\@api.example.com/',
  'https://api-example.com/',
  'https://xapi.example.com/',
  'https://www.api.example.com/',
  'https://example.com/',
  'https://files.example.com/',
  'https://files.example.com:443/',
  'http://files.example.com:8443/',
  'https://bucher.example/',
  'https://аpi.example.com/',
  'https://localhost:3000/',
  'http://localhost:3001/',
  'http://127.0.0.1:3000/',
  'http://[::1]:3000/',
  '//evil.example/orders',
  '\\\\evil.example\\orders',
  '/\\evil.example/orders',
  'https:evil.example/orders',
  'ws://api.example.com/',
  'wss://api.example.com/',
  'ftp://api.example.com/',
  'data:text/plain,api.example.com',
  'blob:https://api.example.com/1b3c',
  'about:blank',
  'file:///etc/passwd',
  'javascript:alert(1)',
]

it.each(STRANGERS)('R59 SEC-08 %j is none of the listed origins and gets a plain request', async (url) => {
  const { kit, sent } = await signedIn(PLACES)
  await kit.auth.fetch(url)
  await kit.auth.fetch(url, { method: 'POST', body: 'x' })
  expect(sent).toHaveLength(2)
  for (const request of sent)
    expect(request).toMatchObject({ url, authorization: null, csrf: null, credentials: undefined })
})

it.each([
  'https://user@api.example.com/',
  'https://user:password@api.example.com/',
  'https://api.example.com@evil.example/',
])('R59 SEC-08 %j, with something before an @, never receives the token', async (url) => {
  const { kit, sent } = await signedIn(PLACES)
  // The fetch of a browser refuses the first two; this one does not.
  await kit.auth.fetch(url)
  expect(sent).toMatchObject([{ url, authorization: null }])
})

it.each(['https://', 'http://[', 'https://a b.example/', 'https://api.example.com:99999/'])(
  'R59 %j, which is no URL, is left to fetch to refuse',
  async (url) => {
    const { kit, sent } = await signedIn(PLACES)
    await kit.auth.fetch(url)
    expect(sent).toMatchObject([{ url, authorization: null }])
    const real = await signedIn({ ...PLACES })
    expect(await failure(createClientWith({ ...PLACES }, real.kit.ports).fetch(url))).toBeInstanceOf(
      TypeError,
    )
  },
)

it('R59 without configuration the page’s own origin receives the token and no other', async () => {
  const { kit, sent } = await signedIn()
  for (const url of [
    '/a',
    'https://app.example.com/b',
    'https://api.example.com/c',
    'http://app.example.com/d',
  ])
    await kit.auth.fetch(url)
  expect(sent.map(({ authorization }) => authorization)).toEqual([
    'Bearer token-1',
    'Bearer token-1',
    null,
    null,
  ])
})

it('SEC-08 the URL that is checked is the one that is sent, whatever the input answers later', async () => {
  const { kit, sent } = await signedIn(PLACES)
  const answers = ['https://api.example.com/orders', 'https://evil.example/']
  const shifty = { toString: () => (answers.length > 1 ? answers.shift()! : answers[0]!) }
  await kit.auth.fetch(shifty as unknown as string)
  const url = new URL('https://api.example.com/orders')
  const moved = kit.auth.fetch(url)
  url.host = 'evil.example'
  await moved
  for (const request of sent)
    if (!request.url.startsWith('https://api.example.com/')) expect(request.authorization).toBeNull()
  expect(sent[1]).toMatchObject({ url: 'https://api.example.com/orders', authorization: 'Bearer token-1' })
})

it('SEC-08 a Request of another realm is judged by its own URL', async () => {
  const { kit, sent } = await signedIn()
  /** As one of a frame: a Request, and yet no instance of this page's class. */
  const foreign = Object.create(null, {
    url: { value: 'https://evil.example/' },
    headers: { value: new Headers() },
    method: { value: 'GET' },
    [Symbol.toStringTag]: { value: 'Request' },
    toString: { value: () => '[object Request]' },
  }) as Request
  await kit.auth.fetch(foreign)
  expect(sent).toMatchObject([{ authorization: null }])
})

it('SEC-06 the token stands in no URL, whatever is fetched', async () => {
  const { kit, sent } = await signedIn()
  await kit.auth.fetch('/a?b=c#d')
  expect(sent.map(({ url }) => url)).toEqual(['https://app.example.com/a?b=c#d'])
})

it.each([
  ['in the init', '/orders', { headers: { authorization: 'Basic YTpi' } }],
  ['in other case', '/orders', { headers: [['AUTHORIZATION', 'Basic YTpi']] }],
  ['as Headers', '/orders', { headers: new Headers({ Authorization: 'Basic YTpi' }) }],
  [
    'in a Request',
    new Request('https://app.example.com/orders', { headers: { authorization: 'Basic YTpi' } }),
    {},
  ],
] as const)(
  'ERR-09 R66 the caller’s own Authorization %s stays as it is, and its 401 is his',
  async (_name, input, init) => {
    const { kit, sent } = await signedIn({}, () => new Response('', { status: 401 }))
    expect((await kit.auth.fetch(input, init as RequestInit)).status).toBe(401)
    await settle()
    expect(sent).toMatchObject([{ authorization: 'Basic YTpi' }])
    expect(kit.auth.getState().status).toBe('authenticated')
  },
)

it('ERR-09 headers of the init replace those of the Request, also its Authorization, as in fetch', async () => {
  const { kit, sent } = await signedIn()
  const request = new Request('https://app.example.com/orders', { headers: { authorization: 'Basic YTpi' } })
  await kit.auth.fetch(request, { headers: { 'x-a': '1' } })
  expect(sent).toMatchObject([{ authorization: 'Bearer token-1' }])
})

const from = (url: string, status: number): Response =>
  Object.defineProperties(new Response('', { status }), {
    url: { value: url },
    redirected: { value: true },
  })

it.each(['https://evil.example/orders?x=1', 'http://app.example.com/', 'https://app.example.com:444/'])(
  'R60 a 401 that a redirect brought from %s is not answered with a token',
  async (url) => {
    const { kit, sent } = await signedIn({ diagnosticPath: (path) => path }, () => from(url, 401))
    expect((await kit.auth.fetch('/orders?secret=1')).status).toBe(401)
    expect(sent).toHaveLength(1)
    const { origin } = new URL(url)
    expect(kit.auth.getDiagnostics().filter(({ type }) => type === 'request.redirected')).toMatchObject([
      {
        url: 'https://app.example.com/orders',
        status: 401,
        message: expect.stringContaining(origin) as string,
      },
    ])
    expect(JSON.stringify(kit.auth.getDiagnostics())).not.toMatch(/secret|x=1/)
  },
)

it('R60 a redirect to another origin is noted also where it succeeds, one to a listed origin is not', async () => {
  const { kit } = await signedIn({ diagnosticPath: (path) => path }, (url) =>
    from(url.endsWith('a') ? 'https://storage.example/' : 'https://app.example.com/b', 200),
  )
  await kit.auth.fetch('/a')
  await kit.auth.fetch('/c')
  const noted = kit.auth.getDiagnostics().filter(({ type }) => type === 'request.redirected')
  expect(noted.map(({ url }) => url)).toEqual(['https://app.example.com/a'])
})

it('R60 a 401 after a redirect within the listed origins is replayed at the first URL', async () => {
  let count = 0
  const { kit, sent } = await signedIn({}, () =>
    ++count === 1 ? from('https://app.example.com/b', 401) : json({}),
  )
  expect((await kit.auth.fetch('/a')).status).toBe(200)
  expect(sent.map(({ url }) => url)).toEqual(['https://app.example.com/a', 'https://app.example.com/a'])
})

it('R61 the global fetch is not replaced, and the one that is there at the call is used', async () => {
  const before = globalThis.fetch
  const { kit } = await signedIn()
  const auth = createClientWith({}, kit.ports)
  expect(globalThis.fetch).toBe(before)
  const put = vi.fn(async () => new Response('mocked'))
  vi.stubGlobal('fetch', put)
  const response = await auth.fetch('https://other.example/', { auth: 'omit' })
  expect([await response.text(), put.mock.calls.length]).toEqual(['mocked', 1])
  expect(globalThis.fetch).toBe(put)
})

it('R61 a fetch that is given is called without a this, as that of a window demands', async () => {
  const receivers: unknown[] = []
  async function picky(this: unknown, input: string | URL | Request): Promise<Response> {
    receivers.push(this)
    return (input instanceof Request ? input.url : String(input)).includes('/auth/') ? grant(1) : json({})
  }
  const { auth } = createKit({ fetch: picky })
  await auth.login({})
  await auth.fetch('/orders')
  await auth.fetch('https://other.example/')
  expect(receivers.length).toBeGreaterThanOrEqual(3)
  expect(new Set(receivers)).toEqual(new Set([undefined]))
})

it.each([
  ['a string', 'https://app.example.com/orders'],
  ['a path', '../orders'],
  ['a URL', new URL('https://app.example.com/orders')],
  ['a Request', new Request('https://app.example.com/orders')],
])('R61 fetch takes %s', async (_name, input) => {
  const { kit, sent } = await signedIn()
  expect((await kit.auth.fetch(input)).status).toBe(200)
  expect(sent).toMatchObject([{ url: 'https://app.example.com/orders', authorization: 'Bearer token-1' }])
})

it('R61 what every client and every call has in common can be used detached', async () => {
  const { kit, sent } = await signedIn()
  const { fetch } = kit.auth
  await fetch('/orders')
  expect(sent).toMatchObject([{ authorization: 'Bearer token-1' }])
})
