import type { AccessClaims } from './ports.js'
import type { Sessions } from './sessions.js'
import type { Session } from './records.js'

export interface LogoutRequest {
  /** The session to end; without it the one of the proof, token first. */
  readonly sessionId: string | undefined
  readonly scope: 'current' | 'all'
  /** The session the cookie belongs to, whether spent or not, whether over or not. */
  readonly cookie: Session | undefined
  /** Whose access token came along, whether expired or not. */
  readonly token: AccessClaims | undefined
  /** Whether that token is good for calls, too. */
  readonly isTokenGood: boolean
}

/** Whether the cookie alone is what lets this logout end its session. */
export function isProvedByCookie({ cookie, sessionId, token }: LogoutRequest): boolean {
  const id = sessionId ?? token?.sid ?? cookie?.id
  return id !== undefined && cookie?.id === id && token?.sid !== id
}

/**
 * Ends the session that is named, if the cookie or the token proves that the caller had a part in it;
 * anything else is left alone without a word, as what is over already (RFC 7009 2.2). Returns whether the
 * cookie is to be deleted.
 */
export async function logout(sessions: Sessions, request: LogoutRequest): Promise<boolean> {
  const { cookie, token, isTokenGood } = request
  const id = request.sessionId ?? token?.sid ?? cookie?.id
  if (id === undefined || (cookie?.id !== id && token?.sid !== id)) return false
  const found = await sessions.find(id)
  if (found === undefined) return false
  const { session } = found

  // Tokens that have expired lie about in logs and old pages: one of them ends the session that it was made for, and no other.
  const scope = cookie?.id === id || isTokenGood ? request.scope : 'current'
  if (scope === 'current') {
    const isFirst = await sessions.end(id, 'session_revoked', 'logout')
    // A deletion is for whatever cookie is in the jar when it arrives. So it is not repeated, and not made for a caller whose
    // cookie is another one, or none, and who proves his part by a token alone: a dead cookie does no harm.
    return cookie?.id === id && isFirst
  }
  // One that all have ended with already, and whose row does not say so yet, ends none that came after: what is left is what the
  // first call has not come to.
  if (session.ended === undefined && found.over === 'session_revoked') {
    await sessions.finishEndAll(session.userId, 'session_revoked', 'logout')
    return false
  }
  // What ended earlier has no say about sessions that were made after it, nor about the one that took its place.
  const endedAt = sessions.pastAt(session, found.now)
  const madeUntil = endedAt && endedAt - (session.ended?.replaced ? 1 : 0)
  if (madeUntil === undefined) await sessions.endAll(session.userId, 'session_revoked', 'logout')
  else await sessions.endMadeUntil(session.userId, 'session_revoked', 'logout', madeUntil)
  return cookie?.userId === session.userId && session.ended === undefined
}
