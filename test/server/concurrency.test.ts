import { expect, it } from 'vitest'
import { createSeededRandom } from '../../src/testing/backend/deterministic.ts'
import { barrier, createCluster } from './shared-store.ts'
import { ADA, cookieOf, errorOf, login, loginForSession, MINUTE, refreshWith, SID } from './support.ts'

// Each server mints with chance of its own, as processes do.
const pair = () => createCluster(2, { random: createSeededRandom(Math.floor(Math.random() * 2 ** 31)) })

it('R112 S02 of 200 refreshes on two servers, all held after their read, each gives the same successor, and the family has one head', async () => {
  const { servers, control } = await pair()
  const [one, other] = servers.map((server) => server.browser())
  await login(one!)
  const cookie = one!.cookie()
  const arrive = barrier(200)
  let held = 0
  control.after = (step, key) => {
    return step === 'get' && key.startsWith('session:') && held++ < 200 ? arrive() : undefined
  }
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => refreshWith(i % 2 === 0 ? one! : other!, cookie)),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  const given = new Set(answers.map((answer) => cookieOf(answer)))
  expect(given.size).toBe(1)
  const rotated = servers.map(({ stats }) => stats.count('refresh', 'rotated'))
  expect(rotated[0]! + rotated[1]!).toBe(1)
  expect((await refreshWith(other!, [...given][0])).status).toBe(200)
})

it('R112 S05 whoever loses each race is told to come again, and nothing ends', async () => {
  const { servers, control, time } = await pair()
  const browser = servers[0]!.browser()
  await loginForSession(servers[1]!.browser())
  const { session_id } = await login(browser)
  const key = `session:${session_id}`
  // Whatever is read is written by somebody else before it can be put.
  const { get, put } = control.store
  control.before = async (step, asked) => {
    if (step !== 'put' || asked !== key) return
    control.before = () => undefined
    const row = (await get(key))!
    await put(key, row.value, { ifVersion: row.version, expiresAt: time.now() + 60 * MINUTE })
    control.before = again
  }
  const again = control.before
  const answer = await browser.send('POST', '/auth/refresh')
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(await errorOf(answer)).toEqual([503, 'temporarily_unavailable'])
  control.before = () => undefined
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it.each([
  ['a logout', (i: number) => i, 'session_revoked'],
  ['an end of all sessions', (i: number) => i, 'session_revoked'],
  ['a ban', (i: number) => i, 'user_disabled'],
] as const)(
  'R113 S06 S09 %s that commits between read and write of a refresh wins',
  async (what, _i, code) => {
    const { servers, control } = await pair()
    const [here, there] = servers
    const browser = here!.browser()
    const { session_id } = await login(browser)
    const cookie = browser.cookie()
    let done = false
    control.before = async (step, key) => {
      if (done || step !== 'put' || key !== `session:${session_id}`) return
      done = true
      if (what === 'a logout') {
        const logout = { body: { session_id }, headers: { cookie: `__Host-refresh=${cookie}` } }
        expect((await there!.browser().send('POST', '/auth/logout', logout)).status).toBe(204)
      } else if (what === 'a ban') await there!.admin.ban('ada')
      else await there!.admin.endAllSessions('ada')
    }
    const late = await refreshWith(browser, cookie)
    expect(done).toBe(true)
    expect(await errorOf(late)).toEqual([401, code])
    expect(await errorOf(await refreshWith(there!.browser(), cookie))).toEqual([401, code])
  },
)

it('R113 S09 no refresh and no sign-in that is on its way survives the end of all sessions, whatever the list of the user says', async () => {
  const { servers, control } = await pair()
  const [here, there] = servers
  const browser = here!.browser()
  await login(browser)
  const old = browser.cookie()
  const [letRead, letEnd] = [barrier(3), barrier(3)]
  // The list is empty, as if neither session had been entered yet.
  control.store.sessionsOf = () => Promise.resolve({ keys: [], cursor: undefined })
  control.before = async (step, key) => {
    if (step !== 'put' || !key.startsWith('session:')) return
    await letRead()
    await letEnd()
  }
  const refreshing = refreshWith(browser, old)
  const phone = there!.browser()
  const signingIn = phone.send('POST', '/auth/login', { body: ADA })
  await letRead()
  control.before = () => undefined
  await there!.admin.endAllSessions('ada')
  await letEnd()
  const [refreshed, signedIn] = [await refreshing, await signingIn]
  expect([cookieOf(refreshed), cookieOf(signedIn)]).toEqual([undefined, undefined])
  expect(await errorOf(refreshed)).toEqual([401, 'session_revoked'])
  expect(await errorOf(signedIn)).toEqual([503, 'temporarily_unavailable'])
  const answer = await refreshWith(here!.browser(), old)
  expect(await errorOf(answer)).toEqual([401, 'session_revoked'])
  expect(cookieOf(answer)).toBeUndefined()
})

it('R112 S07 a call that only notes activity and a change of roles both stand, and a call that changes nothing writes nothing', async () => {
  const { servers, control, time } = await createCluster(2, { mode: 'session' })
  const [here, there] = servers
  const browser = here!.browser()
  await loginForSession(browser)
  const sid = browser.cookie(SID)
  await browser.send('GET', '/api/orders')
  time.advance(2 * MINUTE)
  let done = false
  control.before = async (step, key) => {
    if (done || step !== 'put' || !key.startsWith('session:')) return
    done = true
    await there!.admin.setRoles('ada', ['auditor'])
  }
  const answer = await browser.send('GET', '/api/orders')
  expect(done).toBe(true)
  expect(cookieOf(answer, SID)).not.toBe(sid)
  expect((await here!.admin.listSessions('ada'))[0]).toMatchObject({ seenAt: time.now(), renewal: false })
  await browser.send('GET', '/api/orders')
  control.calls.length = 0
  for (let i = 0; i < 59; i++) {
    time.advance(1000)
    await browser.send('GET', '/api/orders')
    await browser.send('GET', '/auth/session')
  }
  expect(control.calls.filter((step) => step !== 'get' && step !== 'userGeneration')).toEqual([])
  time.advance(1000)
  await browser.send('GET', '/api/orders')
  expect(control.calls.filter((step) => step === 'put')).toHaveLength(1)
})

it('R112 S08 two sign-ins of one user at once are both in his list', async () => {
  const { servers } = await pair()
  await Promise.all(servers.map((server) => login(server.browser())))
  expect(await servers[0]!.admin.listSessions('ada')).toHaveLength(2)
})

it('R112 S12 one code of a sign-in by redirect, shown to two servers at once, makes one session', async () => {
  const { servers } = await pair()
  const [here, there] = servers
  const browser = here!.browser()
  const start = await browser.send('GET', '/auth/start')
  const request = new URL(start.headers.get('location') ?? '').searchParams.get('request') ?? ''
  const form = new URLSearchParams({ request, ...ADA }).toString()
  const back = await browser.send('POST', '/idp/login', {
    body: form,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  const { pathname, search } = new URL(back.headers.get('location') ?? '')
  const both = [browser, there!.browser(browser.jar)]
  const statuses = (
    await Promise.all(
      both.map((one) => one.send('GET', pathname + search, { headers: { origin: undefined } })),
    )
  ).map(({ status }) => status)
  expect(statuses.toSorted((a, b) => a - b)).toEqual([303, 400])
  expect(await here!.admin.listSessions('ada')).toHaveLength(1)
})

it('R112 S13 of a hundred wrong passwords on two servers at once, ten are tried', async () => {
  let hashes = 0
  const passwordHash = { hash: (p: string) => p, verify: () => (hashes++, false), decoy: '' }
  const { servers } = await createCluster(2, { passwordHash })
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      servers[i % 2]!.browser().send('POST', '/auth/login', { body: { ...ADA, password: 'wrong' } }),
    ),
  )
  expect(hashes).toBe(10)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(90)
})
