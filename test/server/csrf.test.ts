import { expect, it } from 'vitest'
import {
  ADA,
  BOB,
  cookieOf,
  createTestBackend,
  errorOf,
  loginForSession,
  ORIGIN,
  rename,
  SID,
  type Browser,
} from './support.ts'

const FAILED = [403, 'csrf_failed']

interface Token {
  csrf_token: string
  user: { id: string } | null
  session_id: string | null
}

const fetchToken = async (browser: Browser): Promise<Token> =>
  (await (await browser.send('GET', '/auth/csrf')).json()) as Token

it('OW-08 OW-10 AV-04 an unsafe call by cookie passes with the token of its session, and with nothing else', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const [ada, bob] = [backend.browser(), backend.browser()]
  const { csrf_token: token } = await loginForSession(ada)
  const { csrf_token: other } = await loginForSession(bob, BOB)
  const [nonce = '', tag = ''] = token.split('.')
  const forged = [
    undefined,
    '',
    nonce,
    `${nonce}.`,
    `.${tag}`,
    `${nonce}.${tag}x`,
    `x${nonce}.${tag}`,
    `${token}.x`,
  ]
  for (const one of [...forged, other]) expect(await errorOf(await rename(ada, one))).toEqual(FAILED)
  const deletion = await ada.send('DELETE', '/auth/sessions/x')
  expect(await errorOf(deletion)).toEqual(FAILED)
  expect((await rename(ada, token)).status).toBe(200)
  expect((await ada.send('GET', '/api/profile')).status).toBe(200)
})

it('OW-08 a new session has new tokens, and those of the one before are worth nothing', async () => {
  const browser = (await createTestBackend({ mode: 'session' })).browser()
  const { csrf_token: before } = await loginForSession(browser)
  const { csrf_token: after } = await loginForSession(browser)
  expect(await errorOf(await rename(browser, before))).toEqual(FAILED)
  expect((await rename(browser, after)).status).toBe(200)
})

it('OW-09 tokens come in the answers and from the endpoint, each good, and in no cookie or URL', async () => {
  const browser = (await createTestBackend({ mode: 'session' })).browser()
  const signedIn = await loginForSession(browser)
  const checked = (await (await browser.send('GET', '/auth/session')).json()) as Token
  const fetched = await fetchToken(browser)
  expect(fetched).toMatchObject({ user: { id: 'ada' }, session_id: signedIn.session_id })
  for (const { csrf_token } of [signedIn, checked, fetched]) {
    expect((await rename(browser, csrf_token)).status).toBe(200)
  }
  expect(browser.jar.all().map(({ name }) => name)).toEqual([SID])
})

it('OW-09 a backend with an endpoint alone tells no token anywhere else', async () => {
  const browser = (await createTestBackend({ mode: 'session', csrf: { delivery: ['endpoint'] } })).browser()
  expect(await loginForSession(browser)).not.toHaveProperty('csrf_token')
  expect(await (await browser.send('GET', '/auth/session')).json()).not.toHaveProperty('csrf_token')
  expect((await rename(browser, (await fetchToken(browser)).csrf_token)).status).toBe(200)
})

it('OW-08 OW-16 by cookie the header must say what the cookie says, and sessions do not mix', async () => {
  const csrf = { delivery: ['cookie'], cookie: 'XSRF-TOKEN', header: 'X-XSRF-TOKEN' } as const
  const backend = await createTestBackend({ mode: 'session', csrf })
  const [ada, bob] = [backend.browser(), backend.browser()]
  expect(await loginForSession(ada)).not.toHaveProperty('csrf_token')
  await loginForSession(bob, BOB)
  const token = ada.jar.readable(new URL(ORIGIN), 'XSRF-TOKEN')
  const put = (headers: Record<string, string | undefined>): Promise<Response> =>
    ada.send('PUT', '/api/profile', { body: { name: 'A' }, headers })
  expect((await put({ 'x-xsrf-token': token })).status).toBe(200)
  expect(await errorOf(await put({}))).toEqual(FAILED)
  // Good as a pair, and of another session; then two good ones that are no pair.
  const foreign = bob.cookie('XSRF-TOKEN')
  const sid = `${SID}=${ada.cookie(SID)}`
  const mixed = { cookie: `${sid}; XSRF-TOKEN=${foreign}`, 'x-xsrf-token': foreign }
  expect(await errorOf(await put(mixed))).toEqual(FAILED)
  expect(await errorOf(await put({ cookie: sid, 'x-xsrf-token': token }))).toEqual(FAILED)
  expect((await ada.send('GET', '/auth/csrf')).status).toBe(404)
})

it('CK-05 the readable cookie stays as it is while it is good, and a session check brings back a lost one', async () => {
  const backend = await createTestBackend({ mode: 'session', csrf: { delivery: ['cookie', 'answer'] } })
  const browser = backend.browser()
  const { csrf_token } = await loginForSession(browser)
  const check = (): Promise<Response> => browser.send('GET', '/auth/session')
  expect((await check()).headers.getSetCookie()).toEqual([])
  expect(await (await check()).json()).toMatchObject({ csrf_token })
  backend.admin.rotateCsrfKey()
  const again = await check()
  expect(again.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-csrf=[\w.-]+; Max-Age=\d+; Path=\/; Secure; SameSite=Strict$/),
  ])
  expect((await rename(browser, browser.cookie('__Host-csrf'))).status).toBe(200)
})

it('OW-11 a refusal is 403 csrf_failed, ends nothing, and a token that is fetched then passes', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const { csrf_token } = await loginForSession(browser)
  backend.faults.add({ kind: 'csrf-rotated', times: 1 })
  const refused = await rename(browser, csrf_token)
  expect(refused.headers.getSetCookie()).toEqual([])
  expect(await errorOf(refused)).toEqual(FAILED)
  expect(await (await browser.send('GET', '/api/profile')).json()).toMatchObject({ name: 'Ada' })
  expect((await rename(browser, (await fetchToken(browser)).csrf_token)).status).toBe(200)
})

it('OW-11 status and code of the refusal, and the header, are those of the backend that is played', async () => {
  const csrf = { status: 419, code: 'token_mismatch', header: 'X-XSRF-TOKEN' }
  const browser = (await createTestBackend({ mode: 'session', csrf })).browser()
  const { csrf_token } = await loginForSession(browser)
  expect(await errorOf(await rename(browser, csrf_token))).toEqual([419, 'token_mismatch'])
  const headers = { 'x-csrf-token': undefined, 'x-xsrf-token': csrf_token }
  expect((await rename(browser, undefined, { headers })).status).toBe(200)
})

it('BBA-13 without tokens the static header and the source still guard', async () => {
  const browser = (await createTestBackend({ mode: 'session', csrf: { token: false } })).browser()
  expect(await loginForSession(browser)).not.toHaveProperty('csrf_token')
  expect((await rename(browser, undefined)).status).toBe(200)
  const bare = await rename(browser, undefined, { headers: { 'x-csrf': undefined } })
  expect(await errorOf(bare)).toEqual([403, 'csrf_header_missing'])
})

it.each([
  ['cross-site', 'https://evil.test'],
  ['same-site', 'https://blog.app.test'],
  [undefined, 'https://evil.test'],
  [undefined, undefined],
])(
  'OW-12 OW-13 AV-04 a write by cookie from %s, origin %s, is refused even with the token',
  async (site, origin) => {
    const browser = (await createTestBackend({ mode: 'session' })).browser()
    const { csrf_token } = await loginForSession(browser)
    const answer = await rename(browser, csrf_token, { headers: { 'sec-fetch-site': site, origin } })
    expect(await errorOf(answer)).toEqual([403, 'origin_refused'])
  },
)

it('FIX-03 a call that names another session than its cookie is 409 and does nothing', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const ada = await loginForSession(browser)
  const bob = await loginForSession(browser, BOB)
  const meantFor = (id: string, csrf: string): Promise<Response> =>
    rename(browser, csrf, { headers: { 'x-session-id': id } })
  for (const csrf of [ada.csrf_token, bob.csrf_token]) {
    expect(await errorOf(await meantFor(ada.session_id, csrf))).toEqual([409, 'session_mismatch'])
  }
  const read = await browser.send('GET', '/api/profile', { headers: { 'x-session-id': ada.session_id } })
  expect(await errorOf(read)).toEqual([409, 'session_mismatch'])
  expect(await (await browser.send('GET', '/api/profile')).json()).toMatchObject({ id: 'bob', name: 'Bob' })
  expect((await meantFor(bob.session_id, bob.csrf_token)).status).toBe(200)
})

it('a backend that does not look takes the call for whoever is signed in', async () => {
  const backend = await createTestBackend({ mode: 'session', sessionIdHeader: false })
  const browser = backend.browser()
  const ada = await loginForSession(browser)
  const bob = await loginForSession(browser, BOB)
  const answer = await rename(browser, bob.csrf_token, { headers: { 'x-session-id': ada.session_id } })
  expect(await answer.json()).toMatchObject({ id: 'bob' })
})

it('OW-15 FIX-04 a sign-in can be made to need a token of the visitor before it', async () => {
  const backend = await createTestBackend({ mode: 'session', csrf: { login: true } })
  const browser = backend.browser()
  const signIn = (csrf?: string): Promise<Response> =>
    browser.send('POST', '/auth/login', { body: ADA, headers: { 'x-csrf-token': csrf } })
  expect(await errorOf(await signIn())).toEqual(FAILED)
  const nobody = await fetchToken(browser)
  expect(nobody).toMatchObject({ user: null, session_id: null })
  expect((await signIn(nobody.csrf_token)).status).toBe(200)
  expect(await errorOf(await rename(browser, nobody.csrf_token))).toEqual(FAILED)
  expect((await signIn((await fetchToken(browser)).csrf_token)).status).toBe(200)
})

it('RV-02 a logout by cookie needs the token, and one that would end nothing does not', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const [browser, other] = [backend.browser(), backend.browser()]
  const { session_id, csrf_token } = await loginForSession(browser)
  const logout = (id: string, csrf?: string): Promise<Response> =>
    browser.send('POST', '/auth/logout', { body: { session_id: id }, headers: { 'x-csrf-token': csrf } })
  expect(await errorOf(await logout(session_id))).toEqual(FAILED)
  expect((await logout((await loginForSession(other, BOB)).session_id)).status).toBe(204)
  expect(await backend.admin.listSessions()).toHaveLength(2)
  const gone = await logout(session_id, csrf_token)
  expect([gone.status, cookieOf(gone, SID)]).toEqual([204, ''])
  expect((await logout(session_id, csrf_token)).status).toBe(204)
})

it('CK-06 the endpoint refuses the cookie of a session that is over, as the session check does', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  await loginForSession(browser)
  await backend.admin.ban('ada')
  const answer = await browser.send('GET', '/auth/csrf')
  expect(cookieOf(answer, SID)).toBe('')
  expect(await errorOf(answer)).toEqual([401, 'user_disabled'])
})

it('BBA-14 a preflight allows the headers of a call by cookie', async () => {
  const backend = await createTestBackend({ mode: 'session', allowedOrigins: ['https://friend.app.test'] })
  const answer = await backend.browser().send('OPTIONS', '/api/profile', {
    headers: { origin: 'https://friend.app.test', 'access-control-request-method': 'PUT' },
  })
  expect(answer.headers.get('access-control-allow-headers')).toBe(
    'Authorization, Content-Type, X-CSRF, X-CSRF-Token, X-Session-Id',
  )
})
