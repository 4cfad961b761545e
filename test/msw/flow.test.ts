/* The client against the reference backend, over the real fetch that MSW answers: both on one clock. */
import { http } from 'msw'
import { setupServer } from 'msw/node'
import { afterEach, expect, it } from 'vitest'
import { createApi } from '../../src/ky.js'
import { createBackendHandlers } from '../../src/testing/msw.js'
import { ADA, BOB, createTestBackend, type TestBackend } from '../server/support.js'
import { failure } from '../support/client.js'
import { createKit, type Kit, ManualClock } from '../support/kit.js'

const ORIGIN = 'https://app.example.com'
let close = (): void => {}
afterEach(() => close())

interface Seen {
  readonly method: string
  readonly path: string
  readonly authorization: boolean
  readonly csrf: string | null
  readonly type: string | null
  readonly body: string
}

interface Stage {
  readonly kit: Kit
  readonly backend: TestBackend
  readonly seen: Seen[]
  /** The answer to a call, with the clock moved as far as it needs. */
  settled<T>(call: Promise<T>): Promise<T>
}

async function stage(options: Parameters<typeof createTestBackend>[0] = {}): Promise<Stage> {
  const clock = new ManualClock()
  const backend = await createTestBackend({ clock: { now: clock.wall }, ...options })
  const server = setupServer(...createBackendHandlers(backend, { http, origin: ORIGIN }))
  const seen: Seen[] = []
  const noted: Promise<void>[] = []
  server.events.on('request:start', ({ request }) => {
    const { method, headers } = request
    const at = seen.length
    const entry = {
      method,
      path: new URL(request.url).pathname,
      authorization: headers.get('authorization')?.startsWith('Bearer ') ?? false,
      csrf: headers.get('x-csrf'),
      type: headers.get('content-type'),
    }
    seen.push({ ...entry, body: '' })
    noted.push(
      request
        .clone()
        .text()
        .then((body) => void (seen[at] = { ...entry, body })),
    )
  })
  server.listen({ onUnhandledFrame: 'error' })
  close = () => server.close()
  const kit = createKit({ fetch: (input, init) => fetch(input, init), development: false }, { clock })
  const settled = async <T>(call: Promise<T>): Promise<T> => {
    let done = false
    void call.then(
      () => (done = true),
      () => (done = true),
    )
    for (let turn = 0; turn < 200 && !done; turn++) await clock.advance(10)
    await Promise.all(noted)
    return call
  }
  await settled(kit.auth.ready())
  return { kit, backend, seen, settled }
}

const pathsOf = (seen: readonly Seen[]): string[] => seen.map(({ method, path }) => `${method} ${path}`)

it('signs in, reads orders, goes on past the end of the token, and signs out', async () => {
  const { kit, backend, seen, settled } = await stage()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
  expect(await settled(kit.auth.login(ADA))).toMatchObject({ status: 'authenticated', user: { id: 'ada' } })
  seen.length = 0
  const orders = async (): Promise<unknown> => (await settled(kit.auth.fetch('/api/orders'))).json()
  expect(await orders()).toMatchObject({ total: 23 })
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(301_000)
  expect(await orders()).toMatchObject({ total: 23 })
  expect(pathsOf(seen)).toEqual(['GET /api/orders', 'POST /auth/refresh', 'GET /api/orders'])
  expect(await settled(kit.auth.logout())).toEqual({ server: 'confirmed', durable: true })
  expect((await failure(settled(kit.auth.fetch('/api/orders')))) as object).toMatchObject({
    code: 'login_required',
  })
  await expect(settled(kit.auth.refresh({ force: true }))).rejects.toMatchObject({ code: 'login_required' })
  expect(backend.stats.all()['refresh']).toMatchObject({ rotated: 1 })
})

it('BBA-13 OW-13 auth calls carry the static header, bodies are JSON, and a token goes along with the logout alone', async () => {
  const { kit, seen, settled } = await stage()
  await settled(kit.auth.login(ADA))
  await settled(kit.auth.refresh({ force: true }))
  await settled(kit.auth.logout())
  const calls = seen.filter(({ path }) => path.startsWith('/auth/'))
  expect(pathsOf(calls)).toEqual([
    'GET /auth/session',
    'POST /auth/login',
    'POST /auth/refresh',
    'POST /auth/logout',
  ])
  for (const { path, csrf, authorization, type, body } of calls) {
    expect([csrf, authorization]).toEqual(['1', path === '/auth/logout'])
    expect(type).toBe(body === '' ? null : 'application/json')
  }
  expect(JSON.parse(calls[1]!.body)).toEqual(ADA)
  expect(JSON.parse(calls[3]!.body)).toEqual({ session_id: expect.any(String) as string, scope: 'current' })
})

it('BBA-07 a token that the API no longer accepts is renewed, and the call repeated', async () => {
  const { kit, backend, seen, settled } = await stage({ revocation: 'deny-list' })
  await settled(kit.auth.login(ADA))
  const token = await kit.auth.getAccessToken()
  backend.faults.add({ kind: 'status', status: 401, on: 'orders', times: 1 })
  seen.length = 0
  expect((await settled(kit.auth.fetch('/api/orders?page=2'))).status).toBe(200)
  expect(pathsOf(seen)).toEqual(['GET /api/orders', 'POST /auth/refresh', 'GET /api/orders'])
  expect(await kit.auth.getAccessToken()).not.toBe(token)
})

it('REV-05 a session that was ended at the server ends here with its reason, at the next 401', async () => {
  const { kit, backend, settled } = await stage({ revocation: 'token-version' })
  await settled(kit.auth.login(ADA))
  await backend.admin.endAllSessions('ada')
  const error = await failure(settled(kit.auth.fetch('/api/orders')))
  expect(error).toMatchObject({ code: 'session_ended', reason: 'revoked' })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
})

it('ERR-13 a scope that is missing is told, and costs no refresh', async () => {
  const { kit, seen, settled } = await stage()
  await settled(kit.auth.login(BOB))
  seen.length = 0
  expect((await settled(kit.auth.fetch('/api/admin/users'))).status).toBe(403)
  expect(pathsOf(seen)).toEqual(['GET /api/admin/users'])
  expect(kit.auth.getDiagnostics().filter(({ type }) => type === 'request.forbidden')).toMatchObject([
    { scope: 'admin', status: 403 },
  ])
})

it.each([
  ['ERR-07 a page instead of JSON', { kind: 'html' }, 'invalid_response'],
  ['ERR-07 an answer that breaks off', { kind: 'truncated-body' }, 'invalid_response'],
  ['ERR-07 an empty answer', { kind: 'empty-body' }, 'invalid_response'],
  ['ERR-07 a fault of the server', { kind: 'status', status: 502 }, 'server_error'],
  ['ERR-07 a request that never arrives', { kind: 'unreachable' }, 'network'],
  ['ERR-07 an answer that never arrives', { kind: 'lost-answer' }, 'network'],
  ['AV-11 a redirect', { kind: 'redirect', location: '/portal' }, 'redirected'],
] as const)('%s to a refresh keeps the session, and the next one succeeds', async (_name, fault, code) => {
  const { kit, backend, settled } = await stage()
  await settled(kit.auth.login(ADA))
  const remove = backend.faults.add({ ...fault, on: 'refresh' })
  expect(await failure(settled(kit.auth.refresh({ force: true })))).toMatchObject({ name: 'AuthError', code })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  remove()
  await kit.clock.advance(2000)
  expect(await settled(kit.auth.refresh({ force: true }))).toMatchObject({
    status: 'authenticated',
    connection: 'ok',
  })
})

it('OW-21 a wrong password and an unknown user are the same error, and nothing is tried again', async () => {
  const { kit, seen, settled } = await stage()
  const errors = [
    await failure(settled(kit.auth.login({ ...ADA, password: 'wrong' }))),
    await failure(settled(kit.auth.login({ email: 'eve@example.com', password: 'wrong' }))),
  ]
  for (const error of errors)
    expect(error).toMatchObject({ code: 'invalid_credentials', status: 401, retryable: false })
  expect(String(errors[0])).toBe(String(errors[1]))
  expect(pathsOf(seen).filter((path) => path.endsWith('login'))).toHaveLength(2)
})

it('R66 ky reads and writes the protected API', async () => {
  const { kit, settled } = await stage()
  await settled(kit.auth.login(ADA))
  const api = createApi(kit.auth, { prefix: `${ORIGIN}/api` })
  expect(await settled(api.put('profile', { json: { name: 'Ada L.' } }).json())).toMatchObject({
    name: 'Ada L.',
  })
  expect(await settled(api.get('profile').json<{ name: string }>())).toMatchObject({ name: 'Ada L.' })
})
