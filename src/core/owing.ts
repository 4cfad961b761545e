import { type Debt, isExpired, isOwed, MOST_DEBTS, WHICHEVER, withDebt, without } from './debts.js'
import { isSame, nextEpoch } from './epoch.js'
import type { Credential, Instant } from './lifetime.js'
import { isKnown } from './register.js'
import type { ClientEvent, ClientState, Effect, Moment, Transition } from './state.js'
import { write } from './telling.js'
import type { LogoutScope } from './types.js'

const DELIVER: Effect = { type: 'deliver' }

/** Somebody is signed in, as far as this tab knows, or waits for the clean-up. */
export const isTaken = (state: ClientState): boolean =>
  state.phase === 'in' || !!state.incoming || (state.phase === 'unknown' && isKnown(state))

/** Whether the cookie may be that of what is still to be ended. */
export const isOwing = (state: ClientState): boolean => state.debts.length > 0 && !isTaken(state)

/**
 * Something left a session behind that nobody wants: the server is to end it, by this tab if by no other. While somebody is signed in
 * it is kept in memory, and is never the one that is shown.
 */
export function owe(
  state: ClientState,
  { sessionId, proof, held }: Omit<ClientEvent & { type: 'owe' }, 'type'>,
  now: Moment,
): Transition {
  const isOut = state.phase === 'out' && !state.incoming
  // Only the server knows whether it is still the session of whoever is signed in.
  if (!isOut && !proof) return [state, [{ type: 'repair' }]]
  // What is owed already is ended anyway.
  const isNews = isOut
    ? !sessionId || proof || !isOwed(state.debts, sessionId)
    : sessionId && sessionId !== state.sessionId
  if (!isNews) return [state, []]
  const epoch = isOut && !isKnown(state) ? nextEpoch(state.epoch, now.wall, now.id) : state.epoch
  const [next, rows] = owing({ ...state, epoch }, { sessionId, proof, since: now.wall })
  const written = isOut ? [...rows, write(next)] : isTaken(state) ? [] : rows
  return [next, held ? written : [...written, DELIVER]]
}

interface Owed extends Pick<Debt, 'since' | 'proof'> {
  readonly sessionId: string | undefined
  readonly scope?: LogoutScope
}

/** One more session is to be ended at the server. */
export function owing(
  state: ClientState,
  { sessionId = WHICHEVER, scope = 'current', ...parts }: Owed,
): Transition {
  const all = withDebt(state.debts, { ...parts, sessionId, scope, epoch: state.epoch, isOwn: true })
  const debt = all.find((one) => one.sessionId === sessionId)!
  // This one stays, also where the clock of this tab is behind.
  const [others, given] = kept(without(all, sessionId), MOST_DEBTS - 1)
  const [next, effects] = carried({ ...state, debts: withDebt(others, debt) })
  return [next, [...given, ...effects, row(debt)]]
}

/** The server has ended it. */
export const settled = (state: ClientState, sessionId: string): Transition =>
  isOwed(state.debts, sessionId)
    ? [{ ...state, debts: without(state.debts, sessionId) }, [gone(sessionId)]]
    : [state, []]

/** What proves it from now on. */
export const proved = (
  state: ClientState,
  sessionId: string,
  proof: Credential | undefined,
): ClientState => ({
  ...state,
  debts: state.debts.map((debt) => (debt.sessionId === sessionId ? { ...debt, proof } : debt)),
})

/**
 * Somebody has signed in: the server ends what was there before, or nobody can prove any more that it was his. What was left behind
 * and is proved by what it brought is still owed, and so is what has an id where a start has found somebody else: in memory, while
 * somebody is signed in.
 */
export function handedOver(before: ClientState, event: ClientEvent, [next, effects]: Transition): Transition {
  if (next.debts.length === 0 || !isTaken(next)) return [next, effects]
  const isNew = !isTaken(before)
  const isFound = event.type === 'granted' && event.wished
  const debts = next.debts
    .filter(
      ({ sessionId, since, proof }) =>
        sessionId !== WHICHEVER && sessionId !== next.sessionId && (!isNew || isFound || (since && proof)),
    )
    .map((debt): Debt => ({ ...debt, scope: 'current' }))
  if (!isNew) return [debts.length < next.debts.length ? { ...next, debts } : next, effects]
  const paid = next.debts.map(({ sessionId }) => gone(sessionId))
  return [{ ...next, debts }, [...paid, ...effects, ...(debts.length > 0 ? [DELIVER] : [])]]
}

/** A new epoch in which nobody has signed in: the cookie that was meant is still the one that is there. */
export function carried(state: ClientState): Transition {
  const { epoch } = state
  const old = state.debts.find((debt) => debt.sessionId === WHICHEVER && !isSame(debt.epoch, epoch))
  if (!old) return [state, []]
  const debt = { ...old, epoch }
  return [{ ...state, debts: withDebt(state.debts, debt) }, [row(debt)]]
}

/** What any tab has stored of that is still to be ended. */
export function seen(state: ClientState, rows: readonly Debt[], now: Instant): Transition {
  const { epoch } = state
  // Whoever signs in pays for all that was owed before.
  if (isTaken(state)) return [state, []]
  const effects: Effect[] = []
  // One without an id may have been ended in another tab: the next cookie is none of its business.
  let debts: readonly Debt[] = state.debts.filter(({ isOwn, sessionId }) => isOwn && sessionId !== WHICHEVER)
  for (const row of rows) {
    const { sessionId } = row
    const isUnnamed = sessionId === WHICHEVER
    const { proof, other } = state.debts.find((debt) => debt.sessionId === sessionId) ?? {}
    // One without an id is for the cookie of its own epoch. Its row may by now hold what another tab owes: only age takes it away.
    if (!isUnnamed || isSame(epoch, row.epoch)) debts = withDebt(debts, { ...row, proof, other })
    else if (isExpired(row, now.wall)) effects.push(gone(sessionId))
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

const row = (debt: Debt): Effect => ({ type: 'writeDebt', sessionId: debt.sessionId, debt })
export const gone = (sessionId: string): Effect => ({ type: 'writeDebt', sessionId })
const expired = (sessionId: string): Effect => ({ type: 'writeDebt', sessionId, expired: true })
