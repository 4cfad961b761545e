/* What else may run on the page: another copy of the package, another client, another version of either. */
import { nameOf, storedSession } from '../../support/stored.js'
import { ofOtherVersions } from '../../support/hub.js'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type * as Latchkey from '../../../src/index.js'
import type { AuthClient, AuthClientOptions } from '../../../src/index.js'
import { ANN, BOB, grant, refusal } from '../../support/kit.js'

/** One backend: a cookie that everybody on the page shares, and how often what was asked. */
function backend() {
  let user: unknown
  let session = 0
  let count = 0
  const asked: string[] = []
  const answer = () => grant(++count, { user, session_id: `s${session}` })
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(input instanceof Request ? input.url : input, location.href)
    asked.push(pathname)
    if (pathname === '/auth/login') {
      user = init?.body === '{"bob":true}' ? BOB : ANN
      session++
      return Promise.resolve(answer())
    }
    if (pathname === '/auth/logout') {
      user = undefined
      return Promise.resolve(new Response(null, { status: 204 }))
    }
    return Promise.resolve(user ? answer() : refusal())
  }
  return { fetch, asked: (path: string) => asked.filter((one) => one === path).length }
}

/** A copy of the package with modules of its own, as two bundles have them. */
async function copy(): Promise<typeof Latchkey> {
  vi.resetModules()
  return import('../../../src/index.js')
}

const open: AuthClient[] = []
const until = (check: () => void) => vi.waitFor(check, { interval: 5, timeout: 10_000 })
const status = (auth: AuthClient) => auth.getState().status

async function client(options: AuthClientOptions): Promise<AuthClient> {
  const { createAuthClient } = await copy()
  const auth = createAuthClient({ development: false, ...options })
  open.push(auth)
  await auth.ready()
  return auth
}

beforeEach(() => {
  localStorage.clear()
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => {
  for (const auth of open.splice(0)) auth.dispose()
})

it('R27 two copies of the package on one page are one session: sign-in, renewal, another user and sign-out are shared', async () => {
  const [one, two] = [await copy(), await copy()]
  expect(one.AuthError).not.toBe(two.AuthError)
  const { fetch, asked } = backend()
  const [a, b] = [await client({ fetch }), await client({ fetch })]
  const switches: unknown[] = []
  b.on('userSwitch', (event) => switches.push(event))
  await a.login({})
  await until(() => expect(b.getState()).toMatchObject({ status: 'authenticated', user: ANN }))
  await b.refresh({ force: true })
  await until(() => expect(b.getState()).toMatchObject({ user: ANN }))
  const token = await b.getAccessToken()
  await vi.waitFor(async () => expect(await a.getAccessToken()).toBe(token))
  await a.login({ bob: true })
  await until(() => expect(b.getState()).toMatchObject({ user: BOB }))
  expect(switches).toEqual([{ from: ANN, to: BOB }])
  const refreshes = asked('/auth/refresh')
  expect((await b.logout()).server).toBe('confirmed')
  await until(() => expect(a.getState()).toMatchObject({ reason: 'logout-elsewhere' }))
  expect(asked('/auth/refresh')).toBe(refreshes)
  expect(asked('/auth/logout')).toBe(1)
})

it('R27 an error of the other copy is known for one', async () => {
  const [one, two] = [await copy(), await copy()]
  expect(one.isAuthError(new two.AuthError('offline'))).toBe(true)
})

it('R27 clients with different keys do not meet: no message, no request, no change', async () => {
  const [first, second] = [backend(), backend()]
  const a = await client({ fetch: first.fetch, key: 'first' })
  const b = await client({ fetch: second.fetch, key: 'second' })
  const told: string[] = []
  b.on('diagnostic', ({ type }) => told.push(type))
  b.on('sessionEnd', () => told.push('end'))
  const before = [b.getState(), second.asked('/auth/refresh')]
  await a.login({})
  await a.refresh({ force: true })
  await a.logout()
  await a.login({ bob: true })
  await until(() => expect(stored('first')?.isSignedIn).toBe(true))
  // What was told over the channel has arrived by now: a message to oneself takes the same way.
  await echo(nameOf('second'))
  expect([b.getState(), second.asked('/auth/refresh')]).toEqual(before)
  expect(b.getState()).toBe(before[0])
  expect(told).toEqual([])
  expect(stored('second')).not.toEqual(stored('first'))
  await b.login({})
  await a.logout()
  await echo(nameOf('second'))
  expect([status(a), status(b)]).toEqual(['unauthenticated', 'authenticated'])
})

it('R24 R27 an older and a newer version on the page are not understood, and not disturbed', async () => {
  const { fetch, asked } = backend()
  const auth = await client({ fetch, key: 'shared' })
  await auth.login({})
  const heard: unknown[] = []
  const other = new BroadcastChannel(SHARED)
  other.addEventListener('message', ({ data }: MessageEvent<unknown>) => heard.push(data))
  const before = [auth.getState(), asked('/auth/refresh'), localStorage.getItem(SHARED)]
  for (const message of ofOtherVersions(Date.now())) other.postMessage(message)
  await echo(SHARED)
  expect([auth.getState(), asked('/auth/refresh'), localStorage.getItem(SHARED)]).toEqual(before)
  expect(auth.getState()).toBe(before[0])
  expect(heard.filter((message) => (message as { from: string }).from !== 'echo')).toEqual([])
  // And a register that cannot be read is left alone as long as there is nothing to say.
  const newer = '{"v":2}'
  localStorage.setItem(SHARED, newer)
  dispatchEvent(new StorageEvent('storage', { key: SHARED, newValue: newer }))
  dispatchEvent(new Event('focus'))
  expect(await auth.getAccessToken()).toBe('token-1')
  expect(localStorage.getItem(SHARED)).toBe(newer)
  other.close()
})

const SHARED = nameOf('shared')
const stored = (key: string) =>
  storedSession(Object.entries<string>(localStorage).filter(([name]) => name.startsWith(nameOf(key))))

/** Resolves when a message has gone once through the channel of that name. */
async function echo(name: string): Promise<void> {
  const [from, to] = [new BroadcastChannel(name), new BroadcastChannel(name)]
  await new Promise((resolve) => {
    to.addEventListener('message', ({ data }: MessageEvent<{ from?: string }>) => {
      if (data.from === 'echo') resolve(undefined)
    })
    from.postMessage({ from: 'echo' })
  })
  from.close()
  to.close()
}
