import { expect, it } from 'vitest'
import type { Locks } from '../../../src/core/ports.js'
import { FakeLocks, gate, NO_CHANNELS, NO_LOCKS, outcome, silence } from '../../support/client.js'
import { createHub } from '../../support/hub.js'
import {
  ANN,
  createKit,
  grant,
  json,
  type Kit,
  ManualClock,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'
import { storeAsTab } from '../../support/stored.js'

async function locked(): Promise<{ kit: Kit; locks: FakeLocks; name: string }> {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, ports: { locks } })
  return { kit, locks, name: [...locks.names][0]! }
}

const ACTS: ReadonlyArray<[name: string, path: string, act: (kit: Kit) => Promise<unknown>]> = [
  ['refresh', '/auth/refresh', (kit) => kit.auth.refresh({ force: true })],
  ['login', '/auth/login', (kit) => kit.auth.login({})],
]

it.each(ACTS)(
  'R21 a page that goes away while its %s waits for the lock leaves the queue',
  async (_, path, act) => {
    const { kit, locks, name } = await locked()
    const release = await locks.acquire(name, 1)
    const before = kit.sent(path).length
    const result = outcome(act(kit))
    await settle()
    expect(locks.pending).toBe(2)
    kit.signal('suspend')
    await settle()
    expect(locks.pending).toBe(1)
    expect(kit.sent(path)).toHaveLength(before)
    // When it is back it takes its turn again.
    await kit.clock.advance(50)
    expect(locks.pending).toBe(2)
    release?.()
    await settle()
    expect(await result).toBe('resolved')
    expect(kit.sent(path)).toHaveLength(before + 1)
    expect(locks.pending).toBe(0)
  },
)

it.each(ACTS)('R21 a page that goes away in mid-%s gives the lock back', async (_, path, act) => {
  const { kit, locks } = await locked()
  kit.on(path, silence)
  void outcome(act(kit))
  await settle()
  expect(locks.pending).toBe(1)
  kit.signal('suspend')
  await settle()
  expect(locks.pending).toBe(0)
})

it.each([
  ['while it hears the other tabs out', 0],
  ['before it asks the server again', 1],
])('R21 R01 a refresh whose page goes away %s takes the lock anew', async (_, asked) => {
  const { kit, locks, name } = await locked()
  await kit.clock.advance(228_000)
  const before = kit.sent('/auth/refresh').length
  const held = asked === 0 ? await locks.acquire(name, 1) : undefined
  kit.on('/auth/refresh', () => refusal())
  const result = outcome(kit.auth.getAccessToken({ minValidity: 75 }))
  await kit.clock.advance(20)
  held?.()
  await settle()
  expect(kit.sent('/auth/refresh')).toHaveLength(before + asked)
  kit.signal('suspend')
  kit.on('/auth/refresh', () => grant(9))
  const release = await locks.acquire(name, 1)
  kit.signal('restore')
  await kit.clock.advance(5000)
  expect(kit.sent('/auth/refresh')).toHaveLength(before + asked)
  release?.()
  await kit.clock.advance(1000)
  expect(await result).toBe('resolved')
  expect(kit.sent('/auth/refresh')).toHaveLength(before + asked + 1)
})

it('R21 a page on its way out does not take the lock again', async () => {
  const { kit, locks } = await locked()
  kit.on('/auth/refresh', () => refusal())
  void outcome(kit.auth.refresh({ force: true }))
  // In the pause before it asks once more.
  await kit.clock.advance(140)
  kit.signal('suspend')
  await kit.clock.advance(20)
  expect(locks.pending).toBe(0)
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(20)
  expect(locks.pending).toBe(0)
  // First it is hidden, and then it is frozen.
  kit.signal('suspend')
  await kit.clock.advance(20)
  expect(locks.pending).toBe(0)
  await kit.clock.advance(30)
  expect(locks.pending).toBe(1)
})

it('R21 R01 what a refresh waits until its page is back is not taken for a wait for another tab', async () => {
  const kit = createKit({}, { ports: { locks: NO_LOCKS } })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  void outcome(kit.auth.login({}))
  await kit.clock.advance(1000)
  expect(kit.auth.getState().status).toBe('authenticated')
  kit.signal('suspend')
  kit.clock.sleep(290_000)
  const before = kit.sent('/auth/refresh').length
  kit.signal('restore')
  // The pause of whoever has no lock included, and not the one in which the last holder of it is heard out.
  await kit.clock.advance(190)
  expect(kit.sent('/auth/refresh')).toHaveLength(before + 1)
})

it('a client that is disposed of neither holds the lock nor waits for it', async () => {
  const { kit, locks, name } = await locked()
  kit.on('/auth/refresh', silence)
  void outcome(kit.auth.refresh({ force: true }))
  const other = createKit({}, { browser: kit.browser, clock: kit.clock, ports: { locks } })
  void outcome(other.auth.refresh({ force: true }))
  await settle()
  expect(locks.pending).toBe(2)
  other.auth.dispose()
  await settle()
  expect(locks.pending).toBe(1)
  kit.auth.dispose()
  await settle()
  expect(await locks.acquire(name, 1)).toBeTypeOf('function')
})

it('R50 a login waits until a logout that waits for the lock is answered, so that none crosses the other', async () => {
  const { kit, locks, name } = await locked()
  kit.on('/auth/logout', () => json({}, { status: 503 }))
  await kit.auth.logout()
  // Whoever holds it now never lets go.
  await locks.acquire(name, 1)
  kit.on('/auth/logout', silence)
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(8000)
  expect(kit.sent('/auth/logout')).toHaveLength(2)
  expect(kit.sent('/auth/login')).toHaveLength(1)
  await kit.clock.advance(7000)
  expect(kit.sent('/auth/login')).toHaveLength(1)
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/login')).toHaveLength(2)
  expect(await login).toBe('resolved')
})

it('R50 whoever logs out while his login waits for an older logout, and has no lock, is not signed in', async () => {
  const kit = await signedIn({}, { ports: { locks: NO_LOCKS, channels: NO_CHANNELS } })
  kit.on('/auth/logout', silence)
  void kit.auth.logout()
  await settle()
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(12_000)
  void kit.auth.logout()
  await kit.clock.advance(60_000)
  expect(await login).toBe('session_changed')
  expect(kit.sent('/auth/login')).toHaveLength(1)
})

it('a start without another tab asks nobody, however long a busy machine takes to grant the free lock', async () => {
  const clock = new ManualClock()
  const acquire: Locks['acquire'] = (_name, waitMs) =>
    new Promise((resolve) => void clock.after(Math.min(waitMs, 60), () => resolve(() => {})))
  const hub = createHub()
  const kit = createKit({}, { clock, ports: { locks: { available: true, acquire }, channels: hub.channels } })
  kit.on('/auth/refresh', () => refusal())
  const ready = kit.auth.ready()
  await clock.advance(60)
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
  expect(hub.said).toEqual([])
  expect((await ready).status).toBe('unauthenticated')
})

it('who queues for the lock asks what its holder has brought, however short the wait was', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const hub = createHub()
  const kit = await signedIn({}, { clock, ports: { locks, channels: hub.channels } })
  hub.said.length = 0
  const release = await locks.acquire([...locks.names][0]!, 1)
  // The token is inside its margin.
  clock.sleep(295_000)
  const token = kit.auth.getAccessToken()
  await settle()
  release?.()
  await settle()
  expect(hub.asked()).toBe(1)
  await clock.advance(30)
  await token
  expect([hub.asked(), hub.said.length]).toEqual([1, 2])
})

it('AV-28 who gets the lock reads the facts again: a token that another tab has brought meanwhile is used, and no other asked for', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const hub = createHub()
  const { browser, auth, on } = await signedIn({}, { clock, ports: { locks, channels: hub.channels } })
  const tab = createKit({}, { clock, browser, ports: { locks, channels: hub.channels } })
  tab.on('/auth/refresh', () => grant(2))
  tab.on('/auth/session', () => json({ mode: 'token', user: ANN, session_id: 's1' }))
  const ready = tab.auth.ready()
  await clock.advance(100)
  await ready
  const before = tab.sent('/auth/refresh').length
  clock.sleep(300_000)
  const answer = gate()
  on('/auth/refresh', () => answer.answer)
  const tokens = [auth.getAccessToken(), tab.auth.getAccessToken()]
  await settle()
  expect(locks.pending).toBe(2)
  answer.open(grant(7))
  await clock.advance(500)
  expect(await Promise.all(tokens)).toEqual(['token-7', 'token-7'])
  expect(tab.sent('/auth/refresh')).toHaveLength(before)
})

it('AV-28 a listener that calls and awaits the client under its own refresh, and one that logs out, hold nobody up', async () => {
  const { kit, locks } = await locked()
  const told: string[] = []
  kit.auth.on('diagnostic', ({ type }) => {
    if (type === 'refresh.sent') void outcome(kit.auth.getAccessToken()).then((end) => told.push(end))
    if (type === 'refresh.done') void outcome(kit.auth.logout()).then((end) => told.push(end))
  })
  expect(await outcome(kit.auth.refresh({ force: true }))).toMatch(/resolved|session_changed|login_required/)
  await kit.clock.advance(1000)
  expect(told).toHaveLength(2)
  expect([locks.pending, kit.auth.getState().status]).toEqual([0, 'unauthenticated'])
})

it('a lock that is granted after the page went away is given back', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, ports: { locks } })
  const release = await locks.acquire([...locks.names][0]!, 1)
  kit.on('/auth/logout', silence)
  void kit.auth.logout()
  await settle()
  kit.signal('suspend')
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(1)
  release?.()
  await settle()
  expect(locks.pending).toBe(0)
})

it.each(ACTS)(
  'R21 a page that goes away in the moment in which its %s gets the lock gives it back',
  async (_, path, act) => {
    const { kit, locks, name } = await locked()
    const release = await locks.acquire(name, 1)
    const before = kit.sent(path).length
    void outcome(act(kit))
    await settle()
    release?.()
    kit.signal('suspend')
    await settle()
    expect(locks.pending).toBe(0)
    expect(kit.sent(path)).toHaveLength(before)
  },
)

it('a login waits for what is still owed no longer than for the lock and two answers, however much that is', async () => {
  const { kit } = await locked()
  kit.on('/auth/logout', () => json({}, { status: 503 }))
  await kit.auth.logout()
  storeAsTab(kit, { owed: ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8'] })
  // A no, each time, and a slow one.
  kit.on('/auth/logout', async () => {
    await new Promise<void>((resolve) => void kit.clock.after(7000, resolve))
    return json({}, { status: 409 })
  })
  const before = kit.sent('/auth/login').length
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(14_000)
  expect(kit.sent('/auth/login')).toHaveLength(before)
  await kit.clock.advance(35_000)
  expect(kit.sent('/auth/login')).toHaveLength(before + 1)
  await kit.clock.advance(60_000)
  expect(await login).toBe('resolved')
})
