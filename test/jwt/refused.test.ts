/* What no verifier may accept, as a table: RFC 8725, what OWASP adds, and our own tokens in each other's place. */
import { CompactEncrypt, CompactSign, exportSPKI, SignJWT } from 'jose'
import { createTokenVerifier, type TokenErrorReason } from 'latchkey/jwt'
import { beforeAll, expect, it } from 'vitest'
import { createTestBackend, login, REFRESH } from '../server/support.ts'
import {
  AUDIENCE,
  claimsAt,
  createKey,
  createKit,
  encode,
  ISSUER,
  JWKS,
  type Key,
  seconds,
  sign,
  verdict,
} from './support.ts'

let kit: Awaited<ReturnType<typeof createKit>>
let rsa: Key
let stranger: Key
let good: string

beforeAll(async () => {
  rsa = await createKey('rsa', 'RS256')
  stranger = await createKey('one')
  kit = await createKit({}, rsa)
  good = await sign(kit.key)
})

const part = (token: string, at: number): string => token.split('.')[at]!
const signBytes = (bytes: Uint8Array): Promise<string> =>
  new CompactSign(bytes)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one' })
    .sign(kit.key.privateKey)
const signText = (text: string): Promise<string> => signBytes(new TextEncoder().encode(text))

it('JWT-14 a token of the issuer for this audience is good, and says what it says', async () => {
  expect(await kit.tokens.verify(good)).toEqual({
    claims: claimsAt(),
    scopes: ['orders:read', 'orders:write'],
  })
})

type Row = [name: string, make: () => string | Promise<string>, reason: TokenErrorReason]

const hmac = async (secret: Uint8Array): Promise<string> =>
  new SignJWT(claimsAt()).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'rsa' }).sign(secret)

it.each<Row>([
  ['none', () => `${encode({ alg: 'none', typ: 'at+jwt', kid: 'one' })}.${part(good, 1)}.`, 'malformed'],
  [
    'none with a signature',
    () => `${encode({ alg: 'none', typ: 'at+jwt', kid: 'one' })}.${part(good, 1)}.AAAA`,
    'algorithm',
  ],
  ['None', () => `${encode({ alg: 'None', typ: 'at+jwt', kid: 'one' })}.${part(good, 1)}.AAAA`, 'algorithm'],
  ['no alg', () => `${encode({ typ: 'at+jwt', kid: 'one' })}.${part(good, 1)}.AAAA`, 'algorithm'],
  [
    'HS256 with the public RSA key as the secret',
    async () => hmac(new TextEncoder().encode(await exportSPKI(rsa.publicKey))),
    'algorithm',
  ],
  [
    'HS256 with the modulus as the secret',
    () => hmac(Buffer.from(String(rsa.jwk['n']), 'base64url')),
    'algorithm',
  ],
  [
    'an algorithm that is not allowed, though the key could do it',
    async () => sign({ ...rsa, alg: 'PS256', ...(await importedFor('PS256')) }),
    'algorithm',
  ],
  [
    'lower case',
    () => `${encode({ alg: 'es256', typ: 'at+jwt', kid: 'one' })}.${part(good, 1)}.AAAA`,
    'algorithm',
  ],
  ['the key of another algorithm', () => sign(kit.key, {}, { kid: 'rsa' }), 'unknown_key'],
])('JWT-03 JWT-04 JWT-14 an algorithm that is not that of the key is refused: %s', refused)

async function importedFor(alg: string): Promise<{ privateKey: CryptoKey }> {
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', rsa.privateKey)
  const name = alg === 'PS256' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5'
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, { name, hash: 'SHA-256' }, false, ['sign']),
  }
}

it.each<Row>([
  ['an ID token', () => sign(kit.key, {}, { typ: 'JWT' }), 'type'],
  ['a logout token', () => sign(kit.key, {}, { typ: 'logout+jwt' }), 'type'],
  ['a proof', () => sign(kit.key, {}, { typ: 'dpop+jwt' }), 'type'],
  ['no typ', () => sign(kit.key, {}, { typ: undefined }), 'type'],
  ['a typ that is no text', () => sign(kit.key, {}, { typ: ['at+jwt'] }), 'type'],
  ['a typ that begins alike', () => sign(kit.key, {}, { typ: 'at+jwt+x' }), 'type'],
])('JWT-09 JWT-10 what is no access token is refused: %s', refused)

it('JWT-09 the typ of an access token may carry its prefix, and any case', async () => {
  expect(await verdict(kit.tokens, await sign(kit.key, {}, { typ: 'application/at+jwt' }))).toBe('good')
  expect(await verdict(kit.tokens, await sign(kit.key, {}, { typ: 'AT+JWT' }))).toBe('good')
})

it('JWT-10 of what our own backend gives out, only its access token is one', async () => {
  const backend = await createTestBackend({ signer: 'ES256' })
  const browser = backend.browser()
  const { access_token: token, session_id: session } = await login(browser)
  const answer = await browser.send('GET', '/.well-known/jwks.json')
  const of = (audience: string) => createTokenVerifier({ ...OURS, audience, jwks: keys, clock: backend.time })
  const keys = (await answer.json()) as { keys: object[] }
  const OURS = { issuer: 'https://auth.latchkey.example' }
  const tokens = of('https://api.latchkey.example')
  expect(await verdict(tokens, token)).toBe('good')
  expect(await verdict(tokens, browser.cookie(REFRESH)!)).toBe('malformed')
  expect(await verdict(tokens, session)).toBe('malformed')
  expect(await verdict(of('https://other.latchkey.example'), token)).toBe('audience')
})

it.each<Row>([
  ['another issuer', () => sign(kit.key, { iss: 'https://evil.example' }), 'issuer'],
  ['nearly the issuer', () => sign(kit.key, { iss: `${ISSUER}/` }), 'issuer'],
  ['a list with the issuer in it', () => sign(kit.key, { iss: [ISSUER] }), 'issuer'],
  ['no issuer', () => sign(kit.key, { iss: undefined }), 'issuer'],
])('JWT-06 a token of nobody we know is refused: %s', refused)

it.each<Row>([
  ['another audience', () => sign(kit.key, { aud: 'https://other.example.com' }), 'audience'],
  ['nearly the audience', () => sign(kit.key, { aud: `${AUDIENCE}.evil.example` }), 'audience'],
  [
    'a list without it',
    () => sign(kit.key, { aud: ['https://other.example.com', `${AUDIENCE}/`] }),
    'audience',
  ],
  ['an empty list', () => sign(kit.key, { aud: [] }), 'audience'],
  ['a list with a number in it', () => sign(kit.key, { aud: [AUDIENCE, 1] }), 'audience'],
  ['an object', () => sign(kit.key, { aud: { [AUDIENCE]: true } }), 'audience'],
  ['no audience', () => sign(kit.key, { aud: undefined }), 'audience'],
])('JWT-07 a token for somebody else is refused: %s', refused)

it('JWT-07 a list of audiences with ours in it is good, and one of several names of ours is enough', async () => {
  expect(await verdict(kit.tokens, await sign(kit.key, { aud: ['https://x.example', AUDIENCE] }))).toBe(
    'good',
  )
  const { tokens, key } = await createKit({ audience: ['orders', 'stock'] })
  expect(await verdict(tokens, await sign(key, { aud: 'stock' }))).toBe('good')
  expect(await verdict(tokens, await sign(key))).toBe('audience')
})

const at = (offset: number): number => seconds() + offset

it.each<Row>([
  ['expired', () => sign(kit.key, { exp: at(-31) }), 'expired'],
  ['expired to the second, tolerance included', () => sign(kit.key, { exp: at(-30) }), 'expired'],
  ['not yet valid', () => sign(kit.key, { nbf: at(31) }), 'not_yet_valid'],
  ['no exp', () => sign(kit.key, { exp: undefined }), 'claims'],
  ['an exp that is a text', () => signText(JSON.stringify({ ...claimsAt(), exp: '9999999999' })), 'claims'],
  [
    'an exp without end',
    () => signText(JSON.stringify(claimsAt()).replace(/"exp":\d+/, '"exp":1e999')),
    'claims',
  ],
  ['an nbf that is a text', () => signText(JSON.stringify({ ...claimsAt(), nbf: 'soon' })), 'claims'],
  ['an exp that is null', () => signText(JSON.stringify({ ...claimsAt(), exp: null })), 'claims'],
])('JWT-02 a token outside its time is refused: %s', refused)

it('JWT-02 a clock that gives no number lets nobody in', async () => {
  const { tokens, key } = await createKit({ clock: { now: () => Number.NaN } })
  expect(await verdict(tokens, await sign(key))).not.toBe('good')
})

it.each([
  ['an exp within the tolerance', { exp: at(-29) }],
  ['a broken second', { exp: at(-29) + 0.5 }],
  ['an nbf within the tolerance', { nbf: at(30) }],
  ['an iat of a clock that is a minute ahead', { iat: at(60), exp: at(360) }],
  ['an iat of a clock that is a year ahead', { iat: at(31_536_000) }],
])('JWT-02 S36 clocks that differ refuse nothing: %s', async (_name, claims) => {
  expect(await verdict(kit.tokens, await sign(kit.key, claims))).toBe('good')
})

it.each<Row>([
  ['no sub', () => sign(kit.key, { sub: undefined }), 'claims'],
  ['an empty sub', () => sign(kit.key, { sub: '' }), 'claims'],
  ['no jti', () => sign(kit.key, { jti: undefined }), 'claims'],
  ['a jti that is a number', () => signText(JSON.stringify({ ...claimsAt(), jti: 1 })), 'claims'],
  ['no iat', () => sign(kit.key, { iat: undefined }), 'claims'],
  ['a scope that is an object', () => sign(kit.key, { scope: { orders: true } }), 'claims'],
  ['a scope that is a number', () => sign(kit.key, { scope: 1 }), 'claims'],
])('JWT-14 a token without what RFC 9068 requires is refused: %s', refused)

it.each<Row>([
  ['by a proof (DPoP)', () => sign(kit.key, { cnf: { jkt: 'AAAA' } }), 'bound'],
  ['by a certificate', () => sign(kit.key, { cnf: { 'x5t#S256': 'AAAA' } }), 'bound'],
  ['in a way nobody knows', () => sign(kit.key, { cnf: {} }), 'bound'],
  ['to null', () => signText(JSON.stringify({ ...claimsAt(), cnf: null })), 'bound'],
])('JWT-14 a token that is bound to a key of its bearer is no bearer token: %s', refused)

it('JWT-14 a token that is bound is good where its proof is checked elsewhere, and says to what', async () => {
  const { tokens, key } = await createKit({ proofCheckedElsewhere: true })
  const cnf = { jkt: 'AAAA' }
  expect((await tokens.verify(await sign(key, { cnf }))).claims['cnf']).toEqual(cnf)
})

it('JWT-14 scopes may come as a list, and may be missing', async () => {
  const list = await kit.tokens.verify(await sign(kit.key, { scope: ['a', 'b'] }))
  expect(list.scopes).toEqual(['a', 'b'])
  expect((await kit.tokens.verify(await sign(kit.key, { scope: undefined }))).scopes).toEqual([])
})

it.each<Row>([
  ['a kid that nobody has', () => sign(kit.key, {}, { kid: 'two' }), 'unknown_key'],
  ['no kid', () => sign(kit.key, {}, { kid: undefined }), 'unknown_key'],
  ['a kid that is a number', () => sign(kit.key, {}, { kid: 1 }), 'unknown_key'],
  ['a kid that every object has', () => sign(kit.key, {}, { kid: '__proto__' }), 'unknown_key'],
  ['a kid that is a path', () => sign(kit.key, {}, { kid: '../../dev/null' }), 'unknown_key'],
  ['the kid of another key', () => sign(stranger), 'signature'],
  ['a key that the token brings along', () => sign(stranger, {}, { jwk: stranger.jwk }), 'signature'],
  [
    'a key that the token brings along under a kid of its own',
    () => sign(stranger, {}, { jwk: stranger.jwk, kid: 'mine' }),
    'unknown_key',
  ],
  [
    'an address of keys in the token',
    () => sign(stranger, {}, { jku: 'https://evil.example/jwks' }),
    'signature',
  ],
  ['an address of a certificate', () => sign(stranger, {}, { x5u: 'https://evil.example/x5u' }), 'signature'],
  ['a certificate', () => sign(stranger, {}, { x5c: ['MIIB'] }), 'signature'],
])('JWT-08 JWT-06 keys come from the issuer alone: %s', refused)

it.each<Row>([
  ['an extension', () => critical({ exp2: 1, crit: ['exp2'] }), 'critical'],
  ['an unencoded payload', () => critical({ b64: false, crit: ['b64'] }), 'critical'],
  ['an empty list', () => critical({ crit: [] }), 'critical'],
  ['null', () => critical({ crit: null }), 'critical'],
])('JWT-05 a token with crit is refused: %s', refused)

function critical(header: object): string {
  return `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'one', ...header })}.${part(good, 1)}.${part(good, 2)}`
}

const encrypted = (alg: string, secret: Uint8Array, header: object = {}): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(JSON.stringify(claimsAt())))
    .setProtectedHeader({ alg, enc: 'A256GCM', typ: 'at+jwt', kid: 'one', ...header })
    .encrypt(secret)

it.each<Row>([
  ['a password of a million rounds', () => pbes2(), 'malformed'],
  ['an encrypted token', () => encrypted('dir', new Uint8Array(32)), 'malformed'],
  [
    'PBES2 in a token of three parts',
    () =>
      `${encode({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31, typ: 'at+jwt', kid: 'one' })}.${part(good, 1)}.AAAA`,
    'algorithm',
  ],
  ['16 385 letters', () => good.padEnd(16_385, 'A'), 'malformed'],
  ['ten million letters', () => `${'A'.repeat(5_000_000)}.${'A'.repeat(5_000_000)}.A`, 'malformed'],
  ['nothing', () => '', 'malformed'],
  ['two parts', () => `${part(good, 0)}.${part(good, 1)}`, 'malformed'],
  ['four parts', () => `${good}.AAAA`, 'malformed'],
  [
    'the JSON form',
    () => JSON.stringify({ payload: part(good, 1), protected: part(good, 0), signature: part(good, 2) }),
    'malformed',
  ],
  ['white space around it', () => ` ${good}`, 'malformed'],
  ['a line break behind it', () => `${good}\n`, 'malformed'],
  ['padding', () => `${good}=`, 'malformed'],
  ['the other base64', () => `${good.slice(0, -2)}+/`, 'malformed'],
  ['letters outside ASCII', () => `${good}é`, 'malformed'],
  ['a header that is a list', () => `${encode([])}.${part(good, 1)}.${part(good, 2)}`, 'malformed'],
  ['a header that is null', () => `${encode('null')}.${part(good, 1)}.${part(good, 2)}`, 'malformed'],
  ['a header that is no JSON', () => `${encode('{alg}')}.${part(good, 1)}.${part(good, 2)}`, 'malformed'],
  ['bits behind the end', () => tail(good), 'malformed'],
])('JWT-11 JWT-05 what is no signed token in the compact form is refused: %s', refused)

/** Written by hand: to make an honest one would take minutes. */
const pbes2 = (): string =>
  `${encode({ alg: 'PBES2-HS512+A256KW', p2c: 1_000_000_000, p2s: 'AAAA', enc: 'A256GCM', typ: 'at+jwt', kid: 'one' })}.AAAA.AAAA.AAAA.AAAA`

/** The same bytes, written in another way: the signature is 64 bytes, whose last letter has four bits to spare. */
function tail(token: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + letters[letters.indexOf(token.at(-1)!) + 1]!
}

it.each<Row>([
  ['bytes that are no text', () => signBytes(Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)), 'malformed'],
  [
    'half a letter in a name',
    () => signBytes(Buffer.concat([Buffer.from('{"sub":"'), Buffer.of(0xc3), Buffer.from('"}')])),
    'malformed',
  ],
  [
    'an overlong slash',
    () => signBytes(Buffer.concat([Buffer.from('{"sub":"'), Buffer.of(0xc0, 0xaf), Buffer.from('"}')])),
    'malformed',
  ],
  ['UTF-16', () => signBytes(Buffer.from(`\ufeff${JSON.stringify(claimsAt())}`, 'utf16le')), 'malformed'],
  ['a byte order mark', () => signText(`\ufeff${JSON.stringify(claimsAt())}`), 'malformed'],
  [
    'a byte order mark in the header',
    () => `${encode(`\ufeff{"alg":"ES256","typ":"at+jwt","kid":"one"}`)}.${part(good, 1)}.${part(good, 2)}`,
    'malformed',
  ],
  ['a list', () => signText('[1]'), 'malformed'],
  ['a text', () => signText('"admin"'), 'malformed'],
  ['nothing', () => `${part(good, 0)}..${part(good, 2)}`, 'malformed'],
])('JWT-12 a payload that is no object in UTF-8 is refused: %s', refused)

it.each<Row>([
  ['a claim twice', () => signText(JSON.stringify(claimsAt()).replace('{', '{"sub":"eve",')), 'malformed'],
  [
    'a claim twice, once with an escape',
    () => signText(JSON.stringify(claimsAt()).replace('{', String.raw`{"s\u0075b":"eve",`)),
    'malformed',
  ],
  [
    'twice in an object inside',
    () => signText(JSON.stringify(claimsAt()).replace('{', '{"act":{"a":1,"a" : 2},')),
    'malformed',
  ],
  [
    'alg twice',
    () =>
      `${encode('{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"one"}')}.${part(good, 1)}.${part(good, 2)}`,
    'malformed',
  ],
])('JWT-11 a name that stands twice is refused: %s', refused)

it('JWT-11 a token that is longer than any honest one is refused, however good it is', async () => {
  const filler = (letters: number) => sign(kit.key, { filler: 'x'.repeat(letters) })
  expect([
    await verdict(kit.tokens, await filler(11_000)),
    await verdict(kit.tokens, await filler(13_000)),
  ]).toEqual(['good', 'malformed'])
})

it('JWT-11 one name in two objects, and names as values, are no repetition', async () => {
  const odd = { a: { sub: 1 }, b: [{ sub: 'sub', x: '{"sub":1,"sub":2}' }, { sub: '\\"' }] }
  expect(await verdict(kit.tokens, await sign(kit.key, odd))).toBe('good')
})

async function refused(_name: string, make: () => string | Promise<string>, reason: string): Promise<void> {
  expect(await verdict(kit.tokens, await make())).toBe(reason)
}

it.each([undefined, null, 1, {}, [], new String('a.b.c')])(
  'JWT-05 what is no text is refused, and typed: %s',
  async (value) => {
    await expect(kit.tokens.verify(value as string)).rejects.toMatchObject({
      name: 'TokenError',
      reason: 'malformed',
    })
  },
)

it('JWT-03 S52 a key is pinned to its algorithm: to what it says, else to the first allowed one it fits', async () => {
  const { alg: _, ...plain } = rsa.jwk
  const ps256 = await sign({ ...rsa, alg: 'PS256', ...(await importedFor('PS256')) })
  const rs256 = await sign(rsa)
  const verdicts = async (jwk: object, ...algorithms: ('PS256' | 'RS256')[]) => {
    const options = {
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: { keys: [jwk] },
      clock: kit.clock,
      algorithms,
    }
    const tokens = createTokenVerifier(options)
    return [await verdict(tokens, rs256), await verdict(tokens, ps256)]
  }
  expect(await verdicts(rsa.jwk, 'PS256', 'RS256')).toEqual(['good', 'unknown_key'])
  expect(await verdicts({ ...plain, alg: 'PS256' }, 'RS256', 'PS256')).toEqual(['unknown_key', 'good'])
  expect(await verdicts(plain, 'RS256', 'PS256')).toEqual(['good', 'unknown_key'])
  expect(await verdicts(plain, 'PS256', 'RS256')).toEqual(['unknown_key', 'good'])
})

it('JWT-03 RS256, ES256 and EdDSA are good by themselves, and others where they are asked for', async () => {
  const algorithms = ['RS256', 'ES256', 'EdDSA', 'PS512', 'ES384', 'ES512', 'Ed25519'] as const
  const keys = await Promise.all(algorithms.map((alg) => createKey(alg, alg)))
  const jwks = { keys: keys.map(({ jwk }) => jwk) }
  const options = { issuer: ISSUER, audience: AUDIENCE, jwks, clock: kit.clock }
  const verdicts = async (tokens: ReturnType<typeof createTokenVerifier>) =>
    Promise.all(keys.map(async (key) => verdict(tokens, await sign(key))))
  expect(await verdicts(createTokenVerifier(options))).toEqual([
    'good',
    'good',
    'good',
    'algorithm',
    'algorithm',
    'algorithm',
    'algorithm',
  ])
  expect(new Set(await verdicts(createTokenVerifier({ ...options, algorithms })))).toEqual(new Set(['good']))
})

const given = (...jwks: object[]) =>
  createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: jwks }, clock: kit.clock })

it('JWT-03 keys of one kid and two algorithms are two keys (RFC 7517, 4.5)', async () => {
  const other = { ...rsa, kid: 'one', jwk: { ...rsa.jwk, kid: 'one' } }
  for (const tokens of [given(kit.key.jwk, other.jwk), given(other.jwk, kit.key.jwk)])
    expect([await verdict(tokens, good), await verdict(tokens, await sign(other))]).toEqual(['good', 'good'])
})

it('JWT-03 EdDSA and Ed25519 are one algorithm (RFC 9864), and a token names it by an allowed name', async () => {
  const key = await createKey('ed', 'EdDSA')
  const { alg: _, ...plain } = key.jwk
  const [old, young] = await Promise.all([sign(key), sign({ ...key, alg: 'Ed25519' })])
  for (const jwk of [plain, key.jwk, { ...plain, alg: 'Ed25519' }]) {
    const options = { issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [jwk] }, clock: kit.clock }
    const verdicts = async (...algorithms: ('EdDSA' | 'Ed25519')[]) => {
      const tokens = createTokenVerifier({ ...options, algorithms })
      return [await verdict(tokens, old), await verdict(tokens, young)]
    }
    expect(await verdicts('EdDSA', 'Ed25519')).toEqual(['good', 'good'])
    expect(await verdicts('EdDSA')).toEqual(['good', 'algorithm'])
    expect(await verdicts('Ed25519')).toEqual(['algorithm', 'good'])
  }
})

it.each(['alg', 'use', 'key_ops', 'd', 'k'])('JWT-08 a key whose "%s" is null has none', async (name) => {
  expect(await verdict(given({ ...kit.key.jwk, [name]: null }), good)).toBe('good')
})

it('JWT-08 no key is asked for anywhere but at the address of the issuer', async () => {
  const { server, tokens } = await createKit()
  for (const header of [{ jku: 'https://evil.example' }, { x5u: 'https://evil.example' }, { kid: JWKS }]) {
    await verdict(tokens, await sign(stranger, {}, header))
  }
  // The key server of the kit answers nothing but its own address.
  expect(server.asked).toHaveLength(1)
})
