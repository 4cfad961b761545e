import type { Access, Issued, TokenTweaks } from './access.js'
import type { Settings } from './options.js'
import type { Sessions } from './sessions.js'
import type { Session, User } from './store.js'

/**
 * What a sign-in or a refresh hands out: a body with the access token, and the value of the refresh cookie.
 */
export interface Grant {
  readonly body: object
  readonly session: Session
  readonly secret: string
}

export interface PublicUser {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
}

export function publicUser({ id, email, name, roles }: User): PublicUser {
  return { id, email, name, roles }
}

export function tokenAnswer(user: User, session: Session, { token, expiresIn }: Issued): object {
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresIn,
    user: publicUser(user),
    session_id: session.id,
  }
}

/** The session's record of access tokens that may still live. */
export function withIssued(session: Session, { jti, exp }: Issued, now: number): Session['issued'] {
  return [...session.issued.filter((one) => one.exp * 1000 > now), { jti, exp }]
}

/**
 * Begins the session of a user who has just proved to be that user. The id and the refresh token are new, and
 * the session whose cookie came along ends: a cookie planted before the sign-in is worth nothing after it.
 */
export async function signIn(
  { clock, store }: Settings,
  sessions: Sessions,
  access: Access,
  user: User,
  from: { userAgent: string; replaces: string | undefined; tweaks: TokenTweaks },
): Promise<Grant> {
  const { session, secret } = await sessions.begin(user, from.userAgent)
  if (from.replaces !== undefined) await sessions.end(from.replaces, 'session_revoked', true)
  const issued = await access.issue(user, session, session.family.head.generation, from.tweaks)
  await store.updateSession(session.id, (current) => ({
    ...current,
    issued: withIssued(current, issued, clock.now()),
  }))
  return { body: tokenAnswer(user, session, issued), session, secret }
}
