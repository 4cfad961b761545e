import { Refusal } from './answers.js'
import type { Mode } from './modes.js'
import { beginFamily } from './families.js'
import { createRevocation, type Revocation } from './revocation.js'
import { digest, newId, newSecret } from './secrets.js'
import type { Settings } from './settings.js'
import type { Session, SessionEnd, SessionEndCode, User } from './store.js'

/** Begins, finds and ends sign-ins, whatever credential they go by. */
export interface Sessions {
  readonly revocation: Revocation
  /** A new session with a new id and a new cookie; only its hash is kept. */
  begin(user: User, userAgent: string): Promise<{ session: Session; secret: string }>
  /** Why it is over, undefined while it lives. */
  over(session: Session, now: number): SessionEndCode | undefined
  /** The session a cookie belongs to, spent ones included. */
  ofCookie(cookie: string | undefined): Promise<Session | undefined>
  live(userId: string): Promise<readonly Session[]>
  end(id: string, code: SessionEndCode, replaced?: boolean): Promise<void>
  /** The refusal of one that is over. Where it ended of itself, the first one deletes the cookie that came in this mode. */
  refusal(id: string, code: SessionEndCode, mode: Mode): Promise<Refusal>
  /** All of a user, or those that were made until then, in ms since 1970. */
  endAll(userId: string, code: SessionEndCode, madeUntil?: number): Promise<void>
}

export function createSessions(settings: Settings): Sessions {
  const { clock, modes, random, store, sessionMs, idleMs } = settings

  const over: Sessions['over'] = (session, now) => {
    if (session.ended !== undefined) return session.ended.code
    if (now >= session.expiresAt) return 'session_expired'
    return now - session.seenAt > idleMs ? 'idle_timeout' : undefined
  }
  const revocation = createRevocation(
    settings.revocation,
    store,
    clock,
    (session, now) => over(session, now) !== undefined,
  )

  const endOf = (session: Session, code: SessionEndCode, now: number): SessionEnd =>
    session.ended ?? { at: now, code: over(session, now) ?? code, replaced: false, leavesCookie: false }

  const end: Sessions['end'] = async (id, code, replaced = false) => {
    const now = clock.now()
    const ended = await store.updateSession(id, (current) => {
      const before = endOf(current, code, now)
      // Of itself a session ends by time, by reuse or with its account; whatever else ends it is somebody's act.
      const leavesCookie = before.leavesCookie || code === 'session_revoked'
      return { ...current, ended: { ...before, replaced: before.replaced || replaced, leavesCookie } }
    })
    if (ended !== undefined) await revocation.outdate([ended])
  }

  return {
    revocation,
    over,
    end,
    async refusal(id, code, mode) {
      const now = clock.now()
      let isFirst = false
      await store.updateSession(id, (current) => {
        const ended = endOf(current, code, now)
        isFirst = !ended.leavesCookie
        return isFirst ? { ...current, ended: { ...ended, leavesCookie: true } } : undefined
      })
      return new Refusal(401, code, isFirst ? { deletes: mode } : {})
    },
    async begin(user, userAgent) {
      const now = clock.now()
      const secret = newSecret(random)
      const session: Session = {
        id: newId(random),
        userId: user.id,
        mode: modes.issued(),
        createdAt: now,
        expiresAt: now + sessionMs,
        seenAt: now,
        userAgent,
        family: beginFamily(digest(secret), now),
        renewal: false,
        issued: [],
      }
      await store.saveSession(session)
      return { session, secret }
    },
    async ofCookie(cookie) {
      return cookie === undefined ? undefined : store.sessionByToken(digest(cookie))
    },
    async live(userId) {
      const now = clock.now()
      return (await store.sessionsOf(userId)).filter((session) => over(session, now) === undefined)
    },
    async endAll(userId, code, madeUntil = Infinity) {
      const concerned = (await store.sessionsOf(userId)).filter(({ createdAt }) => createdAt <= madeUntil)
      for (const { id } of concerned) await end(id, code)
      const user = await store.user(userId)
      if (user !== undefined) await store.saveUser({ ...user, tokenVersion: user.tokenVersion + 1 })
    },
  }
}
