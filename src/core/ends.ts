import { isSame, nextEpoch } from './epoch.js'
import { isKnown, type Register } from './register.js'
import {
  calm,
  type ClientEvent,
  type ClientState,
  type Effect,
  INITIAL,
  type Moment,
  type Transition,
} from './state.js'
import { publish, write } from './telling.js'
import type { EndReason, Epoch } from './types.js'

/** The server said that nobody is signed in by what was sent under that epoch and generation. */
export function refused(
  state: ClientState,
  { reason, status, under, asked }: ClientEvent & { type: 'refused' },
  now: Moment,
): Transition {
  const superseded = !isSame(state.epoch, under.epoch) || state.generation > under.generation
  // Where nothing is known yet, what a sibling has heard since is still to be learned.
  if (superseded && state.resyncing && isSame(state.epoch, under.epoch))
    return [calm(state), [{ type: 'resync' }]]
  if (superseded || state.phase === 'out') return [calm(state), []]
  // As old as the question: a page that stood still hears the answer late, and whoever signed in since then stays.
  const epoch = nextEpoch(state.epoch, asked, now.id)
  if (!isKnown(state)) {
    const next: ClientState = { ...calm(state), epoch, phase: 'out', reason: 'none' }
    return [next, [write(next)]]
  }
  const [next, effects] = end(calm(state), reason, epoch, status)
  return [next, [...publish(next), ...effects]]
}

/** Ends the identity under a new epoch; the application is told where somebody was signed in. */
export function end(
  state: ClientState,
  reason: EndReason,
  epoch: Epoch,
  status: number | undefined,
): Transition {
  // That nobody is signed in proves of nobody that the cookie is his.
  const { connection, purging, mode, since } = state
  const loggedOut = isLogout(reason) ? epoch : undefined
  const kept = { connection, purging, mode, since }
  const next: ClientState = { ...INITIAL, ...kept, epoch, phase: 'out', reason, loggedOut }
  const abandon: Effect = { type: 'abandon', reason }
  // Where nobody was signed in there is nothing to end, and an end that is still being cleared away is not told twice.
  const wasIn = state.phase === 'in' || (state.phase === 'unknown' && isKnown(state))
  if (!wasIn)
    return [
      { ...next, reason: state.phase === 'out' && reason !== 'logout' ? state.reason : reason },
      [abandon],
    ]
  return [{ ...next, purging: true }, [abandon, { type: 'end', reason, status, previous: state.identity }]]
}

/** Somebody wanted nobody to be signed in, and nobody has signed in since. */
export const isLoggedOut = ({ phase, loggedOut, incoming }: ClientState): boolean =>
  phase === 'out' && !!loggedOut && !incoming

/** Whether it is a session that somebody logged out of. */
export const isOver = (state: ClientState, id: string | undefined): boolean =>
  isLoggedOut(state) && !!id && state.over.includes(id)

export const isLogout = (reason: Register['reason']): boolean =>
  reason === 'logout' || reason === 'logout-elsewhere'
