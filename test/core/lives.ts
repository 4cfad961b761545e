/* Random lives of a client: what can happen to it, in any order. */
import * as fc from 'fast-check'
import { WHICHEVER } from '../../src/core/debts.js'
import { isSame, nextEpoch, NO_EPOCH } from '../../src/core/epoch.js'
import type { Register } from '../../src/core/register.js'
import type { ClientEvent, ClientState, Effect, Grant, Moment } from '../../src/core/state.js'
import { INITIAL } from '../../src/core/state.js'
import { transition } from '../../src/core/transition.js'
import { END_REASONS } from '../../src/core/types.js'
import { debtsSeen, deepFreeze, identityOf, knownOf, rowOf, START, underOf } from './support.js'

/** One step of a random life. What it refers to is chosen among what happened before. */
export interface Step {
  readonly kind: ClientEvent['type']
  /** Which of the states so far it was sent under or speaks of: 0 is the latest one. */
  readonly back: number
  /** Whether the epoch of what another tab knows is a new one. */
  readonly ahead: boolean
  readonly subject: 'ann' | 'bob'
  readonly sessionId: 's1' | 's2'
  readonly explicit: boolean
  readonly generation: number
  readonly lifetime: number
  readonly sharing: boolean
  /** How another tab's knowledge comes: said over the channel, with a wait, or by storage. */
  readonly way: 'said' | 'wait' | 'stored'
  readonly known: Register['state']
  readonly reason: Register['reason']
  /** Of whom a row stands in the storage. */
  readonly rows: readonly string[]
  readonly scope: 'current' | 'all'
  readonly wall: number
  readonly monotonic: number
}

const KINDS: readonly ClientEvent['type'][] = [
  'started',
  'skipped',
  'asking',
  'heard',
  'debtsSeen',
  'granted',
  'refused',
  'indeterminate',
  'retryNow',
  'disconnected',
  'logoutRequested',
  'logoutConfirmed',
  'loginLost',
  'purged',
  'returned',
  'looked',
]

/** By far the most of what happens to a tab. */
const HEARD = ['heard', 'heard', 'heard', 'heard', 'heard'] as const

/** So many that some give way. */
const ROWS = ['s1', 's2', WHICHEVER, 's3', 's4', 's5', 's6', 's7', 's8', 's9']

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record<Step>({
    // What changes much comes often, so that few steps lead far.
    kind: fc.constantFrom(...KINDS, 'granted', 'granted', ...HEARD),
    back: fc.constantFrom(0, 0, 0, 1, 2, 3),
    ahead: fc.boolean(),
    subject: fc.constantFrom('ann', 'bob'),
    sessionId: fc.constantFrom('s1', 's2'),
    explicit: fc.boolean(),
    generation: fc.nat(4),
    lifetime: fc.constantFrom(300_000, 60_000, 1, 0, -1),
    sharing: fc.boolean(),
    way: fc.constantFrom('said', 'said', 'said', 'wait', 'stored', 'stored'),
    known: fc.constantFrom('in', 'in', 'out'),
    reason: fc.constantFrom('none', 'none', ...END_REASONS),
    rows: fc.uniqueArray(fc.constantFrom(...ROWS), { maxLength: 9 }),
    scope: fc.constantFrom('current', 'all'),
    // Now and then a browser is left alone for so long that what is owed expires.
    wall: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: -100_000, max: 400_000 }) },
      { weight: 1, arbitrary: fc.constant(31 * 86_400_000) },
    ),
    monotonic: fc.nat(400_000),
  }),
  { maxLength: 30, size: 'max' },
)

export interface Moved {
  readonly before: ClientState
  readonly event: ClientEvent
  readonly now: Moment
  readonly after: ClientState
  readonly effects: readonly Effect[]
}

/** Lives a random life and reports every move of it. */
export function live(life: readonly Step[], onMove: (moved: Moved) => void): void {
  const past: ClientState[] = [deepFreeze(INITIAL)]
  let wall = START
  let monotonic = 0
  life.forEach((step, number) => {
    // A page starts once, before it has learned of anybody.
    if (step.kind === 'started' && past.some(({ phase, purging }) => phase !== 'unknown' || purging)) return
    const before = past.at(-1)!
    wall += step.wall
    monotonic += step.monotonic
    const now: Moment = deepFreeze({ wall, monotonic, fraction: 0.5, id: `id${number}` })
    const event = deepFreeze(eventOf(step, past, now))
    const [after, effects] = transition(before, event, now)
    onMove({ before, event, now, after: deepFreeze(after), effects })
    past.push(after)
  })
}

function eventOf(step: Step, past: readonly ClientState[], now: Moment): ClientEvent {
  const spoken = past.at(-1 - Math.min(step.back, past.length - 1))!
  // Nobody ever writes the epoch of a browser in which nothing was learned.
  const isStored = (step.kind === 'heard' && step.way === 'stored') || step.kind === 'debtsSeen'
  const nothing = step.kind === 'started' || (isStored && isSame(spoken.epoch, NO_EPOCH))
  const ahead = step.ahead || nothing
  const epoch = ahead ? nextEpoch(past.at(-1)!.epoch, now.wall, `${now.id}-other`) : spoken.epoch
  const { generation, lifetime, subject, sessionId, explicit, scope, known } = step
  const grant: Grant = {
    identity: identityOf(subject, sessionId),
    credential: { mode: 'token', token: `t-${now.id}`, generation: 1, issued: now, lifetime, lead: 0 },
  }
  const reason = known === 'in' ? 'none' : step.reason
  const register = knownOf(epoch, { state: known, generation, sessionId, reason })
  switch (step.kind) {
    case 'started':
      return { type: 'started', register: step.sharing ? register : undefined }
    case 'heard':
      return heard(step, register, grant, now)
    case 'debtsSeen':
      return debtsSeen(...step.rows.map((id) => rowOf(id, epoch, scope)))
    case 'granted':
      return { type: 'granted', grant, under: underOf(spoken), explicit, found: step.ahead && !explicit }
    case 'refused':
      return {
        type: 'refused',
        reason: 'expired',
        status: 401,
        under: underOf(spoken),
        asked: now.wall - generation * 1000,
      }
    case 'indeterminate':
      return {
        type: 'indeterminate',
        offline: explicit,
        delay: step.generation * 1000,
        mandated: step.sharing,
      }
    case 'logoutRequested':
      return { type: 'logoutRequested', scope }
    case 'logoutConfirmed':
      return { type: 'logoutConfirmed', epoch: spoken.epoch, sessionId }
    case 'loginLost':
      return { type: 'loginLost', sessionId: explicit ? sessionId : undefined }
    case 'looked': {
      // The runtime reports it as what the other tab said, or as no answer.
      const { candidate, identity } = past.at(-1)!
      const told = candidate?.identity ?? identity
      return { type: 'looked', under: spoken.epoch, ...(explicit && told ? { identity: told } : {}) }
    }
    case 'asking':
      return { type: 'asking', done: explicit }
    case 'skipped':
    case 'retryNow':
    case 'disconnected':
    case 'purged':
    case 'returned':
      return { type: step.kind }
    default:
      return step.kind satisfies never
  }
}

function heard(step: Step, register: Register, grant: Grant, now: Moment): ClientEvent {
  const { generation, way } = step
  if (way === 'stored') {
    const { epoch } = register
    // What this tab has seen there before was as new at the most, or newer only by its generation.
    const before = step.sharing ? knownOf(epoch, { generation: 3 }) : undefined
    return { type: 'heard', register, said: false, before }
  }
  if (way === 'wait') {
    const until = now.wall + generation * 1000
    const wait = { until, failures: generation, mandated: step.explicit, triedAt: now.wall }
    return { type: 'heard', register, said: true, wait }
  }
  const numbered: Grant = { ...grant, credential: { ...grant.credential, generation } }
  const isShared = register.state === 'in' && step.sharing
  return { type: 'heard', register, said: true, grant: isShared ? numbered : undefined }
}
