import { expect, it } from 'vitest'
import { createAuthServer, done, memoryStore } from 'latchkey/server'
import { platformRandom } from '../../src/server/settings.ts'
import { createStage, jsonOf, LOGIN, SECRETS } from './stage.ts'
import { barrier, createCluster } from './shared-store.ts'
import { DAY, errorOf, login, MINUTE, ORIGIN, REFRESH, SID, type Browser } from './support.ts'

const lineOf = (answer: Response, name: string): string =>
  answer.headers.getSetCookie().find((line) => line.startsWith(`${name}=`)) ?? ''

it.each(['token', 'session'] as const)(
  'R119 in %s mode a sign-in that is not to be remembered has cookies that go with the browser, at each renewal too, and limits of its own',
  async (mode) => {
    const name = mode === 'token' ? REFRESH : SID
    const short = { remember: false, sessionMs: 8 * 60 * MINUTE, idleMs: 30 * MINUTE }
    const { auth, send, time } = createStage({
      mode,
      signIn: ({ body }) => done({ id: 'ada' }, body['remember'] === true ? {} : short),
    })
    const kept = await send('POST', '/auth/login', { body: { email: 'ada', remember: true } })
    expect(lineOf(kept, name)).toContain('Max-Age=2592000;')
    const passing = await send('POST', '/auth/login', { body: { email: 'ada' } })
    expect([lineOf(passing, name), lineOf(passing, 'signed_in')].join()).not.toContain('Max-Age')
    await auth.admin.renew('ada')
    time.advance(29 * MINUTE)
    const renewed =
      mode === 'token'
        ? await send('POST', '/auth/refresh')
        : await (async () => {
            const check: Record<string, unknown> = await jsonOf(await send('GET', '/auth/session'))
            expect(check['idle_expires_in']).toBeOneOf([59, 60])
            expect(check['session_expires_in']).toBeOneOf([27_059, 27_060])
            return send('GET', '/auth/sessions')
          })()
    expect(renewed.status).toBe(200)
    expect(lineOf(renewed, name)).toMatch(/^[^;]+=\S+;/)
    expect(lineOf(renewed, name)).not.toContain('Max-Age')
    time.advance(31 * MINUTE)
    expect(await errorOf(await send('GET', '/auth/session'))).toEqual([401, 'idle_timeout'])
  },
)

it('R119 a sign-in with limits of its own ends at its absolute end, however busy it is', async () => {
  const { send, time } = createStage({ signIn: () => done({ id: 'ada' }, { sessionMs: 2 * DAY }) })
  await send('POST', '/auth/login', LOGIN)
  for (let hours = 0; hours < 47; hours++) {
    time.advance(60 * MINUTE)
    expect((await send('POST', '/auth/refresh')).status).toBe(200)
  }
  time.advance(61 * MINUTE)
  expect(await errorOf(await send('POST', '/auth/refresh'))).toEqual([401, 'session_expired'])
})

it.each([{ sessionMs: 0 }, { idleMs: 1.5 }, { idleMs: '30m' as unknown as number }])(
  'R119 limits that are none throw where they are said: %o',
  (limits) => {
    expect(() => done({ id: 'ada' }, limits)).toThrow(TypeError)
  },
)

it('R119 S11 with one session per user the sign-in before it ends, and says why', async () => {
  const stage = createStage({ sessionsPerUser: 1 })
  await stage.send('POST', '/auth/login', LOGIN)
  const before = stage.cookie(REFRESH)
  // Another browser: no cookie comes along, so that nothing is replaced.
  const headers = { cookie: '' }
  expect((await stage.send('POST', '/auth/login', { ...LOGIN, headers })).status).toBe(200)
  expect(await stage.auth.admin.list('ada')).toHaveLength(1)
  const old = await stage.send('POST', '/auth/refresh', { headers: { cookie: `${REFRESH}=${before}` } })
  expect(await errorOf(old)).toEqual([401, 'session_revoked'])
  expect((await stage.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R119 S11 of ten sign-ins at once on three servers exactly so many live as the cap says, each handed to somebody', async () => {
  for (const most of [1, 3]) {
    const { servers, control } = await createCluster(3, { sessionsPerUser: most, random: platformRandom })
    const together = barrier(10)
    let held = 0
    control.after = (step, key) => {
      return step === 'put' && key.startsWith('session:') && held++ < 10 ? together() : undefined
    }
    const browsers: Browser[] = Array.from({ length: 10 }, (_, at) => servers[at % 3]!.browser())
    await Promise.all(browsers.map((browser) => login(browser)))
    const outcomes = await Promise.all(
      browsers.map(async (browser) => {
        const answer = await browser.send('POST', '/auth/refresh')
        return answer.status === 200 ? 'lives' : (await errorOf(answer))[1]
      }),
    )
    expect(outcomes.filter((outcome) => outcome === 'lives')).toHaveLength(most)
    expect(outcomes.filter((outcome) => outcome === 'session_revoked')).toHaveLength(10 - most)
  }
})

it('R119 a cap that is none throws at creation', () => {
  const create = (sessionsPerUser: number) =>
    createAuthServer({
      store: memoryStore(),
      secrets: SECRETS,
      origin: ORIGIN,
      mode: 'session',
      signIn: () => done({ id: 'ada' }),
      findUser: (id) => ({ id }),
      sessionsPerUser,
    })
  for (const cap of [0, -1, 1.5, NaN]) expect(() => create(cap)).toThrow('"sessionsPerUser"')
})
