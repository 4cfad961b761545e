import type { Access, TokenTweaks } from './access.js'
import { Refusal } from './answers.js'
import { judge, succeed, type Family } from './families.js'
import { tokenAnswer, withIssued, type Grant } from './grants.js'
import { createMutex } from './mutex.js'
import type { Settings } from './options.js'
import { digest, newSecret } from './secrets.js'
import { sessionOver, type Sessions } from './sessions.js'
import type { Session } from './store.js'

export interface RefreshRequest {
  readonly cookie: string | undefined
  /** Whether nobody asked for it: then it is no activity and the idle limit goes on counting. */
  readonly background: boolean
  readonly tweaks: TokenTweaks
}

export interface Refreshed extends Grant {
  readonly outcome: 'rotated' | 'redelivered'
}

interface Successor {
  readonly outcome: Refreshed['outcome']
  readonly secret: string
  readonly advance: (family: Family) => Family
}

/**
 * Rotation with idempotent grace, atomic per family:
 *
 *     t = find(hash(cookie));  none → 401 session_expired, no Set-Cookie
 *     family ended, idle or past its absolute end → 401 with the reason + delete the cookie
 *     t is head: mint s; t.next = s; t.spentAt = now; head = s (never beyond the absolute end)
 *     t.next is head, head was never presented, and
 *       (now − t.spentAt ≤ 30 s, or head is undelivered and ≤ 24 h old): s = head
 *     t is at most `graceGenerations` behind head, and now − t.spentAt ≤ 30 s: s = head
 *     else end the family: 401 refresh_reused + delete the cookie
 *     → 200 {access_token with new jti and the family's sid, …, session_id}; Set-Cookie s
 */
export function createRefresh(
  settings: Settings,
  sessions: Sessions,
  access: Access,
): (request: RefreshRequest) => Promise<Refreshed> {
  const { clock, random, sealer, store } = settings
  const exclusively = createMutex()

  /** The token to give for t, and what giving it makes of the family. */
  const successor = async (session: Session, cookie: string, now: number): Promise<Successor> => {
    const judgement = judge(session.family, digest(cookie), now, settings)
    if (judgement.kind === 'rotate') {
      const secret = newSecret(random)
      const [s, sealed] = [digest(secret), await sealer.seal(cookie, secret)]
      return { outcome: 'rotated', secret, advance: (family) => succeed(family, s, sealed, now, settings) }
    }
    if (judgement.kind === 'redeliver') {
      if (settings.onRace === 'refuse') throw new Refusal(409, 'refresh_raced')
      let secret = cookie
      for (const sealed of judgement.sealed) secret = await sealer.open(secret, sealed)
      return { outcome: 'redelivered', secret, advance: (family) => family }
    }
    await sessions.end(session.id, 'refresh_reused')
    throw sessionOver(session, 'refresh_reused')
  }

  const refresh = async (id: string, cookie: string, request: RefreshRequest): Promise<Refreshed> => {
    const now = clock.now()
    const session = await store.session(id)
    const user = session && (await store.user(session.userId))
    if (session === undefined || user === undefined) throw new Refusal(401, 'session_expired')
    const code = sessions.over(session, now)
    if (code !== undefined) throw sessionOver(session, code)

    const { outcome, secret, advance } = await successor(session, cookie, now)
    const { generation } = advance(session.family).head
    const issued = await access.issue(user, session, generation, request.tweaks)

    // Somebody may have ended the session while we were signing: then s is never given out.
    const committed = await store.updateSession(id, (current) =>
      sessions.over(current, now) === undefined
        ? {
            ...current,
            family: advance(current.family),
            seenAt: request.background ? current.seenAt : now,
            issued: withIssued(current, issued, now),
          }
        : undefined,
    )
    if (committed === undefined) {
      const ended = (await store.session(id)) ?? session
      throw sessionOver(ended, sessions.over(ended, now) ?? 'session_revoked')
    }
    return { body: tokenAnswer(user, session, issued), session: committed, secret, outcome }
  }

  return async (request) => {
    const { cookie } = request
    const session = await sessions.ofCookie(cookie)
    if (cookie === undefined || session === undefined) throw new Refusal(401, 'session_expired')
    return exclusively(session.id, () => refresh(session.id, cookie, request))
  }
}
