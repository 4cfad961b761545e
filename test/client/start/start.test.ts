import { expect, it, vi } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { NO_CHANNELS, NO_LOCKS, outcome, silence, stateOf } from '../../support/client.js'
import {
  type Answer,
  createKit,
  FakeBrowser,
  grant,
  json,
  type Kit,
  leftSignedOut,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'
import { UNREADABLE } from '../../support/stored.js'
import { anotherTab } from '../../support/tabs.js'

/** A browser as the last visit left it. */
async function left(how: 'signed in' | 'signed out' | 'new'): Promise<FakeBrowser> {
  const browser = new FakeBrowser()
  if (how === 'new') return browser
  const kit = await signedIn({}, { browser })
  if (how === 'signed out') await kit.auth.logout()
  kit.auth.dispose()
  return browser
}

async function visit(
  how: Parameters<typeof left>[0] | FakeBrowser,
  options: AuthClientOptions = {},
  answer: () => Answer = () => grant(3),
  prepare: (kit: Kit) => void = () => {},
): Promise<Kit> {
  const kit = createKit(options, { browser: typeof how === 'string' ? await left(how) : how })
  kit.on('/auth/refresh', answer)
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  prepare(kit)
  void kit.auth.ready()
  await kit.clock.advance(500)
  return kit
}

it('BBA-05 one request at the start tells that there is a session, and restores it', async () => {
  const kit = await visit('signed in')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's1' })
  expect(await kit.auth.getAccessToken()).toBe('token-3')
  expect(kit.requests.map(({ path }) => path)).toEqual(['/auth/refresh'])
})

it('BBA-05 or that there is none, or leaves it unknown', async () => {
  const none = await visit('new', {}, () => refusal())
  expect(none.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
  const unknown = await visit('signed in', {}, () => json({}, { status: 503 }))
  expect(unknown.auth.getState()).toMatchObject({ status: 'unknown', connection: 'degraded' })
})

const nobody = (kit: Kit) => kit.on('/auth/session', () => json(null))

it('R72 R99 a visitor costs one request a page load, and no timer asks again', async () => {
  for (const how of ['new', 'signed out'] as const) {
    const kit = await visit(how, {}, () => grant(3), nobody)
    await kit.clock.advance(600_000)
    for (const signal of ['wake', 'online', 'restore'] as const) kit.signal(signal)
    expect(await outcome(kit.auth.getAccessToken())).toBe('login_required')
    expect(await outcome(kit.auth.refresh())).toBe('login_required')
    await settle()
    expect(kit.requests.map(({ path }) => path)).toEqual(['/auth/session'])
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  }
})

it.each([
  ['auto', 'signed out', 1],
  ['auto', 'signed in', 1],
  ['auto', 'new', 1],
  ['always', 'signed out', 1],
  ['always', 'signed in', 1],
  ['never', 'signed in', 0],
  ['never', 'new', 0],
] as const)(
  'R72 with restore: "%s" a start where somebody was %s costs %i requests',
  async (restore, how, requests) => {
    const kit = await visit(how, { restore }, () => grant(3, { session_id: 's2' }))
    expect(kit.requests).toHaveLength(requests)
    expect(kit.auth.getState().status).toBe(requests ? 'authenticated' : 'unauthenticated')
  },
)

it.each([
  ['absent', 'new', 0],
  ['absent', 'signed out', 0],
  ['there', 'new', 1],
  // A hint that ran out says nothing about the session.
  ['absent', 'signed in', 1],
  ['there', 'signed out', 1],
] as const)(
  'R72 R99 with a hint cookie that is %s and a browser that is %s the start costs %i requests',
  async (hint, how, requests) => {
    const kit = await visit(
      how,
      { hint: { cookie: 'signed_in' } },
      () => grant(3, { session_id: 's2' }),
      ({ cookies }) => {
        if (hint === 'there') cookies.set('signed_in', '1')
      },
    )
    expect(kit.requests).toHaveLength(requests)
  },
)

it('R72 a refresh that is asked for in so many words ignores every hint', async () => {
  for (const options of [{ restore: 'never' }, { hint: { cookie: 'signed_in' } }] as const) {
    const kit = await visit('new', options)
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
    expect(await kit.auth.refresh({ force: true })).toMatchObject({ status: 'authenticated' })
  }
})

it('R73 where storage is blocked the client signs in, renews and signs out', async () => {
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const kit = await visit(browser, {}, () => refusal())
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(await kit.auth.login({})).toMatchObject({ status: 'authenticated' })
  kit.on('/auth/refresh', () => grant(2))
  await kit.auth.refresh({ force: true })
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  expect(await kit.auth.logout()).toEqual({ server: 'confirmed', durable: false })
})

it.each(UNREADABLE)('R73 R79 a register that says %.40j counts as none', async (text) => {
  const browser = await left('signed in')
  for (const key of browser.storage.keys()) browser.storage.set(key, text)
  const kit = await visit(browser)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(kit.requests).toHaveLength(1)
})

it('R22 without locks, channel and storage it works, and one warning names what is missing', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const kit = createKit({}, { browser, ports: { locks: NO_LOCKS, channels: NO_CHANNELS } })
  kit.on('/auth/refresh', (_request, count) => (count === 1 ? refusal() : grant(count)))
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  await kit.auth.login({})
  await kit.clock.advance(301_000)
  expect(await kit.auth.getAccessToken()).toBe('token-2')
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  expect(warn).toHaveBeenCalledOnce()
  for (const name of ['Web Locks', 'BroadcastChannel', 'localStorage']) {
    expect(warn.mock.calls[0]?.[0]).toContain(name)
  }
})

it('R22 where nothing is missing nothing is said', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  await visit('new')
  expect(warn).not.toHaveBeenCalled()
})

it('R76 until the start has settled the status is unknown, also for who subscribes', async () => {
  const kit = createKit({}, { browser: await left('signed in') })
  kit.on('/auth/refresh', silence)
  const told: string[] = []
  expect(kit.auth.getState()).toMatchObject({ status: 'unknown' })
  kit.auth.subscribe(({ status }) => void told.push(status))
  const ready = kit.auth.ready()
  await kit.clock.advance(9999)
  expect(await stateOf(ready)).toBe('resolved')
  expect(new Set(told)).toEqual(new Set(['unknown']))
})

it('R76 ready settles at its deadline where no answer comes at all, and at once where the network is down', async () => {
  const options = { timeouts: { request: 60_000, ready: 3000 } }
  const kit = createKit(options, { browser: await left('signed in') })
  kit.on('/auth/refresh', silence)
  const ready = kit.auth.ready()
  await kit.clock.advance(2999)
  expect(await stateOf(ready)).toBe('pending')
  await kit.clock.advance(1)
  expect(await ready).toMatchObject({ status: 'unknown' })
  const offline = await visit(
    'signed in',
    {},
    () => new TypeError('Failed to fetch'),
    (page) => void (page.online = false),
  )
  expect(await stateOf(offline.auth.ready())).toBe('resolved')
  expect(offline.auth.getState()).toMatchObject({ status: 'unknown', connection: 'offline' })
})

it('R76 what is prerendered asks nothing until it is shown, and its deadlines start then', async () => {
  const kit = createKit({}, { browser: await left('signed in') })
  kit.prerendering = true
  kit.on('/auth/refresh', () => grant(3))
  const ready = kit.auth.ready()
  const token = kit.auth.getAccessToken()
  await kit.clock.advance(3_600_000)
  expect(kit.requests).toEqual([])
  expect(await stateOf(ready)).toBe('pending')
  kit.prerendering = false
  kit.signal('activate')
  await kit.clock.advance(50)
  expect(await ready).toMatchObject({ status: 'authenticated' })
  expect(await token).toBe('token-3')
})

it('R76 a start that always asks is unknown until the refusal, and a logout meanwhile shows at once', async () => {
  const kit = createKit({ restore: 'always' }, { browser: await leftSignedOut() })
  let answer = (_response: Response): void => {}
  kit.on('/auth/refresh', () => new Promise((resolve) => (answer = resolve)))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const ended: unknown[] = []
  kit.auth.on('sessionEnd', (event) => ended.push(event))
  void kit.auth.ready()
  await kit.clock.advance(100)
  expect(kit.auth.getState().status).toBe('unknown')
  const logout = kit.auth.logout()
  expect(kit.auth.getState().status).toBe('unauthenticated')
  answer(refusal())
  await kit.clock.advance(1000)
  await logout
  expect(kit.auth.getState().status).toBe('unauthenticated')
  expect(ended).toEqual([])
})

it('R99 R38 a start that had to end something first asks as a visitor no more where somebody has signed in meanwhile', async () => {
  const browser = new FakeBrowser()
  const before = await signedIn({}, { browser })
  before.on('/auth/logout', () => new TypeError('offline'))
  await before.auth.logout()
  before.auth.dispose()
  const kit = createKit({}, { browser, clock: before.clock })
  let ended = (_answer: Response) => {}
  kit.on('/auth/logout', () => new Promise<Response>((resolve) => (ended = resolve)))
  kit.on('/auth/refresh', () => grant(5, { session_id: 's2' }))
  void kit.auth.ready()
  await settle()
  const other = await anotherTab(kit)
  void other.signsIn({ session_id: 's2' })
  await kit.clock.advance(1000)
  // The cookie may not reach the session endpoint: what it says ends no session that is known.
  kit.on('/auth/session', () => refusal())
  ended(new Response(null, { status: 204 }))
  await kit.clock.advance(1000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
})
