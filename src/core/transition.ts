import { end, isLoggedOut, isLogout, refused } from './ends.js'
import { isNewer, isSame, nextEpoch } from './epoch.js'
import { claims, granted, install, take } from './grants.js'
import { type Debt, isExpired, WHICHEVER } from './debts.js'
import { isKnown, type Register } from './register.js'
import { owing, seen, settled } from './owing.js'
import { heard } from './siblings.js'
import type { ClientEvent, ClientState, Moment, Transition } from './state.js'
import { publish, write } from './telling.js'
import { back, postponed, waitLeft } from './waits.js'

/** More than anybody logs out of while a message is under way, and than can be owed. */
const MOST_OVER = 16

/**
 * The only place where the state changes. Pure: the same state, event and moment always give the same next state and
 * effects, and the effects are data that the runtime performs.
 */
export function transition(state: ClientState, event: ClientEvent, now: Moment): Transition {
  const [next, effects] = step(state, event, now)
  return [remember(state, next), effects]
}

/** Keeps in mind what somebody logged out of, and not who has signed in since and waits for the clean-up. */
function remember(before: ClientState, next: ClientState): ClientState {
  if (next === before) return next
  const { sessionId = WHICHEVER, debts } = next
  const ended = new Set(isLoggedOut(next) ? [sessionId, ...debts.map((debt) => debt.sessionId)] : [])
  const earlier = before.over.filter((id) => !ended.has(id))
  return { ...next, over: [...earlier, ...ended].slice(-MOST_OVER) }
}

function step(state: ClientState, event: ClientEvent, now: Moment): Transition {
  switch (event.type) {
    case 'started':
      return started(state, event.register, now)
    case 'skipped':
      // Somebody may have signed in in another tab meanwhile.
      return state.phase === 'unknown' && !state.resyncing ? [{ ...state, phase: 'out' }, []] : [state, []]
    case 'asking':
      return [{ ...state, asking: !event.done && state.phase === 'out' }, []]
    case 'heard':
      return heard(state, event, now)
    case 'debtsSeen':
      return sawDebts(state, event.rows, now)
    case 'granted':
      return granted(state, event, now)
    case 'looked': {
      const { candidate, since } = state
      if (!isSame(event.under, state.epoch)) return [state, []]
      // Without an answer the other tab's word counts meanwhile, and stays unproved.
      const proof = event.identity ? { candidate: undefined, since: undefined } : { candidate, since }
      if (!candidate) return [{ ...state, ...proof }, []]
      const { identity = candidate.identity } = event
      const { retryAt, mandated, failures } = state
      const taken = take(state, { ...candidate, identity }, now)
      // What another tab was told to wait for meanwhile is about the refresh endpoint, which was not asked.
      const waits = waitLeft(state, now) > 0 && { retryAt, mandated, failures }
      return [{ ...taken, ...proof, ...waits }, claims(state.identity, identity)]
    }
    case 'returned':
      return [state.phase === 'in' ? { ...state, since: now.wall } : state, []]
    case 'refused':
      return refused(state, event, now)
    case 'indeterminate':
      return postponed(state, event, now)
    case 'retryNow':
      return [back(state), []]
    case 'disconnected':
      return [{ ...state, connection: 'offline' }, []]
    case 'logoutRequested': {
      const epoch = nextEpoch(state.epoch, now.wall, now.id)
      const [ended, effects] = end(state, 'logout', epoch, undefined)
      // One that is still to be delivered is not forgotten and not narrowed.
      const { sessionId, debts } = state
      const [next, owed] = owing({ ...ended, sessionId, debts }, sessionId, event.scope)
      return [next, [...owed, ...publish(next), ...effects]]
    }
    case 'logoutConfirmed': {
      const { epoch, sessionId } = event
      return isSame(epoch, state.epoch) ? settled(state, sessionId) : [state, []]
    }
    case 'loginLost': {
      // Only the server knows whether it is still the session of whoever is signed in.
      if (state.phase !== 'out' || state.incoming) return [state, [{ type: 'repair' }]]
      const epoch = isKnown(state) ? state.epoch : nextEpoch(state.epoch, now.wall, now.id)
      const [next, owed] = owing({ ...state, epoch }, event.sessionId, 'current', now.wall)
      return [next, [...owed, write(next), { type: 'pending' }]]
    }
    case 'purged': {
      const next: ClientState = { ...state, purging: false }
      return state.incoming ? install(next, state.incoming, now) : [next, []]
    }
    default:
      return event satisfies never
  }
}

/** A page that could not see a logout yet has written over its register, but not over what is owed since then. */
function sawDebts(state: ClientState, rows: readonly Debt[], now: Moment): Transition {
  const { phase, epoch, mode, sessionId } = state
  const row = rows.find(
    (row) =>
      (row.sessionId || undefined) === sessionId && isNewer(row.epoch, epoch) && !isExpired(row, now.wall),
  )
  if (!row || phase === 'out' || !isKnown(state)) return seen(state, rows, now)
  const register: Register = {
    epoch: row.epoch,
    state: 'out',
    generation: 0,
    mode,
    sessionId,
    reason: 'logout',
  }
  const [out, ended] = heard(state, { type: 'heard', register, said: false }, now)
  const [next, owed] = seen(out, rows, now)
  return [next, [write(next), ...ended, ...owed]]
}

function started(before: ClientState, register: Register | undefined, now: Moment): Transition {
  // A login or logout may have come before the start.
  const state: ClientState = before.phase === 'in' ? before : { ...before, since: now.wall }
  if (!register || isKnown(state)) return [state, []]
  const { epoch, follows, mode, sessionId, generation } = register
  const known: ClientState = { ...state, epoch, follows, mode, sessionId, generation }
  if (register.state === 'in') return [{ ...known, debts: [] }, []]
  const loggedOut = isLogout(register.reason) ? epoch : undefined
  return [{ ...known, phase: 'out', loggedOut }, []]
}
