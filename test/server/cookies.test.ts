import { expect, it } from 'vitest'
import { ADA, cookieOf, createTestBackend, login, refresh, type Browser, VALUE } from './support.ts'

const CALLS: [string, (browser: Browser, id: string) => Promise<Response>][] = [
  ['sign-in', (browser) => browser.send('POST', '/auth/login', { body: ADA })],
  ['refresh', (browser) => browser.send('POST', '/auth/refresh')],
  ['logout', (browser, id) => browser.send('POST', '/auth/logout', { body: { session_id: id } })],
]

it.each(CALLS)(
  'CK-01 CK-03 BBA-10 AV-01 the cookie of a %s states everything it should',
  async (_name, call) => {
    const browser = (await createTestBackend()).browser()
    const { session_id } = await login(browser)
    const lines = (await call(browser, session_id)).headers.getSetCookie()
    expect(lines).toHaveLength(1)
    const [pair = '', ...attributes] = (lines[0] ?? '').split('; ')
    expect(pair).toMatch(/^__Host-refresh=/)
    expect(attributes).toEqual([
      expect.stringMatching(/^Max-Age=\d+$/),
      'Path=/',
      'HttpOnly',
      'Secure',
      'SameSite=Strict',
    ])
  },
)

it('CK-12 the cookie of a redirect login is Lax, short-lived and HttpOnly', async () => {
  const answer = await (await createTestBackend()).browser().send('GET', '/auth/start')
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      /^__Host-login-\d+=\d+\.[^;]+; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ),
  ])
})

it('AV-01 the value of the refresh cookie is in no body', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const { access_token: token, session_id } = await login(browser)
  const secrets = [browser.cookie() ?? '']
  const bodies: string[] = []
  for (const [method, path] of [
    ['POST', '/auth/refresh'],
    ['GET', '/auth/session'],
    ['GET', '/auth/sessions'],
    ['POST', '/auth/login'],
  ] as const) {
    const body = path === '/auth/login' ? ADA : undefined
    bodies.push(await (await browser.send(method, path, { token, body })).text())
    secrets.push(browser.cookie() ?? '')
  }
  expect(secrets).not.toContain('')
  for (const secret of secrets) for (const body of bodies) expect(body).not.toContain(secret)
  expect(bodies.join()).toContain(session_id)
})

it('the readable hint comes and goes with the refresh cookie and holds no secret', async () => {
  const browser = (await createTestBackend({ cookies: { hint: 'signed-in' } })).browser()
  const { session_id } = await login(browser)
  expect(browser.jar.readable(new URL('https://app.test/'), 'signed-in')).toBe('1')
  expect(browser.jar.readable(new URL('https://app.test/'), '__Host-refresh')).toBeUndefined()
  await refresh(browser)
  expect(browser.cookie('signed-in')).toBe('1')
  await browser.send('POST', '/auth/logout', { body: { session_id } })
  expect(browser.jar.all()).toEqual([])
})

it('names are configurable, and insecureCookies drops prefix and Secure alone', async () => {
  const backend = await createTestBackend({ cookies: { refresh: 'dev', insecureCookies: true } })
  const browser = backend.browser()
  const answer = await browser.send('POST', '/auth/login', { body: ADA })
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^dev=[\w.-]{112}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/),
  ])
  expect(cookieOf(await browser.send('POST', '/auth/refresh'), 'dev')).toMatch(VALUE)
})

it('CK-02 with httpPrefix every cookie that no script may make says so, and the readable ones do not', async () => {
  const cookies = { httpPrefix: true, hint: 'signed-in' }
  const names: (string | undefined)[] = []
  for (const mode of ['token', 'session'] as const) {
    const backend = await createTestBackend({ mode, cookies, csrf: { delivery: ['cookie'] } })
    for (const [method, path, body] of [
      ['POST', '/auth/login', ADA],
      ['GET', '/auth/start', undefined],
    ] as const) {
      const answer = await backend.browser().send(method, path, { body })
      names.push(...answer.headers.getSetCookie().map((line) => line.split('=')[0]?.replace(/-\d+$/, '-…')))
    }
  }
  expect(names).toEqual([
    ...['__Host-Http-refresh', 'signed-in', '__Host-Http-login-…'],
    ...['__Host-Http-sid', 'signed-in', '__Host-csrf', '__Host-Http-login-…'],
  ])
})
