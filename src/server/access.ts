import { Refusal } from './answers.js'
import { deliver } from './families.js'
import type { AccessClaims } from './ports.js'
import { scopesOf } from './scopes.js'
import { newId } from './secrets.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import type { Session, User } from './store.js'

/** What a fault may change about the tokens of one request. */
export interface TokenTweaks {
  /** How far the clock of the issuer is ahead, in seconds. */
  skewSeconds?: number
  lifetimeSeconds?: number
}

export interface Issued {
  readonly token: string
  readonly expiresIn: number
  readonly jti: string
  readonly exp: number
}

/** Issues access tokens, and says whom a request is from that carries one. */
export interface Access {
  issue(user: User, session: Session, generation: number, tweaks: TokenTweaks): Promise<Issued>
  /**
   * What a bearer token claims, its time aside where `expired` is `'accepted'`; undefined if it is none of
   * ours.
   */
  read(authorization: string | undefined, expired?: 'accepted'): Promise<AccessClaims | undefined>
  /**
   * Refuses with 401 and a challenge unless a valid token came along; its use counts as activity. An API may
   * only know what the revocation strategy says; the auth endpoints know better and ask for a session that
   * lives.
   */
  authenticate(authorization: string | undefined, session?: 'live'): Promise<AccessClaims>
}

export function createAccess(settings: Settings, sessions: Sessions): Access {
  const { clock, random, signer, store, issuer, audience } = settings

  const read: Access['read'] = async (authorization, expired) => {
    const token = bearerOf(authorization)
    if (token === undefined) return undefined
    const claims = await signer.verify(token, expired === 'accepted' ? undefined : clock.now())
    return claims?.iss === issuer && claims.aud === audience ? claims : undefined
  }

  return {
    read,
    async issue(user, session, generation, { skewSeconds = 0, lifetimeSeconds }) {
      const now = clock.now()
      // No token outlives its session.
      const expiresIn = Math.min(
        lifetimeSeconds ?? settings.accessTokenSeconds,
        Math.ceil((session.expiresAt - now) / 1000),
      )
      const iat = Math.floor(now / 1000) + skewSeconds
      const jti = newId(random)
      const exp = iat + expiresIn
      const scope = scopesOf(user).join(' ')
      const token = await signer.sign({
        iss: issuer,
        aud: audience,
        sub: user.id,
        iat,
        exp,
        jti,
        sid: session.id,
        scope,
        gen: generation,
        ver: user.tokenVersion,
      })
      return { token, expiresIn, jti, exp }
    },
    async authenticate(authorization, session) {
      if (authorization === undefined) throw challenge('missing_token')
      const signed = await read(authorization)
      const claims = signed && (await sessions.revocation.current(signed))
      const refusal = challenge('invalid_token', 'The access token expired, was revoked, or is not ours')
      if (claims === undefined) throw refusal
      const now = clock.now()
      const touched = await store.updateSession(claims.sid, (current) =>
        sessions.over(current, now) === undefined
          ? { ...current, family: deliver(current.family, claims.gen) }
          : undefined,
      )
      if (session === 'live' && touched === undefined) throw refusal
      return claims
    },
  }
}

/** A request without any credential gets a challenge without an error code (RFC 6750 3.1). */
function challenge(code: 'missing_token' | 'invalid_token', description?: string): Refusal {
  const error = description === undefined ? '' : `, error="${code}", error_description="${description}"`
  return new Refusal(401, code, { headers: { 'WWW-Authenticate': `Bearer realm="latchkey"${error}` } })
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +([\w~+/.-]+=*)$/i.exec(authorization ?? '')?.[1]
}
