/** What the caller is told, in the words of RFC 6750; `missing_token` and `temporarily_unavailable` are ours, and in the body alone. */
export type TokenErrorCode =
  'missing_token' | 'invalid_token' | 'insufficient_scope' | 'temporarily_unavailable'

const STATUS: Record<TokenErrorCode, number> = {
  missing_token: 401,
  invalid_token: 401,
  insufficient_scope: 403,
  temporarily_unavailable: 503,
}

const REASONS = {
  missing: ['missing_token', 'no bearer token came along'],
  malformed: ['invalid_token', 'it is no signed JWT in the compact form, or far too long for one'],
  algorithm: ['invalid_token', 'its "alg" is not allowed'],
  type: ['invalid_token', 'its "typ" is not "at+jwt", so it is no access token'],
  critical: ['invalid_token', 'its "crit" asks for an extension, and none is known here'],
  unknown_key: ['invalid_token', 'its "kid" and "alg" name no key of the issuer'],
  signature: ['invalid_token', 'its signature is not that of its key'],
  issuer: ['invalid_token', 'it is of another issuer'],
  audience: ['invalid_token', 'it is for another audience'],
  expired: ['invalid_token', 'it expired'],
  not_yet_valid: ['invalid_token', 'it is not valid yet'],
  claims: ['invalid_token', 'a claim that RFC 9068 requires is missing, or one is of the wrong form'],
  bound: ['invalid_token', 'its "cnf" binds it to a key of its bearer, and no proof of that is checked here'],
  revoked: ['invalid_token', '"isRevoked" says that it was revoked'],
  scope: ['insufficient_scope', 'its scope does not cover the call'],
  keys_unreachable: ['temporarily_unavailable', 'the keys of the issuer cannot be read'],
  look_up_failed: [
    'temporarily_unavailable',
    '"isRevoked" failed, was too slow, or did not say true or false',
  ],
} as const satisfies Record<string, readonly [TokenErrorCode, string]>

/** Why a call is refused, for logs and tests. The caller learns no more than `expired`. */
export type TokenErrorReason = keyof typeof REASONS

/**
 * What `verify` rejects with, and nothing else. It never carries the token, nor what stands in it.
 *
 * @example
 * import { createTokenVerifier, isTokenError } from 'latchkey/jwt'
 * const tokens = createTokenVerifier({
 *   issuer: 'https://auth.example.com',
 *   audience: 'https://api.example.com',
 *   jwks: 'https://auth.example.com/.well-known/jwks.json',
 * })
 * const userOf = async (token: string) => {
 *   try {
 *     return (await tokens.verify(token)).claims.sub
 *   } catch (error) {
 *     if (isTokenError(error) && error.code === 'invalid_token') return undefined
 *     throw error
 *   }
 * }
 */
export class TokenError extends Error {
  override readonly name = 'TokenError' as const
  readonly code: TokenErrorCode
  readonly reason: TokenErrorReason
  /** HTTP status of the refusal: 401, 403 or 503. */
  readonly status: number
  /** In how many seconds it is worth to try again, for 503. */
  readonly retryAfter: number | undefined

  constructor(
    reason: TokenErrorReason,
    { cause, retryAfter }: { cause?: unknown; retryAfter?: number } = {},
  ) {
    const [code, sentence] = REASONS[reason]
    super(`Failed to accept the access token: ${sentence}.`, cause === undefined ? undefined : { cause })
    this.code = code
    this.reason = reason
    this.status = STATUS[code]
    this.retryAfter = retryAfter
  }
}

/** Whether a value is a {@link TokenError}, also one from another copy of the package. */
export function isTokenError(value: unknown): value is TokenError {
  return value instanceof Error && value.name === 'TokenError' && 'reason' in value
}
