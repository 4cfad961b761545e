import { unavailable } from './answers.js'
import type { AccessClaims } from './ports.js'
import type { Session } from './records.js'
import type { Found } from './sessions.js'
import { digest } from './secrets.js'
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
  version(session: Pick<Session, 'userId' | 'outdated'>): Promise<number>
  /** The same, and the session as its row has to be for it: what was to outdate its tokens may have stopped half-way. */
  fresh(session: Session): Promise<{ readonly session: Session; readonly version: number }>
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
/** How often somebody else may deny the same at the same time. */
const TRIES = 5

export function createRevocation(
  { accessTokenSeconds, findUser, revocation, store }: Settings,
  find: (sessionId: string) => Promise<Found | undefined>,
): Revocation {
  const tokensOf = (userId: string): string => `access tokens of ${digest(userId)}`
  const denial = (sessionId: string, version: number): string => `denied:${sessionId}.${version}`
  const nothing: Revocation = {
    version: () => Promise.resolve(0),
    fresh: (session) => Promise.resolve({ session, version: 0 }),
    outdate: () => Promise.resolve({}),
    outdateUser: () => Promise.resolve(),
    current: (claims) => Promise.resolve(claims),
  }

  const versionOf = async ({ userId }: Pick<Session, 'userId'>): Promise<number> =>
    (await store.userGeneration(tokensOf(userId))).generation

  const strategies: Record<RevocationStrategy, Revocation> = {
    expiry: nothing,
    'deny-list': {
      ...nothing,
      version: ({ outdated }) => Promise.resolve(outdated),
      async fresh(session) {
        let { outdated } = session
        while ((await store.get(denial(session.id, outdated))) !== undefined) outdated++
        return {
          session: outdated === session.outdated ? session : { ...session, outdated },
          version: outdated,
        }
      },
      async outdate({ id, outdated }, now) {
        const expiresAt = Math.ceil(now) + accessTokenSeconds * 1000 + TOLERANCE_MS
        for (let tried = 0; tried < TRIES; tried++) {
          // One that stands from an attempt that stopped half-way would lapse before the tokens since then.
          const before = await store.get(denial(id, outdated))
          const put = { expiresAt, ifVersion: before?.version }
          if (await store.put(denial(id, outdated), '', put)) return { outdated: outdated + 1 }
        }
        throw unavailable()
      },
      current: async (claims) =>
        (await store.get(denial(claims.sid, claims.ver))) === undefined ? claims : undefined,
    },
    'token-version': {
      ...nothing,
      version: versionOf,
      fresh: async (session) => ({ session, version: await versionOf(session) }),
      outdateUser: async (userId) => void (await store.bumpUser(tokensOf(userId))),
      current: async (claims) =>
        (await versionOf({ userId: claims.sub })) === claims.ver ? claims : undefined,
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
