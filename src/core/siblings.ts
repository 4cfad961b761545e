import { isOwed, WHICHEVER, without } from './debts.js'
import { end, isLogout, isOver } from './ends.js'
import { isNewer, isSame, nextEpoch } from './epoch.js'
import { claims, isReplaced, switchTo, take } from './grants.js'
import { remaining } from './lifetime.js'
import type { News } from './news.js'
import { carried, paid } from './owing.js'
import { isKnown, type Register } from './register.js'
import {
  calm,
  type ClientEvent,
  type ClientState,
  type Effect,
  type Grant,
  type Moment,
  type Transition,
} from './state.js'
import { publish, tell } from './telling.js'
import type { EndReason } from './types.js'
import { waitLeft } from './waits.js'

/** What another tab knows, by storage or by channel: of two registers the one of the later epoch counts. */
export function heard(state: ClientState, news: ClientEvent & { type: 'heard' }, now: Moment): Transition {
  const { register, said, grant, wait } = news
  const isOurs = isSame(register.epoch, state.epoch)
  if (wait) return [isOurs ? hold(state, register, wait, now) : state, []]
  if (isNewer(register.epoch, state.epoch)) return follow(state, register, now)
  if (!isOurs) return said ? answer(state, register) : [state, []]
  const noted = noteGeneration(state, register.generation)
  return said ? adopt(noted, grant, now) : notice(noted, news)
}

/** Another tab made a newer epoch: what we hold belongs to the past. */
function follow(state: ClientState, register: Register, now: Moment): Transition {
  if (register.state === 'in') return resync(state, register, now)
  // A tab that knew nothing was told that it is nobody. Who is signed in asks for himself, under an epoch that tells the others.
  const { reason: told } = register
  const isNobody = told === 'none'
  if (isNobody && (state.phase === 'in' || state.incoming || state.resyncing))
    return resync(state, { ...register, epoch: nextEpoch(register.epoch, now.wall, now.id) }, now)
  const reason = told === 'none' || told === 'logout' ? 'logout-elsewhere' : told
  const [next, effects] = followOut(state, register, reason, !isNobody)
  return [isNobody && state.phase !== 'out' ? { ...next, reason: 'none' } : next, effects]
}

/** Another tab signed out, or was told that the session has ended. */
function followOut(
  state: ClientState,
  { epoch, sessionId }: Register,
  reason: EndReason,
  isTold: boolean,
): Transition {
  const [ended, effects]: Transition =
    state.phase === 'out'
      ? [{ ...state, epoch, incoming: undefined, candidate: undefined, generation: 0 }, dropped(state)]
      : end(state, reason, epoch, undefined)
  // Whoever logged out wants to be out, whatever another tab is told afterwards.
  const known = state.phase === 'out' ? state.loggedOut : undefined
  const loggedOut = isTold && isLogout(reason) ? epoch : known
  // What we have still to end is not forgotten because another tab has something to end, too.
  const debts = without(state.debts, WHICHEVER)
  const next: ClientState = { ...ended, debts, sessionId, loggedOut }
  const pending: Effect[] = debts.length > 0 ? [{ type: 'pending' }] : []
  return [next, [...effects, ...disown(state, reason, sessionId), ...pending]]
}

/** Who waited for the clean-up and is overtaken is signed in at the server. */
const dropped = ({ incoming }: ClientState): Effect[] =>
  incoming ? [{ type: 'revoke', grant: incoming }] : []

/** A logout elsewhere that knew of another session than ours: nobody but us can end ours. */
function disown(
  { identity, credential }: ClientState,
  reason: EndReason,
  sessionId: string | undefined,
): Effect[] {
  const ours = identity && credential && reason === 'logout-elsewhere' && identity.sessionId !== sessionId
  return ours ? [{ type: 'revoke', grant: { identity, credential } }] : []
}

/** Somebody is signed in by another tab: learn who it is. */
function resync(
  state: ClientState,
  { epoch, follows, mode = state.mode, sessionId, generation }: Register,
  now: Moment,
): Transition {
  if (isOver(state, sessionId)) {
    // A tab that had not heard of it restored the very session that somebody logged out of. Whoever signed in since then stays.
    const [next, owed] = carried({ ...state, epoch: nextEpoch(epoch, 0, now.id) })
    return [next, [...owed, ...publish(next)]]
  }
  const next: ClientState = {
    ...calm(state),
    epoch,
    follows,
    mode,
    sessionId,
    generation,
    phase: state.phase === 'in' ? 'in' : 'unknown',
    doubtful: state.doubtful || !follows || !isSame(follows, state.epoch),
    credential: undefined,
    incoming: undefined,
    candidate: undefined,
    debts: [],
    resyncing: true,
    early: [],
  }
  const effects: Effect[] = isReplaced(state, sessionId) ? [{ type: 'abandon', reason: 'none' }] : []
  return [next, [...paid(state.debts), ...effects, { type: 'resync' }]]
}

/** Another tab has said what is older: it may have heard of the newer in no other way. */
function answer(state: ClientState, register: Register): Transition {
  const { phase, loggedOut, debts } = state
  if (!isKnown(register) || phase === 'unknown') return [state, []]
  if (register.state === 'out') return [state, phase === 'in' ? [tell(state)] : []]
  if (phase === 'in') return [state, []]
  const isEnded = (loggedOut && isOwed(debts, WHICHEVER)) || isOver(state, register.sessionId)
  // Who is out although nobody wanted that has been refused, or has a clock that was set back: the session may be alive.
  return [state, isEnded ? [tell(state)] : loggedOut ? [] : [{ type: 'repair' }]]
}

/** What is stored of our own epoch. */
function notice(state: ClientState, { register, before }: ClientEvent & { type: 'heard' }): Transition {
  const { generation } = register
  // Storage is never behind itself: the writer had an answer after ours and had not read of ours, so its cookie may lie over ours.
  // That storage is only behind the channel says nothing: tabs that repaired for it did so for ever.
  const isBack = before && isSame(before.epoch, register.epoch) && before.generation > generation
  const isOlder = isBack && state.credential && state.credential.generation > generation
  return [state, isOlder ? [{ type: 'repair' }] : []]
}

const noteGeneration = (state: ClientState, generation: number): ClientState =>
  generation > state.generation ? { ...state, generation } : state

/** Another tab has tried in vain, and this one waits with it. */
function hold(
  state: ClientState,
  { generation }: Register,
  wait: News['wait'] & {},
  now: Moment,
): ClientState {
  const { until, mandated } = wait
  const triedAt = Math.max(state.triedAt, wait.triedAt)
  // Who holds a newer credential than the one that could not be renewed has heard from the server since.
  // A page that asks although nobody is known to be signed in waits as all do who ask.
  if (generation < state.generation || (state.phase === 'out' && !state.asking)) return state
  if (waitLeft(state, now) >= until - now.wall) return triedAt > state.triedAt ? { ...state, triedAt } : state
  const retryAt = { wall: until, monotonic: now.monotonic + until - now.wall }
  const failures = Math.max(state.failures, wait.failures)
  return { ...state, retryAt, failures, mandated, triedAt }
}

/** Takes over a sibling's token of our own epoch. */
function adopt(state: ClientState, grant: Grant | undefined, now: Moment): Transition {
  if (!grant) return [state, []]
  const { identity, credential } = grant
  const old = state.credential
  const useful = remaining(credential, now) > 0 && (!old || credential.generation > old.generation)
  if (!useful || state.phase === 'out' || credential.generation < state.generation || !isKnown(state))
    return [state, []]
  const { identity: known, resyncing, since } = state
  const same = !known || known.subject === identity.subject
  // Asked for before this page was made: by now the cookie may be for somebody else.
  if (since !== undefined && credential.issued.wall < since)
    return [same ? { ...state, candidate: grant } : state, []]
  if (state.purging) return [{ ...state, incoming: grant }, []]
  // A sign-in whose answer named no session learns its id from whoever has asked since.
  if (same && (resyncing || !known?.sessionId || known.sessionId === identity.sessionId))
    return [take(state, grant, now), claims(known, identity)]
  // Both are told to be signed in by the one cookie, and only the server knows whose it is.
  return resyncing ? switchTo(state, grant, state.epoch) : [state, same ? [] : [{ type: 'repair' }]]
}
