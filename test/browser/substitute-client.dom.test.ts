/* Two whole clients on a page without a native channel: what they still learn of each other, and by which way. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type AuthClient, createAuthClient } from '../../src/index.js'
import { nameOf, registerKey, says } from '../support/stored.js'
import { ANN, grant, json, refusal } from '../support/kit.js'

/** Of one test alone: what the package of the test before still writes is no concern of the next. */
let key = ''
let tests = 0
const open: AuthClient[] = []
const warnings: string[] = []
let signedIn = false
let count = 0

function fetch(input: string | URL | Request): Promise<Response> {
  const { pathname } = new URL(input instanceof Request ? input.url : input, location.href)
  const user = { ...ANN, mail: 'ann@example.com' }
  if (pathname === '/auth/session') return Promise.resolve(json(signedIn ? { user, mode: 'token' } : null))
  if (pathname !== '/auth/refresh') signedIn = pathname === '/auth/login'
  if (pathname === '/auth/logout') return Promise.resolve(new Response(null, { status: 204 }))
  return Promise.resolve(signedIn ? grant(++count, { user }) : refusal())
}

async function client(): Promise<AuthClient> {
  const auth = createAuthClient({ fetch, key, development: false, retry: { base: 1, cap: 1 } })
  open.push(auth)
  await auth.ready()
  return auth
}

const until = (check: () => void) => vi.waitFor(check, { interval: 5, timeout: 10_000 })
const status = (auth: AuthClient) => auth.getState().status
/** What the browser tells the other tabs when one of them has written. */
const tellTabs = () =>
  dispatchEvent(
    new StorageEvent('storage', { key: registerKey(key), newValue: localStorage.getItem(registerKey(key)) }),
  )

beforeEach(() => {
  key = `test-${++tests}`
  signedIn = false
  count = 0
  vi.stubGlobal('BroadcastChannel', undefined)
  vi.spyOn(console, 'warn').mockImplementation((text: string) => void warnings.push(text))
  localStorage.clear()
})
afterEach(() => {
  for (const auth of open.splice(0)) auth.dispose()
  vi.doUnmock('../../src/browser/substitute-channel.js')
  warnings.length = 0
})

it('R22 R38 without a native channel a sign-in and a sign-out reach the other client, and no token is stored', async () => {
  const stored: string[] = []
  const { setItem } = Storage.prototype
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(function (this: Storage, key, value) {
    stored.push(`${key} ${value}`)
    setItem.call(this, key, value)
  })
  const [a, b] = [await client(), await client()]
  // The package tries the storage when a channel is opened.
  const opened = () => stored.filter((entry) => entry.startsWith('__broadcastchannel_check'))
  await until(() => expect(opened()).toHaveLength(2))
  await a.login({})
  await until(() => expect(status(b)).toBe('authenticated'))
  await b.refresh({ force: true })
  await a.logout()
  await until(() => expect(b.getState()).toMatchObject({ reason: 'logout-elsewhere' }))
  const through = stored.filter((entry) => entry.startsWith('pubkey.'))
  expect(through.some((entry) => says(entry, 'in'))).toBe(true)
  expect(through.some((entry) => says(entry, 'out'))).toBe(true)
  expect(stored.join()).not.toMatch(/token-\d|example\.com|"Ann"|rawUser/)
  expect(warnings.join()).not.toContain('BroadcastChannel')
})

it('R22 R38 where the substitute cannot be loaded, the storage event of the register carries sign-in and sign-out', async () => {
  vi.doMock('../../src/browser/substitute-channel.js', () => {
    throw new TypeError('Failed to fetch dynamically imported module')
  })
  const [a, b] = [await client(), await client()]
  await a.login({})
  tellTabs()
  await until(() => expect(status(b)).toBe('authenticated'))
  await a.logout()
  tellTabs()
  expect(b.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  const stored = Object.keys(localStorage).filter((name) => name.includes(key))
  expect(stored.toSorted()).toEqual([`${nameOf(key)}:active`, registerKey(key)])
})

it('R22 where storage is blocked too, a client says once that it is alone, and works', async () => {
  vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  const a = await client()
  await a.login({})
  await a.refresh({ force: true })
  dispatchEvent(new Event('focus'))
  expect((await a.logout()).server).toBe('confirmed')
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(/BroadcastChannel, localStorage/)
  const missing = a.getDiagnostics().filter(({ type }) => type === 'capability.missing')
  expect(missing).toHaveLength(1)
})
