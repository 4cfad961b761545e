import { type Debt, isExpired, isOwed, MOST_DEBTS, WHICHEVER, withDebt, without } from './debts.js'
import { isSame } from './epoch.js'
import type { Instant } from './lifetime.js'
import { isKnown } from './register.js'
import type { ClientState, Effect, Transition } from './state.js'
import type { LogoutScope } from './types.js'

/** One more session is to be ended at the server, by this tab if by no other. */
export function owing(
  state: ClientState,
  sessionId: string = WHICHEVER,
  scope: LogoutScope = 'current',
  since?: number,
): Transition {
  const all = withDebt(state.debts, { sessionId, scope, epoch: state.epoch, since, isOwn: true })
  const debt = all.find((one) => one.sessionId === sessionId)!
  // This one stays, also where the clock of this tab is behind.
  const [others, given] = kept(without(all, sessionId), MOST_DEBTS - 1)
  const [next, effects] = carried({ ...state, debts: withDebt(others, debt) })
  return [next, [...given, ...effects, write(debt)]]
}

/** The server has ended it, or it was the one without an id and has one by now. */
export const settled = (state: ClientState, sessionId: string): Transition =>
  isOwed(state.debts, sessionId)
    ? [{ ...state, debts: without(state.debts, sessionId) }, [{ type: 'writeDebt', sessionId }]]
    : [state, []]

/** Somebody has signed in: the server ends what was there before, or nobody can prove any more that it was his. */
export const paid = (debts: readonly Debt[]): Effect[] =>
  debts.map(({ sessionId }) => ({ type: 'writeDebt', sessionId }))

/** A new epoch in which nobody has signed in: the cookie that was meant is still the one that is there. */
export function carried(state: ClientState): Transition {
  const { epoch } = state
  const old = state.debts.find((debt) => debt.sessionId === WHICHEVER && !isSame(debt.epoch, epoch))
  if (!old) return [state, []]
  const debt = { ...old, epoch }
  return [{ ...state, debts: withDebt(state.debts, debt) }, [write(debt)]]
}

/** What any tab has stored of that is still to be ended. */
export function seen(state: ClientState, rows: readonly Debt[], now: Instant): Transition {
  const { epoch, phase, incoming } = state
  // Whoever signs in pays for all that was owed before.
  if (phase === 'in' || incoming || (phase === 'unknown' && isKnown(state))) return [state, []]
  const effects: Effect[] = []
  // One without an id may have been ended in another tab: the next cookie is none of its business.
  let debts: readonly Debt[] = state.debts.filter(({ isOwn, sessionId }) => isOwn && sessionId !== WHICHEVER)
  for (const row of rows) {
    const { sessionId } = row
    const isUnnamed = sessionId === WHICHEVER
    // One without an id is for the cookie of its own epoch. Its row may by now hold what another tab owes: only age takes it away.
    if (!isUnnamed || isSame(epoch, row.epoch)) debts = withDebt(debts, row)
    else if (isExpired(row, now.wall)) effects.push({ type: 'writeDebt', sessionId })
  }
  const [left, given] = kept(debts, MOST_DEBTS, now.wall)
  effects.push(...given)
  debts = left
  const isNews = debts.some(({ sessionId }) => !isOwed(state.debts, sessionId))
  if (isNews) effects.push({ type: 'pending' })
  return [{ ...state, debts }, effects]
}

/** What is left of them, and what is given up: what is too old, and the oldest of too many. */
function kept(debts: readonly Debt[], most: number, wall = 0): [left: readonly Debt[], given: Effect[]] {
  const left = debts.filter((debt) => !isExpired(debt, wall)).slice(-most)
  return [left, debts.filter((debt) => !left.includes(debt)).map(({ sessionId }) => expired(sessionId))]
}

const write = (debt: Debt): Effect => ({ type: 'writeDebt', sessionId: debt.sessionId, debt })
const expired = (sessionId: string): Effect => ({ type: 'writeDebt', sessionId, expired: true })
