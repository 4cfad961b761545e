import { exportJWK } from 'jose'
import { createTokenVerifier, type TokenVerifierOptions } from 'latchkey/jwt'
import { beforeAll, expect, it, vi } from 'vitest'
import {
  AUDIENCE,
  createKey,
  createKit,
  createClock,
  ISSUER,
  JWKS,
  type Key,
  sign,
  verdict,
} from './support.ts'

const GOOD: TokenVerifierOptions = { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS }

let key: Key
let secret: Key
beforeAll(async () => {
  key = await createKey('one')
  secret = { ...key, jwk: { ...(await exportJWK(key.privateKey)), kid: 'one' } }
})

it.each<[name: string, wrong: Record<string, unknown>]>([
  ['issuer', { issuer: undefined }],
  ['issuer', { issuer: '' }],
  ['issuer', { issuer: [ISSUER] }],
  ['issuer', { issuer: new URL(ISSUER) }],
  ['audience', { audience: undefined }],
  ['audience', { audience: '' }],
  ['audience', { audience: [] }],
  ['audience', { audience: [AUDIENCE, ''] }],
  ['jwks', { jwks: undefined }],
  ['jwks', { jwks: 'auth.example.com/jwks' }],
  ['jwks', { jwks: 'http://auth.example.com/jwks' }],
  ['jwks', { jwks: 'http://localhost.example.com/jwks' }],
  ['jwks', { jwks: 'https://ada:secret@auth.example.com/jwks' }],
  ['jwks', { jwks: 'file:///etc/passwd' }],
  ['jwks', { jwks: 'data:application/json,{}' }],
  ['jwks', { jwks: { keys: [] } }],
  ['jwks', { jwks: { keys: [{ kty: 'oct', k: 'AAAA', kid: 'one', alg: 'HS256' }] } }],
  ['jwks', { jwks: [] }],
  ['jwks', { jwks: () => ({ keys: [] }) }],
  ['algorithms', { algorithms: [] }],
  ['algorithms', { algorithms: 'RS256' }],
  ['algorithms', { algorithms: ['none'] }],
  ['algorithms', { algorithms: ['RS256', 'HS256'] }],
  ['algorithms', { algorithms: ['rs256'] }],
  ['algorithms', { algorithms: ['constructor'] }],
  ['clockTolerance', { clockTolerance: -1 }],
  ['clockTolerance', { clockTolerance: 301 }],
  ['clockTolerance', { clockTolerance: '30s' }],
  ['clockTolerance', { clockTolerance: Number.NaN }],
  ['maxAge', { maxAge: 0 }],
  ['maxAge', { maxAge: Infinity }],
  ['maxAge', { maxAge: 2, outageLimit: 0 }],
  ['maxAge', { maxAge: 2, outageLimit: 7, timeout: 10 }],
  ['coolDown', { coolDown: 0 }],
  ['outageLimit', { outageLimit: -1 }],
  ['timeout', { timeout: 0 }],
  ['timeout', { timeout: 3000 }],
  ['isRevoked', { isRevoked: [] }],
  ['fetch', { fetch: 'fetch' }],
  ['clock', { clock: Date.now }],
  ['clock', { clock: {} }],
  ['onEvent', { onEvent: {} }],
  ['proofCheckedElsewhere', { proofCheckedElsewhere: 'yes' }],
])('R134 a wrong "%s" is an error at creation, and says what it must be: %o', (name, wrong) => {
  const create = () => createTokenVerifier({ ...GOOD, ...wrong })
  expect(create).toThrow(TypeError)
  expect(create).toThrow(`Failed to create the token verifier: "${name}" must be `)
})

it('R134 keys with their private half are no keys to verify with', () => {
  const create = (one: Key) => () => createTokenVerifier({ ...GOOD, jwks: { keys: [one.jwk] } })
  expect(create(key)).not.toThrow()
  expect(create(secret)).toThrow('"jwks" must be')
})

it('R134 keys may be as young as the longest answer is long, and younger where an outage is allowed for', () => {
  const create = (options: object) => () => createTokenVerifier({ ...GOOD, ...options })
  expect(create({ maxAge: 3, outageLimit: 0 })).not.toThrow()
  expect(create({ maxAge: 1 })).not.toThrow()
  expect(create({ maxAge: 2, outageLimit: 0 })).toThrow(
    '"maxAge" must be such that with "outageLimit" it is no shorter than "timeout", or keys would be too old on arrival: raise it, or lower "timeout".',
  )
})

it('R134 a name that no option has is an error, and all names are said', () => {
  const create = () => createTokenVerifier({ ...GOOD, jwksUri: JWKS } as never)
  expect(create).toThrow(TypeError)
  expect(create).toThrow(/there is no option "jwksUri"\. There are: issuer, audience, jwks, /)
  expect(() => createTokenVerifier(undefined as never)).toThrow('hand in an object of options')
})

it('R134 what somebody has added to Object.prototype is no option', () => {
  const prototype = Object.prototype as { isRevoked?: unknown; clockTolerance?: unknown }
  Object.assign(prototype, { isRevoked: 'yes', clockTolerance: 'long' })
  try {
    expect(() => createTokenVerifier(GOOD)).not.toThrow()
  } finally {
    delete prototype.isRevoked
    delete prototype.clockTolerance
  }
})

it('R134 an explicit undefined means the default', async () => {
  const names = [
    'algorithms',
    'clockTolerance',
    'maxAge',
    'coolDown',
    'outageLimit',
    'timeout',
    'isRevoked',
    'proofCheckedElsewhere',
    'clock',
  ]
  const undefineds = Object.fromEntries(names.map((name) => [name, undefined]))
  const { key, tokens } = await createKit({ ...undefineds, clock: createClock() })
  expect(await verdict(tokens, await sign(key))).toBe('good')
})

it('R134 a list that is changed later changes nothing', async () => {
  const audience = ['orders']
  const { key, tokens } = await createKit({ audience })
  audience.push(AUDIENCE)
  expect(await verdict(tokens, await sign(key))).toBe('audience')
})

it('R132 a fetch that is handed in is called as no method, which those of Workers and browsers would refuse', async () => {
  const contexts: unknown[] = []
  const { key, tokens } = await createKit({
    fetch(this: unknown) {
      contexts.push(this)
      return Promise.resolve(Response.json({ keys: [key.jwk] }))
    },
  })
  expect([await verdict(tokens, await sign(key)), contexts]).toEqual(['good', [undefined]])
})

it.each(['http://localhost:3000/jwks', 'http://127.0.0.1/jwks', 'http://[::1]:8080/jwks', new URL(JWKS)])(
  'R134 %s is a place for keys',
  (jwks) => {
    expect(() => createTokenVerifier({ ...GOOD, jwks })).not.toThrow()
  },
)

it('R134 JWT-13 creating asks for nothing, and keys are asked for without cookies, caches and redirects', async () => {
  const fetch = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(() =>
    Promise.resolve(Response.json({ keys: [key.jwk] })),
  )
  vi.stubGlobal('fetch', fetch)
  const tokens = createTokenVerifier({ ...GOOD, clock: createClock() })
  expect(fetch).not.toHaveBeenCalled()
  expect(await verdict(tokens, await sign(key))).toBe('good')
  const [url, init] = fetch.mock.calls[0]!
  expect([url, init]).toEqual([
    JWKS,
    {
      signal: expect.any(AbortSignal),
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      headers: { Accept: 'application/jwk-set+json, application/json' },
    },
  ])
  expect(fetch.mock.contexts[0]).toBe(globalThis)
  // Whatever is left of the answer is let go.
  expect(init.signal?.aborted).toBe(true)
})
