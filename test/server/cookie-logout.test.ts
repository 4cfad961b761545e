import { expect, it } from 'vitest'
import { BOB, cookieOf, createTestBackend, loginForSession, SID } from './support.ts'

/**
 * Ada is signed in on a laptop and on a phone; Bob on a desk. Each line is one logout that carries a valid CSRF token for
 * its cookie, and who is left signed in after it.
 */
const ALL = ['bob', 'laptop', 'phone']
const LINES: [
  name: string,
  cookie: string | undefined,
  body: { session_id?: string; scope?: string } | undefined,
  left: string[],
  deleted: boolean,
][] = [
  ['its cookie', 'laptop', { session_id: 'laptop' }, ['bob', 'phone'], true],
  ['its cookie, unnamed', 'laptop', undefined, ['bob', 'phone'], true],
  ['the cookie of another user', 'bob', { session_id: 'laptop' }, ALL, false],
  ['the cookie of another device', 'phone', { session_id: 'laptop' }, ALL, false],
  ['a cookie nobody minted', 'unknown', { session_id: 'laptop' }, ALL, false],
  ['no cookie', undefined, { session_id: 'laptop' }, ALL, false],
  ['an id nobody has', 'laptop', { session_id: 'unknown' }, ALL, false],
  ['its cookie, everywhere', 'laptop', { session_id: 'laptop', scope: 'all' }, ['bob'], true],
  ['the cookie of another, everywhere', 'bob', { session_id: 'laptop', scope: 'all' }, ALL, false],
]

it.each(LINES)('RV-02 RV-04 a logout by %s', async (_name, carries, body, left, deleted) => {
  const backend = await createTestBackend({ mode: 'session' })
  const browsers = { laptop: backend.browser(), phone: backend.browser(), bob: backend.browser() }
  const grants = {
    laptop: await loginForSession(browsers.laptop),
    phone: await loginForSession(browsers.phone),
    bob: await loginForSession(browsers.bob, BOB),
  }
  const owner = Object.keys(grants).find((name): name is keyof typeof grants => name === carries)
  const named = Object.entries(grants).find(([name]) => name === body?.session_id)?.[1].session_id
  const value = owner === undefined ? carries : browsers[owner].cookie(SID)
  const headers = {
    cookie: value === undefined ? undefined : `${SID}=${value}`,
    'x-csrf-token': owner === undefined ? undefined : grants[owner].csrf_token,
  }
  for (let i = 0; i < 2; i++) {
    const answer = await backend.browser().send('POST', '/auth/logout', {
      headers,
      body: body && { ...body, session_id: named ?? body.session_id },
    })
    expect(answer.status).toBe(204)
    // Once: by the second time the jar may hold another cookie.
    expect(cookieOf(answer, SID)).toBe(deleted && i === 0 ? '' : undefined)
  }
  const names = new Map(Object.entries(grants).map(([name, { session_id }]) => [session_id, name]))
  const alive = (await backend.admin.listSessions()).map(({ id }) => names.get(id) ?? '')
  expect(alive.sort()).toEqual(left)
})

it('RV-04 after a logout the old cookie is worth nothing', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const { session_id, csrf_token } = await loginForSession(browser)
  const headers = { cookie: `${SID}=${browser.cookie(SID)}`, 'x-csrf-token': csrf_token }
  await browser.send('POST', '/auth/logout', { headers, body: { session_id } })
  for (const [method, path] of [
    ['GET', '/api/orders'],
    ['PUT', '/api/profile'],
    ['GET', '/auth/session'],
    ['GET', '/auth/sessions'],
    ['GET', '/auth/csrf'],
  ] as const) {
    expect((await browser.send(method, path, { headers })).status).toBe(401)
  }
})

it('RV-03 a logout that met a 503 has ended nothing, and one that is sent again does', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const browser = backend.browser()
  const { session_id, csrf_token } = await loginForSession(browser)
  const logout = (): Promise<Response> =>
    browser.send('POST', '/auth/logout', { headers: { 'x-csrf-token': csrf_token }, body: { session_id } })
  backend.faults.add({ kind: 'status', status: 503, retryAfter: 5, on: 'logout', times: 1 })
  const refused = await logout()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  expect((await browser.send('GET', '/api/orders')).status).toBe(200)
  expect((await logout()).status).toBe(204)
  expect(await backend.admin.listSessions()).toEqual([])
})
