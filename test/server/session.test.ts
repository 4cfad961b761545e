import { expect, it } from 'vitest'
import {
  BOB,
  createTestBackend,
  DAY,
  errorOf,
  HOUR,
  login,
  refresh,
  REFRESH,
  type Browser,
} from './support.ts'

const session = (browser: Browser, cookie?: string): Promise<Response> =>
  browser.send(
    'GET',
    '/auth/session',
    cookie === undefined ? {} : { headers: { cookie: `${REFRESH}=${cookie}` } },
  )

it('CK-05 TMO-01 the session endpoint says who and how long, and rotates and extends nothing', async () => {
  const backend = await createTestBackend({ sessionMs: 2 * DAY, idleMs: DAY })
  const browser = backend.browser()
  const { session_id } = await login(browser)
  backend.time.advance(HOUR)
  const before = await backend.admin.listSessions()
  for (let i = 0; i < 2; i++) {
    const answer = await session(browser)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await answer.json()).toEqual({
      mode: 'token',
      user: { id: 'ada', email: 'ada@example.com', name: 'Ada', roles: ['admin'] },
      session_id,
      session_expires_in: (2 * DAY - HOUR) / 1000,
      idle_expires_in: (DAY - HOUR) / 1000,
    })
  }
  expect(await backend.admin.listSessions()).toEqual(before)
})

it('nobody is 200 null', async () => {
  const answer = await session((await createTestBackend()).browser())
  expect([answer.status, await answer.json()]).toEqual([200, null])
})

it('the cookie alone decides: it says who the next refresh would be, whatever token comes along', async () => {
  const browser = (await createTestBackend()).browser()
  const { access_token: token } = await login(browser)
  const bob = await login(browser, BOB)
  const answer = await browser.send('GET', '/auth/session', { token })
  expect(await answer.json()).toMatchObject({ user: { id: 'bob' }, session_id: bob.session_id })
  const without = await browser.send('GET', '/auth/session', { token, headers: { cookie: undefined } })
  expect(await without.json()).toBeNull()
})

it('REV-05 CK-06 it refuses as a refresh does', async () => {
  const backend = await createTestBackend({ idleMs: DAY, graceGenerations: 1 })
  const browser = backend.browser()
  expect(await errorOf(await session(browser, 'never-minted'))).toEqual([401, 'session_expired'])

  const { session_id } = await login(browser)
  const t0 = browser.cookie()
  await refresh(browser)
  expect((await session(browser, t0)).status).toBe(200)
  await refresh(browser)
  expect(await errorOf(await session(browser, t0))).toEqual([401, 'refresh_reused'])
  expect((await session(browser)).status).toBe(200)

  await backend.admin.endSession(session_id)
  const revoked = await session(browser)
  expect(revoked.headers.getSetCookie()).toEqual([])
  expect(await errorOf(revoked)).toEqual([401, 'session_revoked'])
  expect(await errorOf(await browser.send('POST', '/auth/refresh'))).toEqual([401, 'session_revoked'])

  await login(browser)
  backend.time.advance(DAY + 1)
  const idle = await session(browser)
  expect(idle.headers.getSetCookie()).toEqual([expect.stringContaining('Max-Age=0')])
  expect(await errorOf(idle)).toEqual([401, 'idle_timeout'])
})
