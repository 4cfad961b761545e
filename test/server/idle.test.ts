import { expect, it } from 'vitest'
import {
  ADA,
  createTestBackend,
  DAY,
  errorOf,
  HOUR,
  login,
  loginForSession,
  MINUTE,
  SID,
  type Browser,
  type SessionGrant,
} from './support.ts'

const LIMITS = { idleMs: 15 * MINUTE, sessionMs: 8 * HOUR }

const renew = (browser: Browser, background?: boolean): Promise<Response> =>
  browser.send('POST', '/auth/refresh', background === undefined ? {} : { body: { background } })

it('R107 TMO-02 a session that nobody touches ends at the idle limit, however many renewals run in the background', async () => {
  const backend = await createTestBackend(LIMITS)
  const browser = backend.browser()
  await login(browser)
  for (let minute = 4; minute < 15; minute += 4) {
    backend.time.advance(4 * MINUTE)
    expect([minute, (await renew(browser, true)).status]).toEqual([minute, 200])
  }
  backend.time.advance(3 * MINUTE)
  expect((await renew(browser, true)).status).toBe(200)
  backend.time.advance(1)
  expect(await errorOf(await renew(browser, true))).toEqual([401, 'idle_timeout'])
})

it.each([undefined, false])(
  'R107 a renewal that says %s for background is somebody, and begins the idle time anew',
  async (background) => {
    const backend = await createTestBackend(LIMITS)
    const browser = backend.browser()
    await login(browser)
    for (let i = 0; i < 4; i++) {
      backend.time.advance(14 * MINUTE)
      expect((await renew(browser, background)).status).toBe(200)
    }
  },
)

it('R107 an answer that was lost and is given again moves no idle time either where it was for nobody', async () => {
  const backend = await createTestBackend(LIMITS)
  const browser = backend.browser()
  await login(browser)
  const cookie = browser.jar.header(new URL('https://app.test/auth/refresh'), true)
  for (let i = 0; i < 2; i++) {
    backend.time.advance(7 * MINUTE)
    const answer = await browser.send('POST', '/auth/refresh', {
      body: { background: true },
      headers: { cookie },
    })
    expect(answer.status).toBe(200)
  }
  expect(backend.stats.all()['refresh']).toEqual({ rotated: 1, redelivered: 1 })
  backend.time.advance(MINUTE + 1)
  expect(await errorOf(await renew(browser))).toEqual([401, 'idle_timeout'])
})

it('R107 in session mode the sign-in says when the session ends if nobody uses it, and the check says the rest', async () => {
  const backend = await createTestBackend({ mode: 'session', ...LIMITS })
  const browser = backend.browser()
  expect(await loginForSession(browser)).toMatchObject({
    session_expires_in: (8 * HOUR) / 1000,
    idle_expires_in: (15 * MINUTE) / 1000,
  })
  for (let minute = 5; minute <= 15; minute += 5) {
    backend.time.advance(5 * MINUTE)
    const answer = await browser.send('GET', '/auth/session')
    expect(await answer.json()).toMatchObject({ idle_expires_in: ((15 - minute) * MINUTE) / 1000 })
  }
  backend.time.advance(1)
  expect(await errorOf(await browser.send('GET', '/auth/session'))).toEqual([401, 'idle_timeout'])
})

it('R107 no session is said to be idle after its absolute end', async () => {
  const backend = await createTestBackend({ mode: 'session', idleMs: DAY, sessionMs: HOUR })
  expect(await loginForSession(backend.browser())).toMatchObject({ idle_expires_in: HOUR / 1000 })
})

it('R107 an exchange of tokens for a session says it too, counted from the last time that somebody was there', async () => {
  const backend = await createTestBackend(LIMITS)
  const browser = backend.browser()
  await login(browser, ADA)
  backend.admin.setMode('both', 'session')
  backend.time.advance(5 * MINUTE)
  const answer = await renew(browser, true)
  expect(browser.cookie(SID)).toBeDefined()
  expect(((await answer.json()) as SessionGrant).idle_expires_in).toBe((10 * MINUTE) / 1000)
})
