import { expect, it } from 'vitest'
import { createCheapHash } from '../../src/server/password.ts'
import {
  ADA,
  BOB,
  cookieOf,
  createTestBackend,
  errorOf,
  login,
  MINUTE,
  refreshWith,
  type Grant,
  VALUE,
} from './support.ts'

const attempt = { email: ADA.email, password: 'wrong' }

it('ERR-08 a sign-in gives token, identity and cookie in one answer', async () => {
  const answer = await (await createTestBackend()).browser().send('POST', '/auth/login', { body: ADA })
  expect(answer.status).toBe(200)
  expect(cookieOf(answer)).toMatch(VALUE)
  expect(await answer.json()).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 300,
    user: { id: 'ada', email: ADA.email, name: 'Ada', roles: ['admin'] },
    session_id: expect.stringMatching(/^[\w-]{22}$/),
  })
})

it('OW-21 unknown user and wrong password get the same answer after the same work', async () => {
  const cheap = createCheapHash()
  const verified: [string, boolean][] = []
  const backend = await createTestBackend({
    passwordHash: {
      ...cheap,
      verify(password, stored) {
        verified.push([password, stored === cheap.decoy])
        return cheap.verify(password, stored)
      },
    },
  })
  const browser = backend.browser()
  const wrong = await browser.send('POST', '/auth/login', { body: attempt })
  const unknown = await browser.send('POST', '/auth/login', {
    body: { ...attempt, email: 'nobody@example.com' },
  })
  expect(verified).toEqual([
    ['wrong', false],
    ['wrong', true],
  ])
  expect([...unknown.headers]).toEqual([...wrong.headers])
  expect(await unknown.text()).toBe(await wrong.clone().text())
  expect(await errorOf(wrong)).toEqual([401, 'invalid_credentials'])
})

it('OW-21 only who knows the password learns that the account is closed', async () => {
  const backend = await createTestBackend()
  await backend.admin.ban('ada')
  const browser = backend.browser()
  expect(await errorOf(await browser.send('POST', '/auth/login', { body: attempt }))).toEqual([
    401,
    'invalid_credentials',
  ])
  expect(await errorOf(await browser.send('POST', '/auth/login', { body: ADA }))).toEqual([
    403,
    'user_disabled',
  ])
  await backend.admin.unban('ada')
  expect((await browser.send('POST', '/auth/login', { body: ADA })).status).toBe(200)
})

it('OW-23 an account is throttled, known or not, and the answer says for how long', async () => {
  for (const email of [ADA.email, 'nobody@example.com']) {
    const backend = await createTestBackend({ throttle: { perAccount: 3, windowMs: 10 * MINUTE } })
    const browser = backend.browser()
    const body = { email, password: 'wrong' }
    for (let i = 0; i < 3; i++) expect((await browser.send('POST', '/auth/login', { body })).status).toBe(401)
    backend.time.advance(4 * MINUTE)
    const answer = await browser.send('POST', '/auth/login', {
      body: { ...body, email: ` ${email.toUpperCase()} ` },
    })
    expect(answer.headers.get('retry-after')).toBe('360')
    expect(await errorOf(answer)).toEqual([429, 'too_many_attempts'])
    backend.time.advance(6 * MINUTE)
    expect((await browser.send('POST', '/auth/login', { body })).status).toBe(401)
  }
})

it('OW-23 attempts sent at once are counted one by one', async () => {
  const browser = (await createTestBackend({ throttle: { perAccount: 3 } })).browser()
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => browser.send('POST', '/auth/login', { body: attempt })),
  )
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(3)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(7)
})

it('OW-23 sign-ins that succeed are no failures', async () => {
  const browser = (await createTestBackend({ throttle: { perAccount: 2 } })).browser()
  for (let i = 0; i < 5; i++) await login(browser)
})

it('OW-23 an address is throttled over all accounts, and locks nobody else out', async () => {
  const backend = await createTestBackend({ throttle: { perAddress: 2, perAccount: 3 } })
  const browser = backend.browser()
  const from = (address: string, email: string): Promise<Response> =>
    browser.send('POST', '/auth/login', { body: { email, password: 'wrong' }, address })
  await from('192.0.2.1', 'x@example.com')
  await from('192.0.2.1', 'y@example.com')
  for (let i = 0; i < 9; i++) expect((await from('192.0.2.1', ADA.email)).status).toBe(429)
  expect((await browser.send('POST', '/auth/login', { body: ADA, address: '192.0.2.2' })).status).toBe(200)
})

it.each([
  ['no body', undefined],
  ['no password', { email: ADA.email }],
  ['a number', { email: ADA.email, password: 1 }],
  ['an array', '[]'],
  ['null', 'null'],
  ['half a body', '{"email":'],
  ['a password of a megabyte', { email: ADA.email, password: 'x'.repeat(1 << 20) }],
  ['a poisoned object', '{"__proto__":{"email":"ada@example.com","password":"difference engine"}}'],
])('a sign-in with %s is invalid_request', async (_name, body) => {
  const answer = await (await createTestBackend()).browser().send('POST', '/auth/login', { body })
  expect(cookieOf(answer)).toBeUndefined()
  expect(await errorOf(answer)).toEqual([400, 'invalid_request'])
})

it('FIX-01 S67 a sign-in makes a new id and a new cookie and ends the session before it', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const first = await login(browser)
  const before = browser.cookie()
  const second = await login(browser, BOB)
  expect(second.session_id).not.toBe(first.session_id)
  expect(browser.cookie()).not.toBe(before)
  expect((await backend.admin.listSessions()).map(({ userId }) => userId)).toEqual(['bob'])
  expect(await errorOf(await refreshWith(browser, before))).toEqual([401, 'session_revoked'])
})

it('FIX-01 the cookie of a spent token ends its session too', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  await login(browser)
  const spent = browser.cookie()
  await browser.send('POST', '/auth/refresh')
  await browser.send('POST', '/auth/login', { body: BOB, headers: { cookie: `__Host-refresh=${spent}` } })
  expect((await backend.admin.listSessions()).map(({ userId }) => userId)).toEqual(['bob'])
})

it('FIX-01 a failed sign-in ends nothing', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  await login(browser)
  await browser.send('POST', '/auth/login', { body: attempt })
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it('FIX-01 a refresh that the next sign-in overtook does not delete the cookie of that sign-in', async () => {
  const browser = (await createTestBackend()).browser()
  await login(browser)
  const before = browser.cookie()
  await login(browser, BOB)
  const late = await refreshWith(browser, before)
  expect(cookieOf(late)).toBeUndefined()
  expect(((await (await browser.send('POST', '/auth/refresh')).json()) as Grant).user.id).toBe('bob')
})

it('FIX-02 S67 an id the server never made is refused, and a sign-in does not take it over', async () => {
  const browser = (await createTestBackend()).browser()
  const planted = 'A'.repeat(43)
  expect(await errorOf(await refreshWith(browser, planted))).toEqual([401, 'session_expired'])
  const answer = await browser.send('POST', '/auth/login', {
    body: ADA,
    headers: { cookie: `__Host-refresh=${planted}` },
  })
  expect(cookieOf(answer)).not.toBe(planted)
  expect(await errorOf(await refreshWith(browser, planted))).toEqual([401, 'session_expired'])
})
