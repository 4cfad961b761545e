/* What a test of somebody's application is given in place of the client. In plain Node: no document, no network. */
import { type AuthClient, type AuthState, isAuthError } from 'latchkey'
import { createApi } from 'latchkey/ky'
import { createTestAuth, type TestAuthOptions } from 'latchkey/testing'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { failure, listen, outcome, stateOf } from '../support/client.js'
import { settle } from '../support/kit.js'

interface Person {
  readonly id: string
  readonly name: string
  readonly since?: Date
}

const ANN: Person = { id: 'ann', name: 'Ann', since: new Date(0) }
const BOB: Person = { id: 'bob', name: 'Bob' }

const status = (auth: AuthClient<Person>): AuthState['status'] => auth.getState().status

beforeEach(() => {
  vi.stubGlobal('fetch', () => {
    throw new Error('the network was used')
  })
  vi.stubGlobal('crypto', undefined)
})
afterEach(() => vi.useRealTimers())

it.each<[string, TestAuthOptions<Person>, object]>([
  ['a user', { user: ANN }, { status: 'authenticated', user: ANN, mode: 'token' }],
  ['nothing', {}, { status: 'unauthenticated', reason: 'none' }],
  ['unknown', { status: 'unknown', user: ANN }, { status: 'unknown', connection: 'ok' }],
  ['a reason', { reason: 'revoked' }, { status: 'unauthenticated', reason: 'revoked' }],
  ['a logout', { status: 'unauthenticated', user: ANN, reason: 'logout' }, { reason: 'logout' }],
])('R89 given %s it is in that state at once, and stays in it', async (_given, options, state) => {
  const auth = createTestAuth<Person>(options)
  expect(auth.getState()).toMatchObject(state)
  const told = listen(auth)
  await settle()
  expect(auth.getState()).toMatchObject(state)
  expect(told).toEqual({ ends: [], switches: [], claims: [], states: [] })
})

it('R89 it leaves no timer, whatever happens', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate'] })
  const auth = createTestAuth<Person>({ user: ANN, fetch: () => Response.json([]) })
  await auth.ready()
  await auth.refresh({ force: true })
  auth.goOffline()
  await failure(auth.refresh({ force: true }))
  auth.goOnline()
  auth.expire({ unnoticed: true })
  await failure(auth.fetch('/orders'))
  await auth.login({})
  await auth.logout()
  expect(vi.getTimerCount()).toBe(0)
})

it('R89 expire ends the session as a refusal of the server does', async () => {
  const auth = createTestAuth({ user: ANN })
  const told = listen(auth)
  auth.expire({ reason: 'revoked' })
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
  expect(told.ends).toEqual([{ reason: 'revoked', previousUser: ANN, status: 401 }])
  expect(told.states).toEqual(['unauthenticated'])
  expect(await failure(auth.fetch('/orders'))).toMatchObject({ code: 'session_ended', reason: 'revoked' })
})

it('R89 a session that ends unnoticed is missed by the next request, and the event comes then', async () => {
  const fetch = vi.fn(() => Response.json([]))
  const auth = createTestAuth({ user: ANN, fetch })
  const told = listen(auth)
  auth.expire({ unnoticed: true })
  expect(status(auth)).toBe('authenticated')
  expect(await outcome(auth.fetch('/orders'))).toBe('session_ended')
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'expired' })
  expect([told.ends.length, fetch.mock.calls.length]).toEqual([1, 0])
})

it('R89 signOutElsewhere signs this page out, and tells why', () => {
  const auth = createTestAuth({ user: ANN })
  const told = listen(auth)
  auth.signOutElsewhere()
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(told.ends).toMatchObject([{ reason: 'logout-elsewhere', previousUser: ANN }])
})

it('R89 offline keeps the session, and every request fails until the network is back', async () => {
  const auth = createTestAuth({ user: ANN, fetch: () => Response.json([]) })
  auth.goOffline()
  expect(auth.getState()).toMatchObject({ status: 'authenticated', connection: 'offline' })
  expect(await failure(auth.fetch('/orders'))).toBeInstanceOf(TypeError)
  expect(await outcome(auth.refresh({ force: true }))).toBe('offline')
  expect(auth.getState()).toMatchObject({ status: 'authenticated', connection: 'offline' })
  auth.goOnline()
  await settle()
  expect(auth.getState()).toMatchObject({ status: 'authenticated', connection: 'ok', retryAt: undefined })
  expect((await auth.fetch('/orders')).status).toBe(200)
})

it('R89 a logout made offline is delivered when the network is back', async () => {
  const auth = createTestAuth({ user: ANN })
  auth.goOffline()
  expect(await auth.logout()).toEqual({ server: 'pending', durable: true })
  auth.goOnline()
  await settle()
  expect(auth.getDiagnostics().map(({ type }) => type)).toContain('logout.confirmed')
})

it('R89 unknown lasts until it is said who is signed in; then ready() and the calls go on', async () => {
  const auth = createTestAuth({ status: 'unknown', user: ANN, fetch: () => Response.json([]) })
  const ready = auth.ready()
  const orders = auth.fetch('/orders')
  await settle()
  expect([await stateOf(ready), await stateOf(orders)]).toEqual(['pending', 'pending'])
  auth.signIn()
  expect(status(auth)).toBe('authenticated')
  expect(await ready).toMatchObject({ user: ANN })
  expect((await orders).status).toBe(200)

  const other = createTestAuth({ status: 'unknown', user: ANN })
  const known = other.ready()
  await settle()
  other.expire()
  expect(other.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
  expect(await known).toMatchObject({ status: 'unauthenticated' })
})

it('R89 unknown ends with a login and with a logout, also offline', async () => {
  const auth = createTestAuth({ status: 'unknown', user: ANN })
  const ready = auth.ready()
  await auth.login({})
  expect(await ready).toMatchObject({ user: ANN })

  const other = createTestAuth({ status: 'unknown', user: ANN })
  const known = other.ready()
  await settle()
  other.goOffline()
  expect(await other.logout()).toEqual({ server: 'pending', durable: true })
  expect(await known).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
})

it.each(['token', 'session'] as const)('R89 unknown lasts also offline (%s)', async (mode) => {
  const auth = createTestAuth({ status: 'unknown', user: ANN, mode })
  auth.goOffline()
  const ready = auth.ready()
  await settle()
  expect(auth.getState()).toMatchObject({ status: 'unknown', connection: 'offline' })
  auth.goOnline()
  await settle()
  expect([status(auth), await stateOf(ready)]).toEqual(['unknown', 'pending'])
  auth.signIn()
  expect(await ready).toMatchObject({ user: ANN, connection: 'ok' })
})

it('R89 signIn switches users as the real client does: the caches first', async () => {
  const auth = createTestAuth({ user: ANN })
  const order: string[] = []
  auth.on('sessionEnd', ({ reason }) => void order.push(`end ${reason} while ${status(auth)}`))
  auth.on('userSwitch', ({ from, to }) => void order.push(`${from.name} to ${to.name}`))
  auth.signIn(BOB)
  expect(order).toEqual([expect.stringMatching(/^end user-switched while un/), 'Ann to Bob'])
  expect(auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
})

it('R89 signIn with other data of the same user changes claims and ends nothing', () => {
  const auth = createTestAuth({ user: ANN })
  const before = auth.getState()
  const told = listen(auth)
  const renamed = { ...ANN, name: 'Anna' }
  for (let time = 0; time < 5; time++) auth.signIn(time % 2 ? ANN : renamed)
  expect([told.ends.length, told.claims.length, told.claims[0]]).toEqual([
    0,
    5,
    { previousUser: ANN, user: renamed },
  ])
  expect(auth.getState()).toMatchObject({ sessionId: (before as { sessionId?: string }).sessionId })
})

it('R77 R89 the user is the very object given, also after a login and a hundred refreshes', async () => {
  const auth = createTestAuth({ status: 'unauthenticated', user: ANN })
  const state = await auth.login({ email: 'ann@example.com' })
  expect(state.status === 'authenticated' && state.user).toBe(ANN)
  for (let time = 0; time < 100; time++) await auth.refresh({ force: true })
  expect(auth.getState()).toBe(state)
})

it('R89 login asks the test who signs in; nobody is the same as a wrong password', async () => {
  const auth = createTestAuth<Person>({
    login: (credentials) => ((credentials as { password: string }).password === 'right' ? ANN : undefined),
  })
  expect(await outcome(auth.login({ password: 'wrong' }))).toBe('invalid_credentials')
  expect(await auth.login({ password: 'right' })).toMatchObject({ status: 'authenticated', user: ANN })
})

it('R89 a redirect is noted and navigates nowhere', async () => {
  const auth = createTestAuth()
  await auth.loginWithRedirect({ returnTo: '/orders?page=2' })
  await auth.loginWithRedirect()
  expect(auth.redirects).toEqual(['/orders?page=2', '/'])
})

it('R89 requests reach the function of the test, with a token that is renewed after a 401', async () => {
  const tokens: (string | null)[] = []
  const auth = createTestAuth({
    user: ANN,
    fetch: ({ headers }) => {
      tokens.push(headers.get('authorization'))
      return tokens.length === 1 ? new Response(null, { status: 401 }) : Response.json(['a', 'b'])
    },
  })
  expect(await (await auth.fetch('/orders', { method: 'POST', body: 'x' })).json()).toEqual(['a', 'b'])
  expect(tokens).toEqual(['Bearer test-token-1', 'Bearer test-token-2'])
})

it('R89 a token goes to the origins of the options alone', async () => {
  const seen: string[] = []
  const auth = createTestAuth({
    user: ANN,
    baseUrl: 'https://api.example.com/v1',
    fetch({ url, headers }) {
      seen.push(`${url} ${headers.has('authorization')}`)
      return Response.json([])
    },
  })
  await auth.fetch('https://api.example.com/orders')
  await auth.fetch('https://elsewhere.example/orders')
  await auth.refresh({ force: true })
  expect(seen).toEqual(['https://api.example.com/orders true', 'https://elsewhere.example/orders false'])
})

it('R89 a request without a function to answer it says what to do', async () => {
  const auth = createTestAuth({ user: ANN })
  expect(await failure(auth.fetch('/orders'))).toMatchObject({
    message: expect.stringMatching(
      /GET http:\/\/localhost\/orders: .* Give createTestAuth\(\) a `fetch`/,
    ) as string,
  })
})

it('R89 an answer that is no Response says what it must be', async () => {
  const auth = createTestAuth({ user: ANN, fetch: () => [] as unknown as Response })
  expect(await failure(auth.fetch('/orders'))).toMatchObject({
    message: expect.stringMatching(/`fetch` of createTestAuth\(\) must give a Response/) as string,
  })
})

it('R66 R89 latchkey/ky works with it', async () => {
  const auth = createTestAuth({ user: ANN, fetch: ({ url }) => Response.json({ url }) })
  const api = createApi(auth, { prefix: 'https://api.example.com' })
  expect(await api.get('orders').json()).toEqual({ url: 'https://api.example.com/orders' })
})

it('R89 R90 fake timers make a token old, and it is renewed when it is used', async () => {
  vi.useFakeTimers()
  const auth = createTestAuth({
    user: ANN,
    fetch: ({ headers }) => Response.json(headers.get('authorization')),
  })
  const token = async () => (await auth.fetch('/')).json() as Promise<unknown>
  expect(await token()).toBe('Bearer test-token-1')
  await vi.advanceTimersByTimeAsync(86_400_000)
  expect(await token()).toBe('Bearer test-token-2')
  expect(vi.getTimerCount()).toBe(0)
})

it('R89 two of them know nothing of each other', async () => {
  const [first, second] = [createTestAuth({ user: ANN }), createTestAuth({ user: BOB })]
  first.subscribe(() => {})
  second.subscribe(() => {})
  await first.logout()
  expect([status(first), status(second)]).toEqual(['unauthenticated', 'authenticated'])
})

it('R89 methods work detached, and a disposed one says so', async () => {
  const { signIn, expire, goOffline, goOnline, getState, dispose, fetch } = createTestAuth({ user: ANN })
  expire()
  signIn(BOB)
  goOffline()
  goOnline()
  expect(getState()).toMatchObject({ user: BOB })
  dispose()
  const error = await failure(fetch('/orders'))
  expect(isAuthError(error) && error.code).toBe('disposed')
})

it.each<[string, () => unknown, RegExp]>([
  ['authenticated without a user', () => createTestAuth({ status: 'authenticated' }), /Give .* a user/],
  [
    'a user without an id',
    () => createTestAuth({ user: { name: 'Ann' } }),
    /neither `sub` nor `id`: give `getUserId`/,
  ],
  ['nobody to sign in', () => createTestAuth().signIn(), /Give signIn\(\) a user/],
])('R89 %s is refused with what to do', (_what, act, sentence) => {
  expect(act).toThrow(sentence)
  expect(act).toThrow(TypeError)
})

it('R89 a user of another shape is told by getUserId', () => {
  const auth = createTestAuth({ user: { email: 'ann@example.com' }, getUserId: ({ email }) => email })
  expect(auth.getState()).toMatchObject({ user: { email: 'ann@example.com' } })
})
