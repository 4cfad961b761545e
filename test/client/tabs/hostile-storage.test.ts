/* What anybody on the origin can write into the storage, and a lock that is held for ever. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { CENTURY, registerKey, registerOf, registerText, meanwhile, tab, victim, write } from './stranger.js'
import { FakeLocks } from '../../support/client.js'
import { createHub } from '../../support/hub.js'
import {
  createKit,
  FakeBrowser,
  grant,
  json,
  ManualClock,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'
import { owed } from '../../support/stored.js'

const RUNS = { numRuns: 300 }

const noise = fc.oneof(fc.string(), fc.json(), fc.constant('x'.repeat(20_000)), fc.constant(undefined))

it('OW-18 whatever is written into the storage, nothing is thrown, nothing changes, and the next logout is kept', async () => {
  const { kit } = await victim()
  const key = registerKey(kit)
  const honest = JSON.parse(registerText(kit)) as Record<string, unknown>
  const [at, id] = registerOf(kit).epoch
  const out = { ...honest, state: 'out', epoch: [at + 1000, 'zz'] }
  const spoiled = fc
    .constantFrom<Record<string, unknown>>(
      { v: 0 },
      { v: 1 },
      { v: 3 },
      { v: '2' },
      { state: 'OUT' },
      { state: null },
      { epoch: [at - 1, 'zz'] },
      { epoch: [at, id.slice(0, -1)] },
      { epoch: [0, ''] },
      { epoch: [8.64e15, 'zz'] },
      { epoch: [kit.clock.wall() + CENTURY + 1000, 'zz'] },
      { epoch: [Number.MAX_SAFE_INTEGER, 'zz'] },
      { epoch: [at + 1000, 'z'.repeat(65)] },
      { epoch: `${at + 1000}` },
      { more: 'x'.repeat(20_000) },
    )
    .map((spoiler) => JSON.stringify({ ...out, ...spoiler }))
  const { auth } = kit
  const before = auth.getState()
  const sent = kit.requests.length
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(noise, spoiled), { maxLength: 10 }), async (texts) => {
      for (const text of texts) expect(() => write(kit, key, text)).not.toThrow()
      kit.signal('wake')
      await settle()
      expect(auth.getState()).toBe(before)
      expect(await auth.getAccessToken()).toBe('token-1')
      expect(kit.requests).toHaveLength(sent)
    }),
    RUNS,
  )
  expect(await auth.logout()).toEqual({ server: 'confirmed', durable: true })
  expect(registerOf(kit).state).toBe('out')
})

it('OW-18 what is written under other keys is not read', async () => {
  const { kit, epoch, unchanged } = await victim()
  const out = JSON.stringify({ ...registerOf(kit), state: 'out', epoch: [epoch[0] + 1000, 'zz'] })
  const others = [
    'latchkey',
    'latchkey:',
    'latchkey:other',
    `${registerKey(kit)}2`,
    registerKey(kit).toUpperCase(),
  ]
  for (const key of others) write(kit, key, out)
  kit.signal('wake')
  for (const key of others) write(kit, key, undefined)
  await unchanged()
})

it('OW-18 whatever stands in the storage, a client starts, and one signs in and out', async () => {
  await fc.assert(
    fc.asyncProperty(noise, noise, async (text, redirect) => {
      const kit = await signedIn()
      const key = registerKey(kit)
      kit.auth.dispose()
      write(kit, key, text)
      const next = createKit({}, { browser: kit.browser, clock: kit.clock })
      if (redirect !== undefined) next.tabStorage.set(key.replace('register', 'redirect'), redirect)
      next.on('/auth/refresh', () => refusal())
      next.on('/auth/login', () => grant(2, { session_id: 's2' }))
      next.on('/auth/logout', () => new Response(null, { status: 204 }))
      const ready = next.auth.ready()
      await next.clock.advance(2000)
      expect((await ready).status).toBe('unauthenticated')
      expect((await next.auth.login({})).status).toBe('authenticated')
      expect(await next.auth.logout()).toEqual({ server: 'confirmed', durable: true })
    }),
    { numRuns: 40 },
  )
})

it.each([
  ['as far ahead as is read', (wall: number) => wall + CENTURY],
  ['at the end of all dates', () => 8.64e15],
  ['at the end of all numbers', () => Number.MAX_SAFE_INTEGER],
])(
  'OW-18 R38 after somebody planted an epoch %s, logins and logouts still reach the other tabs',
  async (_name, at) => {
    const kit = await signedIn()
    const key = registerKey(kit)
    write(
      kit,
      key,
      JSON.stringify({ ...registerOf(kit), state: 'in', epoch: [at(kit.clock.wall()), 'z'.repeat(64)] }),
    )
    await kit.clock.advance(1000)
    const other = await tab(kit, undefined)
    for (let round = 0; round < 3; round++) {
      await meanwhile(kit, kit.auth.logout())
      write(kit, key, kit.browser.storage.get(key))
      await settle()
      expect(other.auth.getState().status).toBe('unauthenticated')
      await kit.clock.advance(1000)
      kit.on('/auth/login', () => grant(100 + round, { session_id: `s${100 + round}` }))
      other.on('/auth/refresh', () => grant(200 + round, { session_id: `s${100 + round}` }))
      await meanwhile(kit, kit.auth.login({}))
      write(kit, key, kit.browser.storage.get(key))
      await kit.clock.advance(1000)
      expect(other.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: `s${100 + round}` })
    }
  },
)

it.each([
  ['an hour', 3_600_000],
  ['twenty years', 20 * 31_557_600_000],
  ['to 1970', 1_700_000_000_000],
])(
  'R33 R38 a clock set back by %s: the tabs stay in step, and a logout that waits is not forgotten',
  async (_name, by) => {
    const hub = createHub()
    const kit = await signedIn({}, { ports: { channels: hub.channels } })
    const other = await tab(kit, hub)
    expect(other.auth.getState().status).toBe('authenticated')
    kit.clock.wallOffset -= by
    kit.on('/auth/logout', () => new TypeError('offline'))
    other.on('/auth/logout', () => new TypeError('offline'))
    expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
    await settle()
    expect(other.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
    for (const { auth } of [kit, other]) auth.dispose()
    // A reload finds the logout, although its epoch lies ahead of the clock.
    const reloaded = await tab(kit, hub, { session: () => json(null) })
    expect(reloaded.sent('/auth/logout')[0]!.body).toMatchObject({ session_id: 's1' })
    expect(reloaded.sent('/auth/refresh')).toEqual([])
    await reloaded.auth.login({})
    const last = await tab(kit, hub, { answer: () => grant(61, { session_id: 's2' }) })
    expect(last.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
    await last.auth.logout()
    await settle()
    expect(reloaded.auth.getState().status).toBe('unauthenticated')
  },
)

it('R37 storage cleared by hand is not filled again with what a tab knows: another one may have logged out since', async () => {
  const kit = await signedIn()
  const key = registerKey(kit)
  write(kit, key, undefined)
  expect(kit.browser.storage.has(key)).toBe(false)
  expect(kit.auth.getState().status).toBe('authenticated')
})

it('R37 storage cleared by hand, or spoilt, while a logout waits: it is written again', async () => {
  const kit = await signedIn()
  const key = registerKey(kit)
  kit.on('/auth/logout', () => new TypeError('offline'))
  await kit.auth.logout()
  const pending = registerText(kit)
  for (const text of [undefined, '', '{', 'null', pending.replace('"v":2', '"v":9')]) {
    for (const row of kit.browser.storage.keys()) if (row !== key) kit.browser.storage.delete(row)
    write(kit, key, text)
    expect(registerText(kit)).toBe(pending)
    expect(owed(kit)).toEqual(['s1'])
  }
})

it('R37 storage that the application empties behind its logout, and leaves at once: the logout that waits is written again', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => new TypeError('offline'))
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  const pending = registerText(kit)
  // A page is not told of what it does itself.
  kit.browser.storage.clear()
  kit.signal('suspend')
  expect(registerText(kit)).toBe(pending)
  expect(owed(kit)).toEqual(['s1'])
})

it('R38 storage cleared by hand while signed in: nobody is signed out, and the next logout still reaches all', async () => {
  const kit = await signedIn()
  const other = await tab(kit, undefined)
  const key = registerKey(kit)
  write(kit, key, undefined)
  kit.signal('wake')
  other.signal('wake')
  await settle()
  for (const { auth } of [kit, other]) expect(auth.getState().status).toBe('authenticated')
  expect(await kit.auth.logout()).toEqual({ server: 'confirmed', durable: true })
  write(kit, key, kit.browser.storage.get(key))
  await settle()
  expect(other.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
})

it('R18 a lock that foreign code holds for ever delays a refresh, a login and a logout, and stops none', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, browser: new FakeBrowser(), ports: { locks } })
  for (const name of locks.names) void locks.acquire(name, 1e9)
  await clock.advance(300_000)
  const token = kit.auth.getAccessToken()
  await clock.advance(11_500)
  expect(await token).toBe('token-2')
  const logout = kit.auth.logout()
  expect(kit.auth.getState().status).toBe('unauthenticated')
  await clock.advance(8100)
  expect(await logout).toEqual({ server: 'confirmed', durable: true })
  const login = kit.auth.login({})
  await clock.advance(10_100)
  expect((await login).status).toBe('authenticated')
})
