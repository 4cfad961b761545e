/* What ends sessions, held at the moments where something else is on its way. */
import { expect, it } from 'vitest'
import { createMemoryUsers } from '../../src/testing/backend/users.ts'
import { createCluster } from './shared-store.ts'
import {
  ADA,
  BOB,
  cookieOf,
  DAY,
  createTestBackend,
  errorOf,
  login,
  MINUTE,
  REFRESH,
  refreshWith,
  SID,
  type Browser,
  type Grant,
} from './support.ts'

/** Whoever passes has arrived, and waits until it is opened. */
function gate() {
  let [open, arrive] = [() => undefined as void, () => undefined as void]
  const opened = new Promise<void>((resolve) => (open = resolve))
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const pass = (): Promise<void> => {
    arrive()
    return opened
  }
  return { open, arrived, pass }
}

const STRATEGIES = ['token-version', 'deny-list'] as const
const call = async (browser: Browser, token: string | undefined): Promise<number> =>
  (await browser.send('GET', '/api/orders', { token })).status
const tokenOf = async (answer: Response): Promise<string | undefined> =>
  ((await answer.clone().json()) as Partial<Grant>).access_token

/** People whose next look-up waits, after it was done. */
function slowUsers() {
  const users = createMemoryUsers()
  const { find } = users
  const hold = (): ReturnType<typeof gate> => {
    const held = gate()
    users.find = async (id) => {
      users.find = find
      const user = await find(id)
      await held.pass()
      return user
    }
    return held
  }
  return { users, hold }
}

it('R113 S09 a sign-in whose old password was checked before all sessions end begins none, and one after that in the same moment does', async () => {
  const held = gate()
  let asked = 0
  const passwordHash = {
    hash: (password: string) => password,
    async verify(password: string, stored: string) {
      const isRight = password === stored
      if (asked++ === 0) await held.pass()
      return isRight
    },
    decoy: '',
  }
  const { servers } = await createCluster(2, { passwordHash })
  const [here, there] = servers
  const thief = here!.browser().send('POST', '/auth/login', { body: ADA })
  await held.arrived
  await there!.admin.setPassword('ada', 'new')
  held.open()
  expect(await errorOf(await thief)).toEqual([401, 'invalid_credentials'])
  expect(await there!.admin.listSessions('ada')).toEqual([])
  const browser = here!.browser()
  await login(browser, { ...ADA, password: 'new' })
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it.each(STRATEGIES)(
  'R113 a sign-in that is held at its row while all sessions end hands out no token (%s)',
  async (revocation) => {
    const { servers, control } = await createCluster(2, { revocation })
    const [here, there] = servers
    const held = gate()
    control.before = async (step, key) => {
      if (step !== 'put' || !key.startsWith('session:')) return
      control.before = () => undefined
      await held.pass()
    }
    const signingIn = here!.browser().send('POST', '/auth/login', { body: ADA })
    await held.arrived
    await there!.admin.endAllSessions('ada')
    held.open()
    const answer = await signingIn
    expect(await errorOf(answer.clone())).toEqual([503, 'temporarily_unavailable'])
    expect([cookieOf(answer), await tokenOf(answer)]).toEqual([undefined, undefined])
  },
)

it.each(STRATEGIES)(
  'R113 a refresh that is written while all sessions end hands out no token that lives (%s)',
  async (revocation) => {
    const { users, hold } = slowUsers()
    const { servers, control } = await createCluster(2, { revocation, users })
    const [here, there] = servers
    const browser = here!.browser()
    const { access_token } = await login(browser)
    const looking = hold()
    const refreshing = browser.send('POST', '/auth/refresh')
    await looking.arrived
    const listing = gate()
    control.before = async (step) => {
      if (step === 'sessionsOf') await listing.pass()
    }
    const ending = there!.admin.endAllSessions('ada')
    await listing.arrived
    looking.open()
    const answer = await refreshing
    listing.open()
    await ending
    expect(await errorOf(answer.clone())).toEqual([401, 'session_revoked'])
    expect(cookieOf(answer)).toBeUndefined()
    expect(await call(there!.browser(), access_token)).toBe(401)
  },
)

it('R113 S09 a redelivered refresh that is on its way while its session ends gives out nothing, and takes no cookie of the next user', async () => {
  const { users, hold } = slowUsers()
  const { servers } = await createCluster(2, { users })
  const [here, there] = servers
  const browser = here!.browser()
  const { session_id } = await login(browser)
  const spent = browser.cookie()
  await browser.send('POST', '/auth/refresh')
  const looking = hold()
  const late = refreshWith(here!.browser(browser.jar), spent)
  await looking.arrived
  const page = there!.browser(browser.jar)
  expect((await page.send('POST', '/auth/logout', { body: { session_id } })).status).toBe(204)
  const bob = await login(here!.browser(browser.jar), BOB)
  looking.open()
  const answer = await late
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(await errorOf(answer)).toEqual([401, 'session_revoked'])
  expect(await (await page.send('GET', '/auth/session')).json()).toMatchObject({
    session_id: bob.session_id,
  })
})

it('R113 a token minted for roles that are taken away meanwhile is worth nothing', async () => {
  const { users, hold } = slowUsers()
  const { servers } = await createCluster(2, { revocation: 'token-version', users })
  const [here, there] = servers
  const browser = here!.browser()
  await login(browser)
  const spent = browser.cookie()
  await browser.send('POST', '/auth/refresh')
  const looking = hold()
  const late = refreshWith(browser, spent)
  await looking.arrived
  await there!.admin.setRoles('ada', [])
  looking.open()
  const token = await tokenOf(await late)
  expect(await call(there!.browser(), token)).toBe(401)
  expect(await call(there!.browser(), await tokenOf(await browser.send('POST', '/auth/refresh')))).toBe(200)
})

it('R113 a refusal ends the tokens of its session too, and is heard of: the ban that comes after it finds nothing to do', async () => {
  const { users } = slowUsers()
  const backend = await createTestBackend({ revocation: 'deny-list', users })
  const browser = backend.browser()
  const { access_token } = await login(browser)
  await users.save({ ...(await users.find('ada'))!, disabled: true })
  expect(await errorOf(await browser.send('POST', '/auth/refresh'))).toEqual([401, 'user_disabled'])
  await backend.admin.ban('ada')
  expect(await call(browser, access_token)).toBe(401)
})

it('R113 a sign-out that failed half-way leaves tokens that live, and the next one denies them to their end', async () => {
  const { servers, control, time } = await createCluster(1, { revocation: 'deny-list' })
  const browser = servers[0]!.browser()
  const { session_id } = await login(browser)
  control.before = (step, key) => {
    if (step !== 'put' || !key.startsWith('session:')) return
    control.before = () => undefined
    throw new Error('ECONNRESET')
  }
  const out = () => browser.send('POST', '/auth/logout', { body: { session_id } })
  expect((await out()).status).toBe(503)
  let token: string | undefined
  for (let i = 0; i < 3; i++) {
    token = await tokenOf(await browser.send('POST', '/auth/refresh'))
    expect(await call(browser, token)).toBe(200)
    time.advance(100_000)
  }
  token = await tokenOf(await browser.send('POST', '/auth/refresh'))
  expect((await out()).status).toBe(204)
  for (let i = 0; i < 6; i++) {
    expect(await call(browser, token)).toBe(401)
    time.advance(MINUTE)
  }
})

it('R113 a second denial of the same tokens lasts as long as it has to', async () => {
  const { servers, control, time } = await createCluster(1, { revocation: 'deny-list' })
  const browser = servers[0]!.browser()
  const { session_id, access_token } = await login(browser)
  control.before = (step, key) => {
    if (step !== 'put' || !key.startsWith('session:')) return
    control.before = () => undefined
    throw new Error('ECONNRESET')
  }
  const key = `denied:${session_id}.0`
  await expect(servers[0]!.admin.endSession(session_id)).rejects.toThrow()
  time.advance(5 * MINUTE)
  await servers[0]!.admin.endSession(session_id)
  time.advance(2 * MINUTE)
  expect(await control.store.get(key)).toBeDefined()
  expect(await call(browser, access_token)).toBe(401)
})

it.each(STRATEGIES)(
  'R113 S10 signing out everywhere, asked again after a failure half-way, does what is left and spares who came after it (%s)',
  async (revocation) => {
    const { servers, control } = await createCluster(1, { revocation })
    const [here, phone, later] = [servers[0]!.browser(), servers[0]!.browser(), servers[0]!.browser()]
    const { session_id } = await login(here)
    const { access_token } = await login(phone)
    let bumps = 0
    control.before = (step) => {
      const isTokens = step === 'bumpUser' && ++bumps === 2
      if (!isTokens && (revocation !== 'deny-list' || step !== 'sessionsOf')) return
      control.before = () => undefined
      throw new Error('ECONNRESET')
    }
    const out = () => here.send('POST', '/auth/logout', { body: { session_id, scope: 'all' } })
    expect((await out()).status).toBe(503)
    await login(later)
    expect((await out()).status).toBe(204)
    expect(await call(phone, access_token)).toBe(401)
    expect(await errorOf(await phone.send('POST', '/auth/refresh'))).toEqual([401, 'session_revoked'])
    const renewed = await later.send('POST', '/auth/refresh')
    expect([renewed.status, await call(later, await tokenOf(renewed))]).toEqual([200, 200])
  },
)

it('R113 S09 a sign-in while the sessions before it are ended one by one is not among them', async () => {
  const { servers, control } = await createCluster(2)
  const [here, there] = servers
  await login(here!.browser())
  const listing = gate()
  control.before = async (step) => {
    if (step === 'sessionsOf') await listing.pass()
  }
  const ending = there!.admin.endAllSessions('ada')
  await listing.arrived
  const browser = here!.browser()
  await login(browser)
  listing.open()
  await ending
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R115 S37 of two cookies of one name and one session the spent one, which comes first, ends nothing', async () => {
  for (const mode of ['token', 'session'] as const) {
    const backend = await createTestBackend({ mode })
    const [browser, name] = [backend.browser(), mode === 'token' ? REFRESH : SID]
    await login(browser)
    const stale = browser.cookie(name)
    for (let i = 0; i < 3; i++) {
      await backend.admin.setRoles('ada', [`role ${i}`])
      if (mode === 'token') await browser.send('POST', '/auth/refresh')
      else await browser.send('GET', '/api/orders')
      backend.time.advance(MINUTE)
    }
    const headers = { cookie: `${name}=${stale}; ${name}=${browser.cookie(name)}` }
    expect(browser.cookie(name)).not.toBe(stale)
    expect((await browser.send('GET', '/auth/session', { headers })).status).toBe(200)
    if (mode === 'session') expect((await browser.send('GET', '/api/orders', { headers })).status).toBe(200)
    else expect((await browser.send('POST', '/auth/refresh', { headers })).status).toBe(200)
  }
})

it('R113 S10 signing out everywhere by a cookie that is idle long since spares who signed in after its end', async () => {
  const { servers, time } = await createCluster(1)
  const [here, before, later] = [servers[0]!.browser(), servers[0]!.browser(), servers[0]!.browser()]
  const { session_id } = await login(here)
  time.advance(6 * DAY)
  await login(before)
  time.advance(2 * DAY)
  await login(later)
  const body = { session_id, scope: 'all' }
  expect((await here.send('POST', '/auth/logout', { body })).status).toBe(204)
  expect((await later.send('POST', '/auth/refresh')).status).toBe(200)
  expect(await errorOf(await before.send('POST', '/auth/refresh'))).toEqual([401, 'session_revoked'])
})

it('R113 S06 a session that one request renews is not ended by another that has found it idle', async () => {
  const { users, hold } = slowUsers()
  const { servers, control, time } = await createCluster(2, { users, idleMs: 30 * MINUTE })
  const [here, there] = servers
  const browser = here!.browser()
  await login(browser)
  time.advance(30 * MINUTE)
  const looking = hold()
  const refreshing = browser.send('POST', '/auth/refresh')
  await looking.arrived
  time.advance(20)
  const reading = gate()
  control.after = async (step, key) => {
    if (step !== 'get' || !key.startsWith('session:')) return
    control.after = () => undefined
    await reading.pass()
  }
  const check = there!.browser(browser.jar).send('GET', '/auth/session')
  await reading.arrived
  looking.open()
  expect((await refreshing).status).toBe(200)
  reading.open()
  const answer = await check
  expect([answer.status, cookieOf(answer)]).toEqual([503, undefined])
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R114 S63 a refresh that was written and answered no is no reuse, also where nothing is forgiven', async () => {
  const { servers, control } = await createCluster(1, { graceMs: 0, undeliveredGraceMs: 0 })
  const browser = servers[0]!.browser()
  await login(browser)
  const { put } = control.store
  control.store.put = async (...call) => {
    control.store.put = put
    await put(...call)
    return false
  }
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R113 S14 the end of all sessions that lands late, after it was repeated, ends nobody who has signed in since', async () => {
  const { servers, control, time } = await createCluster(1)
  const { bumpUser } = control.store
  let late: (() => Promise<number>) | undefined
  control.store.bumpUser = (...call) => {
    control.store.bumpUser = bumpUser
    late = () => bumpUser(...call)
    return Promise.reject(new Error('timeout'))
  }
  await expect(servers[0]!.admin.endAllSessions('ada')).rejects.toThrow()
  await servers[0]!.admin.endAllSessions('ada')
  time.advance(1000)
  const browser = servers[0]!.browser()
  await login(browser)
  time.advance(MINUTE)
  await late!()
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R115 in both modes a gate in front may have its own Authorization, and a refresh cookie is no credential of an API', async () => {
  const backend = await createTestBackend({ mode: 'both', prefer: 'session' })
  const browser = backend.browser()
  await login(browser)
  const gated = { headers: { authorization: 'Basic c3RhZ2luZzp4' } }
  expect((await browser.send('GET', '/api/orders', gated)).status).toBe(200)
  backend.admin.setMode('both', 'token')
  const other = backend.browser()
  await login(other)
  const posed = { headers: { cookie: `${SID}=${other.cookie()}` } }
  expect(await errorOf(await other.send('GET', '/api/orders', posed))).toEqual([401, 'session_expired'])
})

it('R114 S01 a token that the store answers nonsense to is 503, and a session id that is none is left alone', async () => {
  const { servers, control } = await createCluster(1, { signer: 'opaque', revocation: 'reference' })
  const browser = servers[0]!.browser()
  const { access_token: token } = await login(browser)
  const gone = await browser.send('DELETE', `/auth/sessions/${'x'.repeat(300)}`, { token })
  expect(gone.status).toBe(204)
  const { get } = control.store
  control.store.get = async (key) => {
    const stored = await get(key)
    return stored && key.startsWith('token:') ? { ...stored, value: 'nonsense' } : stored
  }
  expect((await browser.send('GET', '/api/orders', { token })).status).toBe(503)
})
