import { isCount, isHandle } from './checks.js'
import { isNewer, parseEpoch } from './epoch.js'
import type { Epoch, LogoutScope } from './types.js'

/** A session that the server has still to end. Each is a row of the storage, so that no tab writes over what another one owes. */
export interface Debt {
  readonly sessionId: string
  readonly scope: LogoutScope
  /** The epoch under which it is owed: without an id it is for the cookie of that one alone. */
  readonly epoch: Epoch
  /** Since when, by the wall clock, where that is later than the epoch: whoever was here last may have left long ago. */
  readonly since?: number | undefined
  /** This tab sees to it, whatever becomes of the row: the application may empty the storage behind a logout. */
  readonly isOwn: boolean
}

/** Whichever session the cookie stands for, where nobody knows its id. Not for a login under way: it is often refused, and the next one would be ended. */
export const WHICHEVER = ''
/** More than a browser makes while a server cannot be reached: the oldest give way. */
export const MOST_DEBTS = 8
/** Thirty days, in milliseconds: by then the session has come to its absolute end. */
const EXPIRY = 2.592e9

export const isOwed = (debts: readonly Debt[], sessionId: string | undefined): boolean =>
  debts.some((debt) => debt.sessionId === sessionId)

export const without = (debts: readonly Debt[], sessionId: string): readonly Debt[] =>
  debts.filter((debt) => debt.sessionId !== sessionId)

/** The oldest first, and last what nobody can name: it is the one that a sign-in meanwhile forbids. */
const rank = ({ sessionId, epoch }: Debt): number => (sessionId === WHICHEVER ? Infinity : epoch[0])

/** One more. What is already owed is neither narrowed nor made older. */
export function withDebt(debts: readonly Debt[], debt: Debt): readonly Debt[] {
  const known = debts.find(({ sessionId }) => sessionId === debt.sessionId)
  const { epoch } = known && isNewer(known.epoch, debt.epoch) ? known : debt
  const scope = known?.scope === 'all' ? 'all' : debt.scope
  const since = Math.max(known?.since ?? 0, debt.since ?? 0) || undefined
  const merged = { ...debt, scope, epoch, since, isOwn: debt.isOwn || !!known?.isOwn }
  return [...without(debts, debt.sessionId), merged].sort((a, b) => rank(a) - rank(b))
}

export const isExpired = ({ epoch, since = 0 }: Debt, wall: number): boolean =>
  wall - Math.max(epoch[0], since) > EXPIRY

/** What stands in the row, whose key ends with the session id. */
export const serializeDebt = ({ scope, epoch, since }: Debt): string =>
  JSON.stringify([scope, ...epoch, ...(since ? [since] : [])])

/** Reads a row, where anybody may have written; undefined for everything that is not one. */
export function parseDebt(
  sessionId: string,
  text: string | null | undefined,
  wall: number,
): Debt | undefined {
  try {
    const [scope, at, id, since] = JSON.parse(text ?? '[]') as unknown[]
    const epoch = parseEpoch([at, id], wall)
    if (!epoch || !(sessionId === WHICHEVER || isHandle(sessionId))) return undefined
    return {
      sessionId,
      scope: scope === 'all' ? 'all' : 'current',
      epoch,
      since: isCount(since) ? since : undefined,
      isOwn: false,
    }
  } catch {
    return undefined
  }
}
