/* What anybody on the origin can write into the storage and say over the channel, to the real client. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { NO_CHANNELS, FakeLocks } from '../../support/client.js'
import { createHub, type Hub } from '../../support/hub.js'
import {
  ANN,
  createKit,
  FakeBrowser,
  grant,
  json,
  type Kit,
  ManualClock,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'

const CENTURY = 3.2e12
const RUNS = { numRuns: 300 }

interface Marker {
  readonly epoch: [number, string]
  readonly state: string
  readonly sessionId?: string
}

const markerKey = ({ browser }: Kit): string =>
  [...browser.storage.keys()].find((key) => /^latchkey:[^:]*$/.test(key))!
const markerText = (kit: Kit): string => kit.browser.storage.get(markerKey(kit))!
const markerOf = (kit: Kit): Marker => JSON.parse(markerText(kit)) as Marker

/** Another tab wrote into the storage. */
function write(kit: Kit, key: string, text: string | undefined): void {
  if (text === undefined) kit.browser.storage.delete(key)
  else kit.browser.storage.set(key, text)
  kit.browser.watchers.forEach((changed) => changed())
}

/** Another tab of the same browser, with the same server behind it. */
async function tab(
  kit: Kit,
  hub: Hub | undefined,
  setup: { answer?: () => Response; session?: () => Response } = {},
): Promise<Kit> {
  const { answer = () => grant(50), session } = setup
  const other = createKit(
    {},
    { browser: kit.browser, clock: kit.clock, ports: { channels: hub?.channels ?? NO_CHANNELS } },
  )
  other.on('/auth/refresh', answer)
  if (session) other.on('/auth/session', session)
  other.on('/auth/login', () => grant(60, { session_id: 's2' }))
  other.on('/auth/logout', () => new Response(null, { status: 204 }))
  const ready = other.auth.ready()
  await kit.clock.advance(50)
  await ready
  return other
}

/** What a call comes to while the clock goes on. */
async function meanwhile<T>({ clock }: Kit, call: Promise<T>): Promise<T> {
  await clock.advance(1000)
  return call
}

/** Ann's tab, and everything that must not change by what a stranger says. */
async function victim() {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const snapshot = () => ({
    state: kit.auth.getState(),
    text: JSON.stringify(kit.auth.getState()),
    requests: kit.requests.length,
    stored: [...kit.browser.storage],
  })
  const before = snapshot()
  const [wall] = [kit.clock.wall()]
  const unchanged = async (): Promise<void> => {
    await settle()
    const after = snapshot()
    expect(after).toEqual(before)
    expect(after.state).toBe(before.state)
    expect(await kit.auth.getAccessToken()).toBe('token-1')
    expect(kit.requests).toHaveLength(before.requests)
  }
  return { hub, kit, wall, epoch: markerOf(kit).epoch, unchanged }
}

/** Messages that would each have their way, were they honest. */
const deadly = (wall: number, epoch: readonly [number, string]) => {
  const head = { v: 1, from: 'stranger', epoch: [wall + 1000, 'zz'], sessionId: 's1' }
  const shared = { token: 'stolen', subject: 'ann', rawUser: ANN, issuedAt: wall, lifetime: 900_000 }
  return {
    out: { ...head, type: 'out', reason: 'logout' },
    switch: { ...head, type: 'in', generation: 1, mode: 'token', shared: undefined },
    share: { ...head, type: 'in', epoch, generation: 9, mode: 'token', shared },
    wait: { ...head, type: 'wait', epoch, generation: 9, until: wall + 500_000, failures: 5, mandated: true },
  }
}

it('an honest message has its way, which is what the tests below take away from it', async () => {
  for (const name of ['out', 'switch', 'share', 'wait'] as const) {
    const { hub, kit, wall, epoch } = await victim()
    kit.on('/auth/refresh', () => refusal())
    hub.say(deadly(wall, epoch)[name])
    await kit.clock.advance(100)
    const seen = {
      out: () => kit.auth.getState().status === 'unauthenticated',
      switch: () => kit.sent('/auth/refresh').length > 1,
      share: async () => (await kit.auth.getAccessToken()) === 'stolen',
      wait: () => kit.auth.getState().retryAt === wall + 500_000,
    }
    expect(await seen[name](), name).toBe(true)
  }
})

/** What makes a deadly message nothing. */
const spoilers = (wall: number, epoch: readonly [number, string]): Record<string, unknown>[] => {
  const long = 'x'.repeat(513)
  return [
    ...[0, 2, -1, '1', undefined, null, 1.5, Number.NaN].map((v) => ({ v })),
    ...[undefined, '', 5, long, {}].map((from) => ({ from })),
    ...[
      [wall + CENTURY + 1000, 'zz'],
      [8.64e15, 'zz'],
      [Number.MAX_SAFE_INTEGER, 'zz'],
      [Infinity, 'zz'],
      [wall + 0.5, 'zz'],
      [wall + 1000, 'z'.repeat(65)],
      [wall + 1000],
      [wall + 1000, 'z', 1],
      [String(wall + 1000), 'z'],
      { 0: wall + 1000, 1: 'z', length: 2 },
      [epoch[0] - 1, 'zz'],
      [0, ''],
      undefined,
      null,
      'now',
    ].map((other) => ({ epoch: other })),
    ...['OUT', '', undefined, null, 5, '__proto__', 'constructor', ['out']].map((type) => ({ type })),
  ]
}

it('OW-17 R28 malformed, oversized, old and foreign messages change nothing, and no token of theirs is taken', async () => {
  const { hub, wall, epoch, unchanged } = await victim()
  for (const message of Object.values(deadly(wall, epoch)))
    for (const spoiler of spoilers(wall, epoch)) hub.say({ ...message, ...spoiler })
  await unchanged()
})

it('OW-17 R28 a token for somebody else, of another session, out of another time or too long is not taken', async () => {
  const { hub, wall, epoch, kit, unchanged } = await victim()
  const { share } = deadly(wall, epoch)
  const variants: Record<string, unknown>[] = [
    { sessionId: 's2' },
    { sessionId: undefined },
    { generation: 0 },
    { generation: -1 },
    { generation: 1 },
    { generation: 2 ** 60 },
    { type: 'IN' },
    ...[
      { subject: 'bob' },
      { rawUser: { id: 'bob' } },
      { rawUser: undefined },
      { rawUser: 'ann' },
      { token: '' },
      { token: 't'.repeat(65_537) },
      { token: 'a\r\nb: c' },
      { token: ['t'] },
      { issuedAt: wall + 1 },
      { issuedAt: wall - 900_000 },
      { issuedAt: Number.NaN },
      { lifetime: 0 },
      { lifetime: Infinity },
      { lifetime: '900' },
    ].map((change) => ({ shared: { ...share.shared, ...change } })),
  ]
  // Each would be the newest there is.
  variants.forEach((variant, i) => hub.say({ ...share, generation: 10 + i, ...variant }))
  await unchanged()
  expect(JSON.stringify(kit.auth.getDiagnostics())).not.toContain('stolen')
})

it('OW-17 R43 a token for somebody else under the epoch of this tab is not taken, and the server is asked whose the cookie is', async () => {
  const { hub, wall, epoch, kit } = await victim()
  const { share } = deadly(wall, epoch)
  const before = kit.sent('/auth/refresh').length
  kit.on('/auth/refresh', () => grant(7))
  hub.say({ ...share, generation: 10, shared: { ...share.shared, rawUser: { id: 'bob' }, subject: 'bob' } })
  await meanwhile(kit, settle())
  expect(kit.sent('/auth/refresh')).toHaveLength(before + 1)
  expect(await kit.auth.getAccessToken()).toBe('token-7')
  expect(JSON.stringify(kit.auth.getDiagnostics())).not.toContain('stolen')
})

it('OW-17 whatever is said, nothing is thrown and nothing changes', async () => {
  const { hub, wall, epoch, unchanged } = await victim()
  const known = deadly(wall, epoch)
  const spoiled = fc
    .tuple(
      fc.constantFrom(...Object.values(known)),
      fc.constantFrom(...spoilers(wall, epoch)),
      fc.dictionary(
        fc.constantFrom('sessionId', 'generation', 'shared', 'reason', 'until', 'x'),
        fc.anything(),
      ),
    )
    .map(([message, spoiler, noise]) => ({ ...message, ...noise, ...spoiler }))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.anything(), spoiled), { maxLength: 20 }), async (messages) => {
      for (const message of messages) expect(() => hub.say(message)).not.toThrow()
      await unchanged()
    }),
    { numRuns: 100 },
  )
})

it('R28 a generation at the end of all numbers does not keep the session from being renewed', async () => {
  const { hub, kit, wall, epoch } = await victim()
  const { share } = deadly(wall, epoch)
  hub.say({ ...share, generation: Number.MAX_SAFE_INTEGER, shared: undefined })
  for (let number = 2; number < 6; number++) {
    kit.on('/auth/refresh', () => grant(number))
    await kit.clock.advance(300_000)
    expect(await kit.auth.getAccessToken()).toBe(`token-${number}`)
  }
  await kit.auth.logout()
  await kit.auth.login({})
  expect(kit.auth.getState().status).toBe('authenticated')
})

it('R28 what was once said can be said again, in any order and number, and changes nothing', async () => {
  const hub = createHub()
  const first = await signedIn({}, { ports: { channels: hub.channels } })
  // A whole life: renewals, a failure that is waited for, a success, a sign-out, a sign-in.
  first.on('/auth/refresh', (_request, count) => grant(count))
  await first.auth.refresh({ force: true })
  first.on('/auth/refresh', () => new Response('', { status: 503, headers: { 'retry-after': '120' } }))
  await first.auth.refresh({ force: true }).catch(() => {})
  first.on('/auth/refresh', (_request, count) => grant(count))
  await first.clock.advance(60_000)
  await first.clock.advance(61_000)
  await first.auth.refresh({ force: true })
  await first.auth.logout()
  first.on('/auth/login', () => grant(70, { session_id: 's7' }))
  await first.auth.login({})
  await first.auth.refresh({ force: true })
  const second = await tab(first, hub)
  const life = structuredClone(hub.said)
  expect(new Set(life.map(({ type }) => type))).toEqual(new Set(['ask', 'in', 'wait', 'out']))
  const kits = [first, second]
  const look = async () =>
    Promise.all(kits.map(async ({ auth }) => [auth.getState(), await auth.getAccessToken()] as const))
  const before = await look()
  const requests = () => kits.map((kit) => kit.requests.length)
  const sent = requests()
  const stored = markerText(first)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...life), { maxLength: 30 }), async (messages) => {
      for (const message of messages) hub.say(message)
      await settle()
      const after = await look()
      after.forEach(([state, token], i) => {
        expect(state).toBe(before[i]![0])
        expect(token).toBe(before[i]![1])
      })
      expect(requests()).toEqual(sent)
      expect(markerText(first)).toBe(stored)
    }),
    { numRuns: 100 },
  )
})

it('R28 during the wait for a server that asked for it, saying so again does not prolong it', async () => {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  kit.on('/auth/refresh', () => new Response('', { status: 503, headers: { 'retry-after': '120' } }))
  await kit.auth.refresh({ force: true }).catch(() => {})
  const second = await tab(kit, hub)
  const told = hub.said.filter(({ type }) => type === 'wait')
  expect(told.length).toBeGreaterThan(0)
  const { retryAt } = kit.auth.getState()
  await kit.clock.advance(100_000)
  for (const message of told) hub.say(message)
  expect(kit.auth.getState().retryAt).toBe(retryAt)
  expect(Math.abs(second.auth.getState().retryAt! - retryAt!)).toBeLessThan(2)
})

it('R24 a tab does not hear itself, whoever brings its words back', async () => {
  const { hub, kit, unchanged } = await victim()
  for (const message of structuredClone(hub.said)) {
    hub.say({ ...message, epoch: [kit.clock.wall() + 5000, 'zz'], type: 'out', reason: 'logout' })
    hub.say(message)
  }
  expect(hub.said.length).toBeGreaterThan(0)
  await unchanged()
})

const noise = fc.oneof(fc.string(), fc.json(), fc.constant('x'.repeat(20_000)), fc.constant(undefined))

it('OW-18 whatever is written into the storage, nothing is thrown, nothing changes, and the next logout is kept', async () => {
  const { kit } = await victim()
  const key = markerKey(kit)
  const honest = JSON.parse(markerText(kit)) as Record<string, unknown>
  const [at, id] = markerOf(kit).epoch
  const out = { ...honest, state: 'out', epoch: [at + 1000, 'zz'] }
  const spoiled = fc
    .constantFrom<Record<string, unknown>>(
      { v: 0 },
      { v: 2 },
      { v: '1' },
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
  expect(markerOf(kit).state).toBe('out')
})

it('OW-18 what is written under other keys is not read', async () => {
  const { kit, epoch, unchanged } = await victim()
  const out = JSON.stringify({ ...markerOf(kit), state: 'out', epoch: [epoch[0] + 1000, 'zz'] })
  const others = [
    'latchkey',
    'latchkey:',
    'latchkey:other',
    `${markerKey(kit)}2`,
    markerKey(kit).toUpperCase(),
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
      const key = markerKey(kit)
      kit.auth.dispose()
      write(kit, key, text)
      const next = createKit({}, { browser: kit.browser, clock: kit.clock })
      if (redirect !== undefined) next.tabStorage.set(`${key}:redirect`, redirect)
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
    const key = markerKey(kit)
    write(
      kit,
      key,
      JSON.stringify({ ...markerOf(kit), state: 'in', epoch: [at(kit.clock.wall()), 'z'.repeat(64)] }),
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
  const key = markerKey(kit)
  write(kit, key, undefined)
  expect(kit.browser.storage.has(key)).toBe(false)
  expect(kit.auth.getState().status).toBe('authenticated')
})

it('R37 storage cleared by hand, or spoilt, while a logout waits: it is written again', async () => {
  const kit = await signedIn()
  const key = markerKey(kit)
  kit.on('/auth/logout', () => new TypeError('offline'))
  await kit.auth.logout()
  const pending = markerText(kit)
  expect(pending).toContain('logout-pending')
  for (const text of [undefined, '', '{', 'null', pending.replace('"v":1', '"v":9')]) {
    write(kit, key, text)
    expect(markerText(kit)).toBe(pending)
  }
})

it('R37 storage that the application empties behind its logout, and leaves at once: the logout that waits is written again', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => new TypeError('offline'))
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  const pending = markerText(kit)
  // A page is not told of what it does itself.
  kit.browser.storage.clear()
  kit.signal('suspend')
  expect(markerText(kit)).toBe(pending)
})

it('R38 storage cleared by hand while signed in: nobody is signed out, and the next logout still reaches all', async () => {
  const kit = await signedIn()
  const other = await tab(kit, undefined)
  const key = markerKey(kit)
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
