/* What leaves the machine, byte by byte: the real fetch against a real server. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { isAuthError } from '../../../src/errors.js'
import { ANN, createKit, type Kit } from '../../support/kit.js'
import { failure, outcome } from '../../support/client.js'
import { saying } from '../../support/words.js'

interface Arrived {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly type: string | undefined
  readonly body: Buffer
  readonly headers: IncomingMessage['headers']
}

let server: Server
let origin: string
let arrived: Arrived[]
let token: number
/** Answers 401 to the token with that number. */
let spent: number
/** The refresh endpoint answers 503. */
let down: boolean

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => {
  arrived = []
  token = 0
  spent = 1
  down = false
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method = '', url = '', headers } = request
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (url.startsWith('/auth/')) {
    if (url === '/auth/refresh' && (down || token === 0))
      return send(down ? 503 : 401, { error: 'session_expired' })
    if (url === '/auth/session') return send(404, {})
    return send(200, { access_token: `token-${++token}`, expires_in: 300, user: ANN, session_id: 's1' })
  }
  const { authorization } = headers
  arrived.push({
    method,
    url,
    authorization,
    type: headers['content-type'],
    body: Buffer.concat(chunks),
    headers,
  })
  send(authorization === `Bearer token-${spent}` ? 401 : 200, {})
}

async function signedIn(send: typeof fetch = fetch): Promise<Kit> {
  const kit = createKit({ fetch: send, baseUrl: origin, development: false })
  kit.url = `${origin}/`
  await kit.auth.login({})
  return kit
}

const text = 'ä€🙂\r\n\0 end'
const bytes = new TextEncoder().encode(text)
const form = (): FormData => {
  const data = new FormData()
  data.set('name', 'Ann Ä')
  data.set('file', new File([bytes, new Uint8Array(100_000).fill(7)], 'ä.bin', { type: 'image/png' }))
  return data
}

const BODIES: readonly (readonly [string, () => BodyInit])[] = [
  ['a string', () => text],
  ['a Blob', () => new Blob([bytes], { type: 'image/png' })],
  ['FormData with a File', form],
  ['URLSearchParams', () => new URLSearchParams({ q: text })],
  ['an ArrayBuffer', () => bytes.slice().buffer],
  ['a typed array', () => new Uint16Array([1, 2, 60_000])],
  ['a DataView', () => new DataView(bytes.slice().buffer, 2, 4)],
]

const INPUTS: readonly (readonly [string, (body: BodyInit) => Parameters<typeof fetch>])[] = [
  ['a path', (body) => ['/api/orders?page=1', { method: 'PUT', body }]],
  ['a URL', (body) => [new URL('/api/orders?page=1', origin), { method: 'PUT', body }]],
  ['a Request', (body) => [new Request(`${origin}/api/orders?page=1`, { method: 'PUT', body })]],
  [
    'a Request and an init',
    (body) => [
      new Request(`${origin}/api/orders?page=1`, { method: 'POST', body: 'not this' }),
      { method: 'PUT', body },
    ],
  ],
]

it.each(INPUTS.flatMap(([input, make]) => BODIES.map(([name, body]) => [name, input, body, make] as const)))(
  'R56 %s in %s is replayed byte by byte, its type with it',
  async (_name, _input, body, make) => {
    const { auth } = await signedIn()
    await fetch(...resolved(make(body())))
    expect((await auth.fetch(...make(body()))).status).toBe(200)
    const [plain, first, second] = arrived as [Arrived, Arrived, Arrived]
    expect(arrived).toHaveLength(3)
    expect([first.authorization, second.authorization]).toEqual(['Bearer token-1', 'Bearer token-2'])
    expect([second.method, second.url]).toEqual(['PUT', '/api/orders?page=1'])
    expect(second.body.equals(first.body)).toBe(true)
    expect(second.type).toBe(first.type)
    // And it is what fetch itself sends.
    const { type, body: sent } = withoutBoundary(plain)
    expect(withoutBoundary(second)).toEqual({ type, body: sent })
    expect(second.headers['content-length']).toBe(first.headers['content-length'])
  },
)

const resolved = ([input, init]: Parameters<typeof fetch>): Parameters<typeof fetch> => [
  typeof input === 'string' ? new URL(input, origin) : input,
  init,
]

function withoutBoundary({ type, body }: Arrived): { type: string | undefined; body: string } {
  const content = body.toString('latin1')
  const boundary = /^--(-+formdata-\S+)\r\n/.exec(content)?.[1] ?? 'none'
  return { type: type?.replace(boundary, ''), body: content.replaceAll(boundary, '') }
}

it('R56 the boundary in the header is the one in the body, both times', async () => {
  const { auth } = await signedIn()
  await auth.fetch('/api/orders', { method: 'POST', body: form() })
  expect(arrived).toHaveLength(2)
  for (const { type, body } of arrived) {
    const boundary = type?.split('boundary=')[1] ?? 'none'
    expect(body.toString('latin1').startsWith(`--${boundary}\r\n`)).toBe(true)
  }
})

it('R56 what the caller changes after the call changes neither the request nor its replay', async () => {
  const { auth } = await signedIn()
  const page = new URLSearchParams({ page: '1' })
  const data = form()
  const buffer = bytes.slice()
  const headers = new Headers({ 'x-page': '1' })
  const url = new URL('/api/orders?page=1', origin)
  const calls = [page, data, buffer].map((body) => auth.fetch(url, { method: 'POST', body, headers }))
  page.set('page', '2')
  data.set('name', 'Bob')
  buffer.fill(0)
  headers.set('x-page', '2')
  url.host = 'evil.example.com'
  url.search = '?page=2'
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200, 200])
  expect(arrived).toHaveLength(6)
  for (const sent of arrived) expect([sent.url, sent.headers['x-page']]).toEqual(['/api/orders?page=1', '1'])
  const bodies = arrived.map(({ body }) => body.toString())
  expect(bodies.filter((body) => body === 'page=1')).toHaveLength(2)
  expect(bodies.filter((body) => body === text)).toHaveLength(2)
  expect(bodies.filter((body) => body.includes('Ann Ä') && !body.includes('Bob'))).toHaveLength(2)
})

it('R56 a Request is used up by the call, as it is by fetch, and a used one is refused', async () => {
  const { auth } = await signedIn()
  const request = new Request(`${origin}/api/orders`, { method: 'POST', body: 'abc' })
  await auth.fetch(request)
  expect(request.bodyUsed).toBe(true)
  expect(await failure(auth.fetch(request))).toBeInstanceOf(TypeError)
})

it('R56 a Request keeps what it says beside its body', async () => {
  const seen: Request[] = []
  const { auth } = await signedIn((input, init) => {
    if (input instanceof Request) seen.push(input.clone())
    return fetch(input, init)
  })
  const settings = {
    cache: 'no-store',
    credentials: 'omit',
    integrity: '',
    keepalive: true,
    redirect: 'error',
    referrerPolicy: 'no-referrer',
  } as const
  await auth.fetch(new Request(`${origin}/api/orders`, settings), { headers: { 'x-a': '1' } })
  expect(seen).toHaveLength(2)
  for (const request of seen) {
    expect(request).toMatchObject(settings)
    expect(request.headers.get('x-a')).toBe('1')
  }
})

const stream = (): ReadableStream<Uint8Array> => new Blob([bytes]).stream()
const upload = (body: ReadableStream): RequestInit =>
  ({ method: 'POST', body, duplex: 'half' }) as RequestInit

it('R56 a stream is never sent twice: the error carries the 401, and the next request has a new token', async () => {
  const { auth } = await signedIn()
  const error = await failure(auth.fetch('/api/upload?to=secret', upload(stream())))
  expect(error).toMatchObject({
    code: 'not_replayable',
    retryable: false,
    status: 401,
    message: saying(
      `Failed to send an authenticated request: POST ${origin}: the request was refused, and its body can be read only once. Send it anew.`,
    ),
  })
  expect(isAuthError(error) && [error.response?.status, await error.response?.json()]).toEqual([401, {}])
  expect(arrived).toHaveLength(1)
  expect((await auth.fetch('/api/upload', upload(stream()))).status).toBe(200)
  expect(arrived.map(({ authorization }) => authorization)).toEqual(['Bearer token-1', 'Bearer token-2'])
  expect(arrived[1]?.body.equals(bytes)).toBe(true)
})

it('R56 a stream waits for a new token where the old one ends soon, which other bodies do not', async () => {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  // 45 s are left: inside the margin of 60 s, above the 10 s a request asks for.
  await kit.clock.advance(255_000)
  spent = 99
  const [texts, streams] = [
    kit.auth.fetch('/api/text', { method: 'POST', body: text }),
    outcome(kit.auth.fetch('/api/stream', upload(stream()))),
  ]
  await Promise.all([texts, streams])
  const by = new Map(arrived.map(({ url, authorization }) => [url, authorization]))
  expect(Object.fromEntries(by)).toEqual({ '/api/text': 'Bearer token-1', '/api/stream': 'Bearer token-2' })
})

it('R56 a stream is sent with a token that ends soon where no new one can be had', async () => {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(255_000)
  down = true
  spent = 99
  expect(await outcome(kit.auth.fetch('/api/stream', upload(stream())))).toBe('resolved')
  expect(arrived.map(({ authorization }) => authorization)).toEqual(['Bearer token-1'])
})

it('R56 what the application’s fetch does to a request without a body is not in its replay', async () => {
  const { auth } = await signedIn((input, init) => {
    if (input instanceof Request) input.headers.append('x-hop', '1')
    return fetch(input, init)
  })
  const headers = new Headers({ 'x-page': '1' })
  const call = auth.fetch('/api/orders', {
    method: 'DELETE',
    headers,
    cache: 'no-store',
    credentials: 'omit',
  })
  headers.set('x-page', '2')
  expect((await call).status).toBe(200)
  expect(arrived.map(({ method, authorization }) => [method, authorization])).toEqual([
    ['DELETE', 'Bearer token-1'],
    ['DELETE', 'Bearer token-2'],
  ])
  const said = ['x-hop', 'x-page', 'cache-control'].map((name) => arrived.map(({ headers }) => headers[name]))
  expect(said).toEqual([
    ['1', '1'],
    ['1', '1'],
    ['no-cache', 'no-cache'],
  ])
})
