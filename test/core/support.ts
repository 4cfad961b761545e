/* States, events and moments for the tests of the pure core. */
import type { Debt } from '../../src/core/debts.js'
import { nextEpoch, NO_EPOCH } from '../../src/core/epoch.js'
import type { Register } from '../../src/core/register.js'
import type {
  ClientEvent,
  ClientState,
  Effect,
  Grant,
  Identity,
  Moment,
  Transition,
  Under,
} from '../../src/core/state.js'
import { INITIAL } from '../../src/core/state.js'
import { transition } from '../../src/core/transition.js'
import type { Epoch, LogoutScope, Mode } from '../../src/core/types.js'

export const START = 1_700_000_000_000

/** So many milliseconds after the start, by both clocks. */
export const at = (milliseconds: number, id = `id-${milliseconds}`): Moment => ({
  wall: START + milliseconds,
  monotonic: milliseconds,
  fraction: 0.5,
  id,
})

export function identityOf(subject: string, sessionId: string | undefined = `s-${subject}`): Identity {
  return {
    subject,
    sessionId,
    rawUser: { id: subject },
    user: { id: subject },
  }
}

export interface GrantParts {
  token?: string
  generation?: number
  sessionId?: string
  issuedAt?: number
  lifetime?: number
  rawUser?: unknown
  mode?: Mode
}

export function grantOf(subject: string, parts: GrantParts = {}): Grant {
  const { token = 't', generation = 1, issuedAt = 0, lifetime = 300_000, mode = 'token' } = parts
  const identity = identityOf(subject, parts.sessionId)
  return {
    identity: parts.rawUser === undefined ? identity : { ...identity, rawUser: parts.rawUser },
    credential: {
      mode,
      token,
      generation,
      issued: { wall: START + issuedAt, monotonic: issuedAt },
      lifetime,
      lead: 0,
    },
  }
}

export const underOf = ({ epoch, generation }: ClientState): Under => ({ epoch, generation })

/** What another tab knows: that Ann is signed in, where nothing else is said. */
export const knownOf = (epoch: Epoch, parts: Partial<Register> = {}): Register => ({
  epoch,
  state: 'in',
  follows: undefined,
  generation: 1,
  mode: 'token',
  sessionId: 's-ann',
  reason: 'none',
  ...parts,
})

/** And that somebody has logged out, where nothing else is said. */
export const outOf = (epoch: Epoch, parts: Partial<Register> = {}): Register =>
  knownOf(epoch, { state: 'out', generation: 0, reason: 'logout', ...parts })

/** Another tab says it over the channel. */
export const says = (register: Register, grant?: Grant): ClientEvent => ({
  type: 'heard',
  register,
  said: true,
  grant,
})

/** Another tab has stored it. */
export const stores = (register: Register, before?: Register): ClientEvent => ({
  type: 'heard',
  register,
  said: false,
  before,
})

/** What another tab has stored of that is still to be ended. */
export const rowOf = (sessionId: string, epoch: Epoch, scope: LogoutScope = 'current'): Debt => ({
  sessionId,
  scope,
  epoch,
  isOwn: false,
})

export const debtsSeen = (...rows: Debt[]): ClientEvent => ({ type: 'debtsSeen', rows })

/** What is still to be ended: the ids, each with its scope. */
export const owedBy = ({ debts }: ClientState): (readonly [sessionId: string, scope: LogoutScope])[] =>
  debts.map(({ sessionId, scope }) => [sessionId, scope])

/** The rows that are written, and as undefined those that are taken away. */
export const rowsOf = (effects: readonly Effect[]): Record<string, LogoutScope | undefined> =>
  Object.fromEntries(
    effects.flatMap((effect) =>
      effect.type === 'writeDebt' ? [[effect.sessionId, effect.debt?.scope] as const] : [],
    ),
  )

/** Ann signed in on purpose at `milliseconds`. */
export function signedIn(milliseconds = 0, grant = grantOf('ann', { issuedAt: milliseconds })): ClientState {
  const under: Under = { epoch: NO_EPOCH, generation: 0 }
  return transition(INITIAL, { type: 'granted', grant, under, explicit: true }, at(milliseconds))[0]
}

/** Ann signed out at `milliseconds`, and the server has not heard of it. */
export const signedOut = (state = signedIn(), milliseconds = 1000): ClientState =>
  transition(state, { type: 'logoutRequested', scope: 'current' }, at(milliseconds))[0]

export const typesOf = (effects: readonly Effect[]): string[] => effects.map(({ type }) => type)

export const effectOf = <Type extends Effect['type']>(
  effects: readonly Effect[],
  type: Type,
): Extract<Effect, { type: Type }> | undefined =>
  effects.find((effect): effect is Extract<Effect, { type: Type }> => effect.type === type)

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const key of Reflect.ownKeys(value)) deepFreeze(Reflect.get(value, key))
  }
  return value
}

export const move = (state: ClientState, event: ClientEvent, now: Moment = at(5000)): Transition =>
  transition(state, event, now)

export const renewed = (state: ClientState, grant: Grant, explicit = false): ClientEvent => ({
  type: 'granted',
  grant,
  under: underOf(state),
  explicit,
})

export const loggedIn = (state: ClientState, grant: Grant): ClientEvent => renewed(state, grant, true)

/** A sibling of the same epoch hands over its token. */
export const fromSibling = (state: ClientState, grant: Grant): ClientEvent =>
  says(knownOf(state.epoch, { generation: grant.credential.generation }), grant)

/** Somebody signed in in another tab. */
export const elsewhere = (state: ClientState, generation = 1): ClientEvent =>
  says(knownOf(nextEpoch(state.epoch, START + 4500, 'other'), { generation, sessionId: 's-new' }))

export const PURGED: ClientEvent = { type: 'purged' }
export const LOGOUT: ClientEvent = { type: 'logoutRequested', scope: 'current' }

export const run = (state: ClientState, ...events: ((state: ClientState) => ClientEvent)[]): ClientState =>
  events.reduce((current, event) => move(current, event(current))[0], state)
