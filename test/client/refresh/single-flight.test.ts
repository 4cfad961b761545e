import { expect, it } from 'vitest'
import { failure, FakeLocks, gate, listen, outcome, silence } from '../../support/client.js'
import { createHub } from '../../support/hub.js'
import {
  createKit,
  grant,
  json,
  leftSignedIn,
  ManualClock,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'
import { anotherTab } from '../../support/tabs.js'

it('R03 twenty calls before the start has settled cost one refresh, get the same token, and nothing goes out without it', async () => {
  const { browser } = await signedIn()
  const kit = createKit({}, { browser })
  kit.on('/auth/refresh', (_request, count) => grant(count + 6))
  kit.on('/api/orders', ({ headers }) => json(headers.get('authorization')))
  const tokens = Array.from({ length: 10 }, () => kit.auth.getAccessToken())
  const answers = Array.from({ length: 10 }, async () => (await kit.auth.fetch('/api/orders')).json())
  await kit.clock.advance(50)
  expect(new Set(await Promise.all(tokens))).toEqual(new Set(['token-7']))
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['Bearer token-7']))
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
  expect(kit.requests[0]?.path).toBe('/auth/refresh')
  expect(kit.auth.getDiagnostics().filter(({ type }) => type === 'refresh.sent')).toHaveLength(1)
})

it('R03 callers at the end of a token share one refresh, and a refresh that fails for all of them', async () => {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(301_000)
  kit.on('/auth/refresh', () => json({}, { status: 503 }))
  const codes = Array.from({ length: 20 }, () => outcome(kit.auth.getAccessToken()))
  expect(new Set(await Promise.all(codes))).toEqual(new Set(['server_error']))
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
})

it('the timeline says how long the old token was still good when a refresh was sent', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', (_request, count) => grant(count))
  const sent = () => kit.auth.getDiagnostics().filter(({ type }) => type === 'refresh.sent')
  expect(sent()[0]?.cause).toBe('start')
  expect(sent()[0]?.milliseconds).toBeUndefined()
  await kit.clock.advance(299_000)
  // A margin of 60 s, and the jitter that is drawn for each token.
  expect(sent()[1]).toMatchObject({ cause: 'schedule', milliseconds: 67_500, jitter: 7_500 })
})

it('a forced refresh during a flight that began earlier starts one more, shared by all who force one', async () => {
  const kit = await signedIn()
  const first = gate()
  kit.on('/auth/refresh', (_request, count) => (count === 2 ? first.answer : grant(count)))
  const running = kit.auth.refresh({ force: true })
  await settle()
  const forced = [kit.auth.refresh({ force: true }), kit.auth.refresh({ force: true })]
  await settle()
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
  first.open(grant(2))
  await Promise.all([running, ...forced])
  expect(kit.sent('/auth/refresh')).toHaveLength(3)
  expect(await kit.auth.getAccessToken()).toBe('token-3')
})

it('R05 create, dispose and create again cost one refresh, whose answer the second client gets', async () => {
  const { browser } = await signedIn()
  const kit = createKit({}, { browser })
  const only = gate()
  kit.on('/auth/refresh', () => only.answer)
  const first = kit.auth.ready()
  await kit.clock.advance(50)
  kit.auth.dispose()
  const second = kit.another()
  const ready = second.ready()
  await kit.clock.advance(50)
  only.open(grant(5))
  expect(await first).toMatchObject({ status: 'unknown' })
  expect(await ready).toMatchObject({ status: 'authenticated' })
  expect(await second.getAccessToken()).toBe('token-5')
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
})

it('R02 R05 an answer that the second client gets is as old as its request: others may have renewed the session since', async () => {
  const { browser } = await signedIn()
  const kit = createKit({}, { browser })
  const slow = gate()
  kit.on('/auth/refresh', (_request, count) => (count === 1 ? slow.answer : grant(9)))
  void kit.auth.ready()
  await kit.clock.advance(50)
  kit.auth.dispose()
  // Two other tabs have asked meanwhile, each with the cookie of the one before.
  const other = await anotherTab(kit, { isRestored: true })
  await other.refreshes(() => grant(8))
  const second = kit.another()
  void second.ready()
  await kit.clock.advance(50)
  slow.open(grant(5))
  await kit.clock.advance(1000)
  expect(second.getState()).toMatchObject({ status: 'authenticated' })
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
  expect(await second.getAccessToken()).toBe('token-9')
})

it('R05 R26 a client that is made, used and disposed in one tick asks nothing and leaves nothing behind', async () => {
  const { browser } = await signedIn()
  browser.watchers.clear()
  const kit = createKit({}, { browser })
  kit.auth.subscribe(() => {})
  void kit.auth.ready()
  kit.auth.dispose()
  await kit.clock.advance(60_000)
  expect(kit.openListeners()).toBe(0)
  expect(kit.clock.pending).toBe(0)
  expect(kit.requests).toHaveLength(0)
})

it.each([
  ['409 refresh_raced', () => refusal('refresh_raced', 409)],
  ['a refusal', () => refusal('session_expired')],
])(
  'R06 a reload in the middle of a refresh that meets %s asks once more and stays signed in',
  async (_, first) => {
    const before = await signedIn()
    before.on('/auth/refresh', silence)
    void failure(before.auth.refresh({ force: true }))
    await settle()
    const kit = createKit({}, { browser: before.browser })
    kit.on('/auth/refresh', (_request, count) => (count === 1 ? first() : grant(9)))
    const told = listen(kit.auth)
    const ready = kit.auth.ready()
    await kit.clock.advance(2000)
    expect(await ready).toMatchObject({ status: 'authenticated', sessionId: 's1' })
    expect(kit.sent('/auth/refresh')).toHaveLength(2)
    expect(told).toMatchObject({ ends: [], states: ['authenticated'] })
  },
)

it('R06 a server that only ever says refresh_raced ends nothing', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => refusal('refresh_raced', 409))
  const code = outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(2000)
  expect(await code).toBe('server_error')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'degraded' })
})

it.each([
  ['resolves', () => grant(2)],
  ['rejects', () => new TypeError('Failed to fetch')],
  ['throws', () => Promise.reject(new Error('a broken interceptor'))],
  ['is never answered', silence],
  ['is answered with broken JSON', () => new Response('{"access_token":', { status: 200 })],
  ['is answered with nothing', () => new Response(null, { status: 200 })],
])('R07 after a refresh that %s the next need starts another one', async (_, answer) => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => answer())
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(9000)
  const before = kit.sent('/auth/refresh').length
  kit.on('/auth/refresh', () => grant(8))
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(400_000)
  const token = kit.auth.getAccessToken()
  await kit.clock.advance(1000)
  expect(await token).toBe('token-8')
  expect(kit.sent('/auth/refresh').length).toBeGreaterThan(before)
})

it('R07 a fetch that throws before it returns a promise releases the flight as well', async () => {
  let broken = true
  const kit = createKit(
    {
      fetch: () => {
        if (broken) throw new Error('no network stack')
        return Promise.resolve(grant(3))
      },
    },
    { browser: await leftSignedIn() },
  )
  void kit.auth.ready()
  await kit.clock.advance(50)
  expect(kit.auth.getState()).toMatchObject({ status: 'unknown', connection: 'degraded' })
  broken = false
  await kit.clock.advance(61_000)
  expect(await kit.auth.getAccessToken()).toBe('token-3')
})

it('R08 a refresh that is never answered rejects at its deadline, frees the lock and keeps the session', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({ timeouts: { request: 4000 } }, { clock, ports: { locks } })
  kit.on('/auth/refresh', silence)
  const waiting = failure(kit.auth.refresh({ force: true }))
  await clock.advance(3999)
  expect(locks.pending).toBe(1)
  await clock.advance(1)
  expect(await waiting).toMatchObject({ name: 'AuthError', code: 'timeout', retryable: true })
  expect(locks.pending).toBe(0)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it('R08 a start whose refresh is never answered leaves the status unknown', async () => {
  const { browser } = await signedIn()
  const kit = createKit({}, { browser })
  kit.on('/auth/refresh', silence)
  const ready = kit.auth.ready()
  const token = outcome(kit.auth.getAccessToken())
  await kit.clock.advance(10_000)
  expect(await ready).toMatchObject({ status: 'unknown' })
  expect(await token).toBe('timeout')
})

it('R08 the answer that comes after the deadline still counts', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/refresh', () => late.answer)
  const code = outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(8000)
  expect(await code).toBe('timeout')
  late.open(grant(4))
  await settle()
  expect(await kit.auth.getAccessToken()).toBe('token-4')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'ok' })
})

it('R08 a refresh that hangs is not waited for twice: the next attempt, when it is given up, is a request of its own', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', (_request, count) => (count === 2 ? silence() : grant(count)))
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(27_000)
  expect(kit.sent('/auth/refresh')).toHaveLength(3)
  expect(await kit.auth.getAccessToken()).toBe('token-3')
})

it('an answer that is overtaken by a newer one does not put its older token and claims back', async () => {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const other = await anotherTab(kit)
  kit.visible = false
  const late = gate()
  const user = { id: 'ann', role: 'new' }
  kit.on('/auth/refresh', (_request, count) => (count === 2 ? late.answer : grant(count, { user })))
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(10_000)
  // Another tab has asked meanwhile.
  await other.refreshes(() => grant(9, { user }))
  expect(await kit.auth.getAccessToken()).toBe('token-9')
  expect(kit.auth.getState()).toMatchObject({ user })
  late.open(grant(2, { user: { id: 'ann', role: 'old' } }))
  await settle()
  expect(kit.auth.getState()).toMatchObject({ user: { role: 'new' } })
  // It came so late that its cookie may lie over a newer one, which one more refresh mends.
  expect(await kit.auth.getAccessToken()).toBe('token-3')
  expect(kit.sent('/auth/refresh')).toHaveLength(3)
})

it('R04 a forced refresh that is refused is not satisfied by a token that was there before it was sent', async () => {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const first = gate()
  kit.on('/auth/refresh', () => first.answer)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  const forced = outcome(kit.auth.refresh({ force: true }))
  await settle()
  await (await anotherTab(kit)).signsIn()
  expect(await kit.auth.getAccessToken()).toBe('token-100')
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  first.open(grant(2))
  await kit.clock.advance(20_000)
  expect([await forced, kit.auth.getState().status]).toEqual(['session_ended', 'unauthenticated'])
})

it('a forced refresh asks the server, also where a sibling hands its token to those who wait with it', async () => {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const other = await anotherTab(kit)
  const first = gate()
  kit.on('/auth/refresh', () => first.answer)
  void kit.auth.refresh({ force: true }).catch(() => {})
  await settle()
  const asked = kit.sent('/auth/refresh').length
  // Another tab signs in anew, and has a token to share.
  await other.signsIn()
  expect(await kit.auth.getAccessToken()).toBe('token-100')
  const forced = kit.auth.refresh({ force: true })
  kit.on('/auth/refresh', () => grant(5))
  first.open(grant(4))
  await kit.clock.advance(1000)
  await forced
  expect(kit.sent('/auth/refresh')).toHaveLength(asked + 1)
  expect(await kit.auth.getAccessToken()).toBe('token-5')
})
