import type { Access, Issued, TokenTweaks } from './access.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import type { Session, User } from './store.js'

/** What a sign-in or a refresh hands out. */
export interface Grant {
  readonly user: User
  /** Its mode says in which cookie the secret goes. */
  readonly session: Session
  readonly secret: string
  /** The access token, in token mode. */
  readonly issued: Issued | undefined
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

/** Of a sign-in that hands out no token; in the order and names of the session check. */
export function sessionAnswer(user: User, session: Session, idleMs: number, now: number): object {
  return { user: publicUser(user), session_id: session.id, ...limitsOf(session, idleMs, now) }
}

/** How long the session lives, and how long without activity, in seconds from now. */
export function limitsOf({ expiresAt, seenAt }: Session, idleMs: number, now: number): object {
  const absolute = expiresAt - now
  return {
    session_expires_in: Math.floor(absolute / 1000),
    idle_expires_in: Math.floor(Math.min(absolute, seenAt + idleMs - now) / 1000),
  }
}

/** The session's record of access tokens that may still live. */
export function withIssued(session: Session, { jti, exp }: Issued, now: number): Session['issued'] {
  return [...session.issued.filter((one) => one.exp * 1000 > now), { jti, exp }]
}

/**
 * Begins the session of a user who has just proved to be that user. The id and the secret are new, and the
 * sessions whose cookies came along end: a cookie planted before the sign-in is worth nothing after it.
 */
export async function signIn(
  { clock, store }: Settings,
  sessions: Sessions,
  access: Access,
  user: User,
  from: { userAgent: string; replaces: readonly string[]; tweaks: TokenTweaks },
): Promise<Grant> {
  const { session, secret } = await sessions.begin(user, from.userAgent)
  for (const id of from.replaces) await sessions.end(id, 'session_revoked', true)
  if (session.mode === 'session') return { user, session, secret, issued: undefined }
  const issued = await access.issue(user, session, session.family.head.generation, from.tweaks)
  await store.updateSession(session.id, (current) => ({
    ...current,
    issued: withIssued(current, issued, clock.now()),
  }))
  return { user, session, secret, issued }
}
