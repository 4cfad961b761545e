/* What anybody on the origin can say over the channel, to the real client. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { CENTURY, registerText, meanwhile, tab, victim } from './stranger.js'
import { createHub, kindOf } from '../../support/hub.js'
import { ANN, grant, refusal, settle, signedIn } from '../../support/kit.js'

/** Messages that would each have their way, were they honest. */
const deadly = (wall: number, epoch: readonly [number, string]) => {
  const head = { v: 2, from: 'stranger' }
  const later = { epoch: [wall + 1000, 'zz'] as unknown, sessionId: 's1', generation: 1, mode: 'token' }
  const same = { ...later, state: 'in', reason: 'none', epoch, generation: 9 }
  const shared = { token: 'stolen', subject: 'ann', rawUser: ANN, issuedAt: wall, lifetime: 900_000 }
  return {
    out: { ...head, register: { ...later, state: 'out', reason: 'logout' } },
    switch: { ...head, register: { ...later, state: 'in', reason: 'none' } },
    share: { ...head, register: same, shared },
    wait: { ...head, register: same, wait: { until: wall + 500_000, failures: 5, mandated: true } },
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

type Spoil = (message: { readonly register: object }) => object

const outside =
  (change: object): Spoil =>
  (message) => ({ ...message, ...change })
const inside =
  (change: object): Spoil =>
  (message) => ({ ...message, register: { ...message.register, ...change } })

/** What makes a deadly message nothing. */
const spoilers = (wall: number, epoch: readonly [number, string]): Spoil[] => {
  const long = 'x'.repeat(513)
  return [
    ...[0, 1, 3, -1, '2', undefined, null, 2.5, Number.NaN].map((v) => outside({ v })),
    ...[undefined, '', 5, long, {}].map((from) => outside({ from })),
    ...[undefined, null, 5, 'out', [], {}].map((register) => outside({ register })),
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
    ].map((other) => inside({ epoch: other })),
    ...['OUT', '', undefined, null, 5, '__proto__', 'constructor', ['out']].map((state) => inside({ state })),
    ...['nonsense', '', undefined, null, 5, ['logout']].map((reason) => inside({ reason })),
  ]
}

it('OW-17 R28 malformed, oversized, old and foreign messages change nothing, and no token of theirs is taken', async () => {
  const { hub, wall, epoch, unchanged } = await victim()
  for (const message of Object.values(deadly(wall, epoch)))
    for (const spoil of spoilers(wall, epoch)) hub.say(spoil(message))
  await unchanged()
})

it('OW-17 R28 a token for somebody else, of another session, out of another time or too long is not taken', async () => {
  const { hub, wall, epoch, kit, unchanged } = await victim()
  const { share } = deadly(wall, epoch)
  const variants: ((newest: Spoil) => Spoil)[] = [
    ...[
      { sessionId: 's2' },
      { sessionId: undefined },
      { generation: 0 },
      { generation: -1 },
      { generation: 1 },
      { generation: 2 ** 60 },
      { state: 'IN' },
    ].map((change) => () => inside(change)),
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
    ].map((change) => (newest: Spoil): Spoil => (message) => ({
      ...newest(message),
      shared: { ...share.shared, ...change },
    })),
  ]
  // Each would be the newest there is.
  variants.forEach((variant, i) => hub.say(variant(inside({ generation: 10 + i }))(share)))
  await unchanged()
  expect(JSON.stringify(kit.auth.getDiagnostics())).not.toContain('stolen')
})

it('OW-17 R43 a token for somebody else under the epoch of this tab is not taken, and the server is asked whose the cookie is', async () => {
  const { hub, wall, epoch, kit } = await victim()
  const { share } = deadly(wall, epoch)
  const before = kit.sent('/auth/refresh').length
  kit.on('/auth/refresh', () => grant(7))
  const forBob = { ...share, shared: { ...share.shared, rawUser: { id: 'bob' }, subject: 'bob' } }
  hub.say(inside({ generation: 10 })(forBob))
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
        fc.constantFrom('sessionId', 'generation', 'shared', 'mode', 'wait', 'ask', 'x'),
        fc.anything(),
      ),
    )
    .map(([message, spoil, noise]) => spoil({ ...message, ...noise }))
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
  hub.say({ ...inside({ generation: Number.MAX_SAFE_INTEGER })(share), shared: undefined })
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
  expect(new Set(life.map(kindOf))).toEqual(new Set(['ask', 'in', 'wait', 'out']))
  const kits = [first, second]
  const look = async () =>
    Promise.all(kits.map(async ({ auth }) => [auth.getState(), await auth.getAccessToken()] as const))
  const before = await look()
  const requests = () => kits.map((kit) => kit.requests.length)
  const sent = requests()
  const stored = registerText(first)
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
      expect(registerText(first)).toBe(stored)
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
  const told = hub.said.filter((news) => kindOf(news) === 'wait')
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
    const register = { ...(message['register'] as object), epoch: [kit.clock.wall() + 5000, 'zz'] }
    hub.say({ ...message, register: { ...register, state: 'out', reason: 'logout' } })
    hub.say(message)
  }
  expect(hub.said.length).toBeGreaterThan(0)
  await unchanged()
})
