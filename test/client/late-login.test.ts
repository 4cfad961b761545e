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

it('FIX-04 R02 what ends the session of a login that broke off is awaited before another tab signs in, also behind the deadline', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { auth } = await stage.open()
  const sibling = await stage.open()
  stage.backend.faults.add({ kind: 'truncated-body', times: 1 })
  const slow = { latencyMs: [3900, 3900] } as const
  stage.world.setNetwork(slow)
  const broken = outcome(auth.login(ANN))
  await stage.world.advance(500)
  const login = outcome(sibling.auth.login(BOB))
  // The answer comes in time and breaks off, its session is ended, and the answer to that comes when the deadline has passed.
  await stage.world.advance(7200)
  stage.world.setNetwork({ latencyMs: [150, 150] })
  await stage.world.advance(200)
  expect(stage.sent('/auth/logout')).toHaveLength(1)
  stage.world.setNetwork(slow)
  await stage.world.advance(90)
  stage.world.setNetwork({})
  await stage.world.advance(20 * 60_000)
  expect(await broken).toBe('timeout')
  expect(await login).toBe('resolved')
  expect(sibling.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'bob' } })
})
