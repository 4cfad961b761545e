/* Session mode from boot to logout, over the reference backend. */
import { expect, it } from 'vitest'
import { BOB, createStage } from '../../support/stage.js'
import { saying } from '../../support/words.js'

const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

it('a visitor is told that nobody is signed in, by one question that changes nothing', async () => {
  const stage = await createStage()
  const { auth } = await stage.open()
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none', connection: 'ok' })
  expect(stage.exchanges.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual(['GET /auth/session'])
})

it('signs in, restores after a reload, and shows the mode, the user and the session', async () => {
  const stage = await createStage()
  await stage.signedIn()
  const [tab] = stage.world.tabs
  await tab!.reload()
  await stage.world.advance(1000)
  const { auth } = tab!.app!
  expect(auth.getState()).toMatchObject({
    status: 'authenticated',
    mode: 'session',
    user: { id: 'ann' },
    sessionId: expect.any(String),
  })
  expect(stage.exchanges.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual(['GET /auth/session'])
})

it('CK-05 the question at the start rotates and sets nothing', async () => {
  const stage = await createStage()
  await stage.signedIn()
  const before = stage.world.cookies()
  await stage.world.tabs[0]!.reload()
  await stage.world.advance(1000)
  expect(stage.world.cookies()).toEqual(before)
})

it('getAccessToken says that there is none', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  const { error } = await stage.run(auth.getAccessToken())
  expect(error).toMatchObject({ name: 'AuthError', code: 'no_token_in_session_mode' })
})

it('OW-10 the CSRF token goes with unsafe methods alone, the rest with every request, and no bearer token with any', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  stage.respond = (_request, url) => (url.pathname === '/api/any' ? new Response('ok') : undefined)
  const { sessionId } = auth.getState() as { sessionId: string }
  for (const method of ['GET', 'HEAD', 'OPTIONS', ...WRITES])
    await stage.run(auth.fetch('/api/any', { method }))
  const sent = stage.sent('/api/any')
  const carrying = (name: string) =>
    sent.filter(({ headers }) => headers.has(name)).map(({ method }) => method)
  expect(carrying('x-csrf-token')).toEqual(WRITES)
  expect(sent.every(({ headers }) => headers.get('x-csrf') === '1')).toBe(true)
  expect(sent.every(({ headers }) => headers.get('x-session-id') === sessionId)).toBe(true)
  expect(sent.every(({ headers }) => headers.get('cookie')?.includes('__Host-sid='))).toBe(true)
  expect(carrying('authorization')).toEqual([])
})

it.each(['https://elsewhere.example', 'https://app.example:8443', 'http://app.example'])(
  'OW-10 %s gets neither token nor header nor cookie',
  async (origin) => {
    const stage = await createStage()
    const { auth } = await stage.signedIn()
    stage.respond = (_request, url) =>
      url.pathname === '/in'
        ? new Response('ok', { headers: { 'access-control-allow-origin': '*' } })
        : undefined
    await stage.run(auth.fetch(`${origin}/in`, { method: 'POST' }))
    const { headers } = stage.sent('/in')[0]!
    for (const name of ['x-csrf', 'x-csrf-token', 'x-session-id', 'cookie'])
      expect(headers.has(name)).toBe(false)
  },
)

it('a listed origin gets cookie and token also where it is not that of the page', async () => {
  const stage = await createStage({ mode: 'session', allowedOrigins: ['https://files.app.example'] })
  const { auth } = await stage.signedIn()
  stage.respond = ({ headers }, url) =>
    url.host === 'files.app.example'
      ? new Response('ok', {
          headers: {
            'access-control-allow-origin': headers.get('origin') ?? '',
            'access-control-allow-credentials': 'true',
          },
        })
      : undefined
  const { value } = await stage.run(auth.fetch('https://files.app.example/in', { method: 'POST' }))
  expect(value?.status).toBe(200)
  expect(stage.sent('/in')[0]?.headers.has('x-csrf-token')).toBe(true)
})

it('a write goes through with the CSRF token of the session answer', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  expect((await stage.write(app, 'Ann B.')).value?.status).toBe(200)
  expect(await stage.nameOf('ann')).toBe('Ann B.')
  expect(stage.sent()).toHaveLength(1)
})

it('auth: omit and, after a logout, optional go out without the cookie', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  stage.respond = (_request, url) => (url.pathname === '/api/any' ? new Response('ok') : undefined)
  await stage.run(auth.fetch('/api/any', { auth: 'omit' }))
  await stage.world.goOffline()
  await stage.run(auth.logout())
  stage.backend.faults.add({ kind: 'unreachable', on: 'logout' })
  await stage.world.goOnline()
  await stage.run(auth.fetch('/api/any', { auth: 'optional' }))
  const sent = stage.sent('/api/any')
  expect(sent).toHaveLength(2)
  expect(sent.filter(({ headers }) => headers.has('cookie') || headers.has('x-csrf-token'))).toEqual([])
})

it('a 401 is answered by one session check, and the session ends with its reason', async () => {
  const stage = await createStage()
  const { auth, told } = await stage.signedIn()
  await stage.backend.admin.endAllSessions('ann')
  const { error } = await stage.run(auth.fetch('/api/profile'))
  expect(error).toMatchObject({ code: 'session_ended' })
  expect(told).toEqual(['end revoked'])
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
  expect(stage.sent('/api/profile')).toHaveLength(1)
})

it('a resource that answers 401 while the session lives costs one check and one replay, and then is believed', async () => {
  const stage = await createStage()
  const { auth } = await stage.signedIn()
  stage.respond = (_request, url) =>
    url.pathname === '/api/odd' ? new Response(null, { status: 401 }) : undefined
  for (let count = 0; count < 3; count++)
    expect((await stage.run(auth.fetch('/api/odd'))).value?.status).toBe(401)
  expect([stage.sent('/api/odd').length, stage.sent('/auth/session').length]).toEqual([4, 1])
  expect(auth.getState().status).toBe('authenticated')
  expect(auth.getDiagnostics().find(({ type }) => type === 'request.unauthorized')?.message).toEqual(
    saying(/Path/),
  )
})

it('a refusal that was believed hides no other: the 401 of a URL whose 403 was not about CSRF ends the session', async () => {
  const stage = await createStage({
    mode: 'session',
    session: { csrf: { refusals: [{ status: 403 }] } },
  })
  const app = await stage.signedIn()
  let forbidden = true
  stage.respond = (_request, url) =>
    forbidden && url.pathname === '/api/profile' ? new Response(null, { status: 403 }) : undefined
  expect((await stage.write(app, 'x')).value?.status).toBe(403)
  forbidden = false
  await stage.backend.admin.endAllSessions('ann')
  expect((await stage.write(app, 'x')).error).toMatchObject({ code: 'session_ended' })
  expect(app.told).toEqual(['end revoked'])
})

it('a session that ends behind the back of a resource that was given up on is found to be over', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  let refusals = 2
  stage.respond = (_request, url) =>
    url.pathname === '/api/profile' && refusals-- > 0 ? new Response(null, { status: 401 }) : undefined
  expect((await stage.write(app, 'x')).value?.status).toBe(401)
  await stage.backend.admin.endAllSessions('ann')
  expect((await stage.write(app, 'y')).value?.status).toBe(401)
  await stage.world.advance(60_000)
  expect((await stage.write(app, 'z')).error).toMatchObject({ code: 'session_ended' })
  expect(app.told).toEqual(['end revoked'])
})

it('OW-03 the end that the server named is asked about once, and a session that was used meanwhile goes on', async () => {
  const stage = await createStage(undefined, { idleMs: 60_000 })
  const { auth, told } = await stage.signedIn()
  await stage.run(auth.refresh({ force: true }))
  stage.exchanges.length = 0
  await stage.world.advance(40_000)
  await stage.run(auth.fetch('/api/profile'))
  expect(stage.sent('/auth/session')).toHaveLength(0)
  await stage.world.advance(25_000)
  expect([stage.sent('/auth/session').length, auth.getState().status]).toEqual([1, 'authenticated'])
  await stage.world.advance(60_000)
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'expired' })
  expect(told).toEqual(['end expired'])
})

it('the end of the session is in the state where the server names it', async () => {
  const stage = await createStage(undefined, { idleMs: 60_000 })
  const { auth } = await stage.signedIn()
  await stage.run(auth.refresh({ force: true }))
  const { expiresAt } = auth.getState() as { expiresAt: number }
  expect(expiresAt - stage.world.serverTime()).toBeGreaterThan(55_000)
  expect(expiresAt - stage.world.serverTime()).toBeLessThanOrEqual(60_000)
  stage.respond = (_request, url) =>
    url.pathname === '/auth/session' ? Response.json({ user: { id: 'ann', name: 'Ann' } }) : undefined
  await stage.run(auth.refresh({ force: true }))
  expect(auth.getState()).toMatchObject({ status: 'authenticated', expiresAt: undefined })
})

it('a session is used until its end, without a margin in which it would be asked about', async () => {
  const stage = await createStage(undefined, { idleMs: 60_000 })
  const { auth } = await stage.signedIn()
  await stage.run(auth.refresh({ force: true }))
  await stage.world.advance(54_000)
  stage.exchanges.length = 0
  await stage.run(auth.fetch('/api/profile'))
  expect(stage.sent().map(({ url }) => url.pathname)).toEqual(['/api/profile'])
})

it('R107 a page that nobody uses after the sign-in shows the user no longer than the idle limit', async () => {
  const stage = await createStage(undefined, { idleMs: 15 * 60_000 })
  const { auth } = await stage.signedIn()
  await stage.world.advance(14 * 60_000)
  expect(auth.getState().status).toBe('authenticated')
  await stage.world.advance(2 * 60_000)
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'expired' })
})

it('a server that says that the session ends at once is asked now and then, not all the time', async () => {
  const stage = await createStage()
  stage.backend.faults.add({ kind: 'json', on: ['session', 'login'], set: { session_expires_in: 1 } })
  const { auth } = await stage.signedIn()
  await stage.world.advance(60_000)
  expect(stage.sent('/auth/session').length).toBeLessThanOrEqual(6)
  expect((await stage.run(auth.fetch('/api/profile'))).value?.status).toBe(200)
})

it('R85 focus, visibility and a network that is back ask once, and only where the last answer is old', async () => {
  const stage = await createStage()
  await stage.signedIn()
  const [tab] = stage.world.tabs
  const wake = async () => {
    await tab!.hide()
    await tab!.show()
    await stage.world.goOffline()
    await stage.world.goOnline()
    await tab!.hide()
    await tab!.show()
    await stage.world.advance(500)
  }
  await stage.world.advance(60_000)
  await wake()
  expect(stage.sent('/auth/session')).toHaveLength(0)
  await stage.world.advance(240_000)
  await wake()
  expect(stage.sent('/auth/session')).toHaveLength(1)
  await wake()
  expect(stage.sent('/auth/session')).toHaveLength(1)
})

it('R85 revalidateAfter: false asks nobody, and a shorter one asks sooner', async () => {
  for (const [revalidateAfter, expected] of [
    [false, 0],
    [10, 1],
  ] as const) {
    const stage = await createStage({ mode: 'session', session: { revalidateAfter } })
    await stage.signedIn()
    await stage.world.advance(20_000)
    await stage.world.tabs[0]!.hide()
    await stage.world.tabs[0]!.show()
    await stage.world.advance(500)
    expect(stage.sent('/auth/session')).toHaveLength(expected)
  }
})

it('a page that comes back from the back/forward cache asks at once: somebody may have signed in at the server in this tab', async () => {
  const stage = await createStage()
  const { auth, told } = await stage.signedIn()
  const [tab] = stage.world.tabs
  await stage.world.openTab({ url: 'https://app.example/elsewhere' })
  await stage.world.advance(1000)
  await tab!.leave()
  await stage.outside('POST', '/auth/login', BOB)
  const before = stage.sent('/auth/session').length
  await tab!.back()
  await stage.world.advance(1000)
  expect(stage.sent('/auth/session')).toHaveLength(before + 1)
  expect(told).toEqual(['end user-switched', 'switch ann bob'])
  expect(auth.getState()).toMatchObject({ user: { id: 'bob' } })
})

it('R47 coming back to the page after a while finds a session that was ended elsewhere', async () => {
  const stage = await createStage()
  const { auth, told } = await stage.signedIn()
  const [tab] = stage.world.tabs
  await tab!.hide()
  await stage.backend.admin.endAllSessions('ann')
  await stage.world.advance(301_000)
  await tab!.show()
  await stage.world.advance(1000)
  expect(told).toEqual(['end revoked'])
  expect(auth.getState().status).toBe('unauthenticated')
})

it('OW-05 what the client asks by itself is no activity: a session nobody uses ends all the same', async () => {
  const stage = await createStage({ mode: 'session', session: { revalidateAfter: 0 } }, { idleMs: 60_000 })
  const { told } = await stage.signedIn()
  for (let count = 0; count < 7; count++) {
    await stage.world.advance(10_000)
    await stage.world.tabs[0]!.hide()
    await stage.world.tabs[0]!.show()
  }
  await stage.world.advance(1000)
  expect(stage.sent('/auth/session').length).toBeGreaterThan(4)
  expect(told).toEqual(['end expired'])
})

it('who has signed in past the client, in several steps for instance, is found by refresh', async () => {
  const stage = await createStage()
  const { auth, told } = await stage.signedIn()
  await stage.run(auth.logout())
  await stage.outside('POST', '/auth/login', BOB)
  expect((await stage.run(auth.refresh({ force: true }))).value).toMatchObject({ user: { id: 'bob' } })
  expect(told).toEqual(['end logout'])
})

it('R75 a cookie that is missing at the first question of a start and there at the second signs nobody out', async () => {
  const stage = await createStage()
  await stage.signedIn()
  const [tab] = stage.world.tabs
  let asked = 0
  stage.respond = (_request, url) =>
    url.pathname === '/auth/session' && asked++ === 0 ? Response.json(null) : undefined
  await tab!.reload()
  await stage.world.advance(1000)
  expect(tab!.app!.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
})

it('R12 RV-03 only the words of the contract end a session', async () => {
  const stage = await createStage()
  const { auth, told } = await stage.signedIn()
  const answers = [
    () => new Response('<h1>Sign in</h1>', { headers: { 'content-type': 'text/html' } }),
    () => new Response(null, { status: 302, headers: { location: '/login' } }),
    () => new Response('Forbidden', { status: 403 }),
    () => Response.json({ error: 'whatever' }, { status: 401 }),
    ...[404, 408, 425, 429, 500, 502, 503].map((status) => () => new Response(null, { status })),
    () => Response.json({}),
    () => Response.json('ann'),
    () => Response.json({ user: 'somebody' }),
  ]
  for (const answer of answers) {
    stage.respond = (_request, url) => (url.pathname === '/auth/session' ? answer() : undefined)
    const { error } = await stage.run(auth.refresh({ force: true }))
    expect(error).toBeDefined()
    expect(auth.getState()).toMatchObject({ status: 'authenticated', connection: 'degraded' })
    await stage.world.advance(700_000)
  }
  expect(told).toEqual([])
  stage.respond = () => undefined
  // The wait that the last failure imposed.
  await stage.world.advance(60_000)
  expect((await stage.run(auth.refresh({ force: true }))).error).toBeUndefined()
  expect(auth.getState()).toMatchObject({ status: 'authenticated', connection: 'ok' })
})

it.each(['session', 'token'] as const)(
  'TMO-05 the absolute end is final in %s mode: it is told with its reason, once, and nothing asks after it, however active the person is',
  async (mode) => {
    const stage = await createStage({ mode }, { mode, sessionMs: 600_000, idleMs: 86_400_000 })
    const { auth, told } = await stage.signedIn()
    stage.respond = (_request, url) => (url.pathname === '/api/other' ? new Response('ok') : undefined)
    for (let minute = 0; minute < 11; minute++) await stage.run(auth.fetch('/api/profile'), 60_000)
    expect(told).toEqual(['end expired'])
    const before = stage.sent().length
    for (let minute = 0; minute < 30; minute++) {
      expect((await stage.run(auth.fetch('/api/profile'), 60_000)).error?.code).toBe('session_ended')
    }
    expect(stage.sent().slice(before)).toEqual([])
    expect([told, auth.getState()]).toMatchObject([['end expired'], { reason: 'expired' }])
  },
)

it('OW-10 with followRedirects: false no unsafe request by cookie is followed elsewhere with its CSRF token and session id', async () => {
  const redirects = async (followRedirects: boolean | undefined, init: RequestInit) => {
    const seen: [string, RequestRedirect][] = []
    const fetch = (input: string | URL | Request, more?: RequestInit): Promise<Response> => {
      const request = input instanceof Request ? new Request(input, more) : undefined
      if (request?.url.endsWith('/api/any')) seen.push([request.method, request.redirect])
      return stage.world.tabs[0]!.page!.fetch(input, more)
    }
    const stage = await createStage({ mode: 'session', session: { followRedirects }, fetch })
    const { auth } = await stage.signedIn()
    stage.respond = (_request, url) => (url.pathname === '/api/any' ? new Response('ok') : undefined)
    await stage.run(auth.fetch('/api/any', init))
    return seen[0]
  }
  expect(await redirects(undefined, { method: 'POST' })).toEqual(['POST', 'follow'])
  for (const method of WRITES) expect(await redirects(false, { method })).toEqual([method, 'manual'])
  expect(await redirects(false, { method: 'POST', redirect: 'error' })).toEqual(['POST', 'error'])
  expect(await redirects(false, { method: 'GET' })).toEqual(['GET', 'follow'])
})
