import { expect, it } from 'vitest'
import { memoryStore } from 'latchkey/server'
import { createStage, jsonOf, LOGIN } from './stage.ts'
import { errorOf, REFRESH, SID } from './support.ts'

const lines = (answer: Response, name: string): string[] =>
  answer.headers.getSetCookie().filter((line) => line.startsWith(`${name}=`))

it('R143 S38 after a deployment that renames the refresh cookie everybody stays: the old one is read, and deleted exactly where it lay', async () => {
  const store = memoryStore()
  const before = createStage({ store, cookies: { refresh: 'rt', insecureCookies: true } })
  await before.send('POST', '/auth/login', LOGIN)
  const value = before.cookie('rt')
  const former = [{ of: 'refresh', name: 'rt', path: '/auth', domain: 'example.com' }] as const
  const after = createStage({ store, cookies: { former } })
  const headers = { cookie: `rt=${value}` }
  expect((await after.send('GET', '/auth/session', { headers })).status).toBe(200)
  const renewed = await after.send('POST', '/auth/refresh', { headers })
  expect(renewed.status).toBe(200)
  expect(lines(renewed, REFRESH)).toHaveLength(1)
  const [deletion = ''] = lines(renewed, 'rt')
  for (const part of ['rt=;', 'Max-Age=0', 'Path=/auth', 'Domain=example.com'])
    expect(deletion).toContain(part)
  // Whose jar has the new one alone is told nothing of the old one.
  expect(lines(await after.send('POST', '/auth/refresh'), 'rt')).toEqual([])
})

it('R143 S38 in session mode the next call moves it, and the session is the same', async () => {
  const store = memoryStore()
  const before = createStage({ store, mode: 'session', cookies: { sid: 'old' } })
  const { session_id } = await jsonOf(await before.send('POST', '/auth/login', LOGIN))
  const cookie = `__Host-old=${before.cookie('__Host-old')}`
  const after = createStage({
    store,
    mode: 'session',
    cookies: { former: [{ of: 'sid', name: '__Host-old' }] },
  })
  const caller = await after.auth.authenticate(after.request('GET', '/orders', { cookie }))
  if (!caller.ok) throw new Error('refused')
  expect(caller.session.id).toBe(session_id)
  const answer = await caller.finish(new Response())
  expect(lines(answer, SID)).toHaveLength(1)
  expect(lines(answer, '__Host-old')[0]).toContain('Max-Age=0')
})

it('R143 S37 beside a living new one an old one that is left over does no harm, and a sign-out takes both away', async () => {
  const store = memoryStore()
  const former = [{ of: 'refresh', name: 'rt' }] as const
  const stage = createStage({ store, cookies: { former } })
  const { session_id } = await jsonOf(await stage.send('POST', '/auth/login', LOGIN))
  const headers = { cookie: `rt=left.over; ${REFRESH}=${stage.cookie(REFRESH)}` }
  expect((await stage.send('POST', '/auth/refresh', { headers })).status).toBe(200)
  const both = { cookie: `rt=left.over; ${REFRESH}=${stage.cookie(REFRESH)}` }
  const out = await stage.send('POST', '/auth/logout', { body: { session_id }, headers: both })
  expect([lines(out, REFRESH), lines(out, 'rt')].flat().every((line) => line.includes('Max-Age=0'))).toBe(
    true,
  )
  expect(lines(out, 'rt')).toHaveLength(1)
  expect(await errorOf(await stage.send('POST', '/auth/refresh', { headers: both }))).toEqual([
    401,
    'session_revoked',
  ])
})
