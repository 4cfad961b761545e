import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { expect, it, vi } from 'vitest'
import { ADA, BOB, cookieOf, createTestBackend, errorOf, login, MINUTE, refresh, REFRESH } from './support.ts'

/**
 * Ada is signed in on a laptop (head t1, spent t0) and on a phone; Bob on a desk. Each line is one logout, by what it
 * carries, and who is left signed in after it.
 */
const ALL = ['bob', 'laptop', 'phone']
const LINES: [
  name: string,
  carries: { cookie?: string; token?: string },
  body: { session_id?: string | null; scope?: string } | undefined,
  left: string[],
  cookie: 'deleted' | 'kept',
][] = [
  ['its cookie', { cookie: 't1' }, { session_id: 'laptop' }, ['bob', 'phone'], 'deleted'],
  ['its spent cookie', { cookie: 't0' }, { session_id: 'laptop' }, ['bob', 'phone'], 'deleted'],
  ['its token', { token: 'laptop' }, { session_id: 'laptop' }, ['bob', 'phone'], 'kept'],
  [
    'its token beside the cookie of another',
    { token: 'laptop', cookie: 'bob' },
    { session_id: 'laptop' },
    ['bob', 'phone'],
    'kept',
  ],
  [
    'its cookie beside the token of another',
    { token: 'bob', cookie: 't1' },
    { session_id: 'laptop' },
    ['bob', 'phone'],
    'deleted',
  ],
  [
    'its token beside its cookie',
    { token: 'laptop', cookie: 't1' },
    { session_id: 'laptop' },
    ['bob', 'phone'],
    'deleted',
  ],
  ['the cookie of another user', { cookie: 'bob' }, { session_id: 'laptop' }, ALL, 'kept'],
  ['the cookie of another device', { cookie: 'phone' }, { session_id: 'laptop' }, ALL, 'kept'],
  ['the token of another user', { token: 'bob' }, { session_id: 'laptop' }, ALL, 'kept'],
  ['no proof', {}, { session_id: 'laptop' }, ALL, 'kept'],
  ['a cookie nobody minted', { cookie: 'x' }, { session_id: 'laptop' }, ALL, 'kept'],
  ['an id nobody has', { cookie: 't1', token: 'laptop' }, { session_id: 'unknown' }, ALL, 'kept'],
  ['no id: the cookie', { cookie: 't1' }, undefined, ['bob', 'phone'], 'deleted'],
  [
    'no id: the token before the cookie',
    { token: 'laptop', cookie: 'bob' },
    { session_id: null },
    ['bob', 'phone'],
    'kept',
  ],
  ['nothing at all', {}, undefined, ALL, 'kept'],
  ['scope all by cookie', { cookie: 't1' }, { session_id: 'laptop', scope: 'all' }, ['bob'], 'deleted'],
  ['scope all by token', { token: 'laptop' }, { session_id: 'laptop', scope: 'all' }, ['bob'], 'kept'],
  [
    'scope all by token beside the cookie of the same user',
    { token: 'laptop', cookie: 'phone' },
    { session_id: 'laptop', scope: 'all' },
    ['bob'],
    'deleted',
  ],
  [
    'scope all by token beside the cookie of another',
    { token: 'laptop', cookie: 'bob' },
    { session_id: 'laptop', scope: 'all' },
    ['bob'],
    'kept',
  ],
  ['scope all without proof', { cookie: 'bob' }, { session_id: 'laptop', scope: 'all' }, ALL, 'kept'],
]

it.each(LINES)('RV-02 RV-04 AV-16 logout by %s', async (_name, carries, body, left, cookie) => {
  const backend = await createTestBackend()
  const [laptop, phone, desk] = [backend.browser(), backend.browser(), backend.browser()]
  const grants = { laptop: await login(laptop), phone: await login(phone), bob: await login(desk, BOB) }
  const t0 = laptop.cookie()
  await refresh(laptop)
  const cookies = { t0, t1: laptop.cookie(), phone: phone.cookie(), bob: desk.cookie(), x: 'x' }
  const names = new Map(Object.entries(grants).map(([name, { session_id }]) => [session_id, name]))
  const pick = <T>(from: Record<string, T>, name: string | undefined): T | undefined =>
    name === undefined ? undefined : from[name]

  const value = pick(cookies, carries.cookie)
  const id = body?.session_id
  for (let i = 0; i < 2; i++) {
    const answer = await backend.browser().send('POST', '/auth/logout', {
      token: pick(grants, carries.token)?.access_token,
      headers: { cookie: value === undefined ? undefined : `${REFRESH}=${value}` },
      body: body && {
        ...body,
        session_id: typeof id === 'string' ? (pick(grants, id)?.session_id ?? id) : id,
      },
    })
    expect(answer.status).toBe(204)
    // Once: by the second time the jar may hold another cookie.
    expect(cookieOf(answer)).toBe(cookie === 'deleted' && i === 0 ? '' : undefined)
  }
  const alive = await backend.admin.listSessions()
  expect(alive.map((session) => names.get(session.id) ?? '')).toEqual(expect.arrayContaining(left))
  expect(alive).toHaveLength(left.length)
})

it('RV-04 an expired access token still proves its session', async () => {
  const backend = await createTestBackend()
  const { access_token: token, session_id } = await login(backend.browser())
  backend.time.advance(60 * MINUTE)
  expect((await backend.browser().send('POST', '/auth/logout', { token, body: { session_id } })).status).toBe(
    204,
  )
  expect(await backend.admin.listSessions()).toEqual([])
})

it('R145 RV-04 an expired access token ends its own session alone, whatever scope it asks for', async () => {
  const backend = await createTestBackend()
  const { access_token: token, session_id } = await login(backend.browser())
  const { session_id: phone } = await login(backend.browser())
  backend.time.advance(60 * MINUTE)
  const body = { session_id, scope: 'all' }
  expect((await backend.browser().send('POST', '/auth/logout', { token, body })).status).toBe(204)
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([phone])
})

it('R145 a token made with a stolen key that is published no more is good for no call, and ends its own session alone', async () => {
  const generateKey = vi.spyOn(crypto.subtle, 'generateKey')
  const backend = await createTestBackend({ signer: 'ES256' })
  const { access_token, session_id } = await login(backend.browser())
  const { session_id: phone } = await login(backend.browser())
  const { privateKey } = (await generateKey.mock.results[0]!.value) as CryptoKeyPair
  await backend.admin.rotateSigningKeys()
  backend.time.advance(60 * MINUTE)
  const token = await new SignJWT({ ...decodeJwt(access_token), exp: backend.time.now() / 1000 + 600 })
    .setProtectedHeader({ ...decodeProtectedHeader(access_token), alg: 'ES256' })
    .sign(privateKey)
  expect((await backend.browser().send('GET', '/api/orders', { token })).status).toBe(401)
  await backend.browser().send('POST', '/auth/logout', { token, body: { session_id, scope: 'all' } })
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([phone])
})

it('RV-04 the cookie of an ended session still proves it where all sessions should end', async () => {
  const backend = await createTestBackend()
  const [laptop, phone] = [backend.browser(), backend.browser()]
  const { session_id } = await login(laptop)
  await login(phone)
  await backend.admin.endSession(session_id)
  await laptop.send('POST', '/auth/logout', { body: { session_id, scope: 'all' } })
  expect(await backend.admin.listSessions()).toEqual([])
})

it('R50 the cookie of an ended session proves nothing against one that was made later', async () => {
  const backend = await createTestBackend()
  const [laptop, phone] = [backend.browser(), backend.browser()]
  const { session_id } = await login(laptop)
  const old = laptop.cookie()
  const logoutAgain = () =>
    backend.browser().send('POST', '/auth/logout', {
      headers: { cookie: `${REFRESH}=${old}` },
      body: { session_id, scope: 'all' },
    })
  await logoutAgain()
  backend.time.advance(1)
  const later = await login(phone)
  // The same logout from another tab, which did not know that the first had delivered it.
  expect((await logoutAgain()).status).toBe(204)
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([later.session_id])
})

it.each([{ scope: 'everything' }, { session_id: 7 }, { session_id: { sid: 'x' } }])(
  'RV-02 a logout with %o is invalid_request and ends nothing',
  async (body) => {
    const backend = await createTestBackend()
    const browser = backend.browser()
    await login(browser)
    expect(await errorOf(await browser.send('POST', '/auth/logout', { body }))).toEqual([
      400,
      'invalid_request',
    ])
    expect(await backend.admin.listSessions()).toHaveLength(1)
  },
)

it('AV-16 sessions are listed and ended one by one, and only by their user', async () => {
  const backend = await createTestBackend()
  const [laptop, phone, desk] = [backend.browser(), backend.browser(), backend.browser()]
  const answer = await laptop.send('POST', '/auth/login', {
    body: ADA,
    headers: { 'user-agent': 'Laptop/1' },
  })
  const mine = (await answer.json()) as { access_token: string; session_id: string }
  backend.time.advance(MINUTE)
  const other = await login(phone)
  const bob = await login(desk, BOB)

  const list = await laptop.send('GET', '/auth/sessions', { token: mine.access_token })
  expect(await list.json()).toEqual([
    {
      id: mine.session_id,
      current: true,
      created_at: '2026-01-01T00:00:00.000Z',
      last_seen_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-01-31T00:00:00.000Z',
      user_agent: 'Laptop/1',
    },
    expect.objectContaining({ id: other.session_id, current: false }),
  ])

  const end = (id: string): Promise<Response> =>
    laptop.send('DELETE', `/auth/sessions/${id}`, { token: mine.access_token })
  for (const id of [other.session_id, other.session_id, bob.session_id, 'unknown']) {
    const ended = await end(id)
    expect([ended.status, ended.headers.getSetCookie()]).toEqual([204, []])
  }
  expect((await backend.admin.listSessions()).map(({ id }) => id)).toEqual([mine.session_id, bob.session_id])
  expect(cookieOf(await end(mine.session_id))).toBe('')
  expect((await laptop.send('DELETE', '/auth/sessions/x')).status).toBe(401)
})

it('AV-16 a token that outlives its session no longer lists or ends sessions', async () => {
  const backend = await createTestBackend()
  const browser = backend.browser()
  const { access_token: token, session_id } = await login(browser)
  const other = await login(backend.browser())
  await backend.admin.endSession(session_id)
  expect((await browser.send('GET', '/api/orders', { token })).status).toBe(200)
  for (const [method, path] of [
    ['GET', '/auth/sessions'],
    ['DELETE', `/auth/sessions/${other.session_id}`],
  ] as const) {
    const answer = await browser.send(method, path, { token })
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await errorOf(answer)).toEqual([401, 'invalid_token'])
  }
  expect(await backend.admin.listSessions()).toHaveLength(1)
})

it('AV-16 ban, new password and "everywhere" end all sessions of one user at once', async () => {
  for (const [act, code] of [
    ['ban', 'user_disabled'],
    ['setPassword', 'session_revoked'],
    ['endAllSessions', 'session_revoked'],
  ] as const) {
    const backend = await createTestBackend()
    const [laptop, desk] = [backend.browser(), backend.browser()]
    await login(laptop)
    await login(desk, BOB)
    await backend.admin[act]('ada', 'a new password')
    expect(await errorOf(await laptop.send('POST', '/auth/refresh'))).toEqual([401, code])
    expect((await desk.send('POST', '/auth/refresh')).status).toBe(200)
  }
})

it('a new password counts, the old one no longer', async () => {
  const backend = await createTestBackend()
  await backend.admin.setPassword('ada', 'analytical')
  await expect(login(backend.browser())).rejects.toThrow('401')
  await login(backend.browser(), { ...ADA, password: 'analytical' })
})

it('acts on a user who is not there reject', async () => {
  const { admin } = await createTestBackend()
  await expect(admin.ban('nobody')).rejects.toThrow(RangeError)
  await expect(admin.setRoles('nobody', [])).rejects.toThrow('"nobody"')
})
