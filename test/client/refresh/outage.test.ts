/* How often a browser asks while the server is down, and how soon it is found back. */
import { expect, it } from 'vitest'
import { createKit, grant, json, type Kit, signedIn } from '../../support/kit.js'
import { createHub } from '../../support/hub.js'
import { failure, outcome, silence } from '../../support/client.js'
import { createStage } from '../../support/stage.js'

const unavailable = (headers: Record<string, string> = {}) => json({}, { status: 503, headers })
const MINUTE = 60_000
/** Ann's page with a token that has ended while it was hidden. */
async function ended(): Promise<Kit> {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(5 * MINUTE)
  kit.visible = true
  return kit
}

/** Not at once: that would look like the browser's own quota. */
const refused = () =>
  new Response(new ReadableStream({ start: (body) => body.error(new TypeError('Failed to fetch')) }), {
    status: 200,
  })

/** Ann's tabs, whose token has just ended, and whose server is down. */
async function outage(answer: () => Response | TypeError | Promise<Response>, tabs = 1) {
  const hub = createHub()
  const ports = { channels: hub.channels }
  const first = await signedIn({}, { ports })
  const kits = [first]
  for (const number of Array.from({ length: tabs - 1 }, (_, index) => index + 2)) {
    const kit = createKit({}, { browser: first.browser, clock: first.clock, ports })
    kit.on('/auth/refresh', () => grant(number))
    void kit.auth.ready()
    await first.clock.advance(100)
    kits.push(kit)
  }
  for (const kit of kits) kit.visible = false
  for (const kit of kits) kit.signal('hidden')
  await first.clock.advance(300_000)
  for (const kit of kits) kit.visible = true
  const sent = () => kits.flatMap((kit) => kit.sent('/auth/refresh')).length
  const before = sent()
  for (const kit of kits) kit.on('/auth/refresh', answer)
  const { clock } = first
  /** Somebody uses the page: a call of the application each second. */
  const use = async (kit: Kit, milliseconds: number): Promise<number | undefined> => {
    for (let spent = 0; spent < milliseconds; spent += 1000) {
      const token = outcome(kit.auth.getAccessToken())
      await clock.advance(1000)
      if ((await Promise.race([token, Promise.resolve('waits')])) === 'resolved') return spent + 1000
    }
    return undefined
  }
  return { kits, clock, count: () => sent() - before, use }
}

it.each([
  ['answers 503', () => unavailable()],
  ['refuses the connection', refused],
] as const)(
  'R104 a server that %s costs twelve requests a minute while somebody calls, and is found within six seconds of its return',
  async (_, down) => {
    const { kits, count, use } = await outage(down)
    const [kit] = kits as [Kit]
    for (let minute = 0; minute < 10; minute++) {
      const before = count()
      await use(kit, MINUTE)
      expect(count() - before).toBeLessThanOrEqual(12)
      expect(count() - before).toBeGreaterThanOrEqual(9)
    }
    kit.on('/auth/refresh', () => grant(9))
    expect(await use(kit, MINUTE)).toBeLessThanOrEqual(6000)
  },
)

it('R104 that is for the whole browser: two tabs that are both used cost no more', async () => {
  const { kits, clock, count } = await outage(() => unavailable(), 2)
  for (let second = 0; second < 120; second++) {
    for (const kit of kits) {
      void outcome(kit.auth.getAccessToken())
      await clock.advance(500)
    }
  }
  expect(count()).toBeLessThanOrEqual(24)
})

it('R104 R13 where nobody calls it costs six requests in the first minute at the most', async () => {
  const { kits, clock, count } = await outage(() => unavailable())
  for (const kit of kits) Object.assign(kit.ports.chance, { fraction: () => 0 })
  kits[0]!.signal('wake')
  await clock.advance(MINUTE)
  expect(count()).toBeLessThanOrEqual(6)
  expect(count()).toBeGreaterThan(3)
})

it('R104 who comes back to the page asks at once, if the last try is some seconds old', async () => {
  const { kits, clock, count, use } = await outage(() => unavailable())
  const [kit] = kits as [Kit]
  await use(kit, 5 * MINUTE)
  kit.visible = false
  kit.signal('hidden')
  await clock.advance(MINUTE)
  const before = count()
  kit.visible = true
  kit.signal('wake')
  await clock.advance(100)
  expect(count()).toBe(before + 1)
})

it('R104 a server that never answers is not asked more often because somebody calls', async () => {
  const { kits, count, use } = await outage(() => new Promise<Response>(() => {}))
  const [kit] = kits as [Kit]
  await use(kit, 2 * MINUTE)
  expect(count()).toBeLessThanOrEqual(8)
})

it('R104 R13 a Retry-After holds all calls, and refresh({ force: true }) passes it once for each wait and browser', async () => {
  const { kits, clock, count } = await outage(() => unavailable({ 'retry-after': '600' }), 2)
  const [kit, other] = kits as [Kit, Kit]
  expect(await outcome(kit.auth.getAccessToken())).toBe('server_error')
  expect(count()).toBe(1)
  for (let second = 0; second < 60; second++) {
    await outcome(kit.auth.getAccessToken())
    kit.signal('wake')
    await clock.advance(1000)
  }
  expect(count()).toBe(1)
  for (const tab of kits) tab.on('/auth/refresh', () => unavailable())
  for (const tab of [kit, other, kit]) {
    void outcome(tab.auth.refresh({ force: true }))
    await clock.advance(1000)
  }
  expect(count()).toBe(2)
})

it('R104 a wait that is announced anew may be passed once more, and an answer ends it', async () => {
  const { kits, clock, count } = await outage(() => unavailable({ 'retry-after': '600' }))
  const [kit] = kits as [Kit]
  await outcome(kit.auth.getAccessToken())
  await clock.advance(5000)
  void outcome(kit.auth.refresh({ force: true }))
  await clock.advance(5000)
  expect(count()).toBe(2)
  kit.on('/auth/refresh', () => grant(9))
  expect(await outcome(kit.auth.refresh({ force: true }))).toBe('resolved')
  expect(await kit.auth.getAccessToken()).toBe('token-9')
})

it('R104 R73 a tab whose storage is blocked asks no more often', async () => {
  const { kits, count, use } = await outage(() => unavailable())
  const [kit] = kits as [Kit]
  kit.browser.storageBlocked = true
  await use(kit, MINUTE)
  expect(count()).toBeLessThanOrEqual(12)
})

it('R104 what somebody else has written into its storage lets a person who insists through all the same', async () => {
  const { kits, clock, count } = await outage(() => unavailable({ 'retry-after': '600' }))
  const [kit] = kits as [Kit]
  for (const key of kit.browser.notes.keys()) if (key.endsWith(':tries')) kit.browser.notes.set(key, 'x y')
  await outcome(kit.auth.getAccessToken())
  for (const key of kit.browser.notes.keys()) if (key.endsWith(':tries')) kit.browser.notes.set(key, 'x y')
  await clock.advance(10_000)
  void outcome(kit.auth.refresh({ force: true }))
  await clock.advance(100)
  expect(count()).toBe(2)
})

it.each([true, false])(
  'R104 ten tabs that poll are one browser, with locks (%s) or without',
  async (locks) => {
    const stage = await createStage({ mode: 'token' }, { mode: 'token' }, { storageDelayMs: [1, 5] })
    stage.world.capabilities.locks = locks
    const apps = [await stage.signedIn()]
    while (apps.length < 10) apps.push(await stage.open())
    for (const tab of stage.world.tabs.slice(1)) await tab.hide()
    await stage.world.sleep(3_600_000)
    stage.backend.faults.add({ kind: 'status', status: 503, on: 'refresh' })
    // An answer takes a second: all of them may ask before the first one has heard.
    stage.world.setNetwork({ latencyMs: [500, 500] })
    const rates: number[] = []
    for (let minute = 0; minute < 4; minute++) {
      stage.exchanges.length = 0
      for (let second = 0; second < 60; second++) {
        for (const { auth } of apps) void outcome(auth.getAccessToken())
        await stage.world.advance(1000)
      }
      rates.push(stage.sent('/auth/refresh').length)
    }
    // Without locks all ten find the token ended at the same moment, once.
    expect(rates[0]).toBeLessThanOrEqual(locks ? 12 : 20)
    expect(Math.max(...rates.slice(1))).toBeLessThanOrEqual(12)
  },
)

it('R104 a server that hung is found when the request that it never answered is given up, and not a back-off later', async () => {
  const kit = await ended()
  kit.on('/auth/refresh', silence)
  for (let second = 0; second < 600; second++) {
    void outcome(kit.auth.getAccessToken())
    await kit.clock.advance(1000)
  }
  kit.on('/auth/refresh', () => grant(9))
  let found: number | undefined
  for (let second = 0; second < 120 && found === undefined; second++) {
    kit.auth.getAccessToken().then(
      () => (found ??= second),
      () => {},
    )
    await kit.clock.advance(1000)
  }
  // Given up 25 s after it was sent.
  expect(found).toBeLessThanOrEqual(31)
})

it('R104 R32 a clock that is set back holds nobody who calls', async () => {
  const kit = await ended()
  kit.on('/auth/refresh', () => json({}, { status: 503 }))
  for (let second = 0; second < 120; second++) {
    void outcome(kit.auth.getAccessToken())
    await kit.clock.advance(1000)
  }
  kit.clock.sleep(-3_600_000)
  kit.on('/auth/refresh', () => grant(9))
  let found: number | undefined
  for (let second = 0; second < 120 && found === undefined; second++) {
    if ((await outcome(kit.auth.getAccessToken())) === 'resolved') found = second
    await kit.clock.advance(1000)
  }
  expect(found).toBeLessThanOrEqual(6)
})

it('R68 R92 while the back-off holds, the error says where the try that failed went and what it met', async () => {
  const kit = await ended()
  kit.on('/auth/refresh', () => json({}, { status: 503 }))
  const first = (await failure(kit.auth.getAccessToken())) as Error
  const second = (await failure(kit.auth.getAccessToken())) as Error
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
  expect(second.message).toBe(first.message)
  expect(second.message).toContain('POST /auth/refresh answered 503')
})
