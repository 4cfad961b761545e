import { expect, it, vi } from 'vitest'
import type { AuthClient } from '../../../src/client.js'
import { failure, listen, outcome, silence } from '../../support/client.js'
import {
  ANN,
  BOB,
  createKit,
  FakeBrowser,
  grant,
  json,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'

const CALLS: Record<string, (auth: AuthClient) => Promise<unknown>> = {
  getAccessToken: (auth) => auth.getAccessToken(),
  refresh: (auth) => auth.refresh({ force: true }),
  logout: (auth) => auth.logout(),
  login: (auth) => auth.login({}),
  fetch: (auth) => auth.fetch('/api/orders'),
  ready: (auth) => auth.ready(),
  diagnose: (auth) => auth.diagnose(),
  loginWithRedirect: (auth) => auth.loginWithRedirect(),
}

const EVENTS = ['subscribe', 'sessionEnd', 'userSwitch', 'claimsChange', 'diagnostic'] as const

/** Makes every kind of event happen once. */
const happenings: ((auth: AuthClient) => Promise<unknown>)[] = [
  (auth) => auth.refresh({ force: true }),
  (auth) => auth.refresh({ force: true }),
  (auth) => auth.logout(),
  (auth) => auth.login({}),
]

it.each(EVENTS.flatMap((event) => Object.keys(CALLS).map((call) => [event, call] as const)))(
  'R19 a listener of %s may call and await %s',
  async (event, call) => {
    const kit = await signedIn()
    kit.on('/auth/refresh', (_request, count) =>
      count % 2 === 0
        ? grant(count, { user: { ...ANN, role: count } })
        : grant(count, { user: BOB, session_id: `s${count}` }),
    )
    kit.on('/auth/session', () => json({ user: ANN }))
    kit.on('/api/orders', () => json({}))
    const calls: Promise<string>[] = []
    const listener = async () => {
      if (calls.length >= 6) return
      const result = outcome(CALLS[call]!(kit.auth))
      calls.push(result)
      await result
    }
    if (event === 'subscribe') kit.auth.subscribe(() => void listener())
    else kit.auth.on(event, listener)
    for (const happen of happenings) {
      const result = outcome(happen(kit.auth))
      await kit.clock.advance(30_000)
      await result
    }
    expect(calls.length).toBeGreaterThan(0)
    for (const result of calls) expect(await result).toMatch(/^[a-z_]+$/)
  },
)

it('R19 a login inside sessionEnd rejects at once instead of waiting for itself', async () => {
  const kit = await signedIn()
  let inside: Promise<unknown> | undefined
  kit.auth.on('sessionEnd', async () => {
    inside = failure(kit.auth.login({}))
    await inside
  })
  const before = kit.sent('/auth/login').length
  await kit.auth.logout()
  expect(await inside).toMatchObject({ code: 'session_changed' })
  expect(kit.sent('/auth/login')).toHaveLength(before)
  expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated' })
})

it('R19 a listener that logs out of what it was just told leaves everybody with the last state', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  kit.auth.subscribe(({ status }) => {
    if (status === 'authenticated') void kit.auth.logout()
  })
  const told = listen(kit.auth)
  expect(await outcome(kit.auth.login({}))).toBe('session_changed')
  await settle()
  expect(told.states.at(-1)).toBe('unauthenticated')
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R19 a listener that throws, or rejects, silences neither the others nor the client', async () => {
  const reported = vi.spyOn(console, 'error').mockImplementation(() => {})
  const kit = await signedIn()
  const broken = () => {
    throw new Error('a fault of the application')
  }
  kit.auth.on('sessionEnd', broken)
  kit.auth.on('sessionEnd', () => Promise.reject(new Error('another')))
  kit.auth.on('diagnostic', broken)
  kit.auth.subscribe(broken)
  const told = listen(kit.auth)
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated' })
  expect(told.ends).toHaveLength(1)
  expect(told.states).toEqual(['unauthenticated', 'authenticated'])
  expect(reported).toHaveBeenCalled()
})

it('a listener that is removed while it is told is not called again, and one added hears the next', async () => {
  const kit = await signedIn()
  const heard: string[] = []
  const stop = kit.auth.on('sessionEnd', () => {
    heard.push('first')
    stop()
    kit.auth.on('sessionEnd', () => void heard.push('second'))
  })
  await kit.auth.logout()
  expect(heard).toEqual(['first'])
  await kit.auth.login({})
  await kit.auth.logout()
  expect(heard).toEqual(['first', 'second'])
})

it('R45 ten calls that fail by one end get the same error, and the application one event', async () => {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(300_000)
  const told = listen(kit.auth)
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  const calls = Array.from({ length: 10 }, (_, index) =>
    failure(index % 2 ? kit.auth.getAccessToken() : kit.auth.fetch('/api/orders')),
  )
  await kit.clock.advance(1000)
  const errors = await Promise.all(calls)
  expect(new Set(errors).size).toBe(1)
  expect(errors[0]).toMatchObject({
    name: 'AuthError',
    code: 'session_ended',
    reason: 'revoked',
    retryable: false,
  })
  expect(told).toMatchObject({ ends: [{ reason: 'revoked' }], states: ['unauthenticated'] })
  expect(kit.sent('/api/orders')).toHaveLength(0)
})

it('R44 every end says why: here, by the server, and by another user', async () => {
  const kit = await signedIn()
  const told = listen(kit.auth)
  await kit.auth.logout()
  await kit.auth.login({})
  kit.on('/auth/refresh', () => refusal('user_disabled'))
  void outcome(kit.auth.refresh({ force: true }))
  await kit.clock.advance(1000)
  await kit.auth.login({})
  kit.on('/auth/login', () => grant(1, { user: BOB, session_id: 's2' }))
  await kit.auth.login({})
  expect(told.ends.map(({ reason, status }) => [reason, status])).toEqual([
    ['logout', undefined],
    ['refused', 401],
    ['user-switched', undefined],
  ])
})

it.each(['a first visit', 'a visit after a sign-out'])('R44 %s tells no end', async (visit) => {
  const browser = new FakeBrowser()
  if (visit !== 'a first visit') await (await signedIn({}, { browser })).auth.logout()
  const kit = createKit({}, { browser })
  kit.on('/auth/refresh', () => refusal())
  const told = listen(kit.auth)
  const ready = kit.auth.ready()
  await kit.clock.advance(1000)
  expect(await ready).toMatchObject({ status: 'unauthenticated' })
  expect(told.ends).toEqual([])
})

it('R95 what fails in the background leaves no unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  try {
    const kit = await signedIn()
    kit.on('/auth/refresh', () => new TypeError('Failed to fetch'))
    await kit.clock.advance(600_000)
    kit.signal('wake')
    kit.on('/auth/refresh', silence)
    await kit.clock.advance(600_000)
    kit.on('/auth/refresh', () => refusal())
    kit.signal('online')
    await kit.clock.advance(600_000)
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
    kit.on('/auth/logout', () => new TypeError('Failed to fetch'))
    await kit.auth.logout()
    await kit.clock.advance(600_000)
    kit.on('/auth/login', silence)
    const abandoned = new AbortController()
    void outcome(kit.auth.login({}))
    void outcome(kit.auth.getAccessToken({ signal: abandoned.signal }))
    abandoned.abort()
    await settle()
    kit.auth.dispose()
    await kit.clock.advance(60_000)
    await settle()
  } finally {
    process.off('unhandledRejection', note)
  }
  expect(unhandled).toEqual([])
})

it('R19 a listener that calls again at each failure the breaker tells of does not run for ever', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', (_request, count) => grant(count, { expires_in: 0 }))
  let calls = 0
  kit.auth.on('diagnostic', async ({ type }) => {
    if (type !== 'refresh.failed' || calls > 50) return
    calls++
    for (let i = 0; i < 3; i++) await Promise.resolve()
    await outcome(kit.auth.getAccessToken())
  })
  for (let i = 0; i < 6; i++) await outcome(kit.auth.refresh({ force: true }))
  await outcome(kit.auth.getAccessToken())
  await settle()
  expect(calls).toBeGreaterThan(0)
  expect(calls).toBeLessThan(5)
})
