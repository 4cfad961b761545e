/* Requests, and the answers that refuse them. */
import type { AuthenticateOptions, TokenVerifierOptions } from 'latchkey/jwt'
import { beforeAll, expect, it, vi } from 'vitest'
import { parseChallenges } from '../../src/core/challenge.ts'
import { createKit, SECOND, seconds, sign, withBearer } from './support.ts'

let kit: Awaited<ReturnType<typeof createKit>>
let token: string
beforeAll(async () => {
  kit = await createKit()
  token = await sign(kit.key)
})

const of = (authorization?: string): Request =>
  new Request('https://api.example.com/orders', { headers: authorization ? { authorization } : {} })

/** Status, parameters of the challenge, and body of the refusal. */
async function refusal(
  request: Parameters<typeof kit.tokens.authenticate>[0],
  options?: AuthenticateOptions,
) {
  const caller = await kit.tokens.authenticate(request, options)
  if (caller.ok) throw new Error('It was let in')
  const { status, headers } = caller.response
  const challenges = parseChallenges(headers.get('WWW-Authenticate') ?? '')
  expect(challenges.map(({ scheme }) => scheme)).toEqual(['bearer'])
  expect(headers.get('Cache-Control')).toBe('no-store')
  const body = (await caller.response.json()) as Record<string, string>
  return { status, parameters: Object.fromEntries(challenges[0]!.parameters), body }
}

it.each([
  ['a Request', () => of(`Bearer ${token}`)],
  ['the scheme in any case, and more than one space', () => of(`bEARER   ${token}`)],
  ['the headers of Node', () => withBearer(token)],
  ['headers as gateways hand them on', () => ({ headers: { Authorization: `Bearer ${token}` } })],
  ['an object that has Headers', () => ({ headers: new Headers({ Authorization: `Bearer ${token}` }) })],
])('JWT-14 ERR-09 the token of a request is read: %s', async (_name, request) => {
  const caller = await kit.tokens.authenticate(request())
  expect(caller).toMatchObject({ ok: true, claims: { sub: 'ada' }, scopes: ['orders:read', 'orders:write'] })
})

it.each([
  ['nothing', () => of()],
  ['another scheme', () => of('Basic YWRhOnNlY3JldA==')],
  ['a scheme that begins alike', () => of(`Bearers ${token}`)],
  ['the scheme alone', () => of('Bearer')],
  ['no header of Node', () => ({ headers: {} })],
])('ERR-14 ERR-10 without a token the challenge has no error: %s', async (_name, request) => {
  expect(await refusal(request())).toEqual({
    status: 401,
    parameters: { realm: 'api' },
    body: { error: 'missing_token' },
  })
})

it('ERR-12 ERR-10 a token that is worth nothing is 401 invalid_token, and only that it expired is said', async () => {
  const description = 'The access token is not good here'
  const parameters = { realm: 'api', error: 'invalid_token', error_description: description }
  const body = { error: 'invalid_token', error_description: description }
  const other = await sign(kit.key, { aud: 'x' })
  for (const worthless of [other, 'a.b.c', `${token}, Bearer ${token}`, `${token} x`, 'é', '"'])
    expect(await refusal(of(`Bearer ${worthless}`))).toEqual({ status: 401, parameters, body })

  const expired = await refusal(withBearer(await sign(kit.key, { exp: seconds() - 60 })))
  expect(expired.parameters['error_description']).toBe('The access token expired')
})

it('ERR-13 a scope that is missing is 403 insufficient_scope, and names what is needed', async () => {
  const scope = 'orders:write orders:delete'
  const expected = { error: 'insufficient_scope', scope }
  for (const needed of [scope, scope.split(' ')])
    expect(await refusal(withBearer(token), { scope: needed })).toEqual({
      status: 403,
      parameters: { realm: 'api', ...expected },
      body: expected,
    })
  for (const needed of ['orders:write', 'orders:read orders:write', ['orders:read'], undefined])
    expect(await kit.tokens.authenticate(withBearer(token), { scope: needed })).toMatchObject({ ok: true })
})

it('ERR-13 a scope is compared whole, and letter by letter', async () => {
  for (const scope of ['orders', 'Orders:Read', 'orders:rea', 'orders:read:all'])
    expect((await refusal(withBearer(token), { scope })).status).toBe(403)
})

it.each([
  ['nothing in it', { scope: '' }, '"scope"'],
  ['spaces', { scope: '  ' }, '"scope"'],
  ['an empty list', { scope: [] }, '"scope"'],
  ['a number', { scope: 1 }, '"scope"'],
  ['null', { scope: null }, '"scope"'],
  ['what would break out of the header', { scope: 'a", error="x' }, '"scope"'],
  ['a line break', { scope: 'a\r\nSet-Cookie:x' }, '"scope"'],
  ['another name', { scopes: 'orders:write' }, 'no option "scopes". There are: scope'],
  ['a scope in the place of the options', 'orders:write', 'an object of options'],
])('R134 a scope that is none lets nobody in, and says so: %s', async (_name, options, said) => {
  const call = kit.tokens.authenticate(withBearer(token), options as AuthenticateOptions)
  await expect(call).rejects.toThrow(TypeError)
  await expect(call).rejects.toThrow(said)
})

it.each([[undefined], [null], ['a.b.c'], [{}], [{ headers: 'authorization' }]])(
  'R134 what is no request is a mistake of the developer: %s',
  async (request) => {
    await expect(kit.tokens.authenticate(request as never)).rejects.toThrow('hand in the request')
  },
)

it('R134 S69 where a gateway drops the headers, status and code of the body say it all', async () => {
  const down = await createKit()
  down.server.answer = 'error'
  const answers = await Promise.all([
    kit.tokens.authenticate(of()),
    kit.tokens.authenticate(of('Bearer x')),
    kit.tokens.authenticate(withBearer(token), { scope: 'admin' }),
    down.tokens.authenticate(withBearer(token)),
  ])
  const said = answers.map(async (caller) => {
    if (caller.ok) throw new Error('It was let in')
    const { error } = (await caller.response.json()) as { error: string }
    expect([caller.error.code, caller.error.status]).toEqual([error, caller.response.status])
    return `${caller.response.status} ${error}`
  })
  expect(await Promise.all(said)).toEqual([
    '401 missing_token',
    '401 invalid_token',
    '403 insufficient_scope',
    '503 temporarily_unavailable',
  ])
})

const looksUp = async (
  isRevoked: TokenVerifierOptions['isRevoked'],
  options: Partial<TokenVerifierOptions> = {},
) => {
  const kit = await createKit({ isRevoked, ...options })
  const caller = await kit.tokens.authenticate(withBearer(await sign(kit.key)))
  return { ...kit, caller, outcome: caller.ok ? 'good' : `${caller.response.status} ${caller.error.reason}` }
}

it('JWT-15 REV-05 a token is asked about by its jti or a version, once it is good otherwise', async () => {
  const isRevoked = vi.fn(() => false)
  const { outcome, tokens, key } = await looksUp(isRevoked)
  expect([outcome, isRevoked.mock.calls]).toEqual(['good', [[expect.objectContaining({ sub: 'ada' })]]])
  await tokens.authenticate(withBearer(await sign(key, { exp: 1 })))
  expect(isRevoked).toHaveBeenCalledTimes(1)

  const denied = new Set<string>()
  const listed = await createKit({ isRevoked: ({ jti }) => Promise.resolve(denied.has(jti)) })
  const one = await sign(listed.key, { jti: 'one' })
  expect(await listed.tokens.authenticate(withBearer(one))).toMatchObject({ ok: true })
  denied.add('one')
  expect(await listed.tokens.authenticate(withBearer(one))).toMatchObject({
    error: { reason: 'revoked', status: 401 },
  })
  // The same claims, signed once more: another text, and the same token.
  const again = await sign(listed.key, { jti: 'one' })
  expect(again).not.toBe(one)
  expect(await listed.tokens.authenticate(withBearer(again))).toMatchObject({ error: { reason: 'revoked' } })
  expect(await listed.tokens.authenticate(withBearer(await sign(listed.key)))).toMatchObject({ ok: true })
})

it.each<[name: string, isRevoked: () => unknown]>([
  ['rejects', () => Promise.reject(new Error('ECONNREFUSED'))],
  [
    'throws',
    () => {
      throw new Error('no pool')
    },
  ],
  ['says nothing', () => undefined],
  ['says a number', () => 0],
  ['says a text', () => 'false'],
] as const)(
  'R134 S52 a look-up that %s is 503: nobody is let in, and nobody signed out',
  async (_name, isRevoked) => {
    const { outcome, said, caller } = await looksUp(isRevoked as never)
    expect(outcome).toBe('503 look_up_failed')
    expect(said('look-up.failed')).toEqual([{ type: 'look-up.failed', error: expect.any(Error) }])
    expect(!caller.ok && caller.response.headers.get('Retry-After')).toBe('1')
  },
)

it('R134 S52 a look-up that hangs is 503 behind the timeout', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const asking = looksUp(() => new Promise(() => {}), { timeout: 1 })
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { interval: 0 })
    await vi.advanceTimersByTimeAsync(SECOND)
    expect((await asking).outcome).toBe('503 look_up_failed')
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

it('R134 every refusal is an event with its reason, and neither token nor claims are in it', async () => {
  const { tokens, key, events, said } = await createKit()
  const other = await sign(key, { aud: 'secret-audience' })
  await tokens.verify(other).catch(() => {})
  await tokens.authenticate(of())
  await tokens.authenticate(withBearer(await sign(key)), { scope: 'admin' })
  expect(said('refused')).toEqual(
    ['audience', 'missing', 'scope'].map((reason) => ({ type: 'refused', reason })),
  )
  expect(JSON.stringify(events)).not.toMatch(/secret-audience|eyJ/)
})

it('R134 an error carries no token and nothing that stands in it', async () => {
  const secret = await sign(kit.key, { aud: 'secret-audience', sub: 'secret-user' })
  const error = await kit.tokens.verify(secret).catch((error: unknown) => error)
  expect(error).toMatchObject({ name: 'TokenError' })
  expect(error).not.toHaveProperty('cause')
  expect(
    JSON.stringify([error, String(error), Object.entries(error as Error), (error as Error).stack]),
  ).not.toMatch(new RegExp(`secret-|${secret.slice(20, 60)}`))
})
