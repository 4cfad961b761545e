import { decodeJwt } from 'jose'
import { expect, it } from 'vitest'
import type { FaultKind } from '../../src/testing/backend/faults.ts'
import {
  ADA,
  cookieOf,
  createTestBackend,
  errorOf,
  login,
  loginForSession,
  refresh,
  rename,
  SID,
  START,
} from './support.ts'

interface Seen {
  type?: string
  status?: number
  header?: [string, string]
  body?: unknown
  cookie?: 'set' | 'none'
  outcome?: string
}

const LINES: [string, FaultKind, Seen][] = [
  ['unreachable', { kind: 'unreachable' }, { type: 'error', outcome: 'fault:unreachable' }],
  ['a lost answer', { kind: 'lost-answer' }, { type: 'error', outcome: 'rotated' }],
  ['500', { kind: 'status', status: 500 }, { status: 500, cookie: 'none', outcome: 'fault:status:500' }],
  [
    '503 with seconds',
    { kind: 'status', status: 503, retryAfter: 7 },
    { status: 503, header: ['retry-after', '7'] },
  ],
  [
    '429 with a date',
    { kind: 'status', status: 429, retryAfter: 90, retryAfterAs: 'date' },
    { status: 429, header: ['retry-after', 'Thu, 01 Jan 2026 00:01:30 GMT'] },
  ],
  [
    'HTML',
    { kind: 'html' },
    { status: 200, header: ['content-type', 'text/html'], body: /^<!doctype html>/ },
  ],
  [
    'a redirect',
    { kind: 'redirect', location: '/portal' },
    { status: 302, header: ['location', '/portal'], cookie: 'none' },
  ],
  ['an empty body', { kind: 'empty-body' }, { status: 200, body: /^$/, cookie: 'set', outcome: 'rotated' }],
  [
    'a truncated body',
    { kind: 'truncated-body' },
    { status: 200, body: /^\{"access_token":"[^}]*$/, cookie: 'set' },
  ],
  [
    'a changed member',
    { kind: 'json', set: { expires_in: '300' } },
    { body: { expires_in: '300', token_type: 'Bearer' } },
  ],
  [
    'a poisoned member',
    { kind: 'json', set: JSON.parse('{"__proto__":{"x":1}}') as object as Record<string, unknown> },
    { body: /"__proto__":\{"x":1\}/ },
  ],
  ['a missing member', { kind: 'json', omit: ['expires_in'] }, { body: /^(?!.*expires_in)/, cookie: 'set' }],
  ['a dropped cookie', { kind: 'cookie-dropped' }, { status: 200, cookie: 'none', outcome: 'rotated' }],
  [
    'a race',
    { kind: 'raced' },
    { status: 409, body: { error: 'refresh_raced' }, cookie: 'none', outcome: 'fault:raced' },
  ],
  ['another lifetime', { kind: 'token', lifetimeSeconds: -5 }, { body: { expires_in: -5 }, cookie: 'set' }],
]

it.each(LINES)('%s happens once and is over', async (_name, fault, seen) => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  await login(browser)
  backend.faults.add({ ...fault, on: 'refresh', times: 1 })
  expect((await browser.send('GET', '/auth/session')).status).toBe(200)
  const answer = await browser.send('POST', '/auth/refresh')
  expect(answer.type).toBe(seen.type ?? 'default')
  if (seen.status !== undefined) expect(answer.status).toBe(seen.status)
  if (seen.header !== undefined) expect(answer.headers.get(seen.header[0])).toBe(seen.header[1])
  if (seen.cookie !== undefined) expect(cookieOf(answer) === undefined ? 'none' : 'set').toBe(seen.cookie)
  if (seen.body instanceof RegExp) expect(await answer.text()).toMatch(seen.body)
  else if (typeof seen.body === 'object' && seen.body !== null)
    expect(await answer.json()).toMatchObject(seen.body)
  if (seen.outcome !== undefined) expect(backend.stats.all()['refresh']).toEqual({ [seen.outcome]: 1 })

  // What was lost is given again: nobody is signed out by a fault.
  expect(backend.faults.list()).toEqual([])
  expect((await refresh(browser)).user.id).toBe('ada')
})

it.each<[string, FaultKind, number | 'error']>([
  ['unreachable', { kind: 'unreachable' }, 'error'],
  ['a lost answer', { kind: 'lost-answer' }, 'error'],
  ['419', { kind: 'status', status: 419 }, 419],
  ['HTML', { kind: 'html' }, 200],
  ['a redirect', { kind: 'redirect', location: '/portal' }, 302],
  ['a truncated body', { kind: 'truncated-body' }, 200],
  ['another CSRF key', { kind: 'csrf-rotated' }, 403],
])('%s under a call by cookie ends no session', async (_name, fault, expected) => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const { csrf_token } = await loginForSession(browser)
  backend.faults.add({ ...fault, on: 'profile', times: 1 })
  const answer = await rename(browser, csrf_token)
  expect(answer.type === 'error' ? 'error' : answer.status).toBe(expected)
  expect((await browser.send('GET', '/api/profile')).status).toBe(200)
})

it('a sign-in whose cookie is dropped, or set for another path, leaves a browser without one', async () => {
  for (const fault of [{ kind: 'cookie-dropped' }, { kind: 'cookie-path', path: '/auth/login' }] as const) {
    const backend = await createTestBackend({ mode: 'session' })
    const browser = backend.browser()
    backend.faults.add({ ...fault, on: 'login' })
    await loginForSession(browser)
    expect(browser.cookie(SID)).toBeUndefined()
    expect(await (await browser.send('GET', '/auth/session')).json()).toBeNull()
  }
})

it('a cookie without prefix that is set for another path is not sent where it is needed', async () => {
  const backend = await createTestBackend({ mode: 'session', cookies: { insecureCookies: true } })
  const browser = backend.browser()
  backend.faults.add({ kind: 'cookie-path', path: '/auth' })
  await loginForSession(browser)
  expect(await (await browser.send('GET', '/auth/session')).json()).toMatchObject({ user: { id: 'ada' } })
  expect((await browser.send('GET', '/api/orders')).status).toBe(401)
})

it('latency is waited for through the injected sleep', async () => {
  const backend = await createTestBackend()
  backend.faults.add({ kind: 'latency', milliseconds: 2500 })
  await login(backend.browser())
  expect(backend.time.now()).toBe(START + 2500)
})

it('faults compose, last as long as they are not removed, and can be listed', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const remove = backend.faults.add({ kind: 'latency', milliseconds: 100, on: ['login', 'session'] })
  backend.faults.add({ kind: 'status', status: 502, on: 'login', times: 2 })
  for (const status of [502, 502, 200]) {
    expect((await browser.send('POST', '/auth/login', { body: ADA })).status).toBe(status)
  }
  expect(backend.time.now()).toBe(START + 300)
  expect(backend.faults.list()).toHaveLength(1)
  remove()
  remove()
  await browser.send('GET', '/auth/session')
  expect(backend.time.now()).toBe(START + 300)
  backend.faults.add({ kind: 'unreachable' })
  backend.faults.clear()
  expect((await browser.send('GET', '/auth/session')).status).toBe(200)
})

it('a skewed issuer signs tokens of another time, which the API judges by its own clock', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  backend.faults.add({ kind: 'token', skewSeconds: -3600 })
  const { access_token: token, expires_in } = await login(browser)
  expect([decodeJwt(token).iat, expires_in]).toEqual([START / 1000 - 3600, 300])
  expect(await errorOf(await browser.send('GET', '/api/orders', { token }))).toEqual([401, 'invalid_token'])
})

it('a key can change under a request', async () => {
  const backend = await createTestBackend({ signer: 'ES256' })
  const browser = backend.browser()
  const before = await login(browser)
  backend.faults.add({ kind: 'key-rotated', on: 'refresh', times: 1 })
  const after = await refresh(browser)
  for (const { access_token: token } of [before, after]) {
    expect((await browser.send('GET', '/api/orders', { token })).status).toBe(200)
  }
  expect(
    ((await (await browser.send('GET', '/.well-known/jwks.json')).json()) as { keys: [] }).keys,
  ).toHaveLength(2)
})

it('a fault leaves JSON that is no object alone, and the headers of a refusal', async () => {
  const backend = await createTestBackend()
  backend.faults.add({ kind: 'json', set: { extra: 1 } })
  expect(await (await backend.browser().send('GET', '/auth/session')).json()).toBeNull()
  const refused = await backend.browser().send('GET', '/api/orders')
  expect(refused.headers.get('www-authenticate')).toContain('Bearer')
  expect(await refused.json()).toEqual({ error: 'missing_token', extra: 1 })
})

it('statistics count by endpoint and outcome, and can be reset', async () => {
  const { browser, stats } = await createTestBackend()
  const page = browser()
  await login(page)
  await refresh(page)
  await page.send('POST', '/auth/login', { body: { ...ADA, password: 'x' } })
  await page.send('GET', '/nothing')
  expect(stats.all()).toEqual({
    login: { ok: 1, invalid_credentials: 1 },
    refresh: { rotated: 1 },
    other: { not_found: 1 },
  })
  expect([stats.count(), stats.count('login'), stats.count('login', 'ok'), stats.count('logout')]).toEqual([
    4, 2, 1, 0,
  ])
  stats.reset()
  expect(stats.count()).toBe(0)
})

it('what breaks inside is a 500 without a word about it', async () => {
  const backend = await createTestBackend({
    signer: {
      sign: () => Promise.reject(new Error('secret key lost')),
      verify: () => undefined,
      keys: () => ({ keys: [] }),
      rotate: () => undefined,
    },
  })
  const answer = await backend.browser().send('POST', '/auth/login', { body: ADA })
  const text = await answer.text()
  expect([answer.status, text]).toEqual([500, '{"error":"server_error"}'])
})
