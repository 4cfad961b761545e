import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import {
  createTokenVerifier,
  isTokenError,
  type TokenEvent,
  type TokenVerifier,
  type TokenVerifierOptions,
} from 'latchkey/jwt'
import { expect } from 'vitest'

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://api.example.com'
export const JWKS = `${ISSUER}/.well-known/jwks.json`
export const START = Date.UTC(2026, 0, 1)
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const DAY = 86_400 * SECOND

export interface Key {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: Readonly<Record<string, unknown>>
}

export async function createKey(kid: string, alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export const seconds = (time = START): number => Math.floor(time / 1000)

export const claimsAt = (time = START): Record<string, unknown> => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'ada',
  iat: seconds(time),
  exp: seconds(time) + 300,
  jti: `token-${time}`,
  scope: 'orders:read orders:write',
})

/** A token as the issuer would sign it, but for what is said otherwise; undefined takes a member away. */
export function sign(
  key: Pick<Key, 'alg' | 'privateKey'> & { kid?: string },
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const all = { ...claimsAt(), ...claims }
  return new SignJWT(all)
    .setProtectedHeader({ typ: 'at+jwt', kid: key.kid!, ...header, alg: key.alg })
    .sign(key.privateKey)
}

/** The address of the keys: what it serves, how it answers, and how often it was asked. */
export function createKeyServer(clock: { now(): number }, ...served: Key[]) {
  const server = {
    keys: served as readonly Key[],
    answer: 'keys' as 'keys' | 'error' | 'hang' | 'refuse' | (() => Response | Promise<Response>),
    asked: [] as number[],
    fetch(url: string, { signal }: RequestInit): Promise<Response> {
      expect(url).toBe(JWKS)
      server.asked.push(clock.now())
      switch (server.answer) {
        case 'keys':
          return Promise.resolve(Response.json({ keys: server.keys.map(({ jwk }) => jwk) }))
        case 'error':
          return Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 }))
        case 'refuse':
          return Promise.reject(new TypeError('fetch failed'))
        case 'hang':
          return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
        default:
          return Promise.resolve(server.answer())
      }
    },
  }
  return server
}

export function createClock() {
  const clock = {
    time: START,
    now: () => clock.time,
    advance: (milliseconds: number) => void (clock.time += milliseconds),
  }
  return clock
}

export async function createKit(options: Partial<TokenVerifierOptions> = {}, ...more: Key[]) {
  const key = await createKey('one')
  const clock = createClock()
  const server = createKeyServer(clock, key, ...more)
  const events: TokenEvent[] = []
  const tokens = createTokenVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    jwks: JWKS,
    fetch: server.fetch,
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const said = (type: TokenEvent['type']) => events.filter((event) => event.type === type)
  return { key, clock, server, events, said, tokens }
}

/** `good`, or why not; whatever is no `TokenError` fails the test. */
export async function verdict(tokens: TokenVerifier, token: string): Promise<string> {
  try {
    await tokens.verify(token)
    return 'good'
  } catch (error) {
    if (!isTokenError(error)) throw error
    return error.reason
  }
}

/** A verifier whose cache is warm, with tokens that live for a week. */
export async function warm(options: Partial<TokenVerifierOptions> = {}) {
  const kit = await createKit(options)
  const long = { exp: START / 1000 + 7 * 86_400 }
  const token = await sign(kit.key, long)
  const next = await createKey('two')
  const of = (key: Key) => sign(key, long)
  expect(await verdict(kit.tokens, token)).toBe('good')
  kit.server.asked.length = 0
  const check = () => verdict(kit.tokens, token)
  return { ...kit, token, next, of, check }
}

export const withBearer = (token: string): { headers: { authorization: string } } => ({
  headers: { authorization: `Bearer ${token}` },
})

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
