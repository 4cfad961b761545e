import { check } from './check.js'
import { TokenError } from './errors.js'
import { givenKeys, type Keys, remoteKeys } from './keys.js'
import { isObject, own, resolve } from './options.js'
import { refusalOf } from './refusal.js'
import { scopesIn } from './scopes.js'
import type { RequestLike, TokenEvent, TokenVerifier, TokenVerifierOptions, VerifiedToken } from './types.js'

const AUTHENTICATE = 'authenticate a request'

/**
 * Says whether access tokens are good, by the keys that their issuer publishes, without asking it each time. Make one per issuer and
 * audience, when the server starts; it reads the keys when the first token comes.
 *
 * @example
 * import { createTokenVerifier } from 'latchkey/jwt'
 * const tokens = createTokenVerifier({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 *   jwks: 'https://auth.example.com/.well-known/jwks.json',
 * })
 * const handle = async (request: Request): Promise<Response> => {
 *   const caller = await tokens.authenticate(request, { scope: 'orders:read' })
 *   return caller.ok ? Response.json({ orders: [], of: caller.claims.sub }) : caller.response
 * }
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const settings = resolve(options)
  const { jwks, onEvent } = settings

  // Nobody's call fails because somebody counts them, and no process ends.
  const complain = (error: unknown): void => console.error('A listener of the token verifier threw:', error)
  const tell = (event: TokenEvent): void => {
    try {
      void Promise.resolve(onEvent(event) as unknown).catch(complain)
    } catch (error) {
      complain(error)
    }
  }
  const keys: Keys = typeof jwks === 'string' ? remoteKeys(jwks, settings, tell) : givenKeys(jwks, settings)

  async function verify(token: unknown): Promise<VerifiedToken> {
    try {
      return await check(token, settings, keys, tell)
    } catch (error) {
      tell({ type: 'refused', reason: (error as TokenError).reason })
      throw error
    }
  }

  async function authenticate(request: RequestLike, needed: readonly string[]): Promise<VerifiedToken> {
    const token = bearerOf(request)
    const verified = token === undefined ? undefined : await verify(token)
    if (verified !== undefined && needed.every((scope) => verified.scopes.includes(scope))) return verified
    const error = new TokenError(verified === undefined ? 'missing' : 'scope')
    tell({ type: 'refused', reason: error.reason })
    throw error
  }

  return {
    verify,
    async authenticate(request, options = {}) {
      const { scope } = own(AUTHENTICATE, options, { scope: true })
      const needed = scope === undefined ? [] : scopesIn(scope)
      // A scope that came out empty would let everybody in.
      if (needed === undefined || (scope !== undefined && needed.length === 0))
        throw new TypeError(
          `Failed to ${AUTHENTICATE}: "scope" must be one such as "orders:write", or a list of them.`,
        )
      try {
        return { ok: true, ...(await authenticate(request, needed)) }
      } catch (error) {
        if (!(error instanceof TokenError)) throw error
        return { ok: false, error, response: refusalOf(error, needed) }
      }
    },
  }
}

/** What came with the scheme Bearer, good or not; undefined where nothing did. */
function bearerOf(request: RequestLike): string | undefined {
  const headers: unknown = (request as Partial<RequestLike> | undefined)?.headers
  if (!isObject(headers))
    throw new TypeError(`Failed to ${AUTHENTICATE}: hand in the request, or an object with its headers.`)
  const { get, authorization, Authorization } = headers as {
    get?: (name: string) => string | null
    authorization?: string | readonly string[]
    Authorization?: string | readonly string[]
  }
  // Node writes names small, gateways hand them on as they came.
  const value =
    typeof get === 'function' ? get.call(headers, 'authorization') : (authorization ?? Authorization)
  return /^bearer +(.+)$/i.exec(String(value ?? ''))?.[1]
}
