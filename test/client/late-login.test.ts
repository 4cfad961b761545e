/* A sign-in that comes after its deadline, when the person has tried again: its cookie lies over that of the second. */
import { expect, it } from 'vitest'
import { ANN, BOB, createStage, type Stage } from './session-support.js'
import { outcome } from './support.js'

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

it.each([
  ['at once, and is awaited behind the deadline', 750, 3400],
  ['when the lock is free, where it breaks off so late that others would not wait for that', 3900, 1500],
])(
  'FIX-04 R02 the session of a login that breaks off while another tab waits to sign in is ended %s',
  async (_, legMs, nextMs) => {
    const stage = await createStage({ mode: 'token' }, { mode: 'token' })
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

it('R09 R39 a logout in the middle of a login holds though its page froze and another tab found the session meanwhile', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { auth } = await stage.open()
  const sibling = await stage.open()
  stage.world.setNetwork({ latencyMs: [20, 20] })
  const login = outcome(auth.login(ANN))
  await stage.world.advance(1)
  const logout = auth.logout()
  await stage.world.advance(1)
  await stage.world.tabs[0]!.freeze()
  await stage.world.advance(1000)
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
