/* A server that takes longer than the client waits, and one that never answers. */
import { expect, it } from 'vitest'
import {
  ANN,
  createKit,
  grant,
  json,
  type Kit,
  leftSignedIn,
  ManualClock,
  signedIn,
} from '../../support/kit.js'
import { listen, outcome, silence } from '../../support/client.js'

const HALF_HOUR = 1_800_000

/** Answers so late. */
function late(kit: Kit, milliseconds: number): void {
  let count = 1
  kit.on(
    '/auth/refresh',
    () =>
      new Promise<Response>((resolve) => {
        const number = ++count
        kit.clock.after(milliseconds, () => resolve(grant(number)))
      }),
  )
}

/** How many requests a visible tab that nobody disturbs sends in half an hour, and what it shows of the connection. */
async function halfHour(milliseconds: number) {
  const kit = await signedIn()
  const shown = new Set<string>()
  kit.auth.subscribe(({ connection }) => void shown.add(connection))
  const before = kit.sent('/auth/refresh').length
  late(kit, milliseconds)
  await kit.clock.advance(HALF_HOUR)
  return { requests: kit.sent('/auth/refresh').length - before, shown: [...shown], kit }
}

it('R103 a server that takes 12 s gets no more than two requests more than a fast one, and the connection does not flap', async () => {
  const fast = await halfHour(50)
  const slow = await halfHour(12_000)
  expect(fast.requests).toBeGreaterThan(5)
  expect(slow.requests).toBeLessThanOrEqual(fast.requests + 2)
  expect(slow.requests).toBeGreaterThan(4)
  expect(slow.shown).toEqual(['ok'])
  // It answers, and a page that goes must not lose the cookie.
  expect(slow.kit.sent('/auth/refresh').every(({ init }) => init.keepalive)).toBe(true)
  expect(slow.kit.auth.getState()).toMatchObject({ status: 'authenticated' })
})

/** Requests that hold a connection of the browser. */
const open = (kit: Kit, path: string): number =>
  kit.sent(path).filter(({ init }) => !init.signal?.aborted).length

it('R103 R26 a refresh that is never answered is given up, and asked once more at once: it holds one connection, and not six', async () => {
  const kit = await signedIn()
  const before = open(kit, '/auth/refresh')
  kit.on('/auth/refresh', silence)
  let most = 0
  for (let second = 0; second < 600; second++) {
    await kit.clock.advance(1000)
    most = Math.max(most, open(kit, '/auth/refresh') - before)
  }
  expect(most).toBe(1)
  const times = kit.auth
    .getDiagnostics()
    .filter(({ type, cause }) => type === 'refresh.sent' && cause !== 'start')
    .map(({ at }) => at)
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(25_000)
  expect(times[1]! - times[0]!).toBeLessThanOrEqual(26_000)
  kit.on('/auth/refresh', () => grant(9))
  await kit.clock.advance(90_000)
  expect(await kit.auth.getAccessToken()).toBe('token-9')
  // Chromium keeps the connection of a keepalive request that is aborted. The next one is like any other.
  await kit.auth.refresh({ force: true })
  const kept = kit.sent('/auth/refresh').map(({ init }) => init.keepalive)
  expect(kept.slice(before)).toEqual([true, ...kept.slice(before + 1, -1).map(() => false), true])
  expect(kept.length).toBeGreaterThan(before + 10)
})

it('R103 nor does who calls, or insists, send another one beside it', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', silence)
  await kit.clock.advance(310_000)
  const { length } = kit.sent('/auth/refresh')
  for (let second = 0; second < 10; second++) {
    void outcome(kit.auth.getAccessToken())
    void outcome(kit.auth.refresh({ force: true }))
    await kit.clock.advance(1000)
  }
  expect(kit.sent('/auth/refresh').length - length).toBeLessThanOrEqual(1)
})

it('R103 a session check that is never answered is given up at its deadline', async () => {
  const kit = createKit()
  kit.on('/auth/session', silence)
  void kit.auth.ready()
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/session').length).toBeGreaterThan(0)
  expect(open(kit, '/auth/session')).toBe(0)
})

it('R103 a sign-in is never given up', async () => {
  const kit = createKit()
  kit.on('/auth/session', () => json(null))
  await kit.auth.ready()
  kit.on('/auth/login', silence)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(60_000)
  expect(await login).toBe('timeout')
  expect(kit.sent('/auth/login')[0]!.init.signal?.aborted ?? false).toBe(false)
})

it('R103 the grace of the server is an option', async () => {
  const kit = await signedIn({ refreshGrace: 60 })
  const told = listen(kit.auth)
  const { length } = kit.sent('/auth/refresh')
  kit.on('/auth/refresh', silence)
  for (let second = 0; kit.sent('/auth/refresh').length === length && second < 300; second++)
    await kit.clock.advance(1000)
  const { signal } = kit.sent('/auth/refresh')[length]!.init
  await kit.clock.advance(53_000)
  expect(signal?.aborted).toBe(false)
  await kit.clock.advance(2000)
  expect(signal?.aborted).toBe(true)
  expect(told.ends).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
})

it('R103 whoever reloads the page while the server hangs does not use up the connections', async () => {
  const browser = await leftSignedIn()
  const clock = new ManualClock()
  let kept = 0
  for (let load = 0; load < 8; load++) {
    const kit = createKit({}, { browser, clock })
    kit.on('/auth/refresh', silence)
    void kit.auth.ready()
    await clock.advance(30_000)
    kept += kit.sent('/auth/refresh').filter(({ init }) => init.keepalive).length
    kit.auth.dispose()
  }
  expect(kept).toBeLessThanOrEqual(2)
})

it('R103 an answer forgets that an earlier page got none', async () => {
  const browser = await leftSignedIn()
  const clock = new ManualClock()
  const old = createKit({}, { browser, clock })
  old.on('/auth/refresh', silence)
  void old.auth.ready()
  await clock.advance(9000)
  old.auth.dispose()
  const kit = createKit({}, { browser, clock })
  kit.on('/auth/refresh', (_request, count) => grant(count))
  void kit.auth.ready()
  await clock.advance(1000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  const before = kit.sent('/auth/refresh').length
  kit.on('/auth/refresh', () => json({}, { status: 503 }))
  await clock.advance(400_000)
  const kept = kit
    .sent('/auth/refresh')
    .slice(before)
    .map(({ init }) => init.keepalive)
  expect(kept.slice(0, 2)).toEqual([true, true])
})

it('R103 R05 a client that is made anew gives up the request that it has joined', async () => {
  const browser = await leftSignedIn()
  const kit = createKit({}, { browser })
  kit.on('/auth/refresh', silence)
  void kit.auth.ready()
  await kit.clock.advance(100)
  kit.auth.dispose()
  void kit.another().ready()
  await kit.clock.advance(600_000)
  expect(open(kit, '/auth/refresh')).toBeLessThanOrEqual(1)
  expect(kit.sent('/auth/refresh')[0]!.init.signal?.aborted).toBe(true)
})
