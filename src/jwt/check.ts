import { jwtVerify } from 'jose'
import { take } from './compact.js'
import { within } from './deadline.js'
import { TokenError, type TokenErrorReason } from './errors.js'
import type { Keys } from './keys.js'
import type { Settings } from './options.js'
import { scopesIn } from './scopes.js'
import type { AccessTokenClaims, TokenEvent, VerifiedToken } from './types.js'

/** What RFC 9068 requires, `client_id` aside: a session of one's own has none. */
const REQUIRED = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti']

/** All that makes a token good, in the order of what it costs. Rejects with a `TokenError` and nothing else. */
export async function check(
  token: unknown,
  settings: Settings,
  keys: Keys,
  tell: (event: TokenEvent) => void,
): Promise<VerifiedToken> {
  const { header } = take(token)
  const { alg, typ, kid, crit } = header as { readonly [name: string]: unknown }
  if (!settings.algorithms.some((name) => name === alg)) throw new TokenError('algorithm')
  if (typeof typ !== 'string' || !/^(?:application\/)?at\+jwt$/i.test(typ)) throw new TokenError('type')
  if (crit !== undefined) throw new TokenError('critical')
  if (typeof kid !== 'string') throw new TokenError('unknown_key')

  // By its name alone, and only among those of the issuer: whatever key the token brings along or points to proves nothing.
  const key = await keys.find(kid)
  if (key.alg !== alg) throw new TokenError('algorithm')
  const imported = await key.import().catch(() => {
    throw new TokenError('unknown_key')
  })

  const claims = await jwtVerify(token as string, imported, {
    algorithms: [key.alg],
    issuer: settings.issuer,
    audience: [...settings.audience],
    currentDate: new Date(settings.clock.now()),
    clockTolerance: settings.clockTolerance,
    requiredClaims: REQUIRED,
  }).then(
    ({ payload }) => payload,
    (error: unknown) => {
      throw new TokenError(reasonOf(error))
    },
  )
  const verified = wellFormed(claims as AccessTokenClaims)
  if (settings.isRevoked !== undefined) await lookUp(verified.claims, settings, tell)
  return verified
}

function reasonOf(error: unknown): TokenErrorReason {
  const { code, claim } = error as { readonly code?: string; readonly claim?: string }
  if (code === 'ERR_JWT_EXPIRED') return 'expired'
  if (code !== 'ERR_JWT_CLAIM_VALIDATION_FAILED') return 'signature'
  if (claim === 'iss') return 'issuer'
  if (claim === 'aud') return 'audience'
  return claim === 'nbf' ? 'not_yet_valid' : 'claims'
}

function wellFormed(claims: AccessTokenClaims): VerifiedToken {
  const scopes = scopesIn(claims['scope'] ?? [])
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
  // A number such as 1e999 is infinite, and a token that never expires is none.
  const holds = isText(claims.sub) && isText(claims.jti) && Number.isFinite(claims.exp)
  if (!holds || scopes === undefined) throw new TokenError('claims')
  return { claims, scopes }
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
