import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from 'jose'
import { expect, it } from 'vitest'
import type { BackendOptions } from '../../src/testing/backend/options.ts'
import {
  ADA,
  BOB,
  createTestBackend,
  errorOf,
  login,
  MINUTE,
  refresh,
  type Browser,
  type TestBackend,
} from './support.ts'

const orders = (browser: Browser, token?: string): Promise<Response> =>
  browser.send('GET', '/api/orders', { token })

const ISSUER = {
  issuer: 'https://auth.latchkey.example',
  audience: 'https://api.latchkey.example',
  typ: 'at+jwt',
}

async function keysOf(backend: TestBackend): Promise<Parameters<typeof createLocalJWKSet>[0]> {
  const answer = await backend.browser().send('GET', '/.well-known/jwks.json')
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
  return (await answer.json()) as Parameters<typeof createLocalJWKSet>[0]
}

it.each(['ES256', 'RS256'] as const)(
  'SEC-09 an %s token verifies with the published keys and says all it should',
  async (signer) => {
    const backend = await createTestBackend({ signer })
    const { access_token, session_id } = await login(backend.browser())
    const keys = await keysOf(backend)
    expect(keys.keys).toHaveLength(1)
    for (const secret of ['d', 'p', 'q', 'k']) expect(keys.keys[0]).not.toHaveProperty(secret)

    const { payload, protectedHeader } = await jwtVerify(access_token, createLocalJWKSet(keys), {
      ...ISSUER,
      algorithms: [signer],
      currentDate: new Date(backend.time.now()),
    })
    expect(protectedHeader).toMatchObject({ alg: signer, typ: 'at+jwt', kid: keys.keys[0]?.kid })
    const iat = backend.time.now() / 1000
    expect(payload).toEqual({
      iss: ISSUER.issuer,
      aud: ISSUER.audience,
      sub: 'ada',
      iat,
      exp: iat + 300,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      sid: session_id,
      scope: 'orders profile admin',
      gen: 0,
      ver: 0,
    })
  },
)

it('RV-04 after a rotation the old key stays published until the last token signed with it has expired', async () => {
  const backend = await createTestBackend({ signer: 'ES256' })
  const browser = backend.browser()
  const old = (await login(browser)).access_token
  backend.time.advance(MINUTE)
  await backend.admin.rotateSigningKeys()
  const fresh = (await refresh(browser)).access_token
  expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(old).kid)

  expect((await keysOf(backend)).keys).toHaveLength(2)
  expect((await orders(browser, old)).status).toBe(200)
  backend.time.advance(4 * MINUTE - 1)
  expect((await keysOf(backend)).keys).toHaveLength(2)
  backend.time.advance(1)
  expect((await keysOf(backend)).keys.map(({ kid }) => kid)).toEqual([decodeProtectedHeader(fresh).kid])
  expect((await orders(browser, old)).status).toBe(401)
  expect((await orders(browser, fresh)).status).toBe(200)
})

it('JWT-01 opaque tokens do all that signed ones do, and say nothing', async () => {
  const backend = await createTestBackend({ signer: 'opaque' })
  const browser = backend.browser()
  const { access_token } = await login(browser)
  expect(access_token).toMatch(/^[\w-]{43}$/)
  expect((await orders(browser, access_token)).status).toBe(200)
  expect((await keysOf(backend)).keys).toEqual([])
  backend.time.advance(5 * MINUTE)
  expect((await orders(browser, access_token)).status).toBe(401)
})

it('JWT-08 a token that brings its own key, another type, another issuer or no signature is refused', async () => {
  const backend = await createTestBackend({ signer: 'ES256' })
  const browser = backend.browser()
  const { access_token: token } = await login(browser)
  const claims = decodeJwt(token)
  const { kid } = decodeProtectedHeader(token)
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  const sign = (header: object): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header }).sign(privateKey)
  const [header = '', payload = '', signature = ''] = token.split('.')
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid })).toString('base64url')
  const forged = [
    await sign({ jwk }),
    await sign({ jwk, kid }),
    await sign({}),
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url')}.${signature}`,
    `${token}x`,
    'x',
  ]
  for (const one of forged) expect(await errorOf(await orders(browser, one))).toEqual([401, 'invalid_token'])
  expect((await orders(browser, token)).status).toBe(200)
})

it.each([{ issuer: 'https://other.example' }, { audience: 'https://other.example' }])(
  'SEC-09 a token for %o is refused by the API',
  async (other) => {
    const token = (await login((await createTestBackend(other)).browser())).access_token
    const browser = (await createTestBackend()).browser()
    expect(await errorOf(await orders(browser, token))).toEqual([401, 'invalid_token'])
  },
)

it('ERR-10 a call without a token gets a challenge without an error, one with a bad token a challenge with it', async () => {
  const browser = (await createTestBackend()).browser()
  const without = await orders(browser)
  expect(without.headers.get('www-authenticate')).toBe('Bearer realm="latchkey"')
  expect(await errorOf(without)).toEqual([401, 'missing_token'])
  const bad = await orders(browser, 'x')
  expect(bad.headers.get('www-authenticate')).toMatch(
    /^Bearer realm="latchkey", error="invalid_token", error_description="[^"]+"$/,
  )
  expect(await errorOf(bad)).toEqual([401, 'invalid_token'])
})

it('ERR-10 the scheme compares without case, other schemes are no token', async () => {
  const browser = (await createTestBackend()).browser()
  const { access_token } = await login(browser)
  const send = (authorization: string): Promise<Response> =>
    browser.send('GET', '/api/orders', { headers: { authorization } })
  expect((await send(`bearer ${access_token}`)).status).toBe(200)
  for (const other of ['Basic eDp5', 'Bearer', `Bearer a b`, `DPoP ${access_token}`]) {
    expect((await send(other)).status).toBe(401)
  }
})

it('ERR-13 without the scope it is 403 with the scope that would do', async () => {
  const backend = await createTestBackend()
  const [ada, bob] = [backend.browser(), backend.browser()]
  const refused = await bob.send('GET', '/api/admin/users', { token: (await login(bob, BOB)).access_token })
  expect(refused.headers.get('www-authenticate')).toBe(
    'Bearer realm="latchkey", error="insufficient_scope", scope="admin"',
  )
  expect(await errorOf(refused)).toEqual([403, 'insufficient_scope'])
  const users = await ada.send('GET', '/api/admin/users', { token: (await login(ada)).access_token })
  const text = await users.text()
  expect(JSON.parse(text)).toEqual([
    { id: 'ada', email: ADA.email, name: 'Ada', roles: ['admin'], disabled: false },
    { id: 'bob', email: BOB.email, name: 'Bob', roles: [], disabled: false },
  ])
})

it('the API pages orders and takes a new name', async () => {
  const browser = (await createTestBackend()).browser()
  const { access_token: token } = await login(browser)
  const last = (await (await browser.send('GET', '/api/orders?page=5', { token })).json()) as {
    orders: unknown[]
  }
  expect(last).toMatchObject({ page: 5, pages: 5, total: 23 })
  expect(last.orders).toHaveLength(3)
  for (const page of ['0', '6', '1.5', 'x']) {
    expect((await browser.send('GET', `/api/orders?page=${page}`, { token })).status).toBe(400)
  }
  const put = (name: unknown): Promise<Response> =>
    browser.send('PUT', '/api/profile', { token, body: { name } })
  expect(await (await put(' Countess ')).json()).toMatchObject({ id: 'ada', name: 'Countess' })
  expect(await (await browser.send('GET', '/api/profile', { token })).json()).toMatchObject({
    name: 'Countess',
  })
  for (const name of ['', '  ', 7, undefined, 'x'.repeat(101)]) expect((await put(name)).status).toBe(400)
})

type Act = (backend: TestBackend, sessionId: string) => Promise<unknown>
const end: Act = (backend, id) => backend.admin.endSession(id)
const everywhere: Act = (backend) => backend.admin.endAllSessions('ada')
const ban: Act = (backend) => backend.admin.ban('ada')
const demote: Act = (backend) => backend.admin.setRoles('ada', [])

it.each<[string, BackendOptions['revocation'], string, Act, number]>([
  ['REV-01', 'expiry', 'end of the session', end, 200],
  ['REV-01', 'expiry', 'ban', ban, 200],
  ['REV-01', 'expiry', 'new role', demote, 200],
  ['REV-02', 'deny-list', 'end of the session', end, 401],
  ['REV-02', 'deny-list', 'sign-out everywhere', everywhere, 401],
  ['REV-02', 'deny-list', 'ban', ban, 401],
  ['REV-02', 'deny-list', 'new role', demote, 401],
  ['REV-03', 'token-version', 'end of the session', end, 200],
  ['REV-03', 'token-version', 'sign-out everywhere', everywhere, 401],
  ['REV-03', 'token-version', 'ban', ban, 401],
  ['REV-03', 'token-version', 'new role', demote, 401],
  ['REV-04', 'reference', 'end of the session', end, 401],
  ['REV-04', 'reference', 'sign-out everywhere', everywhere, 401],
  ['REV-04', 'reference', 'ban', ban, 401],
  ['REV-04', 'reference', 'new role', demote, 200],
])('%s with %s the access token after a %s', async (_id, revocation, _name, act, expected) => {
  for (const signer of ['ES256', 'opaque'] as const) {
    const backend = await createTestBackend({ revocation, signer })
    const browser = backend.browser()
    const first = await login(browser)
    const { access_token, session_id } = await refresh(browser)
    await act(backend, session_id)
    for (const token of [first.access_token, access_token]) {
      expect((await orders(browser, token)).status).toBe(expected)
    }
    // Under every strategy the lag ends with the token.
    backend.time.advance(5 * MINUTE)
    expect((await orders(browser, access_token)).status).toBe(401)
  }
})

it('REV-04 a reference token has the roles of the moment, and one that is looked up nowhere those of its birth', async () => {
  for (const [revocation, expected] of [
    ['reference', 403],
    ['expiry', 200],
  ] as const) {
    const backend = await createTestBackend({ revocation, signer: 'opaque' })
    const browser = backend.browser()
    const { access_token: token } = await login(browser)
    await backend.admin.setRoles('ada', [])
    expect((await browser.send('GET', '/api/admin/users', { token })).status).toBe(expected)
    expect((await orders(browser, token)).status).toBe(200)
  }
})

it('REV-02 the deny-list names the tokens of one session, and those of others go on', async () => {
  const backend = await createTestBackend({ revocation: 'deny-list' })
  const [laptop, phone] = [backend.browser(), backend.browser()]
  const { access_token: denied, session_id } = await login(laptop)
  const { access_token: other } = await login(phone)
  await backend.admin.endSession(session_id)
  expect(await errorOf(await orders(laptop, denied))).toEqual([401, 'invalid_token'])
  expect((await orders(phone, other)).status).toBe(200)
})

it('REV-01 an access token lives five minutes unless it is told otherwise', async () => {
  const { expires_in } = await login((await createTestBackend()).browser())
  expect(expires_in).toBe(300)
})

it('REV-03 the refresh that follows a new role brings it, and the old token dies only with a strategy', async () => {
  const backend = await createTestBackend({ revocation: 'deny-list' })
  const browser = backend.browser()
  const { access_token: token } = await login(browser)
  await backend.admin.setRoles('ada', ['auditor'])
  expect(await errorOf(await orders(browser, token))).toEqual([401, 'invalid_token'])
  const { access_token: next, user } = await refresh(browser)
  expect(user.roles).toEqual(['auditor'])
  expect(decodeJwt(next)['scope']).toBe('orders profile auditor')
  expect((await orders(browser, next)).status).toBe(200)
})
