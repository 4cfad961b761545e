import type { AccessClaims, Awaitable, BackendClock } from './ports.js'
import { scopesOf } from './scopes.js'
import type { Session, Store } from './store.js'

/**
 * How an access token dies before it expires: `expiry`: it does not, so revocation lags by its lifetime at
 * most; `deny-list`: by its `jti`, kept until `exp`; `token-version`: all tokens of a user at once, by a
 * number that a ban, a new role, a new password or "everywhere" raises; `reference`: each use looks up its
 * session and its user, so it is worth what they are worth at that moment, new roles included.
 */
export type RevocationStrategy = 'expiry' | 'deny-list' | 'token-version' | 'reference'

export interface Revocation {
  /** The access tokens handed out in these sessions should die. */
  outdate(sessions: readonly Session[]): Awaitable<void>
  /** What a token that has not expired says by now; undefined if it is worth nothing any more. */
  current(claims: AccessClaims): Awaitable<AccessClaims | undefined>
}

export function createRevocation(
  strategy: RevocationStrategy,
  store: Store,
  clock: BackendClock,
  isOver: (session: Session, now: number) => boolean,
): Revocation {
  const strategies: Record<RevocationStrategy, Revocation> = {
    expiry: {
      outdate: () => undefined,
      current: (claims) => claims,
    },
    'deny-list': {
      async outdate(sessions) {
        for (const { jti, exp } of sessions.flatMap(({ issued }) => issued)) await store.denied.set(jti, exp)
      },
      current: async (claims) => ((await store.denied.get(claims.jti)) === undefined ? claims : undefined),
    },
    'token-version': {
      outdate: () => undefined,
      current: async (claims) =>
        (await store.user(claims.sub))?.tokenVersion === claims.ver ? claims : undefined,
    },
    reference: {
      outdate: () => undefined,
      async current(claims) {
        const [session, user] = await Promise.all([store.session(claims.sid), store.user(claims.sub)])
        if (session === undefined || user === undefined || isOver(session, clock.now())) return undefined
        return { ...claims, scope: scopesOf(user).join(' ') }
      },
    },
  }
  return strategies[strategy]
}
