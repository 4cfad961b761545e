import { expect, it } from 'vitest'
import {
  ADA,
  BOB,
  cookieOf,
  createTestBackend,
  errorOf,
  login,
  loginForSession,
  refresh,
  REFRESH,
  rename,
  SID,
  type Browser,
  type Grant,
  type SessionGrant,
  VALUE,
} from './support.ts'

const orders = async (browser: Browser, token?: string): Promise<number> =>
  (await browser.send('GET', '/api/orders', { token })).status

const exchange = (browser: Browser, cookie?: string): Promise<Response> =>
  browser.send('POST', '/auth/refresh', cookie === undefined ? {} : { headers: { cookie } })

const check = async (browser: Browser): Promise<unknown> =>
  (await browser.send('GET', '/auth/session')).json()

it('from sessions to tokens: who is signed in stays so, and nobody signs in again', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const { session_id, csrf_token } = await loginForSession(browser)
  backend.admin.setMode('both', 'token')

  // Tabs that know nothing of it go on; the session check says what is to be done.
  expect(await orders(browser)).toBe(200)
  expect((await rename(browser, csrf_token)).status).toBe(200)
  expect(await check(browser)).toMatchObject({ mode: 'token', session_id, csrf_token: expect.any(String) })

  const answer = await exchange(browser)
  expect([cookieOf(answer, SID), cookieOf(answer)]).toEqual(['', expect.stringMatching(VALUE)])
  const grant = (await answer.json()) as Grant
  expect(grant).toMatchObject({ token_type: 'Bearer', expires_in: 300, user: { id: 'ada' }, session_id })
  expect(await orders(browser, grant.access_token)).toBe(200)
  expect(await check(browser)).toMatchObject({ mode: 'token', session_id })
  expect(backend.stats.count('refresh', 'exchanged')).toBe(1)

  backend.admin.setMode('token')
  expect((await refresh(browser)).session_id).toBe(session_id)
  expect(await backend.admin.listSessions()).toHaveLength(1)
})

it('from tokens to sessions: the next refresh gives a session, and the token goes on until it expires', async () => {
  const backend = await createTestBackend({ mode: 'token' })
  const browser = backend.browser()
  const { session_id, access_token: token } = await login(browser)
  backend.admin.setMode('both', 'session')

  expect(await orders(browser, token)).toBe(200)
  expect(await check(browser)).toMatchObject({ mode: 'token', session_id })
  const answer = await exchange(browser)
  expect([cookieOf(answer), cookieOf(answer, SID)]).toEqual(['', expect.stringMatching(VALUE)])
  const grant = (await answer.json()) as SessionGrant
  expect(grant).toEqual({
    user: expect.objectContaining({ id: 'ada' }) as unknown,
    session_id,
    csrf_token: expect.any(String) as unknown,
    session_expires_in: 2_592_000,
    idle_expires_in: 604_800,
  })
  expect((await rename(browser, grant.csrf_token)).status).toBe(200)
  expect(await check(browser)).toMatchObject({ mode: 'session', session_id })
  expect(await orders(browser, token)).toBe(200)

  backend.admin.setMode('session')
  expect(await orders(browser)).toBe(200)
})

it.each([
  ['session', SID, 'token'],
  ['token', REFRESH, 'session'],
] as const)(
  'ROT-03 a %s exchanged twice at once, or whose answer is lost, gets the same cookie',
  async (from, name, to) => {
    const backend = await createTestBackend({ mode: from })
    const browser = backend.browser()
    await login(browser)
    const old = `${name}=${browser.cookie(name)}`
    backend.admin.setMode('both', to)
    backend.faults.add({ kind: 'lost-answer', on: 'refresh', times: 1 })
    expect((await exchange(browser)).type).toBe('error')
    const answers = await Promise.all([exchange(browser, old), exchange(browser, old)])
    const target = to === 'token' ? REFRESH : SID
    const cookies = answers.map((answer) => cookieOf(answer, target))
    expect(new Set(cookies).size).toBe(1)
    expect(cookies[0]).toMatch(VALUE)
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  },
)

it('ROT-01 an exchanged sid is good for calls on their way, and one that comes back later ends the session', async () => {
  const backend = await createTestBackend({ mode: 'session', rolling: true })
  const browser = backend.browser()
  await loginForSession(browser)
  const headers = { cookie: `${SID}=${browser.cookie(SID)}` }
  backend.admin.setMode('both', 'token')
  const { access_token: token } = (await (await exchange(browser)).json()) as Grant
  await orders(browser, token)
  const late = await browser.send('GET', '/api/orders', { headers })
  expect([late.status, late.headers.getSetCookie()]).toEqual([200, []])
  backend.time.advance(30_001)
  // A call that was long on its way ends nothing; a second exchange does.
  expect((await browser.send('GET', '/api/orders', { headers })).status).toBe(401)
  expect(await backend.admin.listSessions()).toHaveLength(1)
  expect(await errorOf(await exchange(browser, headers.cookie))).toEqual([401, 'refresh_reused'])
  expect(await backend.admin.listSessions()).toEqual([])
})

it('there and back again', async () => {
  const backend = await createTestBackend({ mode: 'both', prefer: 'session' })
  const browser = backend.browser()
  const { session_id } = await loginForSession(browser)
  for (const to of ['token', 'session', 'token', 'session'] as const) {
    backend.admin.setMode('both', to)
    expect(await (await exchange(browser)).json()).toMatchObject({ session_id, user: { id: 'ada' } })
    expect(browser.jar.all().map(({ name }) => name)).toEqual([to === 'token' ? REFRESH : SID])
  }
})

it('a sid that stays one is no rotation: a client that asks for a refresh first learns the mode from it', async () => {
  const backend = await createTestBackend({ mode: 'both', prefer: 'session' })
  const browser = backend.browser()
  const { session_id } = await loginForSession(browser)
  const sid = browser.cookie(SID)
  const answer = await exchange(browser)
  expect(await answer.json()).toMatchObject({ session_id, csrf_token: expect.any(String) })
  expect(browser.cookie(SID)).toBe(sid)
})

it('BBA-12 the refresh cookie is good for a refresh alone, also where a sid would do', async () => {
  const backend = await createTestBackend({ mode: 'both', prefer: 'token' })
  const browser = backend.browser()
  await login(browser)
  const visitor = (await (await browser.send('GET', '/auth/csrf')).json()) as SessionGrant
  expect(visitor).toMatchObject({ user: null, session_id: null })
  const headers = { 'x-csrf-token': visitor.csrf_token }
  for (const [method, path] of [
    ['GET', '/api/orders'],
    ['GET', '/auth/sessions'],
    ['PUT', '/api/profile'],
  ] as const) {
    expect(await errorOf(await browser.send(method, path, { headers }))).toEqual([401, 'missing_token'])
  }
})

it('FIX-01 a sign-in ends the session of either cookie and takes its place', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  await loginForSession(browser)
  backend.admin.setMode('both', 'token')
  const answer = await browser.send('POST', '/auth/login', { body: BOB })
  expect(cookieOf(answer, SID)).toBe('')
  const { session_id } = (await answer.json()) as Grant
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([session_id])
  expect(await check(browser)).toMatchObject({ user: { id: 'bob' } })
})

it('with both cookies the one of a session that lives counts, and a logout ends what it names', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const [old, browser] = [backend.browser(), backend.browser()]
  const gone = await loginForSession(old)
  const sid = `${SID}=${old.cookie(SID)}`
  backend.admin.setMode('both', 'token')
  const { session_id } = await login(browser)
  await backend.admin.endSession(gone.session_id)
  const headers = { cookie: `${sid}; ${REFRESH}=${browser.cookie()}` }
  for (const prefer of ['token', 'session'] as const) {
    backend.admin.setMode('both', prefer)
    const answer = await browser.send('GET', '/auth/session', { headers })
    expect(await answer.json()).toMatchObject({ session_id })
  }
  const logout = await browser.send('POST', '/auth/logout', { headers, body: { session_id } })
  expect(logout.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-refresh=; Max-Age=0/)])
  expect(await backend.admin.listSessions()).toEqual([])
})

it('RV-04 of two cookies a logout ends the session it names, and deletes the cookie of that one alone', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const [phone, browser] = [backend.browser(), backend.browser()]
  const { session_id, csrf_token } = await loginForSession(phone)
  backend.admin.setMode('both', 'token')
  const other = await login(browser)
  const headers = {
    cookie: `${SID}=${phone.cookie(SID)}; ${REFRESH}=${browser.cookie()}`,
    'x-csrf-token': csrf_token,
  }
  const answer = await browser.send('POST', '/auth/logout', { headers, body: { session_id } })
  expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-sid=; Max-Age=0/)])
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([other.session_id])
})

it('CK-06 of two cookies only the one whose session is over is deleted', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  await loginForSession(browser)
  await backend.admin.ban('ada')
  backend.admin.setMode('both', 'token')
  const answer = await exchange(browser, `${SID}=${browser.cookie(SID)}; ${REFRESH}=never-minted`)
  expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-sid=; Max-Age=0/)])
})

it('OW-02 an id that is due is renewed at the next call, also after a refresh that kept it', async () => {
  const backend = await createTestBackend({ mode: 'both', prefer: 'session' })
  const browser = backend.browser()
  await loginForSession(browser)
  await backend.admin.setRoles('ada', [])
  const sid = browser.cookie(SID)
  await exchange(browser)
  expect(browser.cookie(SID)).toBe(sid)
  await orders(browser)
  expect(browser.cookie(SID)).not.toBe(sid)
})

it('CK-06 a refresh cookie that was used twice takes no sid of another session with it', async () => {
  const backend = await createTestBackend({ mode: 'both', graceGenerations: 1 })
  const [browser, other] = [backend.browser(), backend.browser()]
  await login(browser)
  const spent = `${REFRESH}=${browser.cookie()}`
  for (let i = 0; i < 2; i++) await refresh(browser)
  backend.admin.setMode('session')
  const { session_id } = await loginForSession(other)
  backend.admin.setMode('both', 'token')
  const answer = await exchange(browser, `${spent}; ${SID}=${other.cookie(SID)}`)
  expect(await errorOf(answer)).toEqual([401, 'refresh_reused'])
  expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-refresh=; Max-Age=0/)])
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([session_id])
})

it('CK-06 an exchange of a cookie that is over says why and deletes it, and of one never minted deletes nothing', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  await loginForSession(browser)
  backend.admin.setMode('both', 'token')
  const unknown = await exchange(browser, `${SID}=x`)
  expect(unknown.headers.getSetCookie()).toEqual([])
  expect(await errorOf(unknown)).toEqual([401, 'session_expired'])
  await backend.admin.ban('ada')
  const answer = await exchange(browser)
  expect(cookieOf(answer, SID)).toBe('')
  expect(await errorOf(answer)).toEqual([401, 'user_disabled'])
})

it('BBA-12 an exchange is refused to other sites and without the static header', async () => {
  const backend = await createTestBackend({ mode: 'both', prefer: 'session' })
  const browser = backend.browser()
  await loginForSession(browser)
  backend.admin.setMode('both', 'token')
  for (const headers of [
    { 'x-csrf': undefined },
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' },
  ]) {
    const answer = await browser.send('POST', '/auth/refresh', { headers })
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
  }
})

it('outside a migration the cookie of the other mode is not looked at', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  await browser.send('POST', '/auth/login', { body: ADA })
  backend.admin.setMode('token')
  expect(await check(browser)).toBeNull()
  expect(await errorOf(await exchange(browser))).toEqual([401, 'session_expired'])
  expect((await browser.send('GET', '/auth/csrf')).status).toBe(404)
  expect(await errorOf(await browser.send('GET', '/api/orders'))).toEqual([401, 'missing_token'])
})
