import type { Access, TokenTweaks } from './access.js'
import { Refusal } from './answers.js'
import type { Credential } from './credentials.js'
import type { Grant } from './grants.js'
import type { Member } from './members.js'
import type { SessionEndCode } from './records.js'
import type { Rotation } from './rotation.js'
import type { Found, Sessions, Verdict } from './sessions.js'
import type { Settings } from './settings.js'

export interface RefreshRequest {
  readonly credential: Credential | undefined
  /** Whether nobody asked for it: then it is no activity and the idle limit goes on counting. */
  readonly background: boolean
  readonly address: string | undefined
  readonly tweaks: TokenTweaks
}

export interface Refreshed extends Grant {
  /** `exchanged`: for the credential of the other mode. */
  readonly outcome: 'rotated' | 'redelivered' | 'exchanged' | 'ok'
  /** Whether a successor that is given again goes to another address than at first, where both are known. */
  readonly elsewhere: boolean | undefined
}

/**
 * Rotation with idempotent grace, by compare-and-set on the row of the session:
 *
 *     t has no tag of ours, or no row → 401 session_expired, no Set-Cookie
 *     family ended, idle, past its absolute end, or older than the user's generation → 401 with the reason
 *       + delete the cookie, where it ended of itself and no answer has done so
 *     t is head: mint s; t.next = s; t.spentAt = now; head = s (never beyond the absolute end)
 *     t.next is head, head was never presented, and
 *       (now − t.spentAt ≤ 30 s, or head is undelivered and ≤ 24 h old): s = head
 *     t is at most `graceGenerations` behind head, and now − t.spentAt ≤ 30 s: s = head
 *     else end the family: 401 refresh_reused + delete the cookie
 *     put the row if it is as it was read, else all of this once more
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
  const { modes, onRace } = settings

  const judge = async (
    found: Found,
    cookie: Credential & { readonly member: Member },
    request: RefreshRequest,
  ): Promise<Verdict<Refreshed | SessionEndCode>> => {
    const { now } = found
    const { session, version } = await sessions.revocation.fresh(found.session)
    const user = await sessions.holder(found)
    if (typeof user === 'string') return { value: user }

    const successor = await rotation.successor(session, cookie.member, now, request.address)
    if (successor === undefined) return { value: 'refresh_reused' }
    if (successor.outcome === 'redelivered' && onRace === 'refuse') throw new Refusal(409, 'refresh_raced')
    const mode = session.isNative === true ? 'token' : modes.issued()
    // A session that stays one has nothing to renew.
    const stays = mode === 'session' && session.mode === 'session' && successor.outcome === 'rotated'
    const family = stays ? session.family : successor.family
    const isSeen = !request.background && (family !== session.family || sessions.isDue(session, now))
    const isChanged =
      isSeen || session !== found.session || family !== session.family || mode !== session.mode
    const renewed = isChanged ? { ...session, mode, family, seenAt: isSeen ? now : session.seenAt } : session
    // Somebody may end the session while we are signing: then the row is not as it was, and s is never given out.
    const issued =
      mode === 'token'
        ? await access.issue(user, renewed, family.head.generation, now, request.tweaks, version)
        : undefined
    const outcome = stays ? 'ok' : mode === session.mode ? successor.outcome : 'exchanged'
    return {
      ...(isChanged && { next: renewed }),
      value: {
        user,
        issued,
        session: renewed,
        cookie: stays ? cookie.value : successor.cookie,
        now,
        outcome,
        elsewhere: successor.elsewhere,
      },
    }
  }

  return async (request) => {
    const { credential } = request
    const { member } = credential ?? {}
    if (credential === undefined || member === undefined || credential.found === undefined) {
      throw new Refusal(401, 'session_expired')
    }
    const refreshed = await sessions.decide(
      member.id,
      (found) => judge(found, { ...credential, member }, request),
      credential.found,
    )
    if (refreshed === undefined) throw new Refusal(401, 'session_expired')
    if (typeof refreshed === 'object') {
      // Where nothing was written, or all of this user's end, nothing else would keep a late answer from whoever has signed out.
      const found = await sessions.find(member.id)
      if (found === undefined) throw new Refusal(401, 'session_expired')
      if (found.over === undefined) return refreshed
      throw await sessions.refusal(member.id, found.over, credential.mode)
    }
    if (refreshed === 'refresh_reused' && (await sessions.end(member.id, 'refresh_reused', 'reuse'))) {
      settings.emit({ type: 'reuse', sessionId: member.id, address: request.address })
    }
    throw await sessions.refusal(member.id, refreshed, credential.mode)
  }
}
