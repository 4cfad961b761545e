import type { LogoutScope } from './types.js'

/** What is still to be ended at the server: kept in the marker, so that any page of this browser can do it. */
export interface PendingLogout {
  readonly scope: LogoutScope
  /** Never empty. */
  readonly sessionIds: readonly string[]
}

/** Whichever session the cookie stands for, where nobody knows its id. */
export const WHICHEVER = ''
/** More than a browser makes while a server cannot be reached: the oldest give way. */
export const MOST_PENDING = 4

/** One more is to be ended. */
export const alsoEnd = (
  logout: PendingLogout | undefined,
  sessionId: string = WHICHEVER,
  scope: LogoutScope = 'current',
): PendingLogout => merge(logout ?? { scope, sessionIds: [] }, { scope, sessionIds: [sessionId] })

/** What two tabs have still to end. */
export function merge(mine: PendingLogout, theirs: PendingLogout | undefined): PendingLogout {
  const sessionIds = [...new Set([...mine.sessionIds, ...(theirs?.sessionIds ?? [])])].slice(-MOST_PENDING)
  return { scope: theirs?.scope === 'all' ? 'all' : mine.scope, sessionIds }
}

/** What is left when one is ended. */
export function without(logout: PendingLogout, sessionId: string): PendingLogout | undefined {
  const sessionIds = logout.sessionIds.filter((other) => other !== sessionId)
  return sessionIds.length > 0 ? { ...logout, sessionIds } : undefined
}

/** Whether something of theirs is news to us. */
export const isMore = (theirs: PendingLogout, mine: PendingLogout | undefined): boolean =>
  theirs.sessionIds.some((id) => !mine?.sessionIds.includes(id))
