import { http } from 'msw'
import { setupServer } from 'msw/node'
import { afterEach, expect, it } from 'vitest'
import type { ServedMode } from '../../src/testing/backend/modes.ts'
import { createBackendHandlers, type BackendHandlersOptions } from '../../src/testing/msw.ts'
import { ADA, createTestBackend, type SessionGrant, type TestBackend } from './support.ts'

const ORIGIN = 'https://api.app.test'
const opened: { close(): void }[] = []
const close = (): void => opened.splice(0).forEach((server) => server.close())
afterEach(close)

async function mock(
  options: Partial<BackendHandlersOptions<unknown>> = {},
  mode: ServedMode = 'token',
): Promise<{ backend: TestBackend; send: (path: string, init?: RequestInit) => Promise<Response> }> {
  const backend = await createTestBackend({
    mode,
    allowedOrigins: ['https://www.app.test'],
    cookies: { hint: 'signed-in' },
  })
  const server = setupServer(...createBackendHandlers(backend, { origin: ORIGIN, ...options, http }))
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

it('an HttpOnly cookie works under MSW although no answer shows it', async () => {
  const { send } = await mock()
  const signedIn = await signIn(send)
  expect([signedIn.status, signedIn.headers.getSetCookie()]).toEqual([200, []])
  for (let i = 0; i < 3; i++) {
    const refreshed = await send('/auth/refresh', { method: 'POST' })
    expect([refreshed.status, refreshed.headers.getSetCookie()]).toEqual([200, []])
  }
  expect((await send('/auth/logout', { method: 'POST' })).status).toBe(204)
  expect(await (await send('/auth/session')).json()).toBeNull()
})

it('a cookie session works under MSW, writes with their CSRF token included', async () => {
  const { send } = await mock({}, 'session')
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

it('new handlers have a jar of their own', async () => {
  const { send } = await mock()
  await signIn(send)
  close()
  const { send: next } = await mock()
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

it('BBA-14 a page of another origin is known by pageOrigin: listed ones pass, others are refused', async () => {
  const friend = await mock({ pageOrigin: 'https://www.app.test' })
  const answer = await signIn(friend.send)
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
    200,
    'https://www.app.test',
  ])
  expect((await friend.send('/auth/refresh', { method: 'POST' })).status).toBe(200)
  close()
  for (const pageOrigin of ['https://blog.app.test', 'https://evil.test']) {
    const { send } = await mock({ pageOrigin })
    expect((await signIn(send)).status).toBe(403)
    close()
  }
})

it('strictCredentials shows a forgotten credentials option where the mock can tell', async () => {
  const ask = await answerer({ pageOrigin: 'https://www.app.test', strictCredentials: true })
  const send = (path: string, init?: RequestInit): Promise<Response> => ask(ORIGIN + path, init)
  await signIn(send, { credentials: 'same-origin' })
  expect(await (await send('/auth/session', { credentials: 'include' })).json()).toBeNull()
  await signIn(send, { credentials: 'include' })
  expect(await (await send('/auth/session', { credentials: 'same-origin' })).json()).toBeNull()
  expect(await (await send('/auth/session', { credentials: 'include' })).json()).not.toBeNull()
})

it('ERR-07 a lost answer is a network error under MSW', async () => {
  const { backend, send } = await mock()
  await signIn(send)
  backend.faults.add({ kind: 'lost-answer', on: 'refresh', times: 1 })
  await expect(send('/auth/refresh', { method: 'POST' })).rejects.toThrow(TypeError)
  expect((await send('/auth/refresh', { method: 'POST' })).status).toBe(200)
  expect(backend.stats.all()['refresh']).toEqual({ rotated: 1, redelivered: 1 })
})
