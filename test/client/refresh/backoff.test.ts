import { expect, it, vi } from 'vitest'
import { failure, listen, outcome } from '../../support/client.js'
import { createHub } from '../../support/hub.js'
import {
  createKit,
  grant,
  json,
  type Kit,
  leftSignedIn,
  ManualClock,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'
import { anotherTab } from '../../support/tabs.js'

const unavailable = (headers: Record<string, string> = {}) => json({}, { status: 503, headers })

/** Ann's page, hidden so that nothing is scheduled, with a token that has just ended. */
async function expired(): Promise<Kit> {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(300_000)
  return kit
}

const count = (kit: Kit): number => kit.sent('/auth/refresh').length - 1

it.each([
  ['seconds', () => '7'],
  ['a date', (kit: Kit) => new Date(Math.ceil((kit.clock.wall() + 6500) / 1000) * 1000).toUTCString()],
])('R13 Retry-After in %s is honoured: nobody asks before, whatever happens', async (_, header) => {
  const kit = await expired()
  kit.on('/auth/refresh', () => json({}, { status: 429, headers: { 'retry-after': header(kit) } }))
  const told = listen(kit.auth)
  const first = await failure(kit.auth.getAccessToken())
  expect(first).toMatchObject({ code: 'rate_limited', status: 429, retryable: true })
  const { retryAt } = kit.auth.getState()
  expect(retryAt! - kit.clock.wall()).toBeGreaterThanOrEqual(6500)
  expect(retryAt! - kit.clock.wall()).toBeLessThanOrEqual(7500)
  kit.on('/auth/refresh', () => grant(2))
  kit.visible = true
  for (const signal of ['wake', 'online', 'offline', 'online', 'restore', 'wake'] as const) {
    kit.signal(signal)
    expect(await failure(kit.auth.getAccessToken())).toMatchObject({ code: 'rate_limited', retryAt })
    await kit.clock.advance(1000)
  }
  expect(count(kit)).toBe(1)
  await kit.clock.advance(2000)
  expect(count(kit)).toBe(2)
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  expect(told.ends).toEqual([])
})

it('R13 Retry-After of a refresh endpoint that is not there is honoured, too', async () => {
  const kit = createKit({}, { browser: await leftSignedIn() })
  kit.on('/auth/refresh', () => json({}, { status: 404, headers: { 'retry-after': '20' } }))
  kit.on('/auth/session', () => json({}, { status: 500 }))
  void kit.auth.ready()
  await kit.clock.advance(19_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
})

it('R13 Retry-After of the session endpoint is honoured, too, where the refresh endpoint is not there', async () => {
  const kit = createKit({}, { browser: await leftSignedIn() })
  kit.on('/auth/refresh', () => json({}, { status: 404 }))
  kit.on('/auth/session', () => json({}, { status: 429, headers: { 'retry-after': '20' } }))
  void kit.auth.ready()
  await kit.clock.advance(1000)
  expect(kit.auth.getState().status).toBe('unknown')
  await kit.clock.advance(18_000)
  expect(kit.sent('/auth/session')).toHaveLength(1)
  await kit.clock.advance(2000)
  expect(kit.sent('/auth/session')).toHaveLength(2)
})

it.each(['soon', '-5', '', '1e3', 'Thu, 01 Jan 1970 00:00:00 GMT'])(
  'R13 a Retry-After of "%s" leaves our own back-off',
  async (header) => {
    const kit = await expired()
    kit.on('/auth/refresh', () => unavailable({ 'retry-after': header }))
    await failure(kit.auth.getAccessToken())
    expect(kit.auth.getState().retryAt! - kit.clock.wall()).toBe(750)
  },
)

it('R13 a Retry-After of a year silences the client for ten minutes at the most', async () => {
  const kit = await expired()
  kit.on('/auth/refresh', () => unavailable({ 'retry-after': '31536000' }))
  await failure(kit.auth.getAccessToken())
  expect(kit.auth.getState().retryAt! - kit.clock.wall()).toBe(600_000)
})

it('R13 waits between attempts grow, are jittered and capped', async () => {
  const waits = async (fraction: number) => {
    const kit = createKit({}, { browser: await leftSignedIn() })
    Object.assign(kit.ports.chance, { fraction: () => fraction })
    kit.on('/auth/refresh', () => unavailable())
    void kit.auth.ready()
    await kit.clock.advance(30)
    const found: number[] = []
    for (let attempt = 0; attempt < 9; attempt++) {
      const wait = kit.auth.getState().retryAt! - kit.clock.wall()
      found.push(wait)
      // The schedule never asks more often than once a second, and hears the other tabs out for 30 ms.
      await kit.clock.advance(Math.max(wait, 1000) + 30)
    }
    return found
  }
  expect(await waits(0)).toEqual([500, 5500, 5500, 8000, 16_000, 30_000, 30_000, 30_000, 30_000])
  expect((await waits(0.999_999)).map((wait) => Math.round(wait / 1000))).toEqual([
    1, 6, 8, 16, 32, 60, 60, 60, 60,
  ])
})

it('R13 a clock that is read coarsely ends no series of retries: one that comes too early is made up for', async () => {
  const clock = new ManualClock()
  const coarse = (time: () => number) => () => Math.floor(time() / 100) * 100
  Object.assign(clock, { wall: coarse(clock.wall), monotonic: coarse(clock.monotonic) })
  const kit = await signedIn({}, { clock })
  Object.assign(kit.ports.chance, { fraction: () => 0.51 })
  kit.on('/auth/refresh', () => unavailable())
  await clock.advance(130)
  await failure(kit.auth.refresh({ force: true }))
  await clock.advance(600_000)
  expect(count(kit)).toBeGreaterThan(10)
})

it('R13 being online again ends our own back-off', async () => {
  const kit = await expired()
  kit.on('/auth/refresh', () => unavailable())
  for (let attempt = 0; attempt < 6; attempt++) {
    void outcome(kit.auth.getAccessToken())
    await kit.clock.advance(attempt < 5 ? 60_000 : 0)
  }
  const before = count(kit)
  kit.on('/auth/refresh', () => grant(2))
  expect(await outcome(kit.auth.getAccessToken())).toBe('server_error')
  kit.signal('online')
  await settle()
  expect(count(kit)).toBe(before + 1)
  expect(await kit.auth.getAccessToken()).toBe('token-2')
})

it('R13 who waits for what another tab was told does not report a failure of long ago', async () => {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  kit.on('/auth/refresh', () => unavailable())
  expect(await failure(kit.auth.refresh({ force: true }))).toMatchObject({
    code: 'server_error',
    status: 503,
  })
  kit.on('/auth/refresh', () => grant(2))
  await kit.clock.advance(60_000)
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(300_000)
  const until = kit.clock.wall() + 60_000
  await (await anotherTab(kit)).refreshes(() => unavailable({ 'retry-after': '60' }))
  const told = await failure(kit.auth.getAccessToken())
  expect(told).toMatchObject({ code: 'network', status: undefined, retryAt: until })
})

it('R13 a back-off never holds up a login', async () => {
  const kit = await expired()
  kit.on('/auth/refresh', () => unavailable({ 'retry-after': '600' }))
  await failure(kit.auth.getAccessToken())
  expect(await kit.auth.login({})).toMatchObject({
    status: 'authenticated',
    connection: 'ok',
    retryAt: undefined,
  })
  expect(await kit.auth.getAccessToken()).toBe('token-1')
})

it('R14 a token that is still valid is handed out while the refresh fails, and the refresh is tried again', async () => {
  const kit = await signedIn()
  await kit.clock.advance(225_000)
  kit.on('/auth/refresh', () => unavailable())
  await kit.clock.advance(20_000)
  expect(count(kit)).toBeGreaterThan(0)
  expect(await kit.auth.getAccessToken()).toBe('token-1')
  // More than is left is asked for: a new one is tried, the old one is better than none.
  expect(await kit.auth.getAccessToken({ minValidity: 70 })).toBe('token-1')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'degraded' })
  const before = count(kit)
  await kit.clock.advance(30_000)
  expect(count(kit)).toBeGreaterThan(before)
  kit.on('/auth/refresh', () => grant(5))
  await kit.clock.advance(60_000)
  expect(await kit.auth.getAccessToken()).toBe('token-5')
})

it('R15 offline is told as such, signs nobody out, and the network coming back costs one refresh', async () => {
  const kit = await expired()
  const told = listen(kit.auth)
  kit.online = false
  kit.on('/auth/refresh', () => new TypeError('Failed to fetch'))
  const calls = [kit.auth.getAccessToken(), kit.auth.fetch('/api/orders'), kit.auth.refresh()]
  const codes = await Promise.all(calls.map(outcome))
  expect(codes).toEqual(['offline', 'offline', 'offline'])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'offline' })
  const before = count(kit)
  kit.online = true
  kit.visible = true
  kit.on('/auth/refresh', () => grant(2))
  kit.signal('online')
  const tokens = Array.from({ length: 5 }, () => kit.auth.getAccessToken())
  expect(new Set(await Promise.all(tokens))).toEqual(new Set(['token-2']))
  expect(count(kit)).toBe(before + 1)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'ok' })
  expect(told.ends).toEqual([])
})

it('R15 a refresh that failed ahead of need is made up for, so that the state does not stay offline', async () => {
  const kit = await signedIn()
  kit.online = false
  kit.on('/auth/refresh', () => new TypeError('Failed to fetch'))
  await failure(kit.auth.refresh({ force: true }))
  expect(kit.auth.getState()).toMatchObject({ connection: 'offline' })
  kit.online = true
  kit.on('/auth/refresh', () => grant(2))
  kit.signal('online')
  await settle()
  expect(kit.auth.getState()).toMatchObject({ connection: 'ok', retryAt: undefined })
})

it('R16 a browser that believes to be offline does not stop a refresh that is needed', async () => {
  const kit = await expired()
  kit.online = false
  kit.on('/auth/refresh', () => grant(2))
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated' })
})

it('R17 a server that hands out expired tokens is asked three times in ten seconds, then the breaker says so', async () => {
  const kit = await expired()
  kit.visible = true
  kit.on('/auth/refresh', (_request, number) => grant(number, { expires_in: 0 }))
  const codes: string[] = []
  for (let call = 0; call < 40; call++) {
    codes.push(await outcome(kit.auth.getAccessToken()))
    await kit.clock.advance(200)
  }
  expect(count(kit)).toBe(3)
  expect(codes.slice(0, 3)).toEqual(['resolved', 'resolved', 'resolved'])
  expect(new Set(codes.slice(3))).toEqual(new Set(['refresh_loop']))
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  await kit.clock.advance(600_000)
  expect(count(kit)).toBe(3)
  kit.on('/auth/refresh', () => grant(99))
  expect(await kit.auth.getAccessToken()).toBe('token-99')
})

it('R17 a resource that refuses every new token does not make the client refresh without end', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', () => json({}, { status: 401 }))
  for (let call = 0; call < 20; call++) {
    expect((await kit.auth.fetch('/api/orders')).status).toBe(401)
    await kit.clock.advance(100)
  }
  expect(count(kit)).toBeGreaterThan(0)
  expect(count(kit)).toBeLessThanOrEqual(3)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it('R17 honest tokens of two seconds never meet the breaker', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', (_request, number) => grant(number, { expires_in: 2 }))
  await kit.auth.refresh({ force: true })
  for (let call = 0; call < 200; call++) {
    await kit.clock.advance(300)
    expect(await outcome(kit.auth.getAccessToken())).toBe('resolved')
  }
  // A minute of tokens that live for two seconds.
  expect(count(kit)).toBeGreaterThan(25)
  expect(count(kit)).toBeLessThan(50)
})

it.each([0.001, 0.5, 2])(
  'R17 tokens that live %d s are renewed by use alone: ten idle minutes of a visible page cost nothing',
  async (seconds) => {
    const kit = await signedIn()
    kit.on('/auth/refresh', (_request, number) => grant(number, { expires_in: seconds }))
    await kit.auth.refresh({ force: true })
    const before = count(kit)
    await kit.clock.advance(600_000)
    expect(count(kit)).toBe(before)
    expect(await outcome(kit.auth.getAccessToken())).toBe('resolved')
    expect(count(kit)).toBe(before + 1)
  },
)

it('R17 R68 in development the console says once that tokens live absurdly short, and not for longer ones', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const kit = await signedIn({ development: true })
  let lifetime = 3
  kit.on('/auth/refresh', (_request, number) => grant(number, { expires_in: lifetime }))
  await kit.auth.refresh({ force: true })
  lifetime = 0.9
  for (let time = 0; time < 3; time++) {
    await kit.clock.advance(6000)
    await kit.auth.refresh({ force: true })
  }
  await vi.waitFor(() => expect(warn.mock.calls.flat().join()).toContain('`expires_in` counts seconds'))
  const said = warn.mock.calls.flat().filter((text) => String(text).includes('expires_in'))
  expect(said).toEqual([expect.stringContaining('The access token lives for 0.9 s')])
})

it('R17 tokens that live a little longer are renewed ahead of need', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', (_request, number) => grant(number, { expires_in: 3 }))
  await kit.auth.refresh({ force: true })
  const before = count(kit)
  await kit.clock.advance(60_000)
  expect(count(kit) - before).toBeGreaterThan(15)
})

it('R17 the end of a session that was in a loop leaves the next one alone', async () => {
  const kit = await expired()
  kit.on('/auth/refresh', (_request, number) => grant(number, { expires_in: 0 }))
  for (let call = 0; call < 5; call++) await outcome(kit.auth.getAccessToken())
  await kit.auth.logout()
  await kit.auth.login({})
  kit.on('/auth/refresh', () => grant(7))
  expect(await outcome(kit.auth.refresh({ force: true }))).toBe('resolved')
  kit.on('/auth/refresh', () => refusal())
  expect(await kit.auth.getAccessToken()).toBe('token-7')
})

it('a refresh that the application wants again and again does not open the breaker', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', (_request, count) => grant(count))
  for (let i = 0; i < 5; i++) await kit.auth.refresh({ force: true })
  kit.on('/api', (_request, count) => new Response(null, { status: count === 1 ? 401 : 200 }))
  expect((await kit.auth.fetch('/api')).status).toBe(200)
})
