import { expect, it } from 'vitest'
import { decodeJwt } from 'jose'
import { generateKey, keySet, memoryStore, type AuthServerOptions } from 'latchkey/server'
import { createStage, jsonOf, LOGIN } from './stage.ts'
import { ORIGIN, REFRESH, SID } from './support.ts'

it('R116 signs in, renews and signs out with tokens, and shows the page no more of the user than his profile', async () => {
  const { auth, events, send, request, cookie } = createStage()
  expect(await (await send('GET', '/auth/session')).json()).toBeNull()
  const grant = await jsonOf(await send('POST', '/auth/login', LOGIN))
  expect(grant['user']).toEqual({ id: 'ada', name: 'Ada' })
  expect(cookie('signed_in')).toBe('1')
  const before = cookie(REFRESH)
  const renewed = await jsonOf(await send('POST', '/auth/refresh'))
  expect(cookie(REFRESH)).not.toBe(before)

  const caller = await auth.authenticate(
    request('GET', '/orders', { authorization: `Bearer ${renewed['access_token']}`, cookie: '' }),
    { scope: 'orders:read' },
  )
  expect(caller).toMatchObject({
    ok: true,
    user: { id: 'ada', scopes: ['orders:read'] },
    session: { id: grant['session_id'] },
  })
  expect((await send('POST', '/auth/logout', { body: { session_id: grant['session_id'] } })).status).toBe(204)
  expect([cookie(REFRESH), cookie('signed_in')]).toEqual([undefined, undefined])
  expect(events.map(({ type }) => type)).toEqual(['sign-in', 'refresh', 'session-ended'])
  const told = JSON.stringify(events)
  for (const secret of [before, cookie(REFRESH) ?? 'none', renewed['access_token'], LOGIN.body.password]) {
    expect(told).not.toContain(secret)
  }
})

it('R116 authenticate says no in the words of the contract: 401 with a challenge, 403 for a scope, 503 where the store is down', async () => {
  const store = memoryStore()
  const { auth, send, request } = createStage({ store, revocation: 'deny-list' })
  const nobody = await auth.authenticate(request('GET', '/orders'))
  expect(nobody.ok).toBe(false)
  const refusal = nobody.ok ? undefined : nobody.response
  expect([refusal?.status, refusal?.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer realm="latchkey"',
  ])
  const { access_token } = await jsonOf(await send('POST', '/auth/login', LOGIN))
  const call = () =>
    auth.authenticate(request('GET', '/orders', { authorization: `Bearer ${access_token}` }), {
      scope: 'orders:write',
    })
  const poor = await call()
  expect(poor.ok ? 200 : poor.response.status).toBe(403)
  store.get = () => Promise.reject(new Error('ECONNREFUSED'))
  const down = await call()
  expect(down.ok ? 200 : down.response.status).toBe(503)
})

it('R114 a token that is good by itself is good while the store is down, too', async () => {
  const store = memoryStore()
  const { auth, send, request } = createStage({ store })
  const { access_token } = await jsonOf(await send('POST', '/auth/login', LOGIN))
  store.get = () => Promise.reject(new Error('ECONNREFUSED'))
  const headers = { authorization: `Bearer ${access_token}` }
  expect((await auth.authenticate(request('GET', '/orders', headers))).ok).toBe(true)
})

it('R116 S41 S42 in session mode a renewed cookie goes out with the answer, private and no-store, unless the session has ended meanwhile', async () => {
  const { auth, send, request, cookie } = createStage({ mode: 'session' })
  const { csrf_token = '', session_id = '' } = await jsonOf(await send('POST', '/auth/login', LOGIN))
  const forged = await auth.authenticate(request('POST', '/orders'))
  expect(forged.ok ? 200 : (await jsonOf(forged.response))['error']).toBe('csrf_failed')

  const shared = { headers: { 'cache-control': 's-maxage=31536000' } }
  const write = { 'x-csrf-token': csrf_token }
  const plain = await auth.authenticate(request('POST', '/orders', write))
  if (!plain.ok) throw new Error('refused')
  const same = await plain.finish(Response.json([], shared))
  expect([same.headers.getSetCookie(), same.headers.get('cache-control')]).toEqual([[], 's-maxage=31536000'])

  await auth.admin.renew('ada')
  const due = await auth.authenticate(request('POST', '/orders', write))
  const late = await auth.authenticate(request('POST', '/orders', write))
  if (!due.ok || !late.ok) throw new Error('refused')
  const answer = await due.finish(Response.json([], shared))
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-sid=/),
    expect.stringMatching(/^signed_in=1;/),
  ])
  expect(answer.headers.get('cache-control')).toBe('private, no-store')
  expect(cookie(SID)).toBeDefined()
  await auth.admin.end(session_id)
  expect((await late.finish(Response.json([]))).headers.getSetCookie()).toEqual([])
})

it('R116 S49 S50 session() for rendering rotates and writes nothing, and is unknown where no cookie proves nothing', async () => {
  const store = memoryStore()
  let writes = 0
  const { put } = store
  store.put = (...args) => {
    writes++
    return put(...args)
  }
  const { auth, send, request } = createStage({ store, mode: 'session' })
  const bare = (headers: Record<string, string>) => new Request(ORIGIN, { headers })
  expect(await auth.session(bare({ 'sec-fetch-site': 'none' }))).toEqual({ status: 'unauthenticated' })
  expect(await auth.session(bare({ 'sec-fetch-site': 'cross-site' }))).toEqual({ status: 'unknown' })
  expect(await auth.session(bare({}))).toEqual({ status: 'unknown' })
  const { session_id } = await jsonOf(await send('POST', '/auth/login', LOGIN))
  await auth.admin.renew('ada')
  const before = writes
  for (let i = 0; i < 2; i++) {
    expect(await auth.session(request('GET', '/'))).toEqual({
      status: 'authenticated',
      user: { id: 'ada', name: 'Ada' },
      sessionId: session_id,
    })
  }
  expect(writes).toBe(before)
  const call = await auth.authenticate(request('GET', '/orders'))
  expect(call.ok && (await call.finish(new Response())).headers.getSetCookie()).toHaveLength(2)
  store.get = () => Promise.reject(new Error('ECONNREFUSED'))
  expect(await auth.session(request('GET', '/'))).toEqual({ status: 'unknown' })
})

it('R116 S66 the people who run it end one session, all of a user, and a user', async () => {
  const { auth, users, send } = createStage()
  const first = await jsonOf(await send('POST', '/auth/login', LOGIN))
  expect(await auth.admin.list('ada')).toEqual([expect.objectContaining({ id: first['session_id'] })])
  await auth.admin.end(first['session_id'] ?? '')
  expect((await jsonOf(await send('POST', '/auth/refresh')))['error']).toBe('session_revoked')
  await send('POST', '/auth/login', LOGIN)
  await auth.admin.endAll('ada')
  expect((await jsonOf(await send('POST', '/auth/refresh')))['error']).toBe('session_revoked')
  await send('POST', '/auth/login', LOGIN)
  users.set('ada', { ...users.get('ada')!, disabled: true })
  await auth.admin.ban('ada')
  expect((await jsonOf(await send('POST', '/auth/refresh')))['error']).toBe('user_disabled')
  expect((await jsonOf(await send('POST', '/auth/login', LOGIN)))['error']).toBe('user_disabled')
  expect(await auth.admin.list('ada')).toEqual([])
  expect(await auth.admin.sweep()).toBe(0)
})

it('R116 what fails in the application is 503 and told to whoever listens, and a wrong password is 401', async () => {
  const { events, send } = createStage({ signIn: () => Promise.reject(new Error('the database is down')) })
  const answer = await send('POST', '/auth/login', LOGIN)
  expect([answer.status, (await jsonOf(answer))['error']]).toEqual([503, 'temporarily_unavailable'])
  expect(events[0]).toMatchObject({ type: 'fault', error: { message: 'the database is down' } })
  const wrong = createStage()
  expect((await wrong.send('POST', '/auth/login', { body: { ...LOGIN.body, password: 'x' } })).status).toBe(
    401,
  )
  expect(wrong.events).toEqual([
    { type: 'sign-in-refused', code: 'invalid_credentials', address: '192.0.2.7' },
  ])
})

it('R116 S45 a page that is not known is refused, and whoever listens hears which one and which are known', async () => {
  const { events, send } = createStage({ allowedOrigins: ['https://shop.example'] })
  const headers = { 'sec-fetch-site': 'same-site', origin: 'https://shop.example.evil' }
  expect((await send('POST', '/auth/login', { ...LOGIN, headers })).status).toBe(403)
  expect(events).toEqual([
    { type: 'origin-refused', origin: 'https://shop.example.evil', known: [ORIGIN, 'https://shop.example'] },
  ])
  const good = { ...headers, origin: 'https://shop.example' }
  expect((await send('POST', '/auth/login', { ...LOGIN, headers: good })).status).toBe(200)
})

it('R116 S51 a key is published before it signs and after it has, and no token of the three steps is refused', async () => {
  const [old, next] = [await generateKey(), await generateKey()]
  const store = memoryStore()
  const steps = [
    { sign: old },
    { sign: old, publish: [next] },
    { sign: next, publish: [old] },
    { sign: next },
  ]
  const stages = steps.map((step) => createStage({ store, keys: keySet(step) }))
  const tokens: string[] = []
  for (const [i, { auth, send, request }] of stages.entries()) {
    tokens.push((await jsonOf(await send('POST', '/auth/login', LOGIN)))['access_token'] ?? '')
    const published = (await (await send('GET', '/.well-known/jwks.json')).json()) as {
      keys: { d?: string }[]
    }
    expect(published.keys).toHaveLength(1 + (steps[i]?.publish?.length ?? 0))
    expect(published.keys.every((key) => key.d === undefined)).toBe(true)
    // The token of the step before it, and its own.
    for (const token of tokens.slice(-2)) {
      const headers = { authorization: `Bearer ${token}` }
      expect((await auth.authenticate(request('GET', '/orders', headers))).ok).toBe(
        i !== 3 || token === tokens[3] || token === tokens[2],
      )
    }
  }
})

it('R116 reference tokens need no keys, and are worth what the session is at that moment', async () => {
  const { auth, users, send, request } = createStage({ keys: undefined, revocation: 'reference' })
  const { access_token } = await jsonOf(await send('POST', '/auth/login', LOGIN))
  const call = () =>
    auth.authenticate(request('GET', '/orders', { authorization: `Bearer ${access_token}` }), {
      scope: 'admin',
    })
  expect((await call()).ok).toBe(false)
  users.set('ada', { ...users.get('ada')!, scopes: ['admin'] })
  expect((await call()).ok).toBe(true)
  await auth.admin.endAll('ada')
  expect((await call()).ok).toBe(false)
})

it.each<[object, string]>([
  [{ stor: {} }, 'there is no option "stor"'],
  [{ store: {} }, '"store" must be a store'],
  [{ signIn: undefined }, '"signIn" must be a function'],
  [{ findUser: 'x' }, '"findUser" must be a function'],
  [{ secrets: ['short'] }, '"secrets" must list'],
  [{ secrets: 'x'.repeat(32) }, '"secrets" must list'],
  [{ origin: 'app.example.com' }, '"origin" must be scheme, host and port'],
  [{ origin: 'https://app.example.com/' }, '"origin" must be scheme, host and port'],
  [{ allowedOrigins: ['https://app.example.com/x'] }, '"allowedOrigins" must list'],
  [{ basePath: 'auth/' }, '"basePath" must be a path'],
  [{ mode: 'tokens' }, '"mode" must be'],
  [{ revocation: 'token-version' }, '"revocation" must be one of'],
  [{ keys: undefined }, '"keys" must be keySet'],
  [{ idleMs: -1 }, '"idleMs" must be a whole number'],
  [{ idleMs: Number.NaN }, '"idleMs" must be a whole number'],
])('R116 the wrong option %o throws at creation and says what to do', (options, sentence) => {
  expect(() => createStage(options)).toThrow(TypeError)
  expect(() => createStage(options)).toThrow(`Failed to create the auth server: ${sentence}`)
})

it('R116 a key that is none throws where the set is made', async () => {
  const { d: _d, ...open } = await generateKey()
  expect(() => keySet({ sign: open })).toThrow('"sign" must be a private key')
  expect(() => keySet({ sign: { kty: 'oct', k: 'x', alg: 'HS256' } })).toThrow('"alg" is ES256')
})

it('R116 a sign-out has the browser throw away what is cached, where that is wanted', async () => {
  for (const [clearSiteData, expected] of [
    [undefined, null],
    [['cache', 'prefetchCache'], '"cache", "prefetchCache"'],
  ] as const) {
    const { send } = createStage({ clearSiteData })
    const { session_id } = await jsonOf(await send('POST', '/auth/login', LOGIN))
    const answer = await send('POST', '/auth/logout', { body: { session_id } })
    expect(answer.headers.get('clear-site-data')).toBe(expected)
  }
})

it('R116 tokens for several APIs name each of them, and one of before is good while its audience is listed', async () => {
  const [orders, mail] = ['https://orders.example', 'https://mail.example']
  const store = memoryStore()
  const one = createStage({ store, audience: orders })
  const { access_token: before = '' } = await jsonOf(await one.send('POST', '/auth/login', LOGIN))
  const { auth, send, request } = createStage({ store, audience: [orders, mail] })
  const { access_token = '' } = await jsonOf(await send('POST', '/auth/login', LOGIN))
  expect(decodeJwt(access_token).aud).toEqual([orders, mail])
  expect(decodeJwt(before).aud).toBe(orders)
  for (const token of [before, access_token]) {
    const caller = await auth.authenticate(request('GET', '/orders', { authorization: `Bearer ${token}` }))
    expect(caller.ok).toBe(true)
  }
  const other = createStage({ store, audience: 'https://else.example' })
  const headers = { authorization: `Bearer ${access_token}` }
  expect((await other.auth.authenticate(other.request('GET', '/orders', headers))).ok).toBe(false)
})

it.each<[Partial<AuthServerOptions>, string]>([
  [{ idleMs: 120_000 }, '"accessTokenSeconds" must be at most half of "idleMs"'],
  [{ grace: 'lax' as 'strict' }, '"grace" must be'],
  [{ clearSiteData: ['cookies' as 'cache'] }, '"cookies" would take those of the whole site'],
  [{ audience: [] }, '"audience" must be'],
  [{ cookies: { former: [{ of: 'sid', name: 'a b' }] } }, '"cookies.former" must list'],
  [
    { cookies: { former: [{ of: 'sid', name: '__Host-sid', domain: 'example.com' }] } },
    'cannot have had a domain',
  ],
])('R116 what cannot be is said at creation: %o', (options, sentence) => {
  expect(() => createStage(options)).toThrow(sentence)
})

it('R116 S23 no timer is left behind that would keep a process alive, or that a function would miss which runs during requests alone', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
  const before = timers()
  const { auth, send } = createStage({ revocation: 'version' })
  await send('POST', '/auth/login', LOGIN)
  await send('POST', '/auth/refresh')
  await auth.admin.endAll('ada')
  await auth.admin.sweep()
  // One of the tests before may end meanwhile.
  expect(timers()).toBeLessThanOrEqual(before)
})
