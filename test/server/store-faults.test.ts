import { expect, it } from 'vitest'
import { createMemoryUsers } from '../../src/testing/backend/users.ts'
import { createMembers } from '../../src/server/members.ts'
import { guardStore } from '../../src/server/stores/guarded.ts'
import type { ServerStore } from '../../src/server/stores/store.ts'
import { createCluster } from './shared-store.ts'
import { createStage, LOGIN } from './stage.ts'
import {
  ADA,
  cookieOf,
  createTestBackend,
  DAY,
  errorOf,
  HOUR,
  login,
  loginForSession,
  REFRESH,
  refreshWith,
  SID,
} from './support.ts'

const DOWN = [503, 'temporarily_unavailable']

it.each(['token', 'session'] as const)(
  'R114 S01 a store that is down signs nobody out in %s mode: 503 at once, no cookie, and all is well when it is back',
  async (mode) => {
    const { servers, control } = await createCluster(1, { mode })
    const browser = servers[0]!.browser()
    const { csrf_token } =
      mode === 'session' ? await loginForSession(browser) : { ...(await login(browser)), csrf_token: '' }
    const cookie = browser.cookie(mode === 'session' ? SID : REFRESH)
    control.before = () => Promise.reject(new Error('ECONNREFUSED'))
    for (const [method, path, body] of [
      ['GET', '/auth/session'],
      ['POST', '/auth/login', ADA],
      ['POST', '/auth/login', { ...ADA, password: 'wrong' }],
      ['POST', '/auth/logout', {}],
      ...(mode === 'session' ? [['GET', '/api/orders'] as const] : [['POST', '/auth/refresh'] as const]),
    ] as const) {
      const answer = await browser.send(method, path, { body, headers: { 'x-csrf-token': csrf_token } })
      expect([path, answer.headers.get('retry-after'), answer.headers.getSetCookie()]).toEqual([
        path,
        '5',
        [],
      ])
      expect(await errorOf(answer)).toEqual(DOWN)
    }
    control.before = () => undefined
    expect(browser.cookie(mode === 'session' ? SID : REFRESH)).toBe(cookie)
    expect((await browser.send('GET', '/auth/session')).status).toBe(200)
  },
)

it('R114 S40 a visitor without a cookie costs the store nothing', async () => {
  const { servers, control } = await createCluster(1)
  for (let i = 0; i < 100; i++) await servers[0]!.browser().send('GET', '/auth/session')
  expect(control.calls).toEqual([])
})

it('R114 S15 a store that never answers is given up after the bound, each call by itself', async () => {
  const hangs = () => new Promise<never>(() => undefined)
  const silent = Object.fromEntries(
    ['get', 'put', 'take', 'count', 'sessionsOf', 'bumpUser', 'userGeneration', 'sweep'].map((name) => [
      name,
      hangs,
    ]),
  ) as unknown as ServerStore
  const guarded = guardStore(silent, 10)
  const answers = await Promise.allSettled(Array.from({ length: 1000 }, () => guarded.get('session:x')))
  expect(answers.every((answer) => answer.status === 'rejected' && answer.reason.status === 503)).toBe(true)
})

it.each<[string, Partial<Record<keyof ServerStore, unknown>>]>([
  ['a row without a version', { get: { value: '{}', now: 1 } }],
  ['a row that is no JSON', { get: { value: 'gone', version: '1', now: 1 } }],
  ['a row of a version to come', { get: { value: '{"format":2}', version: '1', now: 1 } }],
  ['a time that is none', { get: { value: '{}', version: '1', now: 'soon' } }],
  ['a generation that is none', { userGeneration: { generation: 'x', now: 1 } }],
  ['a put that says nothing', { put: undefined }],
])('R114 S01 S63 a store that answers %s is down', async (_name, lies) => {
  const { servers, control } = await createCluster(1)
  const browser = servers[0]!.browser()
  await login(browser)
  const truth = { ...control.store }
  for (const [name, lie] of Object.entries(lies)) {
    Object.assign(control.store, { [name]: () => Promise.resolve(lie) })
  }
  const answer = await browser.send('POST', '/auth/refresh')
  expect(await errorOf(answer)).toEqual(DOWN)
  expect(answer.headers.getSetCookie()).toEqual([])
  Object.assign(control.store, truth)
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R114 S17 a user who is not found a moment after his sign-in is looked for again, and later is gone', async () => {
  const users = createMemoryUsers()
  const backend = await createTestBackend({ users })
  const browser = backend.browser()
  await login(browser)
  const { find } = users
  users.find = () => undefined
  expect(await errorOf(await browser.send('POST', '/auth/refresh'))).toEqual(DOWN)
  users.find = () => Promise.reject(new Error('ECONNREFUSED'))
  backend.time.advance(10_000)
  expect(await errorOf(await browser.send('GET', '/auth/session'))).toEqual(DOWN)
  users.find = () => undefined
  const gone = await browser.send('POST', '/auth/refresh')
  expect(gone.headers.getSetCookie()).toHaveLength(1)
  expect(await errorOf(gone)).toEqual([401, 'session_expired'])
  users.find = find
})

it('R115 S39 an invented secret for a session id that everybody knows ends nothing and proves nothing', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const { session_id } = await login(browser)
  const [id, generation, secret, tag] = (browser.cookie() ?? '').split('.')
  const stranger = createMembers(['a key of somebody else'])
  const forged = [
    `${session_id}.0.${'A'.repeat(43)}.${'A'.repeat(43)}`,
    `${session_id}.0.${'A'.repeat(43)}.${tag}`,
    `${id}.1.${secret}.${tag}`,
    `${id}.${generation}.${secret}`,
    `${id}.0${generation}.${secret}.${tag}`,
    stranger.write({ id: session_id, generation: 0, secret: 'A'.repeat(43) }),
    stranger.write({ id: session_id, generation: 9, secret: 'A'.repeat(43) }),
  ]
  for (const cookie of forged) {
    const answer = await refreshWith(backend.browser(), cookie)
    expect(cookieOf(answer)).toBeUndefined()
    expect(await errorOf(answer)).toEqual([401, 'session_expired'])
    const logout = { body: { session_id }, headers: { cookie: `${REFRESH}=${cookie}` } }
    expect((await backend.browser().send('POST', '/auth/logout', logout)).status).toBe(204)
  }
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R115 S39 a cookie that was ours ends the family however old it is', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  await login(browser)
  const first = browser.cookie()
  for (let i = 0; i < 30; i++) {
    backend.time.advance(40_000)
    expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
  }
  expect(await errorOf(await refreshWith(backend.browser(), first))).toEqual([401, 'refresh_reused'])
  expect(await errorOf(await browser.send('POST', '/auth/refresh'))).toEqual([401, 'refresh_reused'])
})

it('R115 S28 a cookie that is newer than all that the store has kept is no theft: the person stays signed in', async () => {
  const { servers, control } = await createCluster(1)
  const browser = servers[0]!.browser()
  const { session_id } = await login(browser)
  const key = `session:${session_id}`
  const { get, put } = control.store
  const before = (await get(key))!
  for (let i = 0; i < 3; i++) await browser.send('POST', '/auth/refresh')
  // A failover that forgets what it had acknowledged.
  const now = (await get(key))!
  await put(key, before.value, { ifVersion: now.version, expiresAt: now.now + DAY })
  const newest = browser.cookie()
  const answer = await browser.send('POST', '/auth/refresh')
  expect(answer.status).toBe(200)
  expect(cookieOf(await refreshWith(servers[0]!.browser(), newest))).toBe(cookieOf(answer))
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R115 S37 of two cookies of one name the one of a living session counts, and neither is taken for reuse', async () => {
  const backend = await createTestBackend()
  const [old, browser] = [backend.browser(), backend.browser()]
  const gone = await login(old)
  await backend.admin.endSession(gone.session_id)
  const { session_id } = await login(browser)
  const headers = {
    cookie: `${REFRESH}=planted; ${REFRESH}=${old.cookie()}; ${REFRESH}=${browser.cookie()}; ${REFRESH}=x`,
  }
  const answer = await backend.browser().send('GET', '/auth/session', { headers })
  expect(await answer.json()).toMatchObject({ session_id })
  expect((await backend.browser().send('POST', '/auth/refresh', { headers })).status).toBe(200)
})

it('R115 S65 secrets change without a sign-out: what the old one made is accepted, and what is new is made with the new one', async () => {
  const { servers, control, time } = await createCluster(1)
  const browser = servers[0]!.browser()
  await login(browser)
  const shared = { store: control.store }
  const both = await createTestBackend({ ...shared, secrets: ['the next one', 'shared by all'] }, time)
  const next = await createTestBackend({ ...shared, secrets: ['the next one'] }, time)
  const old = browser.cookie()
  expect((await both.browser(browser.jar).send('POST', '/auth/refresh')).status).toBe(200)
  expect(await errorOf(await refreshWith(next.browser(), old))).toEqual([401, 'session_expired'])
  expect((await next.browser(browser.jar).send('POST', '/auth/refresh')).status).toBe(200)
})

it('R115 S35 grace and idle limit are those of the store’s clock, whatever the clocks of two servers say', async () => {
  const { servers, control, time } = await createCluster(1)
  const browser = servers[0]!.browser()
  await login(browser)
  const clocks = [-5 * 60_000, 5 * 60_000].map((skew) => ({
    now: () => time.now() + skew,
    advance: () => undefined,
  }))
  const [slow, fast] = await Promise.all(
    clocks.map((clock) => createTestBackend({ store: control.store, secrets: ['shared by all'] }, clock)),
  )
  for (let i = 0; i < 4; i++) {
    time.advance(20_000)
    const spent = browser.cookie()
    const given = cookieOf(await refreshWith(slow!.browser(), spent))
    time.advance(29_000)
    expect(cookieOf(await refreshWith(fast!.browser(), spent))).toBe(given)
    const answer = await fast!.browser(browser.jar).send('POST', '/auth/refresh')
    expect(answer.status).toBe(200)
  }
})

it.each(['token', 'session'] as const)(
  'R115 S35 in %s mode a clock of the store that jumps an hour, on or back, signs nobody out and revives nothing',
  async (mode) => {
    for (const jump of [HOUR, -HOUR]) {
      const { auth, send, time, cookie } = createStage({ mode, seesTokens: true })
      const name = mode === 'token' ? REFRESH : SID
      const renew = () => (mode === 'token' ? send('POST', '/auth/refresh') : send('GET', '/auth/sessions'))
      await send('POST', '/auth/login', LOGIN)
      for (let i = 0; i < 3; i++) {
        const spent = cookie(name)
        expect((await renew()).status).toBe(200)
        time.advance(i % 2 ? -jump : jump)
        // Its answer may have been lost, just as the clock jumped.
        const again = await send('POST', '/auth/refresh', { headers: { cookie: `${name}=${spent}` } })
        expect(again.status).toBe(mode === 'token' ? 200 : 404)
        if (mode === 'token') expect(cookieOf(again)).toBe(cookie(name))
        expect((await renew()).status).toBe(200)
      }
      await auth.admin.endAll('ada')
      time.advance(-jump)
      expect((await renew()).status).toBe(401)
      time.advance(jump)
      expect((await renew()).status).toBe(401)
      expect((await send('POST', '/auth/login', LOGIN)).status).toBe(200)
      time.advance(-jump)
      expect((await renew()).status).toBe(200)
    }
  },
)
