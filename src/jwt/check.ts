import { compactVerify } from 'jose'
import { take } from './compact.js'
import { within } from './deadline.js'
import { TokenError, type TokenErrorReason } from './errors.js'
import { nameOf } from './key-set.js'
import type { Keys } from './keys.js'
import type { Settings } from './options.js'
import { scopesIn } from './scopes.js'
import type { AccessTokenClaims, TokenAlgorithm, TokenEvent, VerifiedToken } from './types.js'

/** All that makes a token good, in the order of what it costs. Rejects with a `TokenError` and nothing else. */
export async function check(
  token: unknown,
  settings: Settings,
  keys: Keys,
  tell: (event: TokenEvent) => void,
): Promise<VerifiedToken> {
  const { header, payload } = take(token)
  const { alg, typ, kid, crit } = header as { readonly [name: string]: unknown }
  if (!settings.algorithms.some((name) => name === alg)) throw new TokenError('algorithm')
  if (typeof typ !== 'string' || !/^(?:application\/)?at\+jwt$/i.test(typ)) throw new TokenError('type')
  if (crit !== undefined) throw new TokenError('critical')
  if (typeof kid !== 'string') throw new TokenError('unknown_key')

  // By its names alone, and only among those of the issuer: whatever key the token brings along or points to proves nothing.
  const key = await keys.find(nameOf(kid, alg as TokenAlgorithm))
  const imported = await key.import().catch(() => {
    throw new TokenError('unknown_key')
  })

  await compactVerify(token as string, imported, { algorithms: [alg as TokenAlgorithm] }).catch(() => {
    throw new TokenError('signature')
  })

  const claims = payload as AccessTokenClaims
  const reason = faultOf(claims, settings)
  if (reason !== undefined) throw new TokenError(reason)
  if (settings.isRevoked !== undefined) await lookUp(claims, settings, tell)
  return { claims, scopes: scopesIn(claims['scope'] ?? [])! }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** What is wrong with the claims of a signed token. `iat` is not judged: an issuer's clock may be ahead. */
function faultOf(
  claims: { readonly [name: string]: unknown },
  { issuer, audience, clock, clockTolerance, proofCheckedElsewhere }: Settings,
): TokenErrorReason | undefined {
  const { iss, aud, sub, jti, exp, iat, nbf = 0, scope = [], cnf } = claims
  if (iss !== issuer) return 'issuer'
  const audiences: unknown = isText(aud) ? [aud] : aud
  const isForUs =
    Array.isArray(audiences) && audiences.every(isText) && audiences.some((one) => audience.includes(one))
  if (!isForUs) return 'audience'
  // What RFC 9068 requires, `client_id` aside: a session of one's own has none. 1e999 is a number, and infinite.
  const isWhole = isText(sub) && isText(jti) && [exp, iat, nbf].every(Number.isFinite)
  if (!isWhole || scopesIn(scope) === undefined) return 'claims'
  // Whoever steals such a token must not be able to use it without the key of its bearer (RFC 7800; RFC 9449, 7.1).
  if (cnf !== undefined && !proofCheckedElsewhere) return 'bound'
  const now = clock.now() / 1000
  // Said so that a clock which gives no number lets nobody in.
  if (!(now < (exp as number) + clockTolerance)) return 'expired'
  return now >= (nbf as number) - clockTolerance ? undefined : 'not_yet_valid'
}

async function lookUp(
  claims: AccessTokenClaims,
  { isRevoked, timeout }: Settings,
  tell: (event: TokenEvent) => void,
): Promise<void> {
  let revoked: unknown
  try {
    revoked = await within(timeout, () => isRevoked!(claims))
    if (typeof revoked !== 'boolean') throw new TypeError('"isRevoked" must say true or false.')
  } catch (error) {
    tell({ type: 'look-up.failed', error })
    throw new TokenError('look_up_failed', { retryAfter: 1 })
  }
  if (revoked) throw new TokenError('revoked')
}
