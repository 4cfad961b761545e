/* The client where there is no page: on a server, in a worker without a document, in a build. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

/** Everything that would touch the world, watched. */
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'] as const
const fetch = vi.fn()
const spies = new Map<string, ReturnType<typeof vi.spyOn>>()

beforeEach(() => {
  vi.resetModules()
  vi.stubGlobal('fetch', fetch)
  for (const name of TIMERS) spies.set(name, vi.spyOn(globalThis, name))
  for (const name of ['log', 'warn', 'error'] as const) spies.set(name, vi.spyOn(console, name))
})
afterEach(() => fetch.mockReset())

const load = async () => {
  const latchkey = await import('../../src/index.js')
  for (const spy of spies.values()) spy.mockClear()
  return latchkey
}

function expectUntouched(): void {
  expect(fetch).not.toHaveBeenCalled()
  for (const [name, spy] of spies) expect(spy, name).not.toHaveBeenCalled()
}

it('R80 importing touches nothing', async () => {
  expect(typeof document).toBe('undefined')
  const [timeouts, globals] = [spies.get('setTimeout')!, new Set(Reflect.ownKeys(globalThis))]
  await import('../../src/browser/ports.js')
  await import('../../src/client.js')
  expect(timeouts).not.toHaveBeenCalled()
  expect(Reflect.ownKeys(globalThis).filter((key) => !globals.has(key))).toEqual([])
})

it('R80 a client is made and read without a timer, a request or a word', async () => {
  const { createAuthClient } = await load()
  const auth = createAuthClient({ baseUrl: 'https://api.example.com' })
  expect(auth.getState()).toEqual({ status: 'unknown', connection: 'ok', retryAt: undefined })
  expect(auth.getState()).toBe(auth.getState())
  expect(auth.getDiagnostics()).toEqual([])
  auth.on('sessionEnd', () => {})()
  auth.dispose()
  expectUntouched()
})

it('R80 a client is made without any base, and with one in its options alone', async () => {
  const { createAuthClient } = await load()
  expect(createAuthClient().getState().status).toBe('unknown')
  expect(createAuthClient({ key: 'mine' }).getState().status).toBe('unknown')
})

it('R80 subscribing hears the unknown state once and leaves nothing behind', async () => {
  const { createAuthClient } = await load()
  const auth = createAuthClient()
  const heard: string[] = []
  const stop = auth.subscribe(({ status }) => heard.push(status))
  await Promise.resolve()
  stop()
  expect(heard).toEqual(['unknown'])
  expectUntouched()
})

it('R80 ready settles with the unknown state, without asking anybody', async () => {
  const { createAuthClient } = await load()
  expect(await createAuthClient().ready()).toMatchObject({ status: 'unknown' })
  expectUntouched()
})

it('R80 what needs a page rejects with a typed error that says so', async () => {
  const { createAuthClient, isAuthError } = await load()
  const auth = createAuthClient({ baseUrl: 'https://api.example.com' })
  const calls: Record<string, () => Promise<unknown>> = {
    fetch: () => auth.fetch('https://api.example.com/orders'),
    optional: () => auth.fetch('https://api.example.com/orders', { auth: 'optional' }),
    getAccessToken: () => auth.getAccessToken(),
    login: () => auth.login({ email: 'ann@example.com' }),
    loginWithRedirect: () => auth.loginWithRedirect({ returnTo: '/' }),
    logout: () => auth.logout(),
    refresh: () => auth.refresh({ force: true }),
    diagnose: () => auth.diagnose(),
  }
  for (const [name, call] of Object.entries(calls)) {
    const error: unknown = await call().catch((reason: unknown) => reason)
    expect(isAuthError(error), name).toBe(true)
    expect(error, name).toMatchObject({ code: 'no_page', retryable: false })
  }
  expectUntouched()
})

it('R80 a request without the credential is plain fetch, also here', async () => {
  const { createAuthClient } = await load()
  fetch.mockResolvedValue(new Response('ok'))
  const response = await createAuthClient().fetch('https://api.example.com/', { auth: 'omit' })
  expect(await response.text()).toBe('ok')
})

it('R80 two clients share nothing: what one request does is not seen by another', async () => {
  const { createAuthClient } = await load()
  const [one, two] = [createAuthClient(), createAuthClient()]
  const heard: string[] = []
  one.subscribe(() => heard.push('one'))
  two.subscribe(() => heard.push('two'))
  await one.ready()
  one.dispose()
  expect(heard).toEqual(['one', 'two'])
  expect(await two.ready()).toMatchObject({ status: 'unknown' })
  await expect(two.getAccessToken()).rejects.toMatchObject({ code: 'no_page' })
  const { browserPorts } = await import('../../src/browser/ports.js')
  expect(browserPorts().flights.size).toBe(0)
})

it('R80 a browser port says "not available" here, and throws nothing', async () => {
  const { browserPorts } = await import('../../src/browser/ports.js')
  const { lifecycle, page, shared, tab, clock, chance } = browserPorts()
  vi.stubGlobal('localStorage', undefined)
  vi.stubGlobal('sessionStorage', undefined)
  expect(page.exists).toBe(false)
  expect(page.url()).toBeUndefined()
  expect(page.cookie('a')).toBeUndefined()
  expect(lifecycle.prerendering()).toBe(false)
  expect(lifecycle.online()).toBe(true)
  expect(() => lifecycle.listen(() => {})()).not.toThrow()
  for (const storage of [shared, tab]) {
    expect(storage.read('a')).toBeUndefined()
    expect(storage.write('a', 'b')).toBe(false)
  }
  expect(clock.wall()).toBeGreaterThan(0)
  expect(chance.id()).not.toBe(chance.id())
})
