/* Whom the cookie is for: asked at each start, and nobody is shown before the answer (design, section 7). */
import { expect, it } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import {
  ANN,
  type Answer,
  BOB,
  createKit,
  FakeBrowser,
  grant,
  json,
  type Kit,
  leftSignedIn,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'
import { createHub, type Hub } from '../../support/hub.js'
import { listen, outcome, silence } from '../../support/client.js'

const paths = (kit: Kit): string[] => kit.requests.map(({ path }) => path)
const session = (user: object | null, id = 's1') => json(user && { mode: 'token', user, session_id: id })

interface Visit {
  readonly session?: () => Answer
  readonly refresh?: () => Answer
  readonly options?: AuthClientOptions
  readonly prepare?: (kit: Kit) => void
}

/** Ann is signed in in one tab, and a second one is opened a while later. */
async function second({ session: answer, refresh = () => grant(9), options = {}, prepare }: Visit = {}) {
  const hub: Hub = createHub()
  const kit = await signedIn(options, { ports: { channels: hub.channels } })
  await kit.clock.advance(10_000)
  const { browser, clock } = kit
  const tab = createKit(options, { browser, clock, ports: { channels: hub.channels } })
  if (answer) tab.on('/auth/session', answer)
  for (const page of [kit, tab]) page.on('/auth/refresh', refresh)
  tab.on('/auth/login', () => grant(20, { session_id: 's20' }))
  prepare?.(tab)
  const told = listen(tab.auth)
  void tab.auth.ready()
  await clock.advance(100)
  return { kit, tab, told, clock }
}

/** A browser that is new, or was left signed out. */
async function visitor(
  how: 'new' | 'signed out',
  { session: answer, refresh = refusal, options = {}, prepare }: Visit,
) {
  const browser = new FakeBrowser()
  if (how === 'signed out') {
    const kit = await signedIn({}, { browser })
    await kit.auth.logout()
    kit.auth.dispose()
  }
  const kit = createKit(options, { browser })
  if (answer) kit.on('/auth/session', answer)
  kit.on('/auth/refresh', refresh)
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  prepare?.(kit)
  void kit.auth.ready()
  await kit.clock.advance(100)
  return kit
}

it('R99 a second tab asks once whom the cookie is for, and takes the token of the first where that is the same', async () => {
  const { tab, kit } = await second({ session: () => session(ANN) })
  expect(tab.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN, sessionId: 's1' })
  expect(await tab.auth.getAccessToken()).toBe('token-1')
  expect(paths(tab)).toEqual(['/auth/session'])
  expect(tab.requests[0]?.headers.has('authorization')).toBe(false)
  expect(kit.auth.getState()).toMatchObject({ user: ANN })
})

it('R99 nobody is shown before the answer, and after it not who was signed in in the other tab', async () => {
  const { tab, kit, told, clock } = await second({
    session: () => session(BOB, 's2'),
    refresh: () => grant(9, { user: BOB, session_id: 's2' }),
  })
  await clock.advance(1000)
  expect(tab.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
  expect(JSON.stringify(told.states)).not.toContain('"Ann"')
  expect(await tab.auth.getAccessToken()).toBe('token-9')
  // Ann's own tab follows the cookie.
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
  expect(told.ends).toMatchObject([{ reason: 'user-switched', previousUser: ANN }])
})

it('R99 the same where sessions have no id: who it is decides', async () => {
  const options: AuthClientOptions = { parseAnswer: fields }
  const { tab, kit, clock } = await second({
    options,
    session: () => session(BOB),
    refresh: () => grant(9, { user: BOB }),
  })
  await clock.advance(1000)
  expect([tab, kit].map(({ auth }) => auth.getState())).toMatchObject([{ user: BOB }, { user: BOB }])
})

function fields(body: unknown) {
  const { access_token, expires_in, user, mode } = body as Record<string, unknown>
  return { accessToken: access_token as string, expiresIn: expires_in as number, user, mode: mode as string }
}

it('R99 a server that signed out behind the tabs: the next page shows nobody, and the open one follows', async () => {
  const { tab, kit, clock } = await second({ session: () => session(null), refresh: () => refusal() })
  await clock.advance(1000)
  expect(tab.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R99 a session check that finds nobody ends no session that storage knows: the refresh decides', async () => {
  for (const answer of [() => session(null), () => refusal(), () => json({}, { status: 404 })]) {
    const { tab } = await second({ session: answer })
    await tab.clock.advance(1000)
    expect(tab.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
    expect(paths(tab)).toEqual(['/auth/session', '/auth/refresh'])
  }
})

it('R99 without an answer the token of the other tab is used meanwhile, and whose it is is asked again', async () => {
  let down = true
  const { tab, kit, clock } = await second({
    session: () => (down ? json({}, { status: 503 }) : session(ANN)),
  })
  const before = kit.requests.length + tab.requests.length
  expect(tab.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN, connection: 'degraded' })
  expect(await tab.auth.getAccessToken()).toBe('token-1')
  down = false
  await clock.advance(5000)
  // By whichever tab is first.
  expect(kit.requests.length + tab.requests.length).toBe(before + 1)
  expect(tab.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'ok' })
  await clock.advance(60_000)
  expect(kit.requests.length + tab.requests.length).toBe(before + 1)
})

it('R99 without an answer, and then somebody else: he is shown, and her end is told first', async () => {
  let down = true
  const { tab, told, clock } = await second({
    session: () => (down ? json({}, { status: 503 }) : session(BOB, 's2')),
    refresh: () => grant(9, { user: BOB, session_id: 's2' }),
  })
  down = false
  await clock.advance(10_000)
  expect(tab.auth.getState()).toMatchObject({ user: BOB })
  expect(told.ends).toMatchObject([{ reason: 'user-switched', previousUser: ANN }])
})

it('R99 where the server has named somebody else, no want of an answer shows who is signed in in the other tab', async () => {
  let down = true
  let asked = 0
  const { tab, told, clock } = await second({
    session: () => (asked++ ? json({}, { status: 503 }) : session(BOB, 's2')),
    refresh: () => (down ? json({}, { status: 503 }) : grant(9, { user: BOB, session_id: 's2' })),
  })
  await clock.advance(60_000)
  expect(tab.auth.getState().status).toBe('unknown')
  expect(told.states).not.toContain('authenticated')
  down = false
  await clock.advance(60_000)
  expect(tab.auth.getState()).toMatchObject({ user: BOB })
})

it('R99 a sign-in and a sign-out wait for no proof', async () => {
  const { tab } = await second({ session: silence })
  expect(tab.auth.getState().status).toBe('unknown')
  const login = outcome(tab.auth.login({}))
  await tab.clock.advance(1000)
  expect(await login).toBe('resolved')
  expect(tab.auth.getState()).toMatchObject({ sessionId: 's20' })
})

it('R99 that there is no session endpoint is remembered for a day, and then the refresh is the question', async () => {
  const browser = await leftSignedIn()
  const load = async () => {
    const kit = createKit({}, { browser })
    kit.on('/auth/session', () => json({}, { status: 404 }))
    kit.on('/auth/refresh', () => grant(4, { session_id: 's4' }))
    return kit
  }
  // Nothing is stored, so that the session endpoint is asked first.
  browser.storage.clear()
  const [first, later, next] = [await load(), await load(), await load()]
  for (const [kit, age] of [
    [first, 0],
    [later, 3_600_000],
    [next, 86_400_000],
  ] as const) {
    kit.clock.wallOffset += age
    void kit.auth.ready()
    await kit.clock.advance(100)
    browser.storage.clear()
    kit.auth.dispose()
  }
  expect([first, later, next].map(paths)).toEqual([
    ['/auth/session', '/auth/refresh'],
    ['/auth/refresh'],
    ['/auth/session', '/auth/refresh'],
  ])
})

it.each(['new', 'signed out'] as const)(
  'R99 who was signed in by a link of the server is found by a visitor whose browser is %s',
  async (how) => {
    const kit = await visitor(how, {
      session: () => session(BOB, 's2'),
      refresh: () => grant(5, { user: BOB, session_id: 's2' }),
    })
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
    expect(paths(kit)).toEqual(['/auth/session', '/auth/refresh'])
  },
)

it('R99 a session that somebody logged out of is owed again and never shown', async () => {
  const kit = await visitor('signed out', { session: () => session(ANN, 's1'), refresh: () => grant(5) })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toEqual([{ session_id: 's1', scope: 'current' }])
  expect(kit.sent('/auth/refresh')).toEqual([])
})

it('R99 where a sign-out could not be delivered, somebody else is shown and the session it is about is not', async () => {
  for (const [id, status] of [
    ['s2', 'authenticated'],
    ['s1', 'unauthenticated'],
  ] as const) {
    const browser = new FakeBrowser()
    const kit = await signedIn({}, { browser })
    kit.on('/auth/logout', () => json({}, { status: 503 }))
    await kit.auth.logout()
    kit.auth.dispose()
    const next = createKit({}, { browser, clock: kit.clock })
    next.on('/auth/logout', (_, count) =>
      count === 1 ? json({}, { status: 503 }) : new Response(null, { status: 204 }),
    )
    next.on('/auth/session', () => session(BOB, id))
    next.on('/auth/refresh', () => grant(5, { user: BOB, session_id: id }))
    void next.auth.ready()
    await next.clock.advance(5000)
    expect(next.auth.getState()).toMatchObject({ status })
    // What is still to be ended is ended, whoever is shown.
    expect(next.sent('/auth/logout').at(-1)?.body).toMatchObject({ session_id: 's1' })
    expect(next.sent('/auth/logout').length).toBeGreaterThan(1)
  }
})

it('R99 a visitor is unknown until the answer, and for no longer than two seconds; a later answer signs in', async () => {
  let answer: (response: Response) => void = () => {}
  const late = new Promise<Response>((resolve) => (answer = resolve))
  const kit = await visitor('new', {
    session: () => late,
    refresh: () => grant(5, { user: BOB, session_id: 's2' }),
  })
  await kit.clock.advance(1800)
  expect(kit.auth.getState().status).toBe('unknown')
  await kit.clock.advance(200)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
  answer(session(BOB, 's2'))
  await kit.clock.advance(100)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
})

it('R99 a visitor without a network is signed out at once, and asked about when it is back; no timer asks', async () => {
  const kit = await visitor('signed out', {
    session: () => (kit.online ? session(BOB, 's2') : new TypeError('Failed to fetch')),
    refresh: () => grant(5, { user: BOB, session_id: 's2' }),
    prepare: (page) => void (page.online = false),
  })
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  const asked = kit.requests.length
  await kit.clock.advance(600_000)
  expect(kit.requests).toHaveLength(asked)
  kit.online = true
  kit.signal('online')
  await kit.clock.advance(1000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
})

it('R99 a page of text at the address of the session endpoint says nothing', async () => {
  const page = () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })
  const kit = await visitor('new', { session: page, refresh: () => grant(5) })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', connection: 'degraded' })
  expect(kit.sent('/auth/refresh')).toEqual([])
  const { tab } = await second({ session: page })
  expect(tab.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN, connection: 'degraded' })
})

it('R99 R39 a page that comes back asks whose the cookie is by now, and shows who was here meanwhile', async () => {
  const kit = await signedIn()
  kit.on('/auth/session', () => session(ANN))
  await kit.clock.advance(60_000)
  kit.signal('suspend')
  kit.signal('restore')
  expect(kit.auth.getState()).toMatchObject({ user: ANN })
  await kit.clock.advance(1000)
  expect(kit.sent('/auth/session')).toHaveLength(1)
  expect(await kit.auth.getAccessToken()).toBe('token-1')
  kit.on('/auth/session', () => session(BOB, 's2'))
  kit.on('/auth/refresh', () => grant(7, { user: BOB, session_id: 's2' }))
  kit.signal('suspend')
  kit.signal('restore')
  await kit.clock.advance(1000)
  expect(kit.auth.getState()).toMatchObject({ user: BOB })
  expect(await kit.auth.getAccessToken()).toBe('token-7')
})

it('R99 R13 a second tab that hears of a Retry-After asks nobody before: the word of the first counts meanwhile, and is proved after it', async () => {
  const hub: Hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const { browser, clock } = kit
  await clock.advance(10_000)
  kit.on('/auth/refresh', () => json({}, { status: 429, headers: { 'retry-after': '20' } }))
  expect(await outcome(kit.auth.refresh({ force: true }))).toBe('rate_limited')
  const tab = createKit({}, { browser, clock, ports: { channels: hub.channels } })
  tab.on('/auth/session', () => session(ANN))
  void tab.auth.ready()
  await clock.advance(19_000)
  expect(tab.auth.getState()).toMatchObject({ user: ANN })
  expect(paths(tab)).toEqual([])
  kit.auth.dispose()
  await clock.advance(2000)
  expect(paths(tab)).toEqual(['/auth/session'])
})

it('R13 R99 of two pages that begin at once behind a link of the server, the one that hears of a failed refresh waits, too', async () => {
  const { browser, clock } = await visitor('signed out', {})
  const setup = { browser, clock, ports: { channels: createHub().channels } }
  const [kit, tab] = [createKit({}, setup), createKit({}, setup)]
  kit.on('/auth/session', () => session(ANN, 's2'))
  kit.on('/auth/refresh', () => new Response('', { status: 503 }))
  let answer: (response: Response) => void = () => {}
  tab.on('/auth/session', () => new Promise((resolve) => (answer = resolve)))
  tab.on('/auth/refresh', () => grant(2, { session_id: 's2' }))
  for (const { auth } of [kit, tab]) void auth.ready()
  await clock.advance(50)
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
  answer(session(ANN, 's2'))
  await clock.advance(100)
  expect(tab.sent('/auth/refresh')).toEqual([])
  expect(tab.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
  tab.on('/auth/session', () => session(ANN, 's2'))
  for (const page of [kit, tab]) page.on('/auth/refresh', () => grant(2, { session_id: 's2' }))
  await clock.advance(6000)
  for (const { auth } of [kit, tab]) expect(auth.getState()).toMatchObject({ user: ANN })
  expect([...kit.sent('/auth/refresh'), ...tab.sent('/auth/refresh')]).toHaveLength(2)
})

it('R99 a page that has found somebody and must wait with the refresh asks again when the wait is over', async () => {
  const kit = await visitor('signed out', {
    session: () => session(BOB, 's2'),
    refresh: () => json({}, { status: 503, headers: { 'retry-after': '30' } }),
  })
  await settle()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', connection: 'degraded' })
  kit.on('/auth/refresh', () => grant(5, { user: BOB, session_id: 's2' }))
  await kit.clock.advance(29_000)
  expect(kit.auth.getState().status).toBe('unauthenticated')
  await kit.clock.advance(2000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: BOB })
})

it('R99 R15 a page that has found somebody behind a refresh that stays down asks rarely, and no more when it is disposed of', async () => {
  const kit = await visitor('signed out', {
    session: () => session(BOB, 's2'),
    refresh: () => json({}, { status: 503 }),
  })
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/refresh').length).toBeGreaterThan(3)
  expect(kit.sent('/auth/refresh').length).toBeLessThan(20)
  kit.auth.dispose()
  const asked = kit.requests.length
  await kit.clock.advance(600_000)
  expect(kit.requests).toHaveLength(asked)
})

it('R99 R13 however often such a page is looked at meanwhile, one question is planned', async () => {
  const kit = await visitor('signed out', {
    session: () => session(BOB, 's2'),
    refresh: () => json({}, { status: 503 }),
  })
  for (let times = 0; times < 20; times++) {
    await kit.clock.advance(7000)
    kit.signal('wake')
  }
  await kit.clock.advance(120_000)
  const asked = kit.sent('/auth/session').length
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/session').length - asked).toBeLessThan(25)
})
