import { isNewer, isSame, nextEpoch, NO_EPOCH } from './epoch.js'
import { elapsed, type Instant, remaining } from './lifetime.js'
import type { Marker } from './marker.js'
import type { Message } from './messages.js'
import { alsoEnd, isMore, merge, WHICHEVER, without } from './pending-logout.js'
import type { ClientEvent, ClientState, Effect, Grant, Identity, Moment, Transition, Under } from './state.js'
import type { EndReason, Epoch } from './types.js'

const CALM = { connection: 'ok', failures: 0, retryAt: undefined, mandated: false } as const

export const INITIAL: ClientState = {
  ...CALM,
  epoch: NO_EPOCH,
  follows: undefined,
  phase: 'unknown',
  asking: false,
  reason: 'none',
  loggedOut: false,
  mode: undefined,
  sessionId: undefined,
  identity: undefined,
  credential: undefined,
  generation: 0,
  resyncing: false,
  doubtful: false,
  purging: false,
  incoming: undefined,
  logout: undefined,
  early: [],
}

/** So many tokens that did not live half their time, in so many milliseconds, open the breaker. */
const BREAKER_LENGTH = 3
const BREAKER_WINDOW = 10_000

/**
 * The only place where the state changes. Pure: the same state, event and moment always give the same next state and
 * effects, and the effects are data that the runtime performs.
 */
export function transition(state: ClientState, event: ClientEvent, now: Moment): Transition {
  switch (event.type) {
    case 'started':
      return started(state, event.marker)
    case 'skipped':
      return state.phase === 'unknown' ? [{ ...state, phase: 'out' }, []] : [state, []]
    case 'asking':
      return [{ ...state, asking: !event.done && state.phase === 'out' }, []]
    case 'markerSeen':
      return isNewer(event.marker.epoch, state.epoch)
        ? followMarker(state, event.marker, now)
        : notice(state, event.marker)
    case 'received':
      return received(state, event.message, event.grant, now)
    case 'granted':
      return granted(state, event, now)
    case 'refused':
      return refused(state, event.reason, event.status, event.under, now)
    case 'indeterminate': {
      // A sibling may have been told meanwhile to wait for longer.
      const left = waitLeft(state, now)
      const { delay, mandated } = left > event.delay ? { delay: left, mandated: state.mandated } : event
      const failures = state.failures + 1
      const retryAt = { wall: now.wall + delay, monotonic: now.monotonic + delay }
      const connection = event.offline ? 'offline' : 'degraded'
      const { epoch, generation } = state
      const message: Message = { type: 'wait', epoch, generation, until: retryAt.wall, failures, mandated }
      return [{ ...state, connection, failures, retryAt, mandated }, [{ type: 'post', message }]]
    }
    case 'retryNow':
      return [back(state), []]
    case 'disconnected':
      return [{ ...state, connection: 'offline' }, []]
    case 'logoutRequested': {
      const epoch = nextEpoch(state.epoch, now.wall, now.id)
      const [ended, effects] = end(state, 'logout', epoch, undefined)
      // One that is still to be delivered is not forgotten and not narrowed.
      const { sessionId, logout } = state
      const next: ClientState = { ...ended, sessionId, logout: alsoEnd(logout, sessionId, event.scope) }
      return [next, [...tellLogout(next), ...effects]]
    }
    case 'logoutConfirmed': {
      const { epoch, sessionId } = event
      if (!isSame(epoch, state.epoch) || !state.logout?.sessionIds.includes(sessionId)) return [state, []]
      const next: ClientState = { ...state, logout: without(state.logout, sessionId) }
      return [next, [writeMarker(next)]]
    }
    case 'loginUnreadable': {
      // Only the server knows whether it is still the session of whoever is signed in.
      if (state.phase !== 'out' || state.incoming) return [state, [{ type: 'repair' }]]
      const known = !isSame(state.epoch, NO_EPOCH)
      const epoch = known ? state.epoch : nextEpoch(state.epoch, now.wall, now.id)
      const next: ClientState = { ...state, epoch, logout: alsoEnd(state.logout, WHICHEVER) }
      return [next, [writeMarker(next), { type: 'pending' }]]
    }
    case 'purged': {
      const next: ClientState = { ...state, purging: false }
      return state.incoming ? install(next, state.incoming, now) : [next, []]
    }
    default:
      return event satisfies never
  }
}

/** The network is back, as far as the browser knows. */
function back(state: ClientState): ClientState {
  const { retryAt, mandated, failures, connection } = state
  return {
    ...state,
    retryAt: mandated ? retryAt : undefined,
    connection: failures === 0 ? 'ok' : connection,
  }
}

function started(state: ClientState, marker: Marker | undefined): Transition {
  // A login or logout may have come before the start.
  if (!marker || !isSame(state.epoch, NO_EPOCH)) return [state, []]
  const { epoch, follows, mode, sessionId, generation } = marker
  const known: ClientState = { ...state, epoch, follows, mode, sessionId, generation }
  if (marker.state === 'in') return [known, []]
  return [{ ...known, phase: 'out', loggedOut: isLogout(marker.reason), logout: pendingLogout(marker) }, []]
}

const pendingLogout = (marker: Marker): ClientState['logout'] =>
  marker.state !== 'logout-pending'
    ? undefined
    : { scope: marker.scope, sessionIds: marker.ending.length > 0 ? marker.ending : [WHICHEVER] }

/** Another tab made a newer epoch: what we hold belongs to the past. */
function followMarker(state: ClientState, marker: Marker, now: Moment): Transition {
  if (marker.state === 'in') return resync(state, marker, now)
  // A tab that knew nothing was told that it is nobody. Who is signed in asks for himself, under an epoch that tells the others.
  const nobody = marker.state === 'out' && marker.reason === 'none'
  if (nobody && (state.phase === 'in' || state.resyncing))
    return resync(state, { ...marker, epoch: nextEpoch(marker.epoch, now.wall, now.id) }, now)
  const reason = marker.reason === 'none' || marker.reason === 'logout' ? 'logout-elsewhere' : marker.reason
  const [next, effects] = followOut(state, marker, reason, pendingLogout(marker))
  if (!nobody) return [next, effects]
  return [{ ...next, loggedOut: false, reason: state.phase === 'out' ? next.reason : 'none' }, effects]
}

const isLogout = (reason: Marker['reason']): boolean => reason === 'logout' || reason === 'logout-elsewhere'

/** Another tab signed out, or was told that the session has ended. */
function followOut(
  state: ClientState,
  { epoch, sessionId }: Pick<Marker, 'epoch' | 'sessionId'>,
  reason: EndReason,
  theirs: ClientState['logout'],
): Transition {
  // What we have still to end is not forgotten because another tab has something to end, too.
  const mine = state.logout && without(state.logout, WHICHEVER)
  const logout = mine ? merge(mine, theirs) : theirs
  const [ended, effects]: Transition =
    state.phase === 'out'
      ? [{ ...state, epoch, incoming: undefined, generation: 0, loggedOut: isLogout(reason) }, dropped(state)]
      : end(state, reason, epoch, undefined)
  const next: ClientState = { ...ended, logout, sessionId }
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

/** Whether it is the session that somebody logged out of. */
function isOver({ phase, loggedOut, logout, sessionId }: ClientState, id: string | undefined): boolean {
  if (id === undefined) return false
  return logout ? logout.sessionIds.includes(id) : phase === 'out' && loggedOut && sessionId === id
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
    // A tab that had not heard of it restored the very session that somebody logged out of.
    const next: ClientState = { ...state, epoch: nextEpoch(epoch, now.wall, now.id) }
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
    logout: undefined,
    resyncing: true,
    early: [],
  }
  const effects: Effect[] = isReplaced(state, sessionId) ? [{ type: 'abandon', reason: 'none' }] : []
  return [next, [...effects, { type: 'resync' }]]
}

/** Where a cookie is the credential, an answer to what still runs for the session before could put the old one back. */
const isReplaced = ({ phase, mode, sessionId }: ClientState, next: string | undefined): boolean =>
  phase === 'in' && mode === 'session' && !(next && next === sessionId)

/** The marker of our own epoch: a sibling has renewed the credential, has still to deliver the logout, or has delivered it. */
function notice(state: ClientState, marker: Marker): Transition {
  const noted = noteGeneration(state, marker.epoch, marker.generation)
  const isOut = state.phase === 'out' && !state.incoming && marker.state !== 'in'
  if (!isOut || !isSame(marker.epoch, state.epoch)) return [noted, []]
  const theirs = pendingLogout(marker)
  const mine = state.logout
  // Less than what we know of: the others have delivered the rest.
  if (!theirs || !isMore(theirs, mine)) return [{ ...noted, logout: theirs }, []]
  if (!mine) return [{ ...noted, logout: theirs }, [{ type: 'pending' }]]
  const next: ClientState = { ...noted, logout: merge(mine, theirs) }
  return [next, [writeMarker(next), { type: 'pending' }]]
}

function noteGeneration(state: ClientState, epoch: Epoch, generation: number): ClientState {
  return isSame(epoch, state.epoch) && generation > state.generation ? { ...state, generation } : state
}

function received(state: ClientState, message: Message, grant: Grant | undefined, now: Moment): Transition {
  const ahead = isNewer(message.epoch, state.epoch)
  if (!ahead && !isSame(message.epoch, state.epoch)) {
    const missed = message.type === 'in' && isOver(state, message.sessionId)
    return [state, missed ? [out(state, 'logout-elsewhere')] : []]
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
      // Who holds a newer credential than the one that could not be renewed has heard from the server since.
      const old = generation < state.generation || waitLeft(state, now) >= until - now.wall
      if (ahead || old || state.phase === 'out') return [state, []]
      const retryAt = { wall: until, monotonic: now.monotonic + until - now.wall }
      const failures = Math.max(state.failures, message.failures)
      return [{ ...state, retryAt, failures, mandated }, []]
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
  if (state.purging) return [{ ...state, incoming: grant }, []]
  const { identity: known, resyncing } = state
  const same = !known || known.subject === identity.subject
  if (same && (resyncing || !known || known.sessionId === identity.sessionId))
    return [take(state, grant, now), claims(known, identity)]
  return resyncing ? switchTo(state, grant, state.epoch) : [state, []]
}

function granted(
  state: ClientState,
  { grant, under, explicit, late, wished }: ClientEvent & { type: 'granted' },
  now: Moment,
): Transition {
  // That the session before it was found to be over is no act of anybody's, and does not stand against a sign-in.
  const stands = explicit && state.phase === 'out' && !state.incoming && !state.loggedOut && !state.logout
  if (!isSame(state.epoch, under.epoch) && !stands) {
    // What comes to life behind a logout must not stay alive.
    if (state.phase === 'out') return revoke(state, grant, explicit)
    // The cookie that came last is in the jar, and only the server knows whose that is.
    return [{ ...calm(state), resyncing: explicit || state.resyncing }, [{ type: 'repair' }]]
  }
  // The session a logout is still to end came back: it is not a sign-in.
  if (state.logout && !explicit) return revoke(state, grant, explicit)
  const generation = explicit ? 1 : under.generation + 1
  // The server is there, so no back-off holds the repair up.
  if (!explicit && state.generation > generation) return [calm(state), [{ type: 'repair' }]]
  // Overtaken by the answer to a later request, which brought a newer token and newer claims. Its cookie is the same, unless
  // this one comes so late that others have asked in between.
  const { credential } = state
  const overtaken = credential && credential.issued.monotonic > grant.credential.issued.monotonic
  if (!explicit && state.generation === generation && overtaken)
    return late ? [calm(state), [{ type: 'repair' }]] : [state, []]
  const { sessionId } = grant.identity
  // A session that the others do not know is told to them as a sign-in is.
  const unheard = state.sessionId && sessionId && state.sessionId !== sessionId
  const signIn = explicit || unheard || state.phase === 'out' || isSame(state.epoch, NO_EPOCH)
  // What was only found out is as old as the question: whatever somebody did since then stands against it.
  const since = explicit ? now.wall : grant.credential.issued.wall
  const epoch = signIn ? nextEpoch(state.epoch, since, now.id) : state.epoch
  const numbered: Grant = { ...grant, credential: { ...grant.credential, generation } }
  const follows = !signIn ? state.follows : state.phase === 'in' ? state.epoch : undefined
  const { mode } = grant.credential
  const renewed: ClientState = { ...calm(state), epoch, follows, mode, generation, logout: undefined }
  if (state.identity && state.identity.subject !== grant.identity.subject) {
    const known = signIn || state.resyncing
    return switchTo(renewed, numbered, known ? epoch : nextEpoch(state.epoch, now.wall, now.id))
  }
  // Who waited at the start waited for the identity the marker named; somebody else may have signed in by now.
  const strangers = explicit && state.phase === 'unknown' && !isSame(state.epoch, NO_EPOCH)
  const abandons = strangers || (explicit && isReplaced(state, sessionId))
  const before: Effect[] = abandons ? [{ type: 'abandon', reason: 'none' }] : []
  // Written at once, so that a reload during the clean-up finds the session and not the logout before it.
  if (state.purging) {
    return [{ ...renewed, incoming: numbered, sessionId }, [...before, writeMarker(renewed, grant.identity)]]
  }
  const [installed, effects] = install(renewed, numbered, now)
  const next = wished && grant.credential.lifetime > 0 ? { ...installed, early: state.early } : installed
  return [next, [...before, ...effects]]
}

/** What comes to life behind a logout is to be ended, too, by the next page if not by this one. */
function revoke(state: ClientState, grant: Grant, explicit: boolean): Transition {
  const effects: Effect[] = [{ type: 'revoke', grant }]
  const { sessionId } = grant.identity
  const { logout } = state
  if (grant.credential.mode === 'session' && !explicit) {
    // A session check brings nothing to life. It says which session it was that nobody knew the id of.
    if (!logout?.sessionIds.includes(WHICHEVER)) return [state, []]
    effects.pop()
  }
  const known = sessionId === undefined || logout?.sessionIds.includes(sessionId)
  if (known || state.incoming) return [state, effects]
  const next: ClientState = {
    ...state,
    logout: alsoEnd(logout && without(logout, WHICHEVER), sessionId),
  }
  return [next, [writeMarker(next), ...effects, { type: 'pending' }]]
}

/** Another subject: the old identity ends first, and the new one waits until the application has cleared up. */
function switchTo(state: ClientState, grant: Grant, epoch: Epoch): Transition {
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
  return [next, [writeMarker(next, grant.identity), ...effects, switched]]
}

/** Makes the grant ours and tells everybody. */
function install(state: ClientState, grant: Grant, now: Moment): Transition {
  const next = take(state, grant, now)
  const { identity } = grant
  return [next, [writeMarker(next, identity), announce(next), ...claims(state.identity, identity)]]
}

function take(state: ClientState, grant: Grant, now: Moment): ClientState {
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
    resyncing: false,
    doubtful: false,
    early: early ? [...state.early, now.monotonic].slice(-BREAKER_LENGTH) : state.early,
  }
}

/** The message that hands what we hold to the siblings. */
export function announce(state: ClientState): Effect & { type: 'post' } {
  const { epoch, follows, generation, sessionId, identity, credential } = state
  const shared =
    identity && credential
      ? {
          token: credential.token,
          subject: identity.subject,
          rawUser: identity.rawUser,
          issuedAt: credential.issued.wall,
          lifetime: credential.lifetime,
        }
      : undefined
  const mode = credential?.mode ?? state.mode ?? 'token'
  return {
    type: 'post',
    message: {
      type: 'in',
      epoch,
      follows,
      generation: credential?.generation ?? generation,
      sessionId,
      mode,
      shared,
    },
  }
}

function claims(previous: Identity | undefined, current: Identity): Effect[] {
  const same = !previous || sameJson(previous.rawUser, current.rawUser)
  return same ? [] : [{ type: 'claimsChanged', previous, current }]
}

function sameJson(a: unknown, b: unknown): boolean {
  try {
    return a === b || JSON.stringify(a) === JSON.stringify(b)
  } catch {
    // A user with a cycle or a bigint, from a parser of the application or a sibling: taken as other data.
    return false
  }
}

function refused(
  state: ClientState,
  reason: EndReason,
  status: number,
  under: Under,
  now: Moment,
): Transition {
  const superseded = !isSame(state.epoch, under.epoch) || state.generation > under.generation
  // Where nothing is known yet, what a sibling has heard since is still to be learned.
  if (superseded && state.resyncing && isSame(state.epoch, under.epoch))
    return [calm(state), [{ type: 'resync' }]]
  if (superseded || state.phase === 'out') return [calm(state), []]
  const epoch = nextEpoch(state.epoch, now.wall, now.id)
  if (isSame(state.epoch, NO_EPOCH)) {
    const next: ClientState = { ...calm(state), epoch, phase: 'out', reason: 'none' }
    return [next, [writeMarker(next)]]
  }
  const [next, effects] = end(calm(state), reason, epoch, status)
  return [next, [writeMarker(next), out(next, reason), ...effects]]
}

function end(state: ClientState, reason: EndReason, epoch: Epoch, status: number | undefined): Transition {
  const { connection, purging, mode } = state
  const loggedOut = isLogout(reason)
  const next: ClientState = { ...INITIAL, connection, purging, mode, epoch, phase: 'out', reason, loggedOut }
  const abandon: Effect = { type: 'abandon', reason }
  // Where nobody was signed in there is nothing to end, and an end that is still being cleared away is not told twice.
  const wasIn = state.phase === 'in' || (state.phase === 'unknown' && !isSame(state.epoch, NO_EPOCH))
  if (!wasIn)
    return [
      { ...next, reason: state.phase === 'out' && reason !== 'logout' ? state.reason : reason },
      [abandon],
    ]
  return [{ ...next, purging: true }, [abandon, { type: 'end', reason, status, previous: state.identity }]]
}

const calm = (state: ClientState): ClientState => ({ ...state, ...CALM })

/** What keeps the state: with the identity of a client that is signed in, without of one that is signed out. */
export function writeMarker(state: ClientState, identity?: Identity): Effect {
  const { epoch, follows, generation, mode, logout } = state
  const marker: Marker = {
    epoch,
    follows,
    state: identity ? 'in' : logout ? 'logout-pending' : 'out',
    generation,
    mode,
    sessionId: (identity ?? state).sessionId,
    ending: identity ? [] : (logout?.sessionIds ?? []),
    scope: logout?.scope ?? 'current',
    reason: identity ? 'none' : state.reason,
  }
  return { type: 'writeMarker', marker }
}

function out({ epoch, sessionId }: ClientState, reason: EndReason): Effect {
  return { type: 'post', message: { type: 'out', epoch, reason, sessionId } }
}

const tellLogout = (state: ClientState): Effect[] => [writeMarker(state), out(state, 'logout-elsewhere')]

/** Whether the breaker holds: one token after the other was replaced before its time, so that one more will not help. */
export function isLooping(state: ClientState, now: Instant): boolean {
  const [first] = state.early
  return (
    state.early.length === BREAKER_LENGTH && first !== undefined && now.monotonic - first < BREAKER_WINDOW
  )
}

/** Milliseconds until a refresh may be tried; zero where nothing holds it back. Either clock is enough to end the wait. */
export function waitLeft(state: ClientState, now: Instant): number {
  if (!state.retryAt) return 0
  return Math.max(0, -elapsed(state.retryAt, now))
}
