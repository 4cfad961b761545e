import { expect, it } from 'vitest'
import {
  createAuthServer,
  done,
  memoryStore,
  refuse,
  type AuthEvent,
  type AuthServer,
  type AuthServerOptions,
  type RequestContext,
} from 'latchkey/server'
import { createTestClock, MINUTE, ORIGIN } from './support.ts'

const events: AuthEvent[] = []
function createAuth(options: Partial<AuthServerOptions> = {}): AuthServer {
  events.length = 0
  return createAuthServer({
    store: memoryStore(),
    secrets: ['s'.repeat(32)],
    origin: ORIGIN,
    mode: 'session',
    signIn: ({ body }) => (body['password'] === 'x' ? done({ id: 'ada' }) : refuse('invalid_credentials')),
    findUser: (id) => ({ id }),
    onEvent: (event) => events.push(event),
    ...options,
  })
}

async function attempt(auth: AuthServer, body: object, context: RequestContext = {}): Promise<number> {
  const headers = { 'sec-fetch-site': 'same-origin', 'x-csrf': '1', 'content-type': 'application/json' }
  const sent = new Request(`${ORIGIN}/auth/login`, { method: 'POST', headers, body: JSON.stringify(body) })
  return (await auth.handle(sent, context)).status
}

it('R116 OW-23 an account is throttled by each name that a sign-in has for it, and a name that is no text is refused', async () => {
  let asked = 0
  const auth = createAuth({ signIn: () => (asked++, refuse('invalid_credentials')) })
  for (let i = 0; i < 20; i++) await attempt(auth, { username: 'ada', email: `x${i}`, password: 'wrong' })
  expect(asked).toBe(10)
  for (const name of ['email', 'username', 'login', 'user']) {
    expect(await attempt(auth, { username: 'bob', [name]: ['ada'], password: 'wrong' })).toBe(400)
  }
  expect(await attempt(auth, { email: null, login: 'bob', password: 'wrong' })).toBe(401)
  expect(asked).toBe(11)
})

it('R117 S10 whatever a stranger calls the account, its counters are short, hold nothing of it, and are swept when their window has passed', async () => {
  const time = createTestClock()
  const store = memoryStore({ clock: time })
  const keys = new Set<string>()
  const auth = createAuth({
    store: {
      ...store,
      count: (key, windowMs) => {
        keys.add(key)
        return store.count(key, windowMs)
      },
      put: (key, ...put) => {
        keys.add(key)
        return store.put(key, ...put)
      },
    },
  })
  const long = 'x'.repeat(60_000)
  for (let i = 0; i < 3; i++)
    expect(
      await attempt(auth, { email: `${i}${long}`, password: 'wrong' }, { address: `${long}.${i}` }),
    ).toBe(401)
  expect([...keys].map((key) => key.length).filter((length) => length > 64)).toEqual([])
  expect([...keys].join()).not.toContain('xxxx')
  expect(keys.size).toBe(6)
  time.advance(15 * MINUTE + 1)
  expect(await store.sweep(100)).toBe(6)
  expect(await store.sweep(100)).toBe(0)
})

it('R114 S01 an application that is down counts no attempts: whoever kept trying gets in when it is back', async () => {
  let isDown = true
  const auth = createAuth({
    signIn: () => (isDown ? Promise.reject(new Error('ECONNREFUSED')) : done({ id: 'ada' })),
  })
  for (let i = 0; i < 20; i++)
    expect(await attempt(auth, { email: 'ada' }, { address: '192.0.2.7' })).toBe(503)
  isDown = false
  expect(await attempt(auth, { email: 'ada' }, { address: '192.0.2.7' })).toBe(200)
})

it('R153 S61 a right password that a second step has to follow is no wrong one, and a wrong second step is', async () => {
  const auth = createAuth({
    throttle: { perAccount: 2, perAddress: 4 },
    signIn: ({ body: { otp } }) => {
      if (otp === undefined) return refuse('mfa_required', 401, { counts: false })
      return otp === 'right' ? done({ id: 'ada' }) : refuse('invalid_credentials')
    },
  })
  const office = { address: '192.0.2.7' }
  const statuses: number[] = []
  for (let i = 0; i < 6; i++) {
    statuses.push(await attempt(auth, { email: `x${i}` }, office))
    statuses.push(await attempt(auth, { email: `x${i}`, otp: 'right' }, office))
  }
  expect(statuses).toEqual(Array.from({ length: 6 }, () => [401, 200]).flat())
  const wrong: number[] = []
  for (let i = 0; i < 3; i++) wrong.push(await attempt(auth, { email: 'ada', otp: `${i}` }, office))
  expect(wrong).toEqual([401, 401, 429])
})

it.each<[string, string, 'one' | 'two']>([
  ['2001:db8:1:2::1', '2001:0DB8:1:2:ffff::9', 'one'],
  ['2001:db8::1', '2001:db8:0:0:1:2:3:4', 'one'],
  ['fe80::1%eth0', 'fe80::2%eth1', 'one'],
  ['::ffff:192.0.2.7', '192.0.2.7', 'one'],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', 'two'],
  ['::ffff:192.0.2.7', '::ffff:192.0.2.8', 'two'],
  ['::ffff:c000:207', '::ffff:c000:208', 'two'],
  ['192.0.2.7', '192.0.2.8', 'two'],
])('R153 S61 %s and %s are %s to the throttle', async (one, other, callers) => {
  const auth = createAuth({ throttle: { perAddress: 1 } })
  expect(await attempt(auth, { email: 'x' }, { address: one })).toBe(401)
  expect(await attempt(auth, { email: 'y' }, { address: other })).toBe(callers === 'one' ? 429 : 401)
})

it('R117 S43 a thousand callers behind a proxy that nobody has told of share no bucket, their accounts count, and it is said once', async () => {
  const auth = createAuth({ throttle: { perAddress: 1, perAccount: 1 } })
  const context = { hiddenBehind: '10.0.0.1' }
  const statuses = new Set<number>()
  for (let i = 0; i < 1000; i++) statuses.add(await attempt(auth, { email: `x${i}` }, context))
  expect([...statuses]).toEqual([401])
  expect(await attempt(auth, { email: 'x0' }, context)).toBe(429)
  expect(events.filter(({ type }) => type === 'address-unknown')).toHaveLength(1)
})

it('R116 a sign-in that gives neither done nor a refusal lets nobody in, and is heard of', async () => {
  for (const outcome of [{ kind: 'locked', userId: 'ada' }, { kind: 'done' }, refuse('mfa_required', 204)]) {
    const auth = createAuth({ signIn: (() => outcome) as unknown as AuthServerOptions['signIn'] })
    expect(await attempt(auth, { email: 'ada' })).toBe(503)
    expect(events.map(({ type }) => type)).toContain('fault')
  }
})

it('R116 a listener that rejects later fails nothing: no rejection is left to end the process', async () => {
  const unhandled: unknown[] = []
  const hear = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', hear)
  const auth = createAuth({
    onEvent: () => Promise.reject(new Error('the audit table is away')) as unknown as void,
  })
  expect(await attempt(auth, { email: 'ada', password: 'x' })).toBe(200)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', hear)
  expect(unhandled).toEqual([])
})
