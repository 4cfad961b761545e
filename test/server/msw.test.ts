import { http as http3 } from 'msw'
import { http as http2 } from 'msw-2'
import { setupServer as setupServer2 } from 'msw-2/node'
import { setupServer as setupServer3 } from 'msw/node'
import { afterEach, expect, it } from 'vitest'
import type { ServedMode } from '../../src/server/modes.ts'
import { createBackendHandlers, type BackendHandlersOptions } from '../../src/testing/msw.ts'
import { ADA, createTestBackend, type SessionGrant, type TestBackend } from './support.ts'

const ORIGIN = 'https://api.app.test'
const opened: { close(): void }[] = []
const close = (): void => opened.splice(0).forEach((server) => server.close())
afterEach(close)

type HandlerOptions = Omit<BackendHandlersOptions<unknown>, 'http'>
type Start = (backend: TestBackend, options: HandlerOptions) => { listen(): void; close(): void }

/** Both versions of MSW that may be installed. */
const VERSIONS: readonly [name: string, start: Start][] = [
  [
    'MSW 2',
    (backend, options) => setupServer2(...createBackendHandlers(backend, { ...options, http: http2 })),
  ],
  [
    'MSW 3',
    (backend, options) => setupServer3(...createBackendHandlers(backend, { ...options, http: http3 })),
  ],
]

async function mock(
  start: Start,
  options: Partial<HandlerOptions> = {},
  mode: ServedMode = 'token',
): Promise<{ backend: TestBackend; send: (path: string, init?: RequestInit) => Promise<Response> }> {
  const backend = await createTestBackend({
    mode,
    allowedOrigins: ['https://www.app.test'],
    cookies: { hint: 'signed-in' },
  })
  const server = start(backend, { origin: ORIGIN, ...options })
  server.listen()
  opened.push(server)
  const send = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(ORIGIN + path, { credentials: 'include', headers: { 'x-csrf': '1' }, ...init })
  return { backend, send }
}

const signIn = (
  send: (path: string, init?: RequestInit) => Promise<Response>,
  init: RequestInit = {},
): Promise<Response> =>
  send('/auth/login', {
    method: 'POST',
    headers: { 'x-csrf': '1', 'content-type': 'application/json' },
    body: JSON.stringify(ADA),
    ...init,
  })

it.each(VERSIONS)('R91 %s: an HttpOnly cookie works although no answer shows it', async (_, start) => {
  const { send } = await mock(start)
  const signedIn = await signIn(send)
  expect([signedIn.status, signedIn.headers.getSetCookie()]).toEqual([200, []])
  for (let i = 0; i < 3; i++) {
    const refreshed = await send('/auth/refresh', { method: 'POST' })
    expect([refreshed.status, refreshed.headers.getSetCookie()]).toEqual([200, []])
  }
  expect((await send('/auth/logout', { method: 'POST' })).status).toBe(204)
  expect(await (await send('/auth/session')).json()).toBeNull()
})

it.each(VERSIONS)('%s: a cookie session works, writes with their CSRF token included', async (_, start) => {
  const { send } = await mock(start, {}, 'session')
  const { csrf_token: token } = (await (await signIn(send)).json()) as SessionGrant
  const put = (headers: Record<string, string>): Promise<Response> =>
    send('/api/profile', {
      method: 'PUT',
      headers: { 'x-csrf': '1', 'content-type': 'application/json', ...headers },
      body: '{"name":"Countess"}',
    })
  expect((await put({})).status).toBe(403)
  expect((await put({ 'x-csrf-token': token })).status).toBe(200)
  expect(await (await send('/auth/session')).json()).toMatchObject({ user: { name: 'Countess' } })
})

it.each(VERSIONS)('R91 %s: new handlers have a jar of their own', async (_, start) => {
  const { send } = await mock(start)
  await signIn(send)
  close()
  const { send: next } = await mock(start)
  expect(await (await next('/auth/session')).json()).toBeNull()
})

/** What MSW would call, so that a test sees the credentials that MSW 3 hides in Node. */
async function answerer(options: { pageOrigin: string; strictCredentials?: boolean }): Promise<typeof fetch> {
  const backend = await createTestBackend({ allowedOrigins: ['https://www.app.test'] })
  const [resolver] = createBackendHandlers(backend, {
    http: { all: (_path, resolve) => resolve },
    origin: ORIGIN,
    ...options,
  })
  return async (input, init) => {
    const answer = await resolver?.({ request: new Request(input, { headers: { 'x-csrf': '1' }, ...init }) })
    return answer ?? Response.error()
  }
}

it('a call with credentials omit carries no cookie and keeps none', async () => {
  const ask = await answerer({ pageOrigin: ORIGIN })
  const send = (path: string, init?: RequestInit): Promise<Response> => ask(ORIGIN + path, init)
  expect((await signIn(send, { credentials: 'omit' })).status).toBe(200)
  expect(await (await send('/auth/session')).json()).toBeNull()
  await signIn(send)
  expect(await (await send('/auth/session', { credentials: 'omit' })).json()).toBeNull()
  expect(await (await send('/auth/session')).json()).toMatchObject({ user: { id: 'ada' } })
})

it.each(VERSIONS)(
  'BBA-14 %s: a page of another origin is known by pageOrigin: listed ones pass, others are refused',
  async (_, start) => {
    const friend = await mock(start, { pageOrigin: 'https://www.app.test' })
    const answer = await signIn(friend.send)
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
      200,
      'https://www.app.test',
    ])
    expect((await friend.send('/auth/refresh', { method: 'POST' })).status).toBe(200)
    close()
    for (const pageOrigin of ['https://blog.app.test', 'https://evil.test']) {
      const { send } = await mock(start, { pageOrigin })
      expect((await signIn(send)).status).toBe(403)
      close()
    }
  },
)

it('strictCredentials shows a forgotten credentials option where the mock can tell', async () => {
  const ask = await answerer({ pageOrigin: 'https://www.app.test', strictCredentials: true })
  const send = (path: string, init?: RequestInit): Promise<Response> => ask(ORIGIN + path, init)
  await signIn(send, { credentials: 'same-origin' })
  expect(await (await send('/auth/session', { credentials: 'include' })).json()).toBeNull()
  await signIn(send, { credentials: 'include' })
  expect(await (await send('/auth/session', { credentials: 'same-origin' })).json()).toBeNull()
  expect(await (await send('/auth/session', { credentials: 'include' })).json()).not.toBeNull()
})

it.each(VERSIONS)('ERR-07 %s: a lost answer is a network error', async (_, start) => {
  const { backend, send } = await mock(start)
  await signIn(send)
  backend.faults.add({ kind: 'lost-answer', on: 'refresh', times: 1 })
  await expect(send('/auth/refresh', { method: 'POST' })).rejects.toThrow(TypeError)
  expect((await send('/auth/refresh', { method: 'POST' })).status).toBe(200)
  expect(backend.stats.all()['refresh']).toEqual({ rotated: 1, redelivered: 1 })
})

it.each([
  [
    'http',
    { http: undefined as never, origin: ORIGIN },
    /"http" must be that of MSW: import \{ http \} from 'msw'/,
  ],
  ['origin', { http: http3, origin: '/api' }, /"origin" must be one such as "https:/],
])('a missing or wrong "%s" is refused with what to give', async (_name, options, sentence) => {
  const backend = await createTestBackend()
  expect(() => createBackendHandlers(backend, options)).toThrow(sentence)
})
