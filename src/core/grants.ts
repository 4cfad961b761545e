import { isOwed, WHICHEVER } from './debts.js'
import { end, isOver } from './ends.js'
import { isNewer, isSame, nextEpoch } from './epoch.js'
import { elapsed } from './lifetime.js'
import { owing, paid, settled } from './owing.js'
import { isKnown } from './register.js'
import { sameJson } from './same-json.js'
import {
  calm,
  type ClientEvent,
  type ClientState,
  type Effect,
  type Grant,
  type Identity,
  type Moment,
  type Transition,
} from './state.js'
import { publish, write } from './telling.js'
import type { Epoch } from './types.js'
import { BREAKER_LENGTH } from './waits.js'

/** A login, a refresh or a session check brought a credential. */
export function granted(
  state: ClientState,
  { grant, under, explicit, late, wished, found }: ClientEvent & { type: 'granted' },
  now: Moment,
): Transition {
  // That the session before it was found to be over is no act of anybody's, and does not stand against a sign-in; nor does an
  // older logout.
  const { loggedOut, debts, incoming } = state
  const isOwing = debts.length > 0
  const wanted = incoming || (!explicit && isOwing) || (loggedOut && isNewer(loggedOut, under.epoch))
  const stands = explicit && state.phase === 'out' && !wanted
  if (!isSame(state.epoch, under.epoch) && !stands) {
    // What comes to life behind a logout must not stay alive.
    if (wanted && state.phase === 'out') return revoke(state, grant, explicit, now)
    // The cookie that came last is in the jar, and only the server knows whose that is.
    return [{ ...calm(state), resyncing: explicit || state.resyncing }, [{ type: 'repair' }]]
  }
  // The session a logout is still to end, or has ended, came back: it is not a sign-in.
  const { sessionId } = grant.identity
  const isOther = found && isOwing && sessionId && !isOwed(debts, WHICHEVER) && !isOwed(debts, sessionId)
  if ((isOwing && !explicit && !isOther) || (found && isOver(state, sessionId)))
    return revoke(state, grant, explicit, now)
  const generation = explicit ? 1 : under.generation + 1
  // Two behind: one behind is the answer to the same cookie, with the same successor. The server is there, so no back-off holds the repair up.
  if (!explicit && state.generation > generation) return [calm(state), [{ type: 'repair' }]]
  // Overtaken by the answer to a later request, which brought a newer token and newer claims. Its cookie is the same, unless
  // this one comes so late that others have asked in between.
  const { credential } = state
  const overtaken = credential && credential.issued.monotonic > grant.credential.issued.monotonic
  if (!explicit && state.generation === generation && (late || overtaken))
    return late ? [calm(state), [{ type: 'repair' }]] : [state, []]
  // A session that the others do not know is told to them as a sign-in is.
  const unheard = state.sessionId && sessionId && state.sessionId !== sessionId
  const signIn = explicit || unheard || state.phase === 'out' || !isKnown(state)
  // What was only found out is as old as the question: whatever somebody did since then stands against it.
  const since = explicit ? now.wall : grant.credential.issued.wall
  const epoch = signIn ? nextEpoch(state.epoch, since, now.id) : state.epoch
  const numbered: Grant = { ...grant, credential: { ...grant.credential, generation } }
  const follows = !signIn ? state.follows : state.phase === 'in' ? state.epoch : undefined
  const { mode } = grant.credential
  const renewed: ClientState = { ...calm(state), epoch, follows, mode, generation, debts: [] }
  const { candidate, identity = candidate?.identity } = state
  if (identity && identity.subject !== grant.identity.subject) {
    // A sibling that made this epoch knows him. What we found out with a credential of our own, nobody has heard of.
    const known = signIn || (state.resyncing && !credential && !candidate)
    const [switched, effects] = switchTo(
      { ...renewed, identity },
      numbered,
      known ? epoch : nextEpoch(state.epoch, now.wall, now.id),
    )
    return [switched, [...paid(debts), ...effects]]
  }
  // Who waited at the start waited for the identity the register named; somebody else may have signed in by now.
  const strangers = explicit && state.phase === 'unknown' && isKnown(state)
  const abandons = strangers || (explicit && isReplaced(state, sessionId))
  const before: Effect[] = [
    ...paid(debts),
    ...(abandons ? [{ type: 'abandon', reason: 'none' } as const] : []),
  ]
  // Written at once, so that a reload during the clean-up finds the session and not the logout before it.
  if (state.purging) {
    const next = { ...renewed, incoming: numbered, sessionId }
    return [next, [...before, write(next)]]
  }
  const [installed, effects] = install(renewed, numbered, now)
  const next = wished && grant.credential.lifetime > 0 ? { ...installed, early: state.early } : installed
  return [next, [...before, ...effects]]
}

/** What comes to life behind a logout is to be ended, too, by the next page if not by this one. */
function revoke(state: ClientState, grant: Grant, explicit: boolean, now: Moment): Transition {
  const effects: Effect[] = [{ type: 'revoke', grant }]
  const { sessionId } = grant.identity
  const { debts } = state
  if (grant.credential.mode === 'session' && !explicit) {
    // A session check brings nothing to life. It says which session it was that nobody knew the id of.
    if (!isOwed(debts, WHICHEVER)) return [state, []]
    effects.pop()
  }
  if (sessionId === undefined || isOwed(debts, sessionId) || state.incoming) return [state, effects]
  const [named, forgotten] = settled(state, WHICHEVER)
  const [next, owed] = owing(named, sessionId, 'current', now.wall)
  return [next, [...forgotten, ...owed, ...effects, { type: 'pending' }]]
}

/** Another subject: the old identity ends first, and the new one waits until the application has cleared up. */
export function switchTo(state: ClientState, grant: Grant, epoch: Epoch): Transition {
  const [ended, effects] = end(state, 'user-switched', epoch, undefined)
  const { generation, mode } = grant.credential
  const next: ClientState = {
    ...ended,
    incoming: grant,
    generation,
    mode,
    sessionId: grant.identity.sessionId,
  }
  const switched: Effect = { type: 'switched', from: state.identity!, to: grant.identity }
  return [next, [write(next), ...effects, switched]]
}

/** Makes the grant ours and tells everybody. */
export function install(state: ClientState, grant: Grant, now: Moment): Transition {
  const next = take(state, grant, now)
  return [next, [...publish(next), ...claims(state.identity, grant.identity)]]
}

/** Shows whoever is granted; the user object stays the same where his data do. */
export function take(state: ClientState, grant: Grant, now: Moment): ClientState {
  const old = state.identity
  const { identity, credential } = grant
  const kept =
    old && old.subject === identity.subject && sameJson(old.rawUser, identity.rawUser)
      ? { ...identity, user: old.user }
      : identity
  const last = state.credential
  const early = credential.lifetime <= 0 || (last && elapsed(last.issued, now) < last.lifetime / 2)
  return {
    ...calm(state),
    phase: 'in',
    reason: 'none',
    identity: kept,
    mode: credential.mode,
    sessionId: identity.sessionId,
    credential,
    incoming: undefined,
    // An answer to what was asked before the page came back proves nothing.
    since: state.since !== undefined && credential.issued.wall < state.since ? state.since : undefined,
    candidate: undefined,
    resyncing: false,
    doubtful: false,
    early: early ? [...state.early, now.monotonic].slice(-BREAKER_LENGTH) : state.early,
  }
}

export function claims(previous: Identity | undefined, current: Identity): Effect[] {
  const same = !previous || sameJson(previous.rawUser, current.rawUser)
  return same ? [] : [{ type: 'claimsChanged', previous, current }]
}

/** Where a cookie is the credential, an answer to what still runs for the session before could put the old one back. */
export const isReplaced = ({ phase, mode, sessionId }: ClientState, next: string | undefined): boolean =>
  phase === 'in' && mode === 'session' && !(next && next === sessionId)
