import type { AccessClaims } from './ports.js'
import type { Session } from './records.js'
import type { Found } from './sessions.js'
import type { Settings } from './settings.js'
import { scopesOf } from './users.js'

/**
 * How an access token dies before it expires: `expiry`: it does not, so revocation lags by its lifetime at
 * most; `deny-list`: with its session, whose outdated tokens are named until they have expired; `token-version`: all tokens of a user at once, by a
 * number that a ban, a new role, a new password or "everywhere" raises; `reference`: each use looks up its
 * session and its user, so it is worth what they are worth at that moment, new roles included.
 */
export type RevocationStrategy = 'expiry' | 'deny-list' | 'token-version' | 'reference'

export interface Revocation {
  /** What a new token says in `ver`. */
  version(session: Session): Promise<number>
  /**
   * The access tokens handed out in this session should die: what changes in its row, once they have. A process that dies in between
   * has cost a refresh, and has left no token alive.
   */
  outdate(session: Session, now: number): Promise<Partial<Session>>
  /** So should all of that user's. */
  outdateUser(userId: string): Promise<void>
  /** What a token that has not expired says by now; undefined if it is worth nothing any more. */
  current(claims: AccessClaims): Promise<AccessClaims | undefined>
}

/** Clocks of machines differ by less. */
const TOLERANCE_MS = 60_000

export function createRevocation(
  { accessTokenSeconds, findUser, revocation, store }: Settings,
  find: (sessionId: string) => Promise<Found | undefined>,
): Revocation {
  const tokensOf = (userId: string): string => `access tokens of ${userId}`
  const denial = (sessionId: string, version: number): string => `denied:${sessionId}.${version}`
  const nothing: Revocation = {
    version: () => Promise.resolve(0),
    outdate: () => Promise.resolve({}),
    outdateUser: () => Promise.resolve(),
    current: (claims) => Promise.resolve(claims),
  }

  const strategies: Record<RevocationStrategy, Revocation> = {
    expiry: nothing,
    'deny-list': {
      ...nothing,
      version: ({ outdated }) => Promise.resolve(outdated),
      async outdate({ id, outdated }, now) {
        const expiresAt = Math.ceil(now) + accessTokenSeconds * 1000 + TOLERANCE_MS
        await store.put(denial(id, outdated), '', { expiresAt })
        return { outdated: outdated + 1 }
      },
      current: async (claims) =>
        (await store.get(denial(claims.sid, claims.ver))) === undefined ? claims : undefined,
    },
    'token-version': {
      ...nothing,
      version: async ({ userId }) => (await store.userGeneration(tokensOf(userId))).generation,
      outdateUser: async (userId) => void (await store.bumpUser(tokensOf(userId))),
      current: async (claims) =>
        (await store.userGeneration(tokensOf(claims.sub))).generation === claims.ver ? claims : undefined,
    },
    reference: {
      ...nothing,
      async current(claims) {
        const [found, user] = await Promise.all([find(claims.sid), findUser(claims.sub)])
        if (found === undefined || found.over !== undefined) return undefined
        if (user === undefined || user.disabled === true) return undefined
        return { ...claims, scope: scopesOf(user).join(' ') }
      },
    },
  }
  return strategies[revocation]
}
