import { expect, it } from 'vitest'
import { safeReturnTo } from '../../src/server/providers/return-to.ts'
import {
  ADA,
  BOB,
  cookieOf,
  createTestBackend,
  login,
  loginForSession,
  MINUTE,
  ORIGIN,
  refresh,
  REFRESH,
  SID,
  type Browser,
  type Init,
  VALUE,
} from './support.ts'

const navigation = { 'sec-fetch-mode': 'navigate', 'x-csrf': undefined }
const locationOf = (answer: Response): string => answer.headers.get('location') ?? ''

/** Follows the app's navigation as far as the form, and answers with its hidden field. */
async function openForm(browser: Browser, returnTo = '/orders'): Promise<string> {
  const start = await browser.send('GET', `/auth/start?return_to=${encodeURIComponent(returnTo)}`, {
    headers: navigation,
  })
  expect(start.status).toBe(303)
  const page = await browser.send('GET', locationOf(start), { headers: navigation })
  return /name="request" value="([\w-]+)"/.exec(await page.text())?.[1] ?? ''
}

function postForm(
  browser: Browser,
  request: string,
  { email, password } = ADA,
  init: Init = {},
): Promise<Response> {
  return browser.send('POST', '/idp/login', {
    body: new URLSearchParams({ request, email, password }).toString(),
    ...init,
    headers: { ...navigation, 'content-type': 'application/x-www-form-urlencoded', ...init.headers },
  })
}

/** As far as the URL of the callback, with code and state. */
async function signInAtProvider(browser: Browser, returnTo?: string): Promise<string> {
  const posted = await postForm(browser, await openForm(browser, returnTo))
  expect(posted.status).toBe(303)
  return locationOf(posted)
}

/** The cookie of the sign-in that has begun, as it is sent. */
const attemptOf = (browser: Browser): string => {
  const { name, value } = browser.jar.all().find(({ name }) => name.startsWith('__Host-login-'))!
  return `${name}=${value}`
}
const nameOf = (cookie: string): string => cookie.slice(0, cookie.indexOf('='))

const arrive = (browser: Browser, url: string, init: Init = {}): Promise<Response> =>
  browser.send('GET', url, { headers: navigation, ...init })

it('BBA-06 SEC-11 a redirect login is navigations with 303 from the first to the last, and the page gets no code', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const callback = await signInAtProvider(browser, '/orders?page=2#row')
  const attempt = nameOf(attemptOf(browser))
  expect(new URL(callback).pathname).toBe('/auth/callback')

  const back = await arrive(browser, callback)
  expect([back.status, locationOf(back)]).toEqual([303, `${ORIGIN}/orders?page=2#row`])
  expect(cookieOf(back, attempt)).toBe('')
  expect(cookieOf(back)).toMatch(VALUE)
  expect(back.headers.get('referrer-policy')).toBe('no-referrer')

  // The page it lands on has no token, but its own fetch sends the Strict cookie.
  expect((await refresh(browser)).user.id).toBe('ada')
})

it('BBA-06 the app may live on another origin', async () => {
  const browser = (await createTestBackend({ appOrigin: 'https://www.app.test' })).browser()
  const back = await arrive(browser, await signInAtProvider(browser, '/orders'))
  expect(locationOf(back)).toBe('https://www.app.test/orders')
})

it('BBA-06 FIX-01 in session mode it ends with a sid, and with the session that the browser had before', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const before = await loginForSession(browser, BOB)
  const back = await arrive(browser, await signInAtProvider(browser))
  expect(cookieOf(back, SID)).toMatch(VALUE)
  const session = await browser.send('GET', '/auth/session')
  expect(await session.json()).toMatchObject({ mode: 'session', user: { id: 'ada' } })
  expect((await backend.admin.listSessions()).map(({ id }) => id)).not.toContain(before.session_id)
})

it('BBA-06 S55 code, state and cookie work once: who comes again is sent to his page and gets no cookie', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const callback = await signInAtProvider(browser)
  const cookie = attemptOf(browser)
  expect((await arrive(browser, callback)).status).toBe(303)
  // So long an answer counts as lost whose cookies did not arrive.
  backend.time.advance(31_000)
  const again = await arrive(browser, callback, { headers: { cookie } })
  expect([again.status, locationOf(again)]).toEqual([303, `${ORIGIN}/orders`])
  expect(again.headers.getSetCookie()).toEqual([])
  expect(await backend.admin.listSessions()).toHaveLength(1)
})

const replaced = (url: string, name: string, value: string | undefined): string => {
  const target = new URL(url)
  if (value === undefined) target.searchParams.delete(name)
  else target.searchParams.set(name, value)
  return target.href
}

it.each<[string, (url: string, foreign: string) => string]>([
  [
    'a foreign state',
    (url, foreign) => replaced(url, 'state', new URL(foreign).searchParams.get('state') ?? ''),
  ],
  ['no state', (url) => replaced(url, 'state', undefined)],
  ['an empty state', (url) => replaced(url, 'state', '')],
  ['two states', (url, foreign) => `${url}&state=${new URL(foreign).searchParams.get('state')}`],
  ['the whole callback of another', (_url, foreign) => foreign],
])('FIX-04 SEC-02 S54 %s signs nobody in and leaves the attempt alone', async (_name, forge) => {
  const backend = await createTestBackend()
  const [victim, attacker] = [backend.browser(), backend.browser()]
  const mine = await signInAtProvider(victim)
  const foreign = await signInAtProvider(attacker)
  const answer = await arrive(victim, forge(mine, foreign))
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([400, []])
  expect(answer.headers.get('content-type')).toContain('text/html')
  expect(await backend.admin.listSessions()).toEqual([])
  expect((await arrive(victim, mine)).status).toBe(303)
})

it.each<[string, (url: string, foreign: string) => string]>([
  [
    'a foreign code',
    (url, foreign) => replaced(url, 'code', new URL(foreign).searchParams.get('code') ?? ''),
  ],
  ['no code', (url) => replaced(url, 'code', undefined)],
  ['an invented code', (url) => replaced(url, 'code', 'A'.repeat(43))],
  ['two codes', (url, foreign) => `${url}&code=${new URL(foreign).searchParams.get('code')}`],
  ['a callback under another address', (url) => url.replace(ORIGIN, 'https://other.test')],
])('FIX-04 SEC-02 %s signs nobody in and ends the attempt', async (_name, forge) => {
  const backend = await createTestBackend()
  const [victim, attacker] = [backend.browser(), backend.browser()]
  const mine = await signInAtProvider(victim)
  const foreign = await signInAtProvider(attacker)
  const cookie = attemptOf(victim)
  const answer = await arrive(victim, forge(mine, foreign), { headers: { cookie } })
  expect(answer.status).toBe(400)
  expect(cookieOf(answer)).toBeUndefined()
  expect(cookieOf(answer, nameOf(cookie))).toBe('')
  expect(victim.cookie()).toBeUndefined()
  expect((await arrive(victim, mine, { headers: { cookie } })).status).toBe(400)
  expect(await backend.admin.listSessions()).toEqual([])
})

it('FIX-04 a callback without the cookie of its start signs nobody in', async () => {
  const backend = await createTestBackend()
  const callback = await signInAtProvider(backend.browser())
  expect((await arrive(backend.browser(), callback)).status).toBe(400)
})

it.each([
  ['a code after a minute', 0, MINUTE],
  ['an attempt after ten minutes, its code fresh', 10 * MINUTE - 1, 1],
])('%s is too late', async (_name, atForm, onTheWay) => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const request = await openForm(browser)
  const cookie = attemptOf(browser)
  backend.time.advance(atForm)
  const callback = locationOf(await postForm(browser, request))
  expect(callback).toContain('code=')
  backend.time.advance(onTheWay)
  expect((await arrive(browser, callback, { headers: { cookie } })).status).toBe(400)
})

it('CK-12 a form after ten minutes is too late', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const request = await openForm(browser)
  backend.time.advance(10 * MINUTE)
  expect((await postForm(browser, request)).status).toBe(400)
})

it('CK-12 the cookie works once: kept and sent again with its callback, it signs nobody in', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const callback = await signInAtProvider(browser)
  const headers = { cookie: attemptOf(browser) }
  expect((await arrive(browser, callback, { headers })).status).toBe(303)
  backend.time.advance(31_000)
  const again = await arrive(backend.browser(), callback, { headers })
  expect([again.status, again.headers.getSetCookie()]).toEqual([303, []])
  expect(await backend.admin.listSessions()).toHaveLength(1)
})

it('FIX-01 it ends the session the browser had, though the Strict cookie may stay away on the way back', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  await login(browser, BOB)
  const callback = await signInAtProvider(browser)
  const cookie = attemptOf(browser)
  expect((await arrive(browser, callback, { headers: { cookie } })).status).toBe(303)
  expect((await backend.admin.listSessions()).map(({ userId }) => userId)).toEqual(['ada'])
  expect(browser.cookie(REFRESH)).toBeDefined()
})

it('OW-21 OW-23 the form gives equal answers, throttles, and keeps the address typed', async () => {
  const browser = (await createTestBackend({ throttle: { perAccount: 1 } })).browser()
  const request = await openForm(browser)
  const wrong = await postForm(browser, request, { email: '"><b>x', password: 'y' })
  const page = await wrong.text()
  expect(wrong.status).toBe(401)
  expect(page).toContain('role="alert"')
  expect(page).toContain('value="&quot;&gt;&lt;b&gt;x"')
  expect(page).not.toContain('<b>')
  const throttled = await postForm(browser, request, { email: '"><b>x', password: 'y' })
  expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '900'])
  expect((await postForm(browser, request)).status).toBe(303)
})

it('FIX-04 the form is refused when another site posts it', async () => {
  const browser = (await createTestBackend()).browser()
  const request = await openForm(browser)
  for (const headers of [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' },
    { 'sec-fetch-site': undefined, origin: 'null' },
  ]) {
    expect((await postForm(browser, request, ADA, { headers })).status).toBe(403)
  }
  expect((await postForm(browser, request, ADA)).status).toBe(303)
  expect((await postForm(browser, request, ADA)).status).toBe(400)
})

it('AV-16 a banned user gets no session by a code he has', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const callback = await signInAtProvider(browser)
  await backend.admin.ban('ada')
  expect((await arrive(browser, callback)).status).toBe(403)
  expect(browser.cookie()).toBeUndefined()
})

it('SEC-15 the page runs no script, refuses frames and sends its form nowhere else', async () => {
  const browser = (await createTestBackend({ appOrigin: 'https://www.app.test' })).browser()
  const page = await arrive(browser, '/idp/login?request="><script>')
  expect(page.headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'self'; form-action 'self' https://www.app.test; frame-ancestors 'none'; base-uri 'none'`,
  )
  const html = await page.text()
  expect(html).not.toMatch(/<script|style=|<style| on\w+=/)
  expect(html).toContain('<label for="email">')
  expect(html).toContain('autocomplete="current-password"')
  expect((await arrive(browser, '/idp/style.css')).headers.get('content-type')).toContain('text/css')
})

const OWN = ['/auth', '/idp']
const SAFE = [
  ['/', '/'],
  ['/orders', '/orders'],
  ['/orders?page=2&next=%2F%2Fevil.test#a//b', '/orders?page=2&next=%2F%2Fevil.test#a//b'],
  ['/a/../b', '/b'],
  ['/authors', '/authors'],
  ['/caf\u00e9', '/caf%C3%A9'],
  ['/@evil.test', '/@evil.test'],
] as const

it.each(SAFE)('SEC-02 %s may be returned to', (value, expected) => {
  expect(safeReturnTo(value, OWN)).toBe(expected)
})

const TRICKS = [
  '',
  'orders',
  '?x',
  '//evil.test',
  '///evil.test',
  '/\\evil.test',
  '\\\\evil.test',
  '\\/evil.test',
  '/a\\b',
  'https://evil.test',
  'https:evil.test',
  'HTTPS://app.test/',
  'javascript:alert(1)',
  'data:text/html,x',
  'blob:x',
  '%2f%2fevil.test',
  '/%2f%2fevil.test',
  '/%2Fevil.test',
  '/%5cevil.test',
  '/%5C%5Cevil.test',
  '/%252f%252fevil.test',
  '/\t/evil.test',
  '\t//evil.test',
  ' //evil.test',
  '/\n/evil.test',
  '/\r\n/evil.test',
  '/a\u0000b',
  '/%0d%0aSet-Cookie:x',
  '/%00',
  '/%2509x',
  '/.//evil.test',
  '/a/..//evil.test',
  '/./%2e//evil.test',
  '/\u007f',
  '//user@evil.test',
  'https://app.test@evil.test',
  '/auth/logout',
  '/AUTH/start',
  '/auth',
  '/%61uth/start',
  '/x/../auth/start',
  '/idp/login',
  '/%',
  '/%ff',
  `/${'x'.repeat(3000)}`,
]

it.each(TRICKS)('SEC-02 %j is no place to return to', async (value) => {
  expect(safeReturnTo(value, OWN)).toBeUndefined()
  const browser = (await createTestBackend()).browser()
  const answer = await arrive(browser, `/auth/start?return_to=${encodeURIComponent(value)}`)
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([400, []])
})

it('SEC-02 without return_to it comes back to the start page', async () => {
  const browser = (await createTestBackend()).browser()
  const start = await arrive(browser, '/auth/start')
  const request = new URL(locationOf(start)).searchParams.get('request') ?? ''
  const back = await arrive(browser, locationOf(await postForm(browser, request)))
  expect(locationOf(back)).toBe(`${ORIGIN}/`)
})
