import type { AccessClaims } from './ports.js'
import type { Sessions } from './sessions.js'
import type { Session, Store } from './store.js'

export interface LogoutRequest {
  /** The session to end; without it the one of the proof, token first. */
  readonly sessionId: string | undefined
  readonly scope: 'current' | 'all'
  /** The session the refresh cookie belongs to, whether spent or not, whether over or not. */
  readonly cookie: Session | undefined
  /** Whose access token came along, whether expired or not. */
  readonly token: AccessClaims | undefined
}

/**
 * Ends the session that is named, if the cookie or the token proves that the caller had a part in it;
 * anything else is left alone without a word, as what is over already (RFC 7009 2.2). Returns whether the
 * cookie died with it.
 */
export async function logout(store: Store, sessions: Sessions, request: LogoutRequest): Promise<boolean> {
  const { cookie, token, scope } = request
  const id = request.sessionId ?? token?.sid ?? cookie?.id
  if (id === undefined || (cookie?.id !== id && token?.sid !== id)) return false
  const session = await store.session(id)
  if (session === undefined) return false

  if (scope === 'all') await sessions.endAll(session.userId, 'session_revoked')
  else await sessions.end(id, 'session_revoked')
  return cookie?.id === id || (scope === 'all' && cookie?.userId === session.userId)
}
