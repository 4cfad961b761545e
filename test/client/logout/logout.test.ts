import { expect, it } from 'vitest'
import { FakeLocks, listen, outcome, portal, silence, beginLogin } from '../../support/client.js'
import {
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
import { owed, storeAsTab, storedName, storedSession } from '../../support/stored.js'

const done = () => new Response(null, { status: 204 })

const HTML = { 'content-type': 'text/html; charset=utf-8' }

const broken = () => new ReadableStream({ pull: (body) => body.error(new TypeError('network error')) })

const down = () => new TypeError('Failed to fetch')

/** The same browser after a reload. */
async function reload(kit: Kit, prepare: (next: Kit) => void): Promise<Kit> {
  kit.auth.dispose()
  const next = createKit({}, { browser: kit.browser, clock: kit.clock })
  prepare(next)
  void next.auth.ready()
  await next.clock.advance(50)
  return next
}

it.each([
  ['hangs', silence],
  ['answers 500', () => json({}, { status: 500 })],
  ['is not reached', down],
  ['is answered by a page that breaks off', () => new Response(broken(), { headers: HTML })],
])(
  'R36 AV-25 where the logout endpoint %s, state, token and waiting calls are gone before anything is awaited',
  async (_, answer) => {
    const kit = await signedIn()
    const told = listen(kit.auth)
    kit.on('/auth/logout', answer)
    kit.on('/auth/refresh', silence)
    kit.on('/api/orders', silence)
    const refreshing = outcome(kit.auth.refresh({ force: true }))
    const waiting = outcome(kit.auth.fetch('/api/orders', { method: 'POST' }))
    await settle()
    const result = kit.auth.logout()
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
    expect(told).toMatchObject({ ends: [{ reason: 'logout' }], states: ['unauthenticated'] })
    expect(owed(kit)).toEqual(['s1'])
    expect(await refreshing).toBe('session_changed')
    expect(await waiting).toBe('session_changed')
    expect(await outcome(kit.auth.getAccessToken())).toBe('login_required')
    await kit.clock.advance(30_000)
    expect(await result).toEqual({ server: 'pending', durable: true })
  },
)

it('RV-05 AV-25 a logout made offline survives a reload and is delivered before anything is restored', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', down)
  kit.online = false
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  const next = await reload(kit, (page) => {
    page.on('/auth/logout', done)
    page.on('/auth/session', () => json(null))
    page.on('/auth/refresh', () => grant(2))
  })
  expect(next.requests.map(({ path, body }) => [path, body])).toEqual([
    ['/auth/logout', { session_id: 's1', scope: 'current' }],
    ['/auth/session', ''],
  ])
  expect(next.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(await outcome(next.auth.getAccessToken())).toBe('login_required')
})

it('RV-05 only an explicit login clears a logout that could not be delivered', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', down)
  await kit.auth.logout()
  const next = await reload(kit, (page) => {
    page.on('/auth/logout', down)
    page.on('/auth/refresh', () => grant(2))
    page.on('/auth/login', () => grant(3, { session_id: 's3' }))
  })
  next.signal('wake')
  next.signal('online')
  void outcome(next.auth.refresh({ force: true }))
  await next.clock.advance(300_000)
  expect(next.sent('/auth/refresh')).toHaveLength(0)
  expect(next.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  const login = next.auth.login({})
  await next.clock.advance(10_000)
  expect(await login).toMatchObject({ status: 'authenticated', sessionId: 's3' })
  const before = next.sent('/auth/logout').length
  await next.clock.advance(120_000)
  expect(next.sent('/auth/logout')).toHaveLength(before)
})

it.each([
  ['the network is back', 'online'],
  ['the page is seen again', 'wake'],
] as const)('RV-05 a pending logout is delivered as soon as %s', async (_, signal) => {
  const kit = await signedIn()
  kit.on('/auth/logout', down)
  await kit.auth.logout()
  const before = kit.sent('/auth/logout').length
  kit.on('/auth/logout', done)
  kit.signal(signal)
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(before + 1)
  await kit.clock.advance(300_000)
  expect(kit.sent('/auth/logout')).toHaveLength(before + 1)
})

it.each([
  ['204', done],
  ['200', () => json({})],
  ['401', () => refusal('session_expired')],
  // As Django and Rails answer with nothing in it.
  ['204 that calls nothing HTML', () => new Response(null, { status: 204, headers: HTML })],
  ['200 that calls nothing HTML', () => new Response('', { headers: HTML })],
])('RV-02 %s means signed out, and the logout is not sent again', async (_, answer) => {
  const kit = await signedIn()
  kit.on('/auth/logout', answer)
  expect(await kit.auth.logout()).toEqual({ server: 'confirmed', durable: true })
  kit.signal('online')
  await kit.clock.advance(300_000)
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('RV-02 a logout where nobody is signed in is confirmed, and tells no end of a session', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/logout', done)
  await kit.auth.ready()
  const told = listen(kit.auth)
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  expect(told.ends).toEqual([])
})

it('RV-03 a logout answered 503 is tried again, not before its Retry-After', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', (_request, count) =>
    count === 1 ? json({}, { status: 503, headers: { 'retry-after': '7' } }) : done(),
  )
  expect(await kit.auth.logout()).toMatchObject({ server: 'pending' })
  await kit.clock.advance(6999)
  expect(kit.sent('/auth/logout')).toHaveLength(1)
  await kit.clock.advance(1)
  expect(kit.sent('/auth/logout')).toHaveLength(2)
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/logout')).toHaveLength(2)
})

it.each([302, 403, 404, 408, 429, 500, 502])(
  'RV-03 a logout answered %s is kept for later',
  async (status) => {
    const kit = await signedIn()
    kit.on('/auth/logout', () => new Response('<html>', { status }))
    expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  },
)

it('R50 a logout that knows of no session is not tried again where no register says whether another has begun', async () => {
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const kit = createKit({}, { browser })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/logout', () => new Response(null, { status: 503 }))
  await kit.auth.ready()
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: false })
  await kit.clock.advance(120_000)
  kit.signal('online')
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('R50 nor where the storage was emptied since, while this page stood still', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/logout', () => new Response(null, { status: 503 }))
  await kit.auth.ready()
  await kit.auth.logout({ scope: 'all' })
  kit.browser.storage.clear()
  kit.signal('wake')
  await kit.clock.advance(120_000)
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('R37 a logout that was said anew while it waited for the lock is delivered all the same', async () => {
  const kit = await signedIn()
  const release = await kit.ports.locks.acquire(storedName(kit), 0)
  const result = kit.auth.logout()
  await settle()
  // Another tab had not heard of it, and restored the session.
  storeAsTab(kit, { isSignedIn: true })
  release?.()
  expect(await result).toMatchObject({ server: 'confirmed' })
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toEqual([{ session_id: 's1', scope: 'current' }])
})

it('RV-03 the second logout that fails waits no longer than the first one did', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', (_request, count) => (count < 6 ? json({}, { status: 503 }) : done()))
  void kit.auth.logout()
  await kit.clock.advance(600_000)
  await kit.auth.login({})
  kit.on('/auth/logout', (_request, count) => (count === 7 ? json({}, { status: 503 }) : done()))
  await kit.auth.logout()
  await kit.clock.advance(1000)
  expect(kit.sent('/auth/logout')).toHaveLength(8)
})

it('a second logout does not forget which session the first one could not end, nor that it was for all', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => json({}, { status: 503 }))
  await kit.auth.logout({ scope: 'all' })
  kit.on('/auth/logout', done)
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  expect(kit.sent('/auth/logout').at(-1)).toMatchObject({ body: { session_id: 's1', scope: 'all' } })
})

it('R21 a page that goes away sends a logout that still waits for the lock', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', silence)
  void outcome(kit.auth.refresh({ force: true }))
  await settle()
  void kit.auth.logout()
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(0)
  kit.signal('suspend')
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('R99 a logout as the first call is never shown as unknown again', async () => {
  const kit = createKit()
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/logout', done)
  const shown: string[] = []
  const result = kit.auth.logout()
  kit.auth.subscribe(({ status }) => void shown.push(status))
  await kit.clock.advance(3000)
  await result
  expect(new Set(shown)).toEqual(new Set(['unauthenticated']))
})

it('a logout is the first call of a client that has not started, and nothing is restored after it', async () => {
  const { browser } = await signedIn()
  const kit = createKit({}, { browser })
  kit.on('/auth/refresh', () => grant(2))
  kit.on('/auth/logout', done)
  const told = listen(kit.auth)
  const result = kit.auth.logout()
  expect(told.ends).toMatchObject([{ reason: 'logout', previousUser: undefined }])
  await kit.clock.advance(60_000)
  expect(await result).toMatchObject({ server: 'confirmed' })
  expect(kit.requests.map(({ path }) => path)).toEqual(['/auth/logout'])
})

it('R73 where storage is blocked a logout says that it would not survive a reload', async () => {
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const kit = createKit({}, { browser })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', done)
  await kit.auth.login({})
  expect(await kit.auth.logout()).toEqual({ server: 'confirmed', durable: false })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('RV-03 a page of a captive portal in the place of a logout confirms nothing', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', portal)
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.clock.advance(5000)
  expect(storedSession(kit)).toMatchObject({ isSignedIn: false, owed: [] })
})

it('a logout that the server redirects says so, stays pending, and is not repeated every minute', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => new Response(null, { status: 302 }))
  expect(await kit.auth.logout()).toMatchObject({ server: 'pending' })
  expect(kit.auth.getDiagnostics().at(-1)).toMatchObject({ type: 'logout.pending', code: 'redirected' })
  await kit.clock.advance(3_600_000)
  expect(kit.sent('/auth/logout').length).toBeLessThan(10)
})

it('R09 a logout right after a start that asked nobody still reaches the server', async () => {
  const first = await signedIn()
  const kit = createKit({ restore: 'never' }, { browser: first.browser })
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  await kit.auth.logout()
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('R10 a refresh that was asked for before the sign-out, and has waited for the lock behind it, asks nobody', async () => {
  const clock = new ManualClock()
  const locks = new FakeLocks(clock)
  const kit = await signedIn({}, { clock, ports: { locks } })
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const [name] = locks.names
  // A page that stands still holds it.
  await locks.acquire(name!, 1)
  const before = kit.sent('/auth/refresh').length
  void outcome(kit.auth.refresh({ force: true }))
  await clock.advance(100)
  const out = kit.auth.logout()
  await clock.advance(60_000)
  expect(await out).toMatchObject({ server: 'confirmed' })
  expect(kit.sent('/auth/refresh').length - before).toBe(0)
})

it('R21 a page that goes away sends a logout that still waits for its login', async () => {
  const kit = await signedIn()
  await beginLogin(kit)
  void kit.auth.logout()
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(0)
  kit.signal('suspend')
  await settle()
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})
