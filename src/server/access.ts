import { Refusal } from './answers.js'
import { deliver } from './families.js'
import type { AccessClaims } from './ports.js'
import { newId } from './secrets.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import type { Session } from './records.js'
import { scopesOf, type AuthUser } from './users.js'

/** What a fault may change about the tokens of one request. */
export interface TokenTweaks {
  /** How far the clock of the issuer is ahead, in seconds. */
  skewSeconds?: number
  lifetimeSeconds?: number
}

export interface Issued {
  readonly token: string
  readonly expiresIn: number
}

/** Issues access tokens, and says whom a request is from that carries one. */
export interface Access {
  issue(
    user: AuthUser,
    session: Session,
    generation: number,
    now: number,
    tweaks: TokenTweaks,
    /** Of `revocation.version`, asked before the user was looked at: so a token with what he no longer is dies. */
    ver: number,
  ): Promise<Issued>
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

/** How many tokens are remembered as delivered, so that each is worth one look at its session and no more. */
const MOST_DELIVERED = 10_000

export function createAccess(settings: Settings, sessions: Sessions): Access {
  const { clock, random, signer, issuer, audience } = settings

  const delivered = createRecent(MOST_DELIVERED)

  const read: Access['read'] = async (authorization, expired) => {
    const token = bearerOf(authorization)
    if (token === undefined) return undefined
    const claims = await signer.verify(token, expired === 'accepted' ? undefined : clock.now())
    const isOurs = [claims?.aud ?? []].flat().some((one) => [audience].flat().includes(one))
    return claims?.iss === issuer && isOurs ? claims : undefined
  }

  /** The browser has what came with this token. Whether its session lives, where that is asked for. */
  const noteDelivery = async ({ sid, gen }: AccessClaims, mustKnow: boolean): Promise<boolean> => {
    const name = `${sid}.${gen}`
    if (!mustKnow && delivered.has(name)) return true
    const noting = sessions.decide(sid, ({ session, over }) => {
      const family = over === undefined ? deliver(session.family, gen) : session.family
      return { value: over === undefined, ...(family !== session.family && { next: { ...session, family } }) }
    })
    // A token that is good by itself is good while the store is down, too: what it has delivered is noted by the next call.
    const lives = await (mustKnow ? noting : noting.catch(() => undefined))
    if (lives === true) delivered.add(name)
    return lives === true
  }

  return {
    read,
    async issue(user, session, generation, now, { skewSeconds = 0, lifetimeSeconds }, ver) {
      // No token outlives its session, nor the half of what this one may be idle: who uses a page renews in time, and who does not is out.
      const idleSeconds = session.idleMs === undefined ? Infinity : Math.ceil(session.idleMs / 2000)
      const expiresIn = Math.min(
        lifetimeSeconds ?? settings.accessTokenSeconds,
        idleSeconds,
        Math.ceil((session.expiresAt - now) / 1000),
      )
      const iat = Math.floor(now / 1000) + skewSeconds
      const token = await signer.sign({
        iss: issuer,
        aud: typeof audience === 'string' ? audience : [...audience],
        sub: user.id,
        iat,
        exp: iat + expiresIn,
        jti: newId(random),
        sid: session.id,
        scope: scopesOf(user).join(' '),
        gen: generation,
        ver,
      })
      return { token, expiresIn }
    },
    async authenticate(authorization, session) {
      if (authorization === undefined) throw challenge('missing_token')
      const signed = await read(authorization)
      const claims = signed && (await sessions.revocation.current(signed))
      const refusal = challenge('invalid_token', 'The access token expired, was revoked, or is not ours')
      if (claims === undefined) throw refusal
      const lives = await noteDelivery(claims, session === 'live')
      if (session === 'live' && !lives) throw refusal
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

/** Remembers the last so many names, or twice as many. */
function createRecent(most: number): { has(name: string): boolean; add(name: string): void } {
  let [young, old] = [new Set<string>(), new Set<string>()]
  return {
    has: (name) => young.has(name) || old.has(name),
    add(name) {
      if (young.size >= most) [young, old] = [new Set(), young]
      young.add(name)
    },
  }
}
