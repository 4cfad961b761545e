import type { Access, TokenTweaks } from './access.js'
import { Refusal } from './answers.js'
import type { Credential } from './credentials.js'
import type { Family } from './families.js'
import { withIssued, type Grant } from './grants.js'
import type { Rotation } from './rotation.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import type { SessionEndCode } from './store.js'

export interface RefreshRequest {
  readonly credential: Credential | undefined
  /** Whether nobody asked for it: then it is no activity and the idle limit goes on counting. */
  readonly background: boolean
  readonly tweaks: TokenTweaks
}

export interface Refreshed extends Grant {
  /** `exchanged`: for the credential of the other mode. */
  readonly outcome: 'rotated' | 'redelivered' | 'exchanged' | 'ok'
}

/**
 * Rotation with idempotent grace, atomic per family:
 *
 *     t = find(hash(cookie));  none → 401 session_expired, no Set-Cookie
 *     family ended, idle or past its absolute end → 401 with the reason
 *       + delete the cookie, where it ended of itself and no answer has done so
 *     t is head: mint s; t.next = s; t.spentAt = now; head = s (never beyond the absolute end)
 *     t.next is head, head was never presented, and
 *       (now − t.spentAt ≤ 30 s, or head is undelivered and ≤ 24 h old): s = head
 *     t is at most `graceGenerations` behind head, and now − t.spentAt ≤ 30 s: s = head
 *     else end the family: 401 refresh_reused + delete the cookie
 *     → 200 {access_token with new jti and the family's sid, …, session_id}; Set-Cookie s
 *
 * A value of the `sid` cookie is a member like any other, so changing a session over to tokens, or back, is a
 * rotation too: it survives a lost answer and two tabs that ask at once.
 */
export function createRefresh(
  settings: Settings,
  sessions: Sessions,
  access: Access,
  rotation: Rotation,
): (request: RefreshRequest) => Promise<Refreshed> {
  const { clock, modes, onRace, store } = settings

  const refresh = async (id: string, cookie: Credential, request: RefreshRequest): Promise<Refreshed> => {
    const now = clock.now()
    const refusal = (why: SessionEndCode): Promise<Refusal> => sessions.refusal(id, why, cookie.mode)
    const session = await store.session(id)
    const user = session && (await store.user(session.userId))
    if (session === undefined || user === undefined) throw new Refusal(401, 'session_expired')
    const code = sessions.over(session, now)
    if (code !== undefined) throw await refusal(code)

    const successor = await rotation.successor(session, cookie.value, now)
    if (successor === undefined) {
      await sessions.end(id, 'refresh_reused')
      throw await refusal('refresh_reused')
    }
    if (successor.outcome === 'redelivered' && onRace === 'refuse') throw new Refusal(409, 'refresh_raced')
    const mode = modes.issued()
    // A session that stays one has nothing to renew.
    const stays = mode === 'session' && session.mode === 'session' && successor.outcome === 'rotated'
    const { secret, advance } = stays ? { secret: cookie.value, advance: unchanged } : successor
    const { generation } = advance(session.family).head
    const issued =
      mode === 'token' ? await access.issue(user, session, generation, request.tweaks) : undefined

    // Somebody may have ended the session while we were signing: then s is never given out.
    const committed = await store.updateSession(id, (current) =>
      sessions.over(current, now) === undefined
        ? {
            ...current,
            mode,
            family: advance(current.family),
            seenAt: request.background ? current.seenAt : now,
            issued: issued === undefined ? current.issued : withIssued(current, issued, now),
          }
        : undefined,
    )
    if (committed === undefined) {
      const ended = (await store.session(id)) ?? session
      throw await refusal(sessions.over(ended, now) ?? 'session_revoked')
    }
    const outcome = stays ? 'ok' : mode === session.mode ? successor.outcome : 'exchanged'
    return { user, issued, session: committed, secret, outcome }
  }

  return async (request) => {
    const { credential } = request
    const id = credential?.session?.id
    if (credential === undefined || id === undefined) throw new Refusal(401, 'session_expired')
    return rotation.exclusively(id, () => refresh(id, credential, request))
  }
}

const unchanged = (family: Family): Family => family
