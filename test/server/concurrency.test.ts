import { expect, it } from 'vitest'
import { createSeededRandom } from '../../src/testing/backend/deterministic.ts'
import { barrier, createCluster } from './shared-store.ts'
import { ADA, cookieOf, errorOf, login, loginForSession, MINUTE, refreshWith, SID } from './support.ts'

// Each server mints with chance of its own, as processes do.
const pair = () => createCluster(2, { random: createSeededRandom(Math.floor(Math.random() * 2 ** 31)) })

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
  // The second brings the cookie of the first, which this browser may not have heard.
  expect(statuses).toEqual([303, 303])
  expect(await here!.admin.listSessions('ada')).toHaveLength(1)
})
