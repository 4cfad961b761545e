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
export function alsoEnd(
  logout: PendingLogout | undefined,
  sessionId: string | undefined,
  scope: LogoutScope = 'current',
): PendingLogout {
  const sessionIds = union(logout?.sessionIds ?? [], [sessionId ?? WHICHEVER])
  return { scope: logout?.scope === 'all' ? 'all' : scope, sessionIds }
}

/** What two tabs have still to end. */
export function merge(mine: PendingLogout, theirs: PendingLogout | undefined): PendingLogout {
  const sessionIds = union(mine.sessionIds, theirs?.sessionIds ?? [])
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

const union = (known: readonly string[], more: readonly string[]): readonly string[] =>
  [...new Set([...known, ...more])].slice(-MOST_PENDING)
