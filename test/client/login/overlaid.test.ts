/* A sign-in that comes after its deadline, when the person has tried again: its cookie lies over that of the second. */
import { expect, it } from 'vitest'
import { parseAnswer } from '../../../src/options/answers.js'
import { ANN, BOB, createStage, type Stage } from '../../support/stage.js'
import { outcome } from '../../support/client.js'

type Auth = Awaited<ReturnType<Stage['open']>>['auth']

/** The first sign-in is told that it took too long, the second one works, and then the first one is answered. */
async function overlaid(first: typeof ANN, mode: 'token' | 'session' = 'token'): Promise<Stage> {
  const stage = await createStage({ mode }, { mode })
  const { auth } = await stage.open()
  stage.world.setNetwork({ latencyMs: [6000, 6000] })
  const timedOut = auth.login(first)
  await stage.world.advance(100)
  stage.world.setNetwork({})
  expect((await stage.run(timedOut, 9000)).error).toMatchObject({ code: 'timeout' })
  expect((await stage.run(auth.login(ANN))).error).toBeUndefined()
  await stage.world.advance(20 * 60_000)
  return stage
}

it.each(['token', 'session'] as const)('FIX-04 %s: the same user stays signed in', async (mode) => {
  const stage = await overlaid(ANN, mode)
  const { auth, told } = stage.world.tabs[0]!.app!
  expect(auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
  expect(told).toEqual([])
  expect((await stage.run(auth.fetch('/api/orders'))).value?.status).toBe(200)
})

it('FIX-04 of another user nobody is shown, and his session is ended', async () => {
  const stage = await overlaid(BOB)
  const { told } = stage.world.tabs[0]!.app!
  expect(told.join()).not.toContain('switch')
  expect(await stage.backend.admin.listSessions('bob')).toEqual([])
})

it('R50 a logout in the middle of a login that is refused spares whoever signs in before it is delivered', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { auth } = await stage.signedIn()
  stage.respond = (_, { pathname }) =>
    pathname === '/auth/logout' ? new Response('', { status: 503 }) : undefined
  stage.world.setNetwork({ latencyMs: [200, 200] })
  const refused = outcome(auth.login({ ...ANN, password: 'wrong' }))
  await stage.world.advance(50)
  const left = auth.logout()
  await stage.world.advance(2000)
  expect(await refused).toBe('invalid_credentials')
  expect(await left).toMatchObject({ server: 'pending' })
  stage.world.setNetwork({})
  expect((await stage.outside('POST', '/auth/login', ANN)).status).toBe(200)
  stage.respond = () => undefined
  await stage.world.advance(120_000)
  expect(await stage.backend.admin.listSessions('ann')).toHaveLength(1)
})

it.each<[string, number, number, { restore?: 'never' }?]>([
  ['at once, and is awaited behind the deadline', 750, 3400],
  ['when the lock is free, where it breaks off so late that others would not wait for that', 3900, 1500],
  ['when the lock is free, also where nothing was ever stored', 3900, 1500, { restore: 'never' }],
])(
  'FIX-04 R02 the session of a login that breaks off while another tab waits to sign in is ended %s',
  async (_, legMs, nextMs, options = {}) => {
    const stage = await createStage({ mode: 'token', ...options }, { mode: 'token' })
    const { auth } = await stage.open()
    const sibling = await stage.open()
    stage.backend.faults.add({ kind: 'truncated-body', times: 1 })
    stage.world.setNetwork({ latencyMs: [legMs, legMs] })
    const broken = outcome(auth.login(ANN))
    await stage.world.advance(100)
    const login = outcome(sibling.auth.login(BOB))
    await stage.world.advance(2 * legMs - 150)
    // Whatever is sent when the answer is here takes its time.
    stage.world.setNetwork({ latencyMs: [nextMs, nextMs] })
    await stage.world.advance(100)
    stage.world.setNetwork({})
    await stage.world.advance(20 * 60_000)
    expect(await broken).toMatch(/^(timeout|network|invalid_response)$/)
    expect(await login).toBe('resolved')
    expect(sibling.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'bob' } })
  },
)

/** Ann signs in and at once out again, and the page of it freezes before the first answer; the other tab goes on. */
async function frozenBehindLogout<T>(stage: Stage, behind?: (auth: Auth) => T) {
  const { auth } = await stage.open()
  const sibling = await stage.open()
  stage.world.setNetwork({ latencyMs: [20, 20] })
  const login = outcome(auth.login(ANN))
  await stage.world.advance(1)
  const logout = auth.logout()
  const next = behind?.(auth)
  await stage.world.advance(1)
  await stage.world.tabs[0]!.freeze()
  await stage.world.advance(1000)
  return { auth, sibling, login, logout, next }
}

it('R09 R39 a logout in the middle of a login holds though its page froze and another tab found the session meanwhile', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { auth, sibling, login, logout } = await frozenBehindLogout(stage)
  expect((await stage.run(sibling.auth.refresh({ force: true }))).error).toBeUndefined()
  expect(sibling.auth.getState()).toMatchObject({ status: 'authenticated' })
  await stage.world.tabs[0]!.resume()
  await stage.world.advance(10_000)
  expect(await login).toBe('session_changed')
  expect(await logout).toMatchObject({ server: 'confirmed' })
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(sibling.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(await stage.backend.admin.listSessions('ann')).toEqual([])
})

/** Without session ids only the token says which session is meant. */
const noIds = (body: unknown) => {
  const fields = parseAnswer(body)
  return fields && { ...fields, sessionId: undefined }
}

it.each([
  ['Bob', true, BOB],
  ['Bob, without locks', false, BOB],
  ['the same user', true, ANN],
])(
  'R09 R50 nor does that logout end who has signed in elsewhere since, also where sessions have no id: %s',
  async (_, locks, who) => {
    const stage = await createStage({ mode: 'token', parseAnswer: noIds }, { mode: 'token' })
    stage.world.capabilities.locks = locks
    const { sibling, login } = await frozenBehindLogout(stage)
    expect((await stage.run(sibling.auth.login(who), 3000)).error).toBeUndefined()
    await stage.world.tabs[0]!.resume()
    await stage.world.advance(20 * 60_000)
    await login
    const id = who === BOB ? 'bob' : 'ann'
    expect(sibling.auth.getState()).toMatchObject({ status: 'authenticated', user: { id } })
    expect((await stage.run(sibling.auth.fetch('/api/orders'))).value?.status).toBe(200)
  },
)

it('R09 the login behind such a logout is sent', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const {
    auth,
    sibling,
    login: first,
    next: second,
  } = await frozenBehindLogout(stage, (auth) => outcome(auth.login(BOB)))
  expect((await stage.run(sibling.auth.refresh({ force: true }))).error).toBeUndefined()
  await stage.world.tabs[0]!.resume()
  await stage.world.advance(20_000)
  expect(await first).toBe('session_changed')
  expect(await second).toBe('resolved')
  expect(auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'bob' } })
})

it.each([true, false])(
  'FIX-04 a first login that breaks off while the second one is under way does not cross it: locks %s',
  async (locks) => {
    const stage = await createStage({ mode: 'token' }, { mode: 'token' })
    stage.world.capabilities.locks = locks
    const { auth } = await stage.open()
    stage.backend.faults.add({ kind: 'truncated-body', times: 1 })
    stage.world.setNetwork({ latencyMs: [4500, 4500] })
    const first = outcome(auth.login(ANN))
    await stage.world.advance(8300)
    expect(await first).toBe('timeout')
    stage.world.setNetwork({ latencyMs: [400, 400] })
    const second = outcome(auth.login(ANN))
    await stage.world.advance(600)
    stage.world.setNetwork({ latencyMs: [50, 300] })
    await stage.world.advance(20_000)
    stage.world.setNetwork({})
    expect(await second).toBe('resolved')
    await stage.world.advance(20 * 60_000)
    expect(auth.getState()).toMatchObject({ status: 'authenticated' })
  },
)

it('FIX-04 whoever tries again at once after a login that broke off late costs one logout, and is signed in', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { auth } = await stage.open()
  stage.backend.faults.add({ kind: 'truncated-body', times: 1 })
  stage.world.setNetwork({ latencyMs: [1500, 1500] })
  const second = auth.login(ANN).catch(() => outcome(auth.login(ANN)))
  await stage.world.advance(60_000)
  expect(await second).toBe('resolved')
  expect(auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(stage.sent('/auth/logout')).toHaveLength(1)
})

it('R26 R08 a client that is disposed of while it asks for the session of a login that broke off holds up nobody', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { auth } = await stage.open()
  const sibling = await stage.open()
  stage.backend.faults.add({ kind: 'truncated-body', times: 1 })
  stage.world.setNetwork({ latencyMs: [1500, 1500] })
  const login = outcome(auth.login(ANN))
  await stage.world.advance(2900)
  const { length } = stage.sent('/auth/session')
  stage.world.setNetwork({ latencyMs: [300_000, 300_000] })
  await stage.world.advance(500)
  expect(stage.sent('/auth/session')).toHaveLength(length + 1)
  auth.dispose()
  stage.world.setNetwork({ latencyMs: [20, 20] })
  await login
  expect((await stage.run(sibling.auth.login(BOB), 5000)).error).toBeUndefined()
  expect(sibling.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'bob' } })
})

it('R50 R09 nor does a login end who has signed in elsewhere since, and still waits for the clean-up of the one before', async () => {
  const stage = await createStage({ mode: 'session', parseAnswer: noIds })
  const { auth } = await stage.open()
  const sibling = await stage.open()
  await stage.backend.admin.addUser({ id: 'carl', name: 'Carl', email: 'carl@example.com', password: 'carl' })
  const carl = { email: 'carl@example.com', password: 'carl' }
  expect((await stage.run(auth.login(carl))).error).toBeUndefined()
  auth.on('sessionEnd', () => new Promise<void>(() => {}))
  stage.world.setNetwork({ latencyMs: [20, 20] })
  const overtaken = outcome(auth.login(ANN))
  await stage.world.advance(30)
  await stage.world.tabs[0]!.freeze()
  await stage.world.advance(1000)
  expect((await stage.run(sibling.auth.login(BOB), 3000)).error).toBeUndefined()
  await stage.world.tabs[0]!.resume()
  await stage.world.advance(20 * 60_000)
  expect(await overtaken).toBe('session_changed')
  expect(await stage.backend.admin.listSessions('bob')).toHaveLength(1)
})

it('R09 a late login is ended also where a logout without an id is under way as it breaks off', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { auth } = await stage.open()
  stage.backend.faults.add({ kind: 'truncated-body', times: 1 })
  stage.world.setNetwork({ latencyMs: [4500, 4500] })
  void outcome(auth.login(ANN))
  await stage.world.advance(200)
  void auth.logout({ scope: 'all' })
  await stage.world.advance(5000)
  stage.world.setNetwork({ latencyMs: [500, 500] })
  await stage.world.advance(6000)
  stage.world.setNetwork({})
  await stage.world.advance(20 * 60_000)
  expect(await stage.backend.admin.listSessions('ann')).toEqual([])
})

it('R09 and where storage is blocked and the logout of the session before is still pending', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  stage.world.capabilities.storage = false
  const { auth } = await stage.signedIn()
  const isDown = ({ pathname }: URL) => pathname === '/auth/logout'
  stage.respond = (_, url) => (isDown(url) ? new Response('', { status: 503 }) : undefined)
  void auth.logout()
  await stage.world.advance(50)
  stage.backend.faults.add({ kind: 'truncated-body', times: 1 })
  stage.world.setNetwork({ latencyMs: [1500, 1500] })
  void outcome(auth.login(BOB))
  for (let waits = 0; waits < 400 && stage.sent('/auth/login').length === 0; waits++)
    await stage.world.advance(50)
  stage.respond = () => undefined
  await stage.world.advance(20 * 60_000)
  expect(await stage.backend.admin.listSessions('bob')).toEqual([])
})

it.each([
  ['storage is behind and there is no channel', { storageDelayMs: [60, 60] }, ['channel']],
  ['storage is blocked and news come late', { channelDelayMs: [5, 5] }, ['storage']],
  ['nothing joins the tabs but the lock', {}, ['channel', 'storage']],
] as const)(
  'FIX-04 a login that breaks off late does not end who signs in behind it, also where %s',
  async (_, delays, missing) => {
    const stage = await createStage({ mode: 'token' }, { mode: 'token' }, delays)
    for (const capability of missing) stage.world.capabilities[capability] = false
    const { auth } = await stage.open()
    const sibling = await stage.open()
    stage.backend.faults.add({ kind: 'truncated-body', times: 1 })
    stage.world.setNetwork({ latencyMs: [1500, 1500] })
    void outcome(auth.login(ANN))
    await stage.world.advance(100)
    const login = outcome(sibling.auth.login(BOB))
    await stage.world.advance(2890)
    stage.world.setNetwork({})
    await stage.world.advance(20 * 60_000)
    expect(await login).toBe('resolved')
    expect(sibling.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'bob' } })
  },
)

it.each([true, false])(
  'R26 FIX-04 a login that breaks off behind the end of its client ends nobody who has signed in since: storage %s',
  async (storage) => {
    const stage = await createStage({ mode: 'token' }, { mode: 'token' })
    stage.world.capabilities.storage = storage
    const { auth } = await stage.open()
    const sibling = await stage.open()
    let logins = 0
    stage.respond = (_, { pathname }) =>
      pathname === '/auth/login' && ++logins === 1 ? new Response('{"access_token": "t') : undefined
    stage.world.setNetwork({ latencyMs: [1500, 1500] })
    const broken = outcome(auth.login(ANN))
    await stage.world.advance(1600)
    auth.dispose()
    stage.world.setNetwork({})
    const login = outcome(sibling.auth.login(BOB))
    await stage.world.advance(20 * 60_000)
    expect(await broken).toBe('disposed')
    expect(await login).toBe('resolved')
    expect(sibling.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'bob' } })
  },
)
