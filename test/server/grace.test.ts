import { expect, it } from 'vitest'
import { createStage, jsonOf, LOGIN, type Stage } from './stage.ts'
import { errorOf, MINUTE, REFRESH } from './support.ts'

/** A renewal whose answer never arrives: the jar keeps the cookie before. */
async function loseAnswer({ auth, request }: Stage): Promise<void> {
  expect((await auth.handle(request('POST', '/auth/refresh'))).status).toBe(200)
}

const callApi = async ({ auth, request }: Stage, token = ''): Promise<boolean> =>
  (await auth.authenticate(request('GET', '/orders', { authorization: `Bearer ${token}` }))).ok

it('R144 S70 a lost answer is forgiven for hours only where tokens that arrive are seen here', async () => {
  for (const [seesTokens, usesApi, expected] of [
    [undefined, true, 200],
    [undefined, false, 401],
    [true, false, 200],
    [false, true, 401],
  ] as const) {
    const stage = createStage({ seesTokens })
    const { access_token } = await jsonOf(await stage.send('POST', '/auth/login', LOGIN))
    if (usesApi) expect(await callApi(stage, access_token)).toBe(true)
    stage.time.advance(MINUTE)
    await loseAnswer(stage)
    stage.time.advance(60 * MINUTE)
    const answer = await stage.send('POST', '/auth/refresh')
    expect([seesTokens, usesApi, answer.status]).toEqual([seesTokens, usesApi, expected])
  }
})

it('R144 that a token of a session was seen is not forgotten by its renewals', async () => {
  const stage = createStage()
  const { access_token } = await jsonOf(await stage.send('POST', '/auth/login', LOGIN))
  await callApi(stage, access_token)
  for (let i = 0; i < 3; i++) expect((await stage.send('POST', '/auth/refresh')).status).toBe(200)
  await loseAnswer(stage)
  stage.time.advance(60 * MINUTE)
  expect((await stage.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R144 the strict grace ends the session at the first spent cookie, the forgiving one gives the newest for 30 s, and limits of one’s own win', async () => {
  const replay = async (options: Parameters<typeof createStage>[0]): Promise<unknown> => {
    const stage = createStage(options)
    await stage.send('POST', '/auth/login', LOGIN)
    const cookie = `${REFRESH}=${stage.cookie(REFRESH)}`
    await stage.send('POST', '/auth/refresh')
    stage.time.advance(1000)
    const answer = await stage.send('POST', '/auth/refresh', { headers: { cookie } })
    return answer.status === 200 ? 200 : errorOf(answer)
  }
  expect(await replay({ grace: 'strict' })).toEqual([401, 'refresh_reused'])
  expect(await replay({ grace: 'forgiving' })).toBe(200)
  expect(await replay({})).toBe(200)
  expect(await replay({ grace: 'strict', graceMs: 5000 })).toBe(200)
})

it('R144 S03 a grace is no fork: two holders are given the same head, and who falls behind is noticed', async () => {
  const stage = createStage()
  await stage.send('POST', '/auth/login', LOGIN)
  const spent = { headers: { cookie: `${REFRESH}=${stage.cookie(REFRESH)}` } }
  await stage.send('POST', '/auth/refresh', spent)
  const owner = stage.cookie(REFRESH)
  stage.time.advance(10_000)
  await stage.send('POST', '/auth/refresh', spent)
  expect(stage.cookie(REFRESH)).toBe(owner)
  // The owner goes on; the other one stays with what both were given.
  await stage.send('POST', '/auth/refresh')
  stage.time.advance(MINUTE)
  await stage.send('POST', '/auth/refresh')
  stage.time.advance(MINUTE)
  const behind = await stage.send('POST', '/auth/refresh', { headers: { cookie: `${REFRESH}=${owner}` } })
  expect(await errorOf(behind)).toEqual([401, 'refresh_reused'])
  expect(stage.events.map(({ type }) => type)).toContain('reuse')
})
