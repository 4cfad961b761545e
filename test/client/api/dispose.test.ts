import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it, vi } from 'vitest'
import type { AuthClient } from '../../../src/client.js'
import { createKit, grant, ManualClock, settle, signedIn } from '../../support/kit.js'
import { anotherTab } from '../../support/tabs.js'
import { FakeLocks, gate, outcome, silence } from '../../support/client.js'

function ports() {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  let open = 0
  const channels = {
    open: () => {
      open++
      return { memoryOnly: true, post: () => {}, close: () => void open-- }
    },
  }
  return { clock, locks, openChannels: () => open, setup: { clock, ports: { locks, channels } } }
}

it('R26 dispose, also twice, leaves no timer, listener, channel or lock', async () => {
  const { clock, locks, openChannels, setup } = ports()
  const kit = await signedIn({}, setup)
  expect([clock.pending, kit.openListeners(), openChannels()]).toEqual([1, 4, 1])
  kit.auth.dispose()
  kit.auth.dispose()
  expect([clock.pending, kit.openListeners(), openChannels(), locks.pending]).toEqual([0, 0, 0, 0])
})

it.each([
  ['a refresh', '/auth/refresh', (auth) => auth.refresh({ force: true })],
  ['a login', '/auth/login', (auth) => auth.login({})],
  ['a logout', '/auth/logout', (auth) => auth.logout()],
  ['a diagnosis', '/auth/session', (auth) => auth.diagnose()],
] as const satisfies [string, string, (auth: AuthClient) => Promise<unknown>][])(
  'R26 dispose during %s that hangs rejects it and frees timers and lock',
  async (_, path, call) => {
    const { clock, locks, setup } = ports()
    const kit = await signedIn({}, setup)
    kit.on(path, silence)
    const before = kit.sent(path).length
    const code = outcome(call(kit.auth))
    await vi.waitUntil(() => kit.sent(path).length > before)
    kit.auth.dispose()
    expect(await code).toBe('disposed')
    expect([clock.pending, locks.pending]).toEqual([0, 0])
  },
)

it('R26 R05 nor does a refresh that waits for one that is under way begin when the client is disposed of', async () => {
  const { clock, locks, setup } = ports()
  const kit = await signedIn({}, setup)
  kit.on('/auth/refresh', silence)
  const codes = [outcome(kit.auth.refresh({ force: true }))]
  await settle()
  codes.push(outcome(kit.auth.refresh({ force: true })))
  await settle()
  kit.auth.dispose()
  expect(await Promise.all(codes)).toEqual(['disposed', 'disposed'])
  await settle()
  expect([clock.pending, locks.pending]).toEqual([0, 0])
})

it.each(['refresh', 'login'] as const)(
  'R26 in no moment of a %s dispose leaves the lock behind',
  async (call) => {
    const leaks: number[] = []
    for (let microtasks = 0; microtasks < 40; microtasks++) {
      const { clock, locks, setup } = ports()
      const kit = await signedIn({}, setup)
      void outcome(call === 'login' ? kit.auth.login({}) : kit.auth.refresh({ force: true }))
      for (let passed = 0; passed < microtasks; passed++) await Promise.resolve()
      kit.auth.dispose()
      await clock.advance(30_000)
      if (locks.pending > 0) leaks.push(microtasks)
    }
    expect(leaks).toEqual([])
  },
)

it('R26 what waits in any other way rejects as disposed, and so does every call after it', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', silence)
  kit.on('/auth/login', silence)
  const { auth } = kit
  const ready = auth.ready()
  const calls = [
    auth.getAccessToken(),
    auth.fetch('/api/orders'),
    auth.refresh(),
    auth.refresh({ force: true }),
    auth.login({}),
  ]
  const codes = calls.map(outcome)
  await settle()
  auth.dispose()
  expect(await Promise.all(codes)).toEqual(Array.from(codes, () => 'disposed'))
  expect(await ready).toMatchObject({ status: 'unknown' })
  const sent = kit.requests.length
  const later = [
    auth.getAccessToken(),
    auth.fetch('/api/orders'),
    auth.refresh(),
    auth.refresh({ force: true }),
    auth.login({}),
    auth.logout(),
    auth.diagnose(),
    auth.loginWithRedirect(),
  ]
  expect(await Promise.all(later.map(outcome))).toEqual(Array.from(later, () => 'disposed'))
  expect(await auth.ready()).toMatchObject({ status: 'unknown' })
  expect(kit.requests).toHaveLength(sent)
  expect(kit.navigated).toEqual([])
})

it('R26 a disposed client says and writes nothing any more, whatever still arrives', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  const told: string[] = []
  kit.auth.subscribe(({ status }) => void told.push(status))
  kit.auth.on('diagnostic', ({ type }) => void told.push(type))
  told.length = 0
  kit.auth.dispose()
  const stored = [...kit.browser.storage]
  late.open(grant(2))
  kit.signal('wake')
  await kit.clock.advance(600_000)
  expect(told).toEqual([])
  expect([...kit.browser.storage]).toEqual(stored)
})

it('R26 a logout just before dispose still reaches the server', async () => {
  const kit = await signedIn()
  const result = outcome(kit.auth.logout())
  kit.auth.dispose()
  expect(await result).toBe('disposed')
  await settle()
  expect(kit.sent('/auth/logout')).toMatchObject([{ body: { session_id: 's1', scope: 'current' } }])
})

it('R26 dispose ends only the client: the next one restores the session', async () => {
  const kit = await signedIn()
  kit.auth.dispose()
  const next = kit.another()
  const ready = next.ready()
  await kit.clock.advance(50)
  expect(await ready).toMatchObject({ status: 'authenticated' })
  expect(kit.sent('/auth/logout')).toHaveLength(0)
})

it('R26 a process with a disposed client can exit', async () => {
  const script = `
    const { createClientWith } = await import('./src/client.ts')
    const { browserPorts } = await import('./src/browser/ports.ts')
    const ports = {
      ...browserPorts(),
      lifecycle: { visible: () => true, online: () => true, prerendering: () => false, listen: () => () => {}, attend: () => () => {} },
      page: { exists: true, url: () => 'https://app.example.com/', path: () => '/', navigate() {}, cookie() {} },
      shared: { read: () => null, write: () => true, keys: () => [], watch: () => () => {} },
      locks: { available: true, acquire: async () => () => {} },
    }
    const auth = createClientWith({ fetch: () => new Promise(() => {}) }, ports)
    const calls = [auth.getAccessToken(), auth.login({})].map((call) => call.catch(({ code }) => code))
    setTimeout(() => {
      auth.dispose()
      Promise.all(calls).then((codes) => console.log(codes.join()))
    }, 20)`
  const flags = ['--import', './test/tools/source.ts', '--input-type=module', '--eval', script]
  const started = performance.now()
  const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 15_000 })
  expect(stdout.trim()).toBe('disposed,disposed')
  // The deadline of the request alone would keep it alive for 8 s.
  expect(performance.now() - started).toBeLessThan(7000)
})

it.each([
  ['joined by the next client of the page', false, 1],
  ['not joined when somebody has signed in elsewhere since', true, 2],
])('R26 R09 a refresh whose client was disposed of is %s', async (_, elsewhere, sent) => {
  const kit = await signedIn()
  const before = kit.sent('/auth/refresh').length
  kit.on('/auth/refresh', silence)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  kit.auth.dispose()
  if (elsewhere) await (await anotherTab(kit)).signsIn({ session_id: 's2' })
  const next = createKit(
    {},
    { browser: kit.browser, clock: kit.clock, ports: { flights: kit.ports.flights } },
  )
  next.on('/auth/refresh', silence)
  void next.auth.ready()
  await next.clock.advance(100)
  expect(kit.sent('/auth/refresh').length - before + next.sent('/auth/refresh').length).toBe(sent)
})
