import { expect, it } from 'vitest'
import { outcome } from '../../support/client.js'
import { createKit, grant, json, type Kit, ManualClock, settle, signedIn } from '../../support/kit.js'

const HOUR = 3_600_000

const count = (kit: Kit): number => kit.sent('/auth/refresh').length - 1

/** What a resource server thinks of the token that comes with a request, by the true time. */
function guard(
  kit: Kit,
  lifetime: number,
  now: () => number,
): { issue(number: number): Response; refusals: number } {
  const ends = new Map<string, number>()
  const server = {
    refusals: 0,
    issue(number: number) {
      ends.set(`Bearer token-${number}`, now() + lifetime * 1000)
      return grant(number, { expires_in: lifetime })
    },
  }
  kit.on('/api/orders', ({ headers }) => {
    const good = (ends.get(headers.get('authorization') ?? '') ?? 0) > now()
    if (!good) server.refusals++
    return json({}, { status: good ? 200 : 401 })
  })
  return server
}

it.each(['wake', 'online', 'restore'] as const)(
  'R29 after eight hours of sleep %s renews the token before the next request goes out',
  async (signal) => {
    const kit = await signedIn()
    kit.on('/api/orders', ({ headers }) => json(headers.get('authorization')))
    kit.clock.sleep(8 * HOUR)
    kit.signal(signal)
    await settle()
    expect(count(kit)).toBe(1)
    expect(await (await kit.auth.fetch('/api/orders')).json()).toBe('Bearer token-2')
    expect(count(kit)).toBe(1)
  },
)

it('R29 TMO-04 after a sleep that no event told of the next request renews the token first', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', ({ headers }) => json(headers.get('authorization')))
  kit.clock.sleep(8 * HOUR)
  expect(await (await kit.auth.fetch('/api/orders')).json()).toBe('Bearer token-2')
  expect(kit.requests.slice(-2).map(({ path }) => path)).toEqual(['/auth/refresh', '/api/orders'])
})

it('R30 without any timer no token is handed out past its end', async () => {
  const clock = new ManualClock()
  const stopped = { wall: clock.wall, monotonic: clock.monotonic, after: () => () => {} }
  const kit = await signedIn({}, { clock, ports: { clock: stopped } })
  const server = guard(kit, 60, clock.wall)
  kit.on('/auth/refresh', (_request, number) => server.issue(number))
  await kit.auth.refresh({ force: true })
  for (let minute = 0; minute < 200; minute++) {
    clock.time += 7000
    expect((await kit.auth.fetch('/api/orders')).status).toBe(200)
  }
  expect(server.refusals).toBe(0)
})

it('R30 a token is not handed out when less is left than the caller needs', async () => {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(240_000)
  expect(await kit.auth.getAccessToken({ minValidity: 59 })).toBe('token-1')
  await settle()
  const fresh = await signedIn()
  fresh.visible = false
  fresh.signal('hidden')
  await fresh.clock.advance(240_000)
  expect(await fresh.auth.getAccessToken({ minValidity: 61 })).toBe('token-2')
  // Of a token just fetched more cannot be asked.
  expect(await fresh.auth.getAccessToken({ minValidity: 100_000 })).toBe('token-2')
})

it('R31 coming back shortly before the end renews at once', async () => {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(245_000)
  expect(count(kit)).toBe(0)
  kit.visible = true
  kit.signal('wake')
  await settle()
  expect(count(kit)).toBe(1)
})

it('R31 coming back earlier only sets the clock again', async () => {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(100_000)
  kit.visible = true
  kit.signal('wake')
  await kit.clock.advance(130_000)
  expect(count(kit)).toBe(0)
  await kit.clock.advance(10_000)
  expect(count(kit)).toBe(1)
})

it('R32 a token of forty days is renewed once, a minute before its end, not at once and not never', async () => {
  const kit = await signedIn()
  const days = 86_400
  kit.on('/auth/refresh', (_request, number) => grant(number, { expires_in: 40 * days }))
  await kit.auth.refresh({ force: true })
  await kit.clock.advance(60_000)
  expect(count(kit)).toBe(1)
  await kit.clock.advance(40 * days * 1000 - 180_000)
  expect(count(kit)).toBe(1)
  await kit.clock.advance(120_000)
  expect(count(kit)).toBe(2)
})

it.each([-600_000, 600_000].flatMap((skew) => [60, 300].map((lifetime) => [skew, lifetime] as const)))(
  'R33 a device whose clock is off by %i ms works with tokens of %i s: nothing is refused, and nothing refreshed without end',
  async (skew, lifetime) => {
    const clock = new ManualClock()
    const trueTime = () => clock.time
    clock.wallOffset += skew
    const kit = await signedIn({}, { clock })
    const server = guard(kit, lifetime, trueTime)
    kit.on('/auth/refresh', (_request, number) => server.issue(number))
    await kit.auth.refresh({ force: true })
    for (let second = 0; second < 1200; second += 5) {
      await clock.advance(5000)
      expect((await kit.auth.fetch('/api/orders')).status).toBe(200)
    }
    expect(server.refusals).toBe(0)
    expect(count(kit)).toBeLessThanOrEqual(1200 / (lifetime * 0.6) + 1)
  },
)

it.each([-HOUR, HOUR, -24 * HOUR, 24 * HOUR])(
  'R33 a wall clock that is set by %i ms serves no expired token and makes no storm',
  async (jump) => {
    const kit = await signedIn()
    const server = guard(kit, 300, () => kit.clock.time)
    kit.on('/auth/refresh', (_request, number) => server.issue(number))
    await kit.auth.refresh({ force: true })
    for (let round = 0; round < 6; round++) {
      kit.clock.wallOffset += round % 2 ? -jump : jump
      for (let step = 0; step < 30; step++) {
        await kit.clock.advance(10_000)
        expect((await kit.auth.fetch('/api/orders')).status).toBe(200)
      }
    }
    expect(server.refusals).toBe(0)
    expect(count(kit)).toBeLessThan(20)
  },
)

it('R33 a wall clock set back during a back-off does not lengthen it', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => json({}, { status: 503, headers: { 'retry-after': '30' } }))
  await outcome(kit.auth.refresh({ force: true }))
  kit.clock.wallOffset -= 24 * HOUR
  kit.on('/auth/refresh', (_request, number) => grant(number))
  await kit.clock.advance(29_000)
  expect(count(kit)).toBe(1)
  await kit.clock.advance(2000)
  expect(count(kit)).toBe(2)
})

it('R35 a start long after the token has ended renews the session without a line of the application', async () => {
  const before = await signedIn()
  before.clock.sleep(20 * 24 * HOUR)
  const kit = createKit({}, { browser: before.browser, clock: before.clock })
  kit.on('/auth/refresh', () => grant(9))
  const ready = kit.auth.ready()
  await kit.clock.advance(50)
  expect(await ready).toMatchObject({ status: 'authenticated' })
  expect(await kit.auth.getAccessToken()).toBe('token-9')
})

it('R90 a day of work passes in a test: one refresh for each token, no request refused, nothing left over', async () => {
  const kit = await signedIn()
  const server = guard(kit, 300, () => kit.clock.time)
  kit.on('/auth/refresh', (_request, number) => server.issue(number))
  await kit.auth.refresh({ force: true })
  for (let minute = 0; minute < 24 * 60; minute += 10) {
    expect((await kit.auth.fetch('/api/orders')).status).toBe(200)
    await kit.clock.advance(600_000)
    expect(kit.clock.pending).toBe(1)
  }
  expect(server.refusals).toBe(0)
  // A token is renewed 60 to 75 s before its end.
  expect(count(kit)).toBeGreaterThanOrEqual(86_400 / 240)
  expect(count(kit)).toBeLessThanOrEqual(86_400 / 225 + 1)
})

it('a negative or absent number of seconds is refused as minValidity', async () => {
  const kit = await signedIn()
  for (const minValidity of [-1, Number.NaN]) {
    await expect(kit.auth.getAccessToken({ minValidity })).rejects.toThrow('"minValidity"')
  }
})
