import { expect, it } from 'vitest'
import { createCheapSealer } from '../../src/server/sealer.ts'
import { memoryStore } from '../../src/server/stores/memory.ts'
import {
  ADA,
  BOB,
  cookieOf,
  createTestBackend,
  DAY,
  errorOf,
  HOUR,
  loginForSession,
  rename,
  SID,
  START,
  VALUE,
  type Browser,
} from './support.ts'

const orders = (browser: Browser, sid?: string): Promise<Response> =>
  browser.send('GET', '/api/orders', sid === undefined ? {} : { headers: { cookie: `${SID}=${sid}` } })

const check = (browser: Browser): Promise<Response> => browser.send('GET', '/auth/session')

it('CK-01 CK-03 AV-01 a sign-in gives the cookie with all it should have, and its value in no body', async () => {
  const browser = (await createTestBackend({ mode: 'session' })).browser()
  const answer = await browser.send('POST', '/auth/login', { body: ADA })
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      /^__Host-sid=[\w.-]{112}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    ),
  ])
  const text = await answer.text()
  expect(JSON.parse(text)).toEqual({
    user: { id: 'ada', email: ADA.email, name: 'Ada', roles: ['admin'] },
    session_id: expect.stringMatching(/^[\w-]{22}$/),
    csrf_token: expect.any(String),
    session_expires_in: (30 * DAY) / 1000,
    idle_expires_in: (7 * DAY) / 1000,
  })
  const bodies = [text, await (await check(browser)).text(), await (await orders(browser)).text()]
  for (const body of bodies) expect(body).not.toContain(browser.cookie(SID))
})

it('AV-14 OW-01 ids have at least 128 bits, differ, and only their hash is kept', async () => {
  const saved: string[] = []
  const store = memoryStore({ clock: { now: () => START } })
  const backend = await createTestBackend({
    mode: 'session',
    store: {
      ...store,
      put(key, value, options) {
        saved.push(value)
        return store.put(key, value, options)
      },
    },
  })
  const values = new Set<string>()
  for (let i = 0; i < 20; i++) {
    const browser = backend.browser()
    await loginForSession(browser)
    values.add(browser.cookie(SID) ?? '')
  }
  expect(values.size).toBe(20)
  const kept = saved.join()
  for (const value of values) {
    const secret = value.split('.')[2] ?? ''
    expect(Buffer.from(secret, 'base64url').length).toBeGreaterThanOrEqual(16)
    expect(kept).not.toContain(secret)
  }
})

it.each(['planted', 'A'.repeat(43), '', `x; ${SID}=y`])(
  'OW-01 FIX-02 an id that was never minted (%j) is refused, and a sign-in replaces it',
  async (planted) => {
    const backend = await createTestBackend({ mode: 'session' })
    const browser = backend.browser()
    const headers = { cookie: `${SID}=${planted}` }
    expect((await browser.send('GET', '/api/orders', { headers })).status).toBe(401)
    const answer = await browser.send('POST', '/auth/login', { body: ADA, headers })
    expect(cookieOf(answer, SID)).toMatch(VALUE)
    expect((await browser.send('GET', '/api/orders', { headers })).status).toBe(401)
    expect((await orders(browser)).status).toBe(200)
  },
)

it('OW-02 FIX-01 S67 a sign-in makes a new id and a new session, and the old ones are dead', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const before = { ...(await loginForSession(browser)), sid: browser.cookie(SID) ?? '' }
  const after = await loginForSession(browser, BOB)
  expect(browser.cookie(SID)).not.toBe(before.sid)
  expect(after.session_id).not.toBe(before.session_id)
  expect(await errorOf(await orders(browser, before.sid))).toEqual([401, 'session_revoked'])
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([after.session_id])
})

it('OW-02 a change of privileges counts at once, and the next call gets a new id', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const { session_id } = await loginForSession(browser)
  const old = browser.cookie(SID) ?? ''
  expect((await browser.send('GET', '/api/admin/users')).status).toBe(200)
  await backend.admin.setRoles('ada', ['auditor'])

  expect((await check(browser)).headers.getSetCookie()).toEqual([])
  const answer = await browser.send('GET', '/api/admin/users')
  expect(await errorOf(answer)).toEqual([403, 'insufficient_scope'])
  const renewed = cookieOf(answer, SID)
  expect(renewed).not.toBe(old)
  expect(await (await check(browser)).json()).toMatchObject({ session_id, user: { roles: ['auditor'] } })

  // What was on its way with the old one, or lost the answer, is not signed out.
  expect(cookieOf(await orders(browser, old), SID)).toBe(renewed)
  expect((await orders(browser)).headers.getSetCookie()).toEqual([])
  backend.time.advance(30_001)
  expect(await errorOf(await orders(browser, old))).toEqual([401, 'session_expired'])
  expect((await orders(browser, renewed)).status).toBe(200)
})

it('OW-02 with no grace the old id is dead as soon as the new one is out', async () => {
  const backend = await createTestBackend({ mode: 'session', graceMs: 0, undeliveredGraceMs: 0 })
  const browser = backend.browser()
  await loginForSession(browser)
  const old = browser.cookie(SID) ?? ''
  await backend.admin.setRoles('ada', [])
  await orders(browser)
  backend.time.advance(1)
  expect((await orders(browser, old)).status).toBe(401)
  expect((await orders(browser)).status).toBe(200)
})

it('OW-02 two calls at once after a change of privileges get the same new id', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  await loginForSession(browser)
  const old = browser.cookie(SID) ?? ''
  await backend.admin.setRoles('ada', [])
  const answers = await Promise.all([orders(browser, old), orders(browser, old), orders(browser, old)])
  const ids = answers.map((answer) => cookieOf(answer, SID))
  expect(new Set(ids).size).toBe(1)
  expect(ids[0]).toMatch(VALUE)
})

it('RV-04 a session that ends while a call by it is under way gives out no new id', async () => {
  const sealer = createCheapSealer()
  let end = async (): Promise<void> => undefined
  const backend = await createTestBackend({
    mode: 'session',
    sealer: { ...sealer, seal: async (...args) => (await end(), sealer.seal(...args)) },
  })
  const browser = backend.browser()
  const { session_id } = await loginForSession(browser)
  await backend.admin.setRoles('ada', [])
  end = () => backend.admin.endSession(session_id)
  const answer = await orders(browser)
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(await errorOf(answer)).toEqual([401, 'session_revoked'])
})

it('OW-03 AV-15 calls keep a session alive up to its absolute end, the session check does not', async () => {
  const backend = await createTestBackend({ mode: 'session', idleMs: HOUR, sessionMs: 3 * HOUR })
  const [busy, watching] = [backend.browser(), backend.browser()]
  await loginForSession(busy)
  await loginForSession(watching)
  for (let i = 1; i < 4; i++) {
    backend.time.advance(HOUR - 1)
    expect((await orders(busy)).status).toBe(200)
    if (i === 1) expect(await (await check(watching)).json()).toMatchObject({ idle_expires_in: 0 })
  }
  expect(await errorOf(await check(watching))).toEqual([401, 'idle_timeout'])
  const sid = busy.cookie(SID)
  backend.time.advance(3)
  expect(await errorOf(await orders(busy, sid))).toEqual([401, 'session_expired'])
})

it('OW-05 CK-05 TMO-01 the session check says how long, and rotates and extends nothing', async () => {
  const backend = await createTestBackend({ mode: 'session', idleMs: DAY, sessionMs: 2 * DAY })
  const browser = backend.browser()
  const { session_id } = await loginForSession(browser)
  backend.time.advance(HOUR)
  const before = await backend.admin.listSessions()
  for (let i = 0; i < 2; i++) {
    const answer = await check(browser)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await answer.json()).toEqual({
      mode: 'session',
      user: { id: 'ada', email: ADA.email, name: 'Ada', roles: ['admin'] },
      session_id,
      csrf_token: expect.any(String),
      session_expires_in: (2 * DAY - HOUR) / 1000,
      idle_expires_in: (DAY - HOUR) / 1000,
    })
  }
  expect(await backend.admin.listSessions()).toEqual(before)
})

it('nobody is 200 null at the session check, and 401 missing_session at the API', async () => {
  const browser = (await createTestBackend({ mode: 'session' })).browser()
  expect(await (await check(browser)).json()).toBeNull()
  expect(await errorOf(await orders(browser))).toEqual([401, 'missing_session'])
})

it('CK-06 the session check deletes the cookie of a session that is over, and no other answer does', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const { csrf_token } = await loginForSession(browser)
  await backend.admin.ban('ada')
  for (const answer of [await orders(browser), await rename(browser, csrf_token)]) {
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await errorOf(answer)).toEqual([401, 'user_disabled'])
  }
  const answer = await check(browser)
  expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-sid=; Max-Age=0;/)])
  expect(await errorOf(answer)).toEqual([401, 'user_disabled'])
  expect(await (await check(browser)).json()).toBeNull()
})

it.each([
  ['ban', 'user_disabled'],
  ['setPassword', 'session_revoked'],
  ['endAllSessions', 'session_revoked'],
] as const)('REV-04 AV-16 %s ends all cookie sessions of one user at once', async (act, code) => {
  const backend = await createTestBackend({ mode: 'session' })
  const [laptop, phone, desk] = [backend.browser(), backend.browser(), backend.browser()]
  await loginForSession(laptop)
  await loginForSession(phone)
  await loginForSession(desk, BOB)
  await backend.admin[act]('ada', 'a new password')
  for (const browser of [laptop, phone]) expect(await errorOf(await orders(browser))).toEqual([401, code])
  expect((await orders(desk)).status).toBe(200)
})

it('AV-16 cookie sessions are listed and ended one by one, and only by their user', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const [laptop, phone, desk] = [backend.browser(), backend.browser(), backend.browser()]
  const mine = await loginForSession(laptop)
  const other = await loginForSession(phone)
  const bob = await loginForSession(desk, BOB)
  const list = (await (await laptop.send('GET', '/auth/sessions')).json()) as {
    id: string
    current: boolean
  }[]
  expect(list).toHaveLength(2)
  expect(list.find(({ current }) => current)?.id).toBe(mine.session_id)
  expect(list.find(({ current }) => !current)?.id).toBe(other.session_id)
  const end = (id: string): Promise<Response> =>
    laptop.send('DELETE', `/auth/sessions/${id}`, { headers: { 'x-csrf-token': mine.csrf_token } })
  for (const id of [other.session_id, bob.session_id]) {
    const ended = await end(id)
    expect([ended.status, ended.headers.getSetCookie()]).toEqual([204, []])
  }
  expect(await errorOf(await orders(phone))).toEqual([401, 'session_revoked'])
  expect((await orders(desk)).status).toBe(200)
  expect(cookieOf(await end(mine.session_id), SID)).toBe('')
})

it('there is no refresh and no bearer token where only sessions are served', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  await loginForSession(browser)
  expect(await errorOf(await browser.send('POST', '/auth/refresh'))).toEqual([404, 'not_found'])
  const bare = await browser.send('GET', '/api/orders', { token: 'x', headers: { cookie: undefined } })
  expect(await errorOf(bare)).toEqual([401, 'missing_session'])
  expect((await browser.send('GET', '/api/orders', { token: 'x' })).status).toBe(200)
})

it('R11 a rolling cookie comes with each answer to a call', async () => {
  const browser = (await createTestBackend({ mode: 'session', rolling: true })).browser()
  await loginForSession(browser)
  expect(cookieOf(await orders(browser), SID)).toBe(browser.cookie(SID))
  expect((await check(browser)).headers.getSetCookie()).toEqual([])
})
