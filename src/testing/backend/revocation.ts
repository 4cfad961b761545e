import type { AccessClaims, Awaitable, BackendClock } from './ports.js'
import type { Session, Store } from './store.js'

/**
 * How an access token dies before it expires: `expiry`: it does not, so revocation lags by its lifetime at
 * most; `deny-list`: by its `jti`, kept until `exp`; `token-version`: all tokens of a user at once, by a
 * number that a ban, a new role, a new password or "everywhere" raises; `reference`: it is worth what its
 * session is worth at that moment.
 */
export type RevocationStrategy = 'expiry' | 'deny-list' | 'token-version' | 'reference'

export interface Revocation {
  /** The access tokens handed out in these sessions should die. */
  outdate(sessions: readonly Session[]): Awaitable<void>
  accepts(claims: AccessClaims): Awaitable<boolean>
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
      accepts: () => true,
    },
    'deny-list': {
      async outdate(sessions) {
        for (const { jti, exp } of sessions.flatMap(({ issued }) => issued)) await store.denied.set(jti, exp)
      },
      accepts: async ({ jti }) => (await store.denied.get(jti)) === undefined,
    },
    'token-version': {
      outdate: () => undefined,
      accepts: async ({ sub, ver }) => (await store.user(sub))?.tokenVersion === ver,
    },
    reference: {
      outdate: () => undefined,
      async accepts({ sid }) {
        const session = await store.session(sid)
        return session !== undefined && !isOver(session, clock.now())
      },
    },
  }
  return strategies[strategy]
}
