/* Which mode: learned from answers, kept in the register, never chosen by a glitch, and changed under people who stay signed in. */
import { expect, it, vi } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { ANN, createStage, type Person, type Stage } from '../../support/stage.js'
import { storedSession } from '../../support/stored.js'
import { saying } from '../../support/words.js'

const AUTO: AuthClientOptions<Person> = { session: { csrf: {} } }

const paths = (stage: Stage): string[] => stage.sent().map(({ method, url }) => `${method} ${url.pathname}`)

it('R99 auto: a visitor costs one question, of the session endpoint', async () => {
  const stage = await createStage(AUTO)
  const { auth } = await stage.open()
  expect(paths(stage)).toEqual(['GET /auth/session'])
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none', connection: 'ok' })
  expect(storedSession(stage)?.mode).toBeUndefined()
})

it('auto: a login answer with a user and no token chooses session mode, for good', async () => {
  const stage = await createStage(AUTO)
  const { auth } = await stage.signedIn()
  expect(auth.getState()).toMatchObject({ status: 'authenticated', mode: 'session' })
  expect(storedSession(stage)?.mode).toBe('session')
  await stage.world.tabs[0]!.reload()
  await stage.world.advance(1000)
  expect(paths(stage)).toEqual(['GET /auth/session'])
  await stage.run(stage.world.tabs[0]!.app!.auth.logout())
  expect(storedSession(stage)).toMatchObject({ isSignedIn: false, mode: 'session' })
})

it('auto: a person whose register was wiped is found by the session endpoint', async () => {
  const stage = await createStage(AUTO)
  await stage.signedIn()
  const [tab] = stage.world.tabs
  await tab!.close()
  stage.world.clearStorage()
  const { auth } = await stage.open()
  expect(auth.getState()).toMatchObject({ status: 'authenticated', mode: 'session', user: { id: 'ann' } })
})

it('auto: a login answer with a token chooses token mode', async () => {
  const stage = await createStage(AUTO, { mode: 'token' })
  const { auth } = await stage.signedIn()
  expect(auth.getState()).toMatchObject({ mode: 'token' })
  expect(storedSession(stage)?.mode).toBe('token')
  expect((await stage.run(auth.getAccessToken())).value).toEqual(expect.any(String))
})

it('a silent downgrade is refused: auto without a word on CSRF takes no cookie session, and leaves none behind', async () => {
  const stage = await createStage({})
  const { auth } = await stage.open()
  const { error } = await stage.run(auth.login(ANN))
  expect(error).toMatchObject({ code: 'session_mode_refused' })
  expect(error?.message).toEqual(saying('session.csrf'))
  expect(auth.getState().status).toBe('unauthenticated')
  expect(await stage.backend.admin.listSessions('ann')).toEqual([])
})

it('a silent downgrade is refused: a refresh answer without a token ends nothing and changes nothing', async () => {
  const stage = await createStage({}, { mode: 'token' })
  const { auth, told } = await stage.signedIn()
  stage.respond = (_request, url) =>
    url.pathname === '/auth/refresh' ? Response.json({ user: { id: 'ann' }, session_id: 's' }) : undefined
  const { error } = await stage.run(auth.refresh({ force: true }))
  expect(error).toMatchObject({ code: 'session_mode_refused' })
  expect(auth.getState()).toMatchObject({ status: 'authenticated', mode: 'token' })
  expect(told).toEqual([])
})

it.each([
  [404, 1],
  [405, 1],
  [501, 1],
  [401, 0],
  [500, 0],
  [200, 0],
])(
  'a %d of the refresh endpoint is a glitch where token mode was learned, and the session endpoint still speaks of tokens',
  async (status, asked) => {
    const stage = await createStage(AUTO, { mode: 'token' })
    const { auth, told } = await stage.signedIn()
    stage.respond = (_request, url) =>
      url.pathname === '/auth/refresh' ? new Response('{}', { status }) : undefined
    await stage.run(auth.refresh({ force: true }))
    expect([auth.getState().status, told, stage.sent('/auth/session').length]).toEqual([
      'authenticated',
      [],
      asked,
    ])
    expect(storedSession(stage)?.mode).toBe('token')
  },
)

it.each([
  ['does not say its mode', () => Response.json({ user: { id: 'ann' }, session_id: 's' })],
  ['is a page', () => new Response('<p>hello', { headers: { 'content-type': 'text/html' } })],
  ['is not there either', () => new Response(null, { status: 404 })],
  ['is empty', () => new Response(null, { status: 204 })],
  ['knows nobody, since the cookie may reach the refresh endpoint alone', () => Response.json(null)],
])(
  'nor does a session answer that %s change anything, or make a cookie session of it',
  async (_name, answer) => {
    const stage = await createStage(AUTO, { mode: 'token' })
    const { auth, told } = await stage.signedIn()
    stage.respond = (_request, url) =>
      url.pathname === '/auth/refresh'
        ? new Response(null, { status: 404 })
        : url.pathname === '/auth/session'
          ? answer()
          : undefined
    await stage.run(auth.refresh({ force: true }))
    expect([auth.getState(), told]).toMatchObject([{ status: 'authenticated', mode: 'token' }, []])
    expect(storedSession(stage)?.mode).toBe('token')
  },
)

it('who comes back with a register of tokens to a backend that serves sessions alone is found there, if he has signed in', async () => {
  const stage = await createStage(AUTO, { mode: 'token' })
  await stage.signedIn()
  stage.backend.admin.setMode('session')
  await stage.outside('POST', '/auth/login', ANN)
  await stage.world.tabs[0]!.reload()
  await stage.world.advance(1000)
  const { auth } = stage.world.tabs[0]!.app!
  expect(auth.getState()).toMatchObject({ status: 'authenticated', mode: 'session', user: { id: 'ann' } })
})

it.each([
  ['a page', () => new Response('<p>hello', { headers: { 'content-type': 'text/html' } })],
  ['an error', () => new Response(null, { status: 500 })],
  ['no user', () => Response.json({ ok: true })],
])(
  'at a start without a register %s of the session endpoint chooses nothing and signs nobody out',
  async (_name, answer) => {
    const stage = await createStage(AUTO)
    stage.respond = (_request, url) => (url.pathname === '/auth/session' ? answer() : undefined)
    const { auth } = await stage.open()
    expect(auth.getState()).toMatchObject({
      status: 'unauthenticated',
      reason: 'none',
      connection: 'degraded',
    })
    expect(storedSession(stage)).toBeUndefined()
  },
)

it('at a start without a register a session endpoint that speaks of tokens chooses no cookie session', async () => {
  const stage = await createStage(AUTO, { mode: 'token' })
  await stage.signedIn()
  await stage.world.tabs[0]!.close()
  stage.world.clearStorage()
  stage.backend.faults.add({ kind: 'status', on: 'refresh', status: 401 })
  const { auth } = await stage.open()
  expect(stage.sent('/auth/session').length).toBeGreaterThan(0)
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', connection: 'degraded' })
  expect(auth.getDiagnostics().find(({ type }) => type === 'refresh.failed')).toMatchObject({ status: 401 })
  expect(storedSession(stage)?.mode).toBeUndefined()
  stage.backend.faults.clear()
  await stage.world.advance(60_000)
  await stage.world.tabs[1]!.hide()
  await stage.world.tabs[1]!.show()
  await stage.world.advance(1000)
  expect(auth.getState()).toMatchObject({ status: 'authenticated', mode: 'token' })
})

it('mode: session never asks the refresh endpoint', async () => {
  const stage = await createStage({ mode: 'session' })
  await stage.open()
  expect(paths(stage)).toEqual(['GET /auth/session'])
})

it('mode: session takes no token, whatever the login answer brings', async () => {
  const stage = await createStage()
  stage.backend.faults.add({ kind: 'json', on: 'login', set: { access_token: 'aaa', token_type: 'Bearer' } })
  const { auth } = await stage.signedIn()
  expect(auth.getState()).toMatchObject({ mode: 'session' })
  await stage.run(auth.fetch('/api/profile'))
  expect(stage.sent('/api/profile')[0]?.headers.has('authorization')).toBe(false)
})

it.each(['open', 'reloaded'] as const)(
  'a migration from sessions to tokens keeps people signed in, in a tab that is %s',
  async (kind) => {
    const stage = await createStage(AUTO)
    const first = await stage.signedIn()
    const { sessionId } = first.auth.getState() as { sessionId: string }
    stage.backend.admin.setMode('both', 'token')
    if (kind === 'reloaded') {
      await stage.world.tabs[0]!.reload()
      await stage.world.advance(1000)
    } else {
      expect((await stage.run(first.auth.fetch('/api/profile'))).value?.status).toBe(200)
      await stage.run(first.auth.refresh({ force: true }))
    }
    const app = stage.world.tabs[0]!.app!
    expect(app.auth.getState()).toMatchObject({ status: 'authenticated', mode: 'token', sessionId })
    expect(storedSession(stage)).toMatchObject({ isSignedIn: true, mode: 'token' })
    stage.backend.admin.setMode('token')
    expect((await stage.write(app, 'still Ann')).value?.status).toBe(200)
    expect(app.told).toEqual([])
  },
)

it.each(['open', 'reloaded'] as const)(
  'a migration from tokens to sessions keeps people signed in, in a tab that is %s',
  async (kind) => {
    const stage = await createStage(AUTO, { mode: 'token' })
    const first = await stage.signedIn()
    stage.backend.admin.setMode('both', 'session')
    if (kind === 'reloaded') await stage.world.tabs[0]!.reload()
    else await stage.run(first.auth.refresh({ force: true }))
    await stage.world.advance(1000)
    const app = stage.world.tabs[0]!.app!
    expect(app.auth.getState()).toMatchObject({
      status: 'authenticated',
      mode: 'session',
      user: { id: 'ann' },
    })
    stage.backend.admin.setMode('session')
    expect((await stage.write(app, 'still Ann')).value?.status).toBe(200)
    expect(app.told).toEqual([])
    expect((await stage.run(app.auth.getAccessToken())).error).toMatchObject({
      code: 'no_token_in_session_mode',
    })
  },
)

it('other tabs follow a migration without signing anybody out', async () => {
  const stage = await createStage(AUTO)
  const app = await stage.signedIn()
  const other = await stage.open()
  stage.backend.admin.setMode('both', 'token')
  await stage.run(app.auth.refresh({ force: true }))
  await stage.world.advance(1000)
  expect((await stage.write(other, 'from the other tab')).value?.status).toBe(200)
  expect(other.auth.getState()).toMatchObject({ status: 'authenticated', mode: 'token' })
  expect([...app.told, ...other.told]).toEqual([])
})

it('people who sign in on a page of the server come back signed in', async () => {
  const stage = await createStage(AUTO)
  const { auth, page } = await stage.open()
  const went: string[] = []
  Object.assign(page.ports.page, { navigate: (url: string) => void went.push(url) })
  void auth.loginWithRedirect({ returnTo: '/' })
  // What checks the way back is loaded when it is wanted.
  await vi.waitFor(async () => {
    await stage.world.advance(10)
    expect(went).toHaveLength(1)
  })
  expect(went).toEqual(['https://app.example/auth/start?return_to=%2F'])
  await stage.outside('POST', '/auth/login', ANN)
  await stage.world.tabs[0]!.reload()
  await stage.world.advance(1000)
  expect(stage.world.tabs[0]!.app!.auth.getState()).toMatchObject({
    status: 'authenticated',
    mode: 'session',
  })
})
