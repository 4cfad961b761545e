import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { memoryStore, nodeHandler } from 'latchkey/server'
import { createStage, jsonOf, LOGIN, type Stage } from './stage.ts'
import { errorOf, HOUR, MINUTE, ORIGIN, REFRESH } from './support.ts'

/** An app on a phone: no browser's headers, and what else its HTTP library may send. */
function phone({ auth }: Stage, extra: Record<string, string> = {}) {
  return async (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    auth.handle(
      new Request(ORIGIN + path, {
        method,
        headers: {
          'x-client': 'native',
          ...(body && { 'content-type': 'application/json' }),
          ...extra,
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      }),
    )
}

it('R119 S48 an app that is no page signs in, refreshes and signs out by body; no cookie is read or set', async () => {
  const stage = createStage({ mode: 'both', prefer: 'session', nativeClients: true })
  const cookie = await stage.send('POST', '/auth/login', LOGIN).then(() => stage.cookie('__Host-sid'))
  const call = phone(stage, { cookie: `__Host-sid=${cookie}` })
  const answer = await call('POST', '/auth/login', LOGIN.body)
  expect([answer.status, answer.headers.getSetCookie(), answer.headers.get('cache-control')]).toEqual([
    200,
    [],
    'no-store',
  ])
  const first = await jsonOf(answer)
  expect(first).toMatchObject({ token_type: 'Bearer', user: { id: 'ada' } })
  expect(await stage.auth.admin.list('ada')).toHaveLength(2)

  const renewed = await call('POST', '/auth/refresh', { refresh_token: first['refresh_token'] })
  expect(renewed.headers.getSetCookie()).toEqual([])
  const second = await jsonOf(renewed)
  expect(second['session_id']).toBe(first['session_id'])
  expect(second['refresh_token']).not.toBe(first['refresh_token'])
  // A lost answer: the spent one gets the same successor again.
  expect(
    (await jsonOf(await call('POST', '/auth/refresh', { refresh_token: first['refresh_token'] })))[
      'refresh_token'
    ],
  ).toBe(second['refresh_token'])
  const bearer = { authorization: `Bearer ${second['access_token']}` }
  const caller = await stage.auth.authenticate(
    new Request(`${ORIGIN}/orders`, { method: 'POST', headers: bearer }),
  )
  expect(caller.ok && caller.user.id).toBe('ada')

  expect((await call('POST', '/auth/logout', { refresh_token: second['refresh_token'] })).status).toBe(204)
  const over = await call('POST', '/auth/refresh', { refresh_token: second['refresh_token'] })
  expect(over.headers.getSetCookie()).toEqual([])
  expect(await errorOf(over)).toEqual([401, 'session_revoked'])
  // The dashboard in the browser is another session.
  expect((await stage.send('GET', '/auth/session')).status).toBe(200)
})

it('R119 an app signs out by its access token too, everywhere if it says so, and is told why its session is over', async () => {
  const stage = createStage({ mode: 'both', nativeClients: true })
  const call = phone(stage)
  const { access_token, refresh_token } = await jsonOf(await call('POST', '/auth/login', LOGIN.body))
  await stage.send('POST', '/auth/login', LOGIN)
  const bearer = { authorization: `Bearer ${access_token}` }
  expect((await call('POST', '/auth/logout', { scope: 'all' }, bearer)).status).toBe(204)
  expect(await errorOf(await call('POST', '/auth/refresh', { refresh_token }))).toEqual([
    401,
    'session_revoked',
  ])
  expect(await errorOf(await stage.send('POST', '/auth/refresh'))).toEqual([401, 'session_revoked'])
})

it('R119 a refresh token of an app that is used twice ends its session', async () => {
  const stage = createStage({ nativeClients: true, graceMs: 0, undeliveredGraceMs: 0 })
  const call = phone(stage)
  const { refresh_token } = await jsonOf(await call('POST', '/auth/login', LOGIN.body))
  expect((await call('POST', '/auth/refresh', { refresh_token })).status).toBe(200)
  stage.time.advance(MINUTE)
  const stolen = await call('POST', '/auth/refresh', { refresh_token })
  expect([stolen.headers.getSetCookie(), await errorOf(stolen)]).toEqual([[], [401, 'refresh_reused']])
})

it.each([
  { origin: ORIGIN },
  { referer: `${ORIGIN}/` },
  { 'sec-fetch-site': 'none' },
  { 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-dest': 'empty' },
])(
  'R119 a page of a browser never gets a refresh token into script, whatever it says of itself: %o',
  async (sent) => {
    const stage = createStage({ nativeClients: true })
    const call = phone(stage, sent)
    const answer = await call('POST', '/auth/login', LOGIN.body)
    expect(await errorOf(answer)).toEqual([403, 'origin_refused'])
    await stage.send('POST', '/auth/login', LOGIN)
    const refresh_token = stage.cookie(REFRESH)
    expect((await call('POST', '/auth/refresh', { refresh_token })).status).toBe(403)
  },
)

it('R119 what an app was given is no cookie, and what a browser was given refreshes no app; neither ends a session', async () => {
  const stage = createStage({ mode: 'both', nativeClients: true })
  const call = phone(stage)
  const { refresh_token } = await jsonOf(await call('POST', '/auth/login', LOGIN.body))
  const planted = { headers: { cookie: `${REFRESH}=${refresh_token}` } }
  expect(await errorOf(await stage.send('POST', '/auth/refresh', planted))).toEqual([401, 'session_expired'])
  const session = await stage.auth.session(stage.request('GET', '/', planted.headers))
  expect(session.status).toBe('unauthenticated')
  await stage.send('POST', '/auth/login', LOGIN)
  const stolen = await call('POST', '/auth/refresh', { refresh_token: stage.cookie(REFRESH) })
  expect(await errorOf(stolen)).toEqual([401, 'session_expired'])
  expect((await call('POST', '/auth/refresh', { refresh_token })).status).toBe(200)
  expect((await stage.send('POST', '/auth/refresh')).status).toBe(200)
})

it('R119 without the option a call that says it is an app is one of a page that is not known; with cookie sessions alone there is none', async () => {
  const stage = createStage()
  expect(await errorOf(await phone(stage)('POST', '/auth/login', LOGIN.body))).toEqual([
    403,
    'origin_refused',
  ])
  expect(() => createStage({ mode: 'session', nativeClients: true, store: memoryStore() })).toThrow(
    '"nativeClients" need access tokens',
  )
})

it.each([undefined, 7, '', 'x', 'a.0.b.c', ['x']])(
  'R119 what is no refresh token is answered 401, and ends nothing: %o',
  async (refresh_token) => {
    const stage = createStage({ nativeClients: true })
    const answer = await phone(stage)('POST', '/auth/refresh', { refresh_token })
    expect(await errorOf(answer)).toEqual([401, 'session_expired'])
  },
)

it('R119 an app that calls by the fetch of Node is an app', async () => {
  const stage = createStage({ nativeClients: true })
  const handle = nodeHandler(stage.auth)
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/auth/login`, {
    method: 'POST',
    headers: { 'x-client': 'native', 'content-type': 'application/json' },
    body: JSON.stringify(LOGIN.body),
  })
  const said = [answer.status, await answer.text()]
  await new Promise((resolve) => server.close(resolve))
  expect(said[0], String(said[1])).toBe(200)
})

it('R119 an app that signs in anew takes the place of itself, and not of the browser', async () => {
  const stage = createStage({ nativeClients: true, sessionsPerUser: 2 })
  const native = (path: string, body: object) =>
    stage.auth.handle(
      new Request(ORIGIN + path, {
        method: 'POST',
        headers: { 'x-client': 'native', 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )
  await stage.send('POST', '/auth/login', LOGIN)
  stage.time.advance(HOUR)
  const first = await jsonOf(await native('/auth/login', LOGIN.body))
  stage.time.advance(HOUR)
  await native('/auth/login', { ...LOGIN.body, refresh_token: first['refresh_token'] })
  expect((await stage.send('POST', '/auth/refresh')).status).toBe(200)
})
