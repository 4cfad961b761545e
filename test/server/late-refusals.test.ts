/*
 * A deletion hits whatever cookie is in the jar when it arrives. Here the old cookie is shown by hand, as a request does
 * that was on its way while somebody signed out or in.
 */
import { describe, expect, it } from 'vitest'
import {
  BOB,
  cookieOf,
  createTestBackend,
  DAY,
  errorOf,
  HOUR,
  login,
  refresh,
  REFRESH,
  SID,
  type Browser,
  type TestBackend,
} from './support.ts'

/** Ada's browser, and what it held before. */
interface Scene {
  readonly backend: TestBackend
  readonly browser: Browser
  readonly sessionId: string
  readonly csrf: string
}

const MODES = { token: REFRESH, session: SID } as const
type Mode = keyof typeof MODES

async function begin(mode: Mode): Promise<Scene & { old: string }> {
  const backend = await createTestBackend({ mode, idleMs: DAY, sessionMs: 2 * DAY, graceGenerations: 1 })
  const browser = backend.browser()
  const grant = await login(browser)
  const csrf = (grant as { csrf_token?: string }).csrf_token ?? ''
  return {
    backend,
    browser,
    sessionId: grant.session_id,
    csrf,
    old: `${MODES[mode]}=${browser.cookie(MODES[mode])}`,
  }
}

const logout = async ({ browser, sessionId, csrf }: Scene, scope = 'current'): Promise<void> => {
  const answer = await browser.send('POST', '/auth/logout', {
    body: { session_id: sessionId, scope },
    headers: { 'x-csrf-token': csrf },
  })
  expect(answer.status).toBe(204)
}

/** What refuses, and so could delete. */
const REFUSALS = [
  ['token', 'POST', '/auth/refresh'],
  ['token', 'GET', '/auth/session'],
  ['session', 'GET', '/auth/session'],
  ['session', 'GET', '/auth/csrf'],
] as const

const ELSEWHERE: [how: string, code: string, end: (scene: Scene) => Promise<unknown>][] = [
  ['a logout', 'session_revoked', (scene) => logout(scene)],
  ['a logout everywhere', 'session_revoked', (scene) => logout(scene, 'all')],
  ['another sign-in', 'session_revoked', ({ browser }) => login(browser, BOB)],
  [
    'a logout and another sign-in',
    'session_revoked',
    async (scene) => {
      await logout(scene)
      await login(scene.browser, BOB)
    },
  ],
  ['a new password', 'session_revoked', ({ backend }) => backend.admin.setPassword('ada', 'analytical')],
  ['an administrator', 'session_revoked', ({ backend, sessionId }) => backend.admin.endSession(sessionId)],
  [
    'nobody, and then there was another sign-in',
    'idle_timeout',
    async ({ backend, browser }) => {
      backend.time.advance(DAY + HOUR)
      await login(browser, BOB)
    },
  ],
  [
    'nobody, and then there was a logout',
    'idle_timeout',
    async (scene) => {
      scene.backend.time.advance(DAY + HOUR)
      await logout(scene)
    },
  ],
  [
    'a ban, and then there was another sign-in',
    'user_disabled',
    async ({ backend, browser }) => {
      await backend.admin.ban('ada')
      await login(browser, BOB)
    },
  ],
]

describe.each(REFUSALS)('in %s mode, %s %s', (mode, method, path) => {
  it.each(ELSEWHERE)(
    'CK-06 R02 deletes no cookie where the session was ended by %s',
    async (_how, code, end) => {
      const scene = await begin(mode)
      const { old, browser } = scene
      await end(scene)
      const answer = await browser.send(method, path, { headers: { cookie: old } })
      expect(await errorOf(answer)).toEqual([401, code])
      expect(answer.headers.getSetCookie()).toEqual([])
    },
  )
})

/** A reload of Bob is signed in: what a late answer of Ada's took away would show here. */
it.each(REFUSALS)('R02 in %s mode a late %s %s of Ada leaves Bob signed in', async (mode, method, path) => {
  const scene = await begin(mode)
  const { old, browser } = scene
  await logout(scene)
  const bob = await login(browser, BOB)
  await browser.send(method, path, { headers: { cookie: old } })
  const answer = await browser.send('GET', '/auth/session')
  expect(await answer.json()).toMatchObject({ user: { id: 'bob' }, session_id: bob.session_id })
})

const OF_ITSELF: [how: string, code: string, mode: Mode, end: (scene: Scene) => unknown][] = [
  ['idle', 'idle_timeout', 'token', ({ backend }) => backend.time.advance(DAY + 1)],
  ['idle', 'idle_timeout', 'session', ({ backend }) => backend.time.advance(DAY + 1)],
  ['banned', 'user_disabled', 'token', ({ backend }) => backend.admin.ban('ada')],
  ['banned', 'user_disabled', 'session', ({ backend }) => backend.admin.ban('ada')],
]

it.each(OF_ITSELF)(
  'CK-06 a session that is %s says %s and deletes its cookie in %s mode, once, whoever says so first',
  async (_how, code, mode, end) => {
    const calls = REFUSALS.filter(([served]) => served === mode)
    for (const [, method, path] of calls) {
      const scene = await begin(mode)
      const { browser, old } = scene
      await end(scene)
      const ask = (how: string, where: string) => browser.send(how, where, { headers: { cookie: old } })
      const first = await ask(method, path)
      expect([path, await errorOf(first), cookieOf(first, MODES[mode])]).toEqual([path, [401, code], ''])
      for (const [, how, where] of calls) {
        const again = await ask(how, where)
        expect([where, await errorOf(again), again.headers.getSetCookie()]).toEqual([where, [401, code], []])
      }
    }
  },
)

it('CK-06 the refresh that finds a cookie used twice deletes it, and none that comes after', async () => {
  const { browser } = await begin('token')
  const first = `${REFRESH}=${browser.cookie()}`
  for (let i = 0; i < 2; i++) await refresh(browser)
  const ask = () => browser.send('POST', '/auth/refresh', { headers: { cookie: first } })
  const head = `${REFRESH}=${browser.cookie()}`
  expect(cookieOf(await ask())).toBe('')
  for (const cookie of [first, head]) {
    const again = await browser.send('POST', '/auth/refresh', { headers: { cookie } })
    expect([await errorOf(again), again.headers.getSetCookie()]).toEqual([[401, 'refresh_reused'], []])
  }
})

it('CK-06 the end of a session that has lasted its time is told once, with the deletion', async () => {
  const { backend, browser, old } = await begin('token')
  for (let i = 0; i < 2; i++) {
    backend.time.advance(DAY)
    if (i === 0) await refresh(browser)
  }
  const answers = []
  for (let i = 0; i < 2; i++)
    answers.push(await browser.send('POST', '/auth/refresh', { headers: { cookie: old } }))
  expect(answers.map(({ status }) => status)).toEqual([401, 401])
  expect(answers.map((answer) => cookieOf(answer))).toEqual(['', undefined])
})

it('CK-06 of two cookies the one that is refused is deleted, and the other is left alone', async () => {
  const backend = await createTestBackend({ mode: 'session', idleMs: DAY })
  const [phone, browser] = [backend.browser(), backend.browser()]
  const { session_id } = await login(phone)
  const sid = `${SID}=${phone.cookie(SID)}`
  backend.admin.setMode('both', 'token')
  await login(browser, BOB)
  // The one was signed out, the other has been idle for too long.
  await backend.admin.endSession(session_id)
  backend.time.advance(DAY + 1)
  const headers = { cookie: `${sid}; ${REFRESH}=${browser.cookie()}` }
  const answer = await browser.send('POST', '/auth/refresh', { headers })
  expect(await errorOf(answer)).toEqual([401, 'idle_timeout'])
  expect([cookieOf(answer), cookieOf(answer, SID)]).toEqual(['', undefined])
})

it('R50 what a refusal has told keeps its moment: a logout everywhere by it ends nothing that was made later', async () => {
  const scene = await begin('token')
  const { backend, browser, old } = scene
  backend.time.advance(DAY + 1)
  await browser.send('GET', '/auth/session')
  backend.time.advance(1)
  const later = await login(backend.browser())
  await browser.send('POST', '/auth/logout', {
    body: { session_id: scene.sessionId, scope: 'all' },
    headers: { cookie: old },
  })
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([later.session_id])
})
