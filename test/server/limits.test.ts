import { expect, it } from 'vitest'
import { createAuthServer, done, memoryStore } from 'latchkey/server'
import { platformRandom } from '../../src/server/settings.ts'
import { createStage, jsonOf, LOGIN, SECRETS, type Stage } from './stage.ts'
import { barrier, controlled, createCluster } from './shared-store.ts'
import { DAY, errorOf, login, MINUTE, ORIGIN, REFRESH, SID, type Browser } from './support.ts'

const lineOf = (answer: Response, name: string): string =>
  answer.headers.getSetCookie().find((line) => line.startsWith(`${name}=`)) ?? ''

const other = { headers: { cookie: '' } }
const refreshBy = (stage: Stage, cookie: string | undefined) =>
  stage.send('POST', '/auth/refresh', { headers: { cookie: `${REFRESH}=${cookie}` } })
const loginElsewhere = async (stage: Stage): Promise<[number, string | undefined]> => {
  const answer = await stage.send('POST', '/auth/login', { ...LOGIN, ...other })
  const line = answer.headers.getSetCookie().find((one) => one.startsWith(`${REFRESH}=`))
  return [answer.status, line?.slice(REFRESH.length + 1, line.indexOf(';'))]
}

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

it('R119 sign-ins that failed half-way count for nothing: nobody is signed out for them', async () => {
  const stage0 = createStage()
  const control = controlled(memoryStore({ clock: stage0.time }))
  const stage = createStage({ store: control.store, sessionsPerUser: 3 })
  const [, phone] = await loginElsewhere(stage)
  let isDown = true
  control.before = (step) => {
    if (isDown && step === 'sessionsOf') throw new Error('down')
  }
  for (let i = 0; i < 2; i++) expect((await loginElsewhere(stage))[0]).toBe(503)
  isDown = false
  const [status] = await loginElsewhere(stage)
  // Two devices, and room for three.
  expect(status).toBe(200)
  const answer = await refreshBy(stage, phone)
  expect([answer.status, (await stage.auth.admin.list('ada')).length]).toEqual([200, 2])
})

it('R119 of two sign-ins with the right password, one of which is slow, none is told that the server is down', async () => {
  const { time } = createStage()
  const control = controlled(memoryStore({ clock: time }))
  const stage = createStage({ store: control.store, sessionsPerUser: 1 })
  let isFirst = true
  let second: [number, string | undefined] | undefined
  control.after = async (step, key) => {
    if (step !== 'put' || !key.startsWith('session:') || !isFirst) return
    isFirst = false
    time.advance(2)
    second = await loginElsewhere(stage)
  }
  const [first] = await loginElsewhere(stage)
  expect([first, second?.[0]]).toEqual([200, 200])
})

it('R119 no token outlives the half of what its session may be idle', async () => {
  const stage = createStage({ signIn: () => done({ id: 'ada' }, { idleMs: 2 * MINUTE }) })
  const { expires_in } = await jsonOf(await stage.send('POST', '/auth/login', LOGIN))
  expect(Number(expires_in)).toBe(60)
})

it('R119 a limit that no session can have throws where it is said', async () => {
  expect(() => done({ id: 'ada' }, { sessionMs: Number.MAX_SAFE_INTEGER })).toThrow(TypeError)
})

it('R119 a sign-in that fails half-way leaves the session that was there', async () => {
  const control = controlled(memoryStore())
  const stage = createStage({ store: control.store, sessionsPerUser: 3 })
  await stage.send('POST', '/auth/login', LOGIN)
  let isDown = true
  control.before = (step) => {
    if (isDown && step === 'sessionsOf') throw new Error('down')
  }
  expect((await stage.send('POST', '/auth/login', LOGIN)).status).toBe(503)
  isDown = false
  const answer = await stage.send('POST', '/auth/refresh')
  expect(answer.status, JSON.stringify(answer.status === 200 ? '' : await errorOf(answer))).toBe(200)
})

it('R119 S09 a sign-in that the cap ends at once is no way round an end of all sessions', async () => {
  const control = controlled(memoryStore())
  const stage = createStage({ store: control.store, sessionsPerUser: 1 })
  const both = barrier(2)
  let puts = 0
  control.after = (step, key) =>
    step === 'put' && key.startsWith('session:') && puts++ < 2 ? both() : undefined
  // Both have listed both, and want to end the older one: then all of hers end.
  const wanting = barrier(2)
  let wants = 0
  let ended: Promise<void> | undefined
  control.before = async (step, key) => {
    if (step !== 'put' || !key.startsWith('session:') || puts < 2 || wants >= 2) return
    wants++
    await wanting()
    await (ended ??= stage.auth.admin.endAll('ada'))
  }
  const answers = await Promise.all(
    [0, 1].map(() => stage.send('POST', '/auth/login', { ...LOGIN, headers: { cookie: '' } })),
  )
  expect(wants).toBe(2)
  expect(answers.map(({ status }) => status)).toEqual([503, 503])
})
