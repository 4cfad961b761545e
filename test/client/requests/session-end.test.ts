/* What becomes of requests when the session ends, or another begins. */
import { expect, it } from 'vitest'
import { expire, rejects, tokens, unauthorized } from './support.js'
import { failure, gate, outcome, stateOf } from '../../support/client.js'
import { ANN, BOB, createKit, grant, json, refusal, settle, signedIn } from '../../support/kit.js'

it.each(['session_expired', 'session_revoked'])(
  'auth: optional goes out without the token after the session ended (%s), as after a logout',
  async (code) => {
    const kit = await signedIn()
    kit.on('/api/orders', rejects())
    kit.on('/auth/refresh', () => refusal(code))
    const ending = failure(kit.auth.refresh({ force: true }))
    await kit.clock.advance(1000)
    await ending
    expect((await kit.auth.fetch('/api/orders', { auth: 'optional' })).status).toBe(200)
    expect(tokens(kit)).toEqual([null])
  },
)

it('R09 a logout aborts running requests and rejects waiting ones, and nothing of them is sent again', async () => {
  const kit = await signedIn()
  const running = gate()
  kit.on('/api/running', () => running.answer)
  const first = failure(kit.auth.fetch('/api/running'))
  const optional = failure(kit.auth.fetch('/api/running', { auth: 'optional' }))
  await settle()
  const renewal = gate()
  kit.on('/auth/refresh', () => renewal.answer)
  await expire(kit)
  const waiting = failure(kit.auth.fetch('/api/orders'))
  await settle()
  void kit.auth.logout()
  for (const error of [await first, await optional, await waiting])
    expect(error).toMatchObject({ code: 'session_changed', reason: 'logout' })
  expect(kit.sent('/api/running').map(({ init }) => init.signal?.aborted)).toEqual([true, true])
  running.open(unauthorized())
  renewal.open(grant(2))
  await kit.clock.advance(20_000)
  expect([kit.sent('/api/orders').length, kit.sent('/api/running').length]).toEqual([0, 2])
})

it('R09 a request that meets a 401 after a logout is not replayed, also where its fetch heeds no signal', async () => {
  const kit = await signedIn()
  const answer = gate()
  kit.on('/api/orders', () => answer.answer)
  const request = failure(kit.auth.fetch('/api/orders'))
  await settle()
  answer.open(unauthorized())
  void kit.auth.logout()
  expect(await request).toMatchObject({ code: 'session_changed' })
  await settle()
  expect(kit.sent('/api/orders')).toHaveLength(1)
})

it('R09 in whatever instant the logout comes, nothing is sent with the old token after it', async () => {
  for (let instant = 0; instant < 30; instant++) {
    const sent: boolean[] = []
    let out = false
    // A fetch that heeds no signal, as wrappers of it sometimes do.
    const fetch = async (input: string | URL | Request): Promise<Response> => {
      const url = input instanceof Request ? input.url : String(input)
      if (url.endsWith('/orders')) sent.push(out)
      return url.endsWith('/auth/login') ? grant(1) : json({})
    }
    const { auth, clock } = await signedIn({ fetch })
    const request = failure(auth.fetch('/api/orders'))
    for (let turn = 0; turn < instant; turn++) await Promise.resolve()
    out = true
    void auth.logout()
    await Promise.all([request, clock.advance(100)])
    expect(sent).not.toContain(true)
  }
})

it('R09 a call that waits for a token rejects at once when the session ends', async () => {
  const kit = await signedIn()
  await expire(kit)
  kit.on('/auth/refresh', () => gate().answer)
  const token = failure(kit.auth.getAccessToken())
  await settle()
  void kit.auth.logout()
  expect(await token).toMatchObject({ code: 'session_changed', reason: 'logout' })
})

it.each([{ auth: 'optional' }, { method: 'POST' }] as const)(
  'R09 a request (%j) whose session turns out to have ended rejects, and is not sent another way',
  async (init) => {
    const kit = await signedIn({ replay: 'safe' })
    kit.on('/api/orders', rejects(1))
    kit.on('/auth/refresh', () => refusal('session_revoked'))
    const met401 = failure(kit.auth.fetch('/api/orders', init))
    await kit.clock.advance(1000)
    expect(await met401).toMatchObject({ code: 'session_ended', reason: 'revoked' })
    expect(tokens(kit)).toEqual(['Bearer token-1'])
  },
)

it('R09 auth: optional does not turn anonymous while it waits', async () => {
  const kit = await signedIn()
  await expire(kit)
  kit.on('/api/orders', rejects())
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  const waiting = failure(kit.auth.fetch('/api/orders', { auth: 'optional' }))
  await kit.clock.advance(1000)
  expect(await waiting).toMatchObject({ code: 'session_ended' })
  expect(kit.sent('/api/orders')).toHaveLength(0)
})

it('one user at a time: requests of Ann end when Bob signs in, and nothing of hers is sent with his token', async () => {
  const kit = await signedIn()
  const running = gate()
  kit.on('/api/orders', () => running.answer)
  const hers = failure(kit.auth.fetch('/api/orders', { method: 'POST', body: 'hers' }))
  await settle()
  kit.on('/auth/login', () => grant(7, { user: BOB, session_id: 's7' }))
  await kit.auth.login({})
  expect(await hers).toMatchObject({ code: 'session_changed', reason: 'user-switched' })
  running.open(unauthorized())
  await settle()
  expect(tokens(kit)).toEqual(['Bearer token-1'])
  expect(kit.sent('/api/orders')[0]?.init.signal?.aborted).toBe(true)
})

it('a request made while another tab has signed out is not sent with the old token', async () => {
  const kit = await signedIn()
  const other = createKit({}, { browser: kit.browser })
  other.on('/auth/logout', () => new Response(null, { status: 204 }))
  const logout = other.auth.logout()
  await other.clock.advance(1000)
  await logout
  kit.on('/api/orders', rejects())
  expect(await outcome(kit.auth.fetch('/api/orders'))).not.toBe('resolved')
  expect(kit.sent('/api/orders')).toHaveLength(0)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
})

it('a disposed client refuses requests and rejects those that run or wait', async () => {
  const kit = await signedIn()
  const running = gate()
  kit.on('/api/orders', () => running.answer)
  const request = kit.auth.fetch('/api/orders')
  await settle()
  expect(await stateOf(request)).toBe('pending')
  kit.auth.dispose()
  expect([await outcome(request), await outcome(kit.auth.fetch('/api/orders'))]).toEqual([
    'disposed',
    'disposed',
  ])
  expect(kit.sent('/api/orders')).toHaveLength(1)
})

it('a request lets go of the session it hung on, also where AbortSignal.any is missing', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', rejects())
  const left = new Map<AbortSignal, number>()
  const { addEventListener, removeEventListener } = AbortSignal.prototype
  const any = Object.getOwnPropertyDescriptor(AbortSignal, 'any')!
  Reflect.deleteProperty(AbortSignal, 'any')
  AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...rest: [string, never]) {
    left.set(this, (left.get(this) ?? 0) + 1)
    addEventListener.apply(this, rest)
  }
  AbortSignal.prototype.removeEventListener = function (this: AbortSignal, ...rest: [string, never]) {
    left.set(this, (left.get(this) ?? 0) - 1)
    removeEventListener.apply(this, rest)
  }
  try {
    for (let i = 0; i < 20; i++) await kit.auth.fetch('/api/orders')
  } finally {
    Object.defineProperty(AbortSignal, 'any', any)
    Object.assign(AbortSignal.prototype, { addEventListener, removeEventListener })
  }
  expect(Math.max(...left.values())).toBeLessThan(5)
  expect(kit.auth.getState()).toMatchObject({ user: ANN })
})
