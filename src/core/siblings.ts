import { end, isLogout, isOver } from './ends.js'
import { isNewer, isSame, nextEpoch } from './epoch.js'
import { claims, isReplaced, switchTo, take } from './grants.js'
import { remaining } from './lifetime.js'
import type { Marker } from './marker.js'
import type { Message } from './messages.js'
import { isMore, merge, MOST_PENDING, WHICHEVER, without } from './pending-logout.js'
import { calm, type ClientState, type Effect, type Grant, type Moment, type Transition } from './state.js'
import { announce, out, tellLogout, writeMarker } from './telling.js'
import type { EndReason, Epoch } from './types.js'
import { waitLeft } from './waits.js'

/** Another tab made a newer epoch: what we hold belongs to the past. */
export function followMarker(state: ClientState, marker: Marker, now: Moment): Transition {
  if (marker.state === 'in') return resync(state, marker, now)
  // A tab that knew nothing was told that it is nobody. Who is signed in asks for himself, under an epoch that tells the others.
  const nobody = marker.state === 'out' && marker.reason === 'none'
  if (nobody && (state.phase === 'in' || state.resyncing))
    return resync(state, { ...marker, epoch: nextEpoch(marker.epoch, now.wall, now.id) }, now)
  const { reason: told } = marker
  const reason = told === 'none' || told === 'logout' ? 'logout-elsewhere' : told
  const [next, effects] = followOut(state, marker, reason, pendingLogout(marker), !nobody)
  return [nobody && state.phase !== 'out' ? { ...next, reason: 'none' } : next, effects]
}

/** Another tab signed out, or was told that the session has ended. */
function followOut(
  state: ClientState,
  { epoch, sessionId }: Pick<Marker, 'epoch' | 'sessionId'>,
  reason: EndReason,
  theirs: ClientState['logout'],
  isTold = true,
): Transition {
  // What we have still to end is not forgotten because another tab has something to end, too.
  const mine = state.logout && without(state.logout, WHICHEVER)
  const logout = mine ? merge(mine, theirs) : theirs
  const [ended, effects]: Transition =
    state.phase === 'out'
      ? [{ ...state, epoch, incoming: undefined, candidate: undefined, generation: 0 }, dropped(state)]
      : end(state, reason, epoch, undefined)
  // Whoever logged out wants to be out, whatever another tab is told afterwards.
  const known = state.phase === 'out' ? state.loggedOut : undefined
  const loggedOut = isTold && isLogout(reason) ? epoch : known
  const next: ClientState = { ...ended, logout, sessionId, loggedOut }
  const told: Effect[] = logout === theirs ? [] : [writeMarker(next)]
  const pending: Effect[] = logout ? [{ type: 'pending' }] : []
  return [next, [...told, ...effects, ...disown(state, reason, sessionId), ...pending]]
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
  {
    epoch,
    follows,
    mode = state.mode,
    sessionId,
    generation,
  }: Pick<Marker, 'epoch' | 'follows' | 'mode' | 'sessionId' | 'generation'>,
  now: Moment,
): Transition {
  const { logout } = state
  if (isOver(state, sessionId)) {
    // A tab that had not heard of it restored the very session that somebody logged out of. Whoever signed in since then stays.
    const next: ClientState = { ...state, epoch: nextEpoch(epoch, 0, now.id) }
    return [next, logout ? [...tellLogout(next), { type: 'pending' }] : tellLogout(next)]
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
    logout: undefined,
    resyncing: true,
    early: [],
  }
  const effects: Effect[] = isReplaced(state, sessionId) ? [{ type: 'abandon', reason: 'none' }] : []
  return [next, [...effects, { type: 'resync' }]]
}

/** The marker of our own epoch: a sibling has renewed the credential, has still to deliver the logout, or has delivered it. */
export function notice(state: ClientState, marker: Marker, before?: Marker): Transition {
  const noted = noteGeneration(state, marker.epoch, marker.generation)
  if (!isSame(marker.epoch, state.epoch)) return [noted, []]
  const { generation } = marker
  // Storage is never behind itself: the writer had an answer after ours and had not read of ours, so its cookie may lie over ours.
  const isBack = before && isSame(before.epoch, marker.epoch) && before.generation > generation
  if (isBack && state.credential && state.credential.generation > generation)
    return [noted, [{ type: 'repair' }]]
  if (state.phase !== 'out' || state.incoming || marker.state === 'in') return [noted, []]
  const theirs = pendingLogout(marker)
  const mine = state.logout
  // Less than what we know of: the others have delivered the rest.
  if (!theirs || !isMore(theirs, mine)) return [{ ...noted, logout: theirs }, []]
  // A full list is not added to: each would drop what is news to the other, without end.
  if (!mine || theirs.sessionIds.length === MOST_PENDING)
    return [
      { ...noted, logout: { ...merge(mine ?? theirs, theirs), sessionIds: theirs.sessionIds } },
      [{ type: 'pending' }],
    ]
  const next: ClientState = { ...noted, logout: merge(mine, theirs) }
  return [next, [writeMarker(next), { type: 'pending' }]]
}

function noteGeneration(state: ClientState, epoch: Epoch, generation: number): ClientState {
  return isSame(epoch, state.epoch) && generation > state.generation ? { ...state, generation } : state
}

/** What another tab said over the channel. */
export function received(
  state: ClientState,
  message: Message,
  grant: Grant | undefined,
  now: Moment,
): Transition {
  const ahead = isNewer(message.epoch, state.epoch)
  if (!ahead && !isSame(message.epoch, state.epoch)) {
    // What is newer is told, for those who heard only of what is older.
    const unnamed = state.loggedOut && state.logout?.sessionIds.includes(WHICHEVER)
    if (message.type === 'in' && (unnamed || isOver(state, message.sessionId)))
      return [state, [out(state, 'logout-elsewhere')]]
    // Who is out although nobody wanted that has been refused, or has a clock that was set back: the session may be alive.
    if (message.type === 'in' && state.phase === 'out' && !state.loggedOut)
      return [state, [{ type: 'repair' }]]
    return [state, message.type === 'out' && state.phase === 'in' ? [announce(state)] : []]
  }
  switch (message.type) {
    case 'in':
      // What is ahead is never adopted: the marker or the server must say first who is signed in now.
      if (ahead) return resync(state, message, now)
      return adopt(noteGeneration(state, message.epoch, message.generation), grant, now)
    case 'out':
      return ahead ? followOut(state, message, message.reason, state.logout) : [state, []]
    case 'wait': {
      const { generation, until, mandated } = message
      const triedAt = Math.max(state.triedAt, message.triedAt)
      // Who holds a newer credential than the one that could not be renewed has heard from the server since; and who is out waits for
      // nothing, unless its start asks.
      if (ahead || generation < state.generation || (state.phase === 'out' && !state.asking))
        return [state, []]
      if (waitLeft(state, now) >= until - now.wall)
        return [triedAt > state.triedAt ? { ...state, triedAt } : state, []]
      const retryAt = { wall: until, monotonic: now.monotonic + until - now.wall }
      const failures = Math.max(state.failures, message.failures)
      return [{ ...state, retryAt, failures, mandated, triedAt }, []]
    }
    case 'ask':
      return [state, []]
    default:
      return message satisfies never
  }
}

/** Takes over a sibling's token of our own epoch. */
function adopt(state: ClientState, grant: Grant | undefined, now: Moment): Transition {
  if (!grant) return [state, []]
  const { identity, credential } = grant
  const old = state.credential
  const useful = remaining(credential, now) > 0 && (!old || credential.generation > old.generation)
  if (!useful || state.phase === 'out' || credential.generation < state.generation || state.epoch[0] === 0)
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

export const pendingLogout = (marker: Marker): ClientState['logout'] =>
  marker.state !== 'logout-pending'
    ? undefined
    : { scope: marker.scope, sessionIds: marker.ending.length > 0 ? marker.ending : [WHICHEVER] }
