import type { Access, Issued, TokenTweaks } from './access.js'
import { Refusal, unavailable } from './answers.js'
import type { Session } from './records.js'
import type { Beginning, Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import { publicUser, type AuthUser } from './users.js'

/** What a sign-in or a refresh hands out. */
export interface Grant {
  readonly user: AuthUser
  /** Its mode says in which cookie the value goes. */
  readonly session: Session
  readonly cookie: string
  /** The access token, in token mode. */
  readonly issued: Issued | undefined
  /** When, by the store's clock. */
  readonly now: number
}

export function tokenAnswer(user: AuthUser, session: Session, { token, expiresIn }: Issued): object {
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresIn,
    user: publicUser(user),
    session_id: session.id,
  }
}

/** Of a sign-in that hands out no token; in the order and names of the session check. */
export function sessionAnswer(user: AuthUser, session: Session, idleMs: number, now: number): object {
  return { user: publicUser(user), session_id: session.id, ...limitsOf(session, idleMs, now) }
}

/** How long the session lives, and how long without activity, in seconds from now. */
export function limitsOf(session: Session, idleMs: number, now: number): object {
  const { expiresAt, seenAt } = session
  const absolute = expiresAt - now
  return {
    session_expires_in: Math.floor(absolute / 1000),
    idle_expires_in: Math.floor(Math.min(absolute, seenAt + (session.idleMs ?? idleMs) - now) / 1000),
  }
}

/**
 * Begins the session of a user who has just proved to be that user. The id and the secret are new, and the
 * sessions whose cookies came along end: a cookie planted before the sign-in is worth nothing after it.
 */
export async function signIn(
  { findUser, sessionsPerUser }: Settings,
  sessions: Sessions,
  access: Access,
  userId: string,
  from: Beginning & {
    /** Of the user, from before his proof was looked at. */
    at: { readonly generation: number; readonly now: number }
    replaces: readonly string[]
    tweaks: TokenTweaks
  },
): Promise<Grant> {
  // In this order: whoever is banned behind the first look is found closed by the second, or has a session that is over already.
  const { at } = from
  const ver = await sessions.revocation.version({ userId, outdated: 0 })
  const user = await findUser(userId)
  if (user === undefined) throw unavailable()
  if (user.disabled === true) throw new Refusal(403, 'user_disabled')
  const { session, cookie } = await sessions.begin(userId, at, from)
  try {
    const issued =
      session.mode === 'token' ? await access.issue(user, session, 0, at.now, from.tweaks, ver) : undefined
    await sessions.keepNewest(session, sessionsPerUser, from.replaces)
    // Somebody may have ended all of this user's meanwhile, without seeing this one: its token would outlive that.
    const found = await sessions.find(session.id)
    if (found === undefined || (await sessions.isOutdated(session))) throw unavailable()
    // Of several at once all but the newest are over by now, and are answered as they would have been a moment earlier.
    if (found.over !== undefined && sessionsPerUser === Infinity) throw unavailable()
    for (const id of from.replaces) await sessions.end(id, 'session_revoked', 'sign-in')
    return { user, session, cookie, issued, now: at.now }
  } catch (error) {
    // Nobody holds it: it must not take the place of one that somebody does.
    await sessions.end(session.id, 'session_revoked', 'failure').catch(() => undefined)
    throw error
  }
}
