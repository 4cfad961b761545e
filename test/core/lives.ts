/* Random lives of a client: what can happen to it, in any order. */
import * as fc from 'fast-check'
import { WHICHEVER } from '../../src/core/debts.js'
import { isSame, nextEpoch, NO_EPOCH } from '../../src/core/epoch.js'
import type { Marker } from '../../src/core/marker.js'
import type { Message } from '../../src/core/messages.js'
import type { ClientEvent, ClientState, Effect, Grant, Moment } from '../../src/core/state.js'
import { INITIAL } from '../../src/core/state.js'
import { transition } from '../../src/core/transition.js'
import type { Epoch } from '../../src/core/types.js'
import { debtsSeen, deepFreeze, identityOf, markerOf, rowOf, START, underOf } from './support.js'

/** One step of a random life. What it refers to is chosen among what happened before. */
export interface Step {
  readonly kind: ClientEvent['type']
  /** Which of the states so far it was sent under or speaks of: 0 is the latest one. */
  readonly back: number
  /** Whether the epoch of a marker or message is a new one. */
  readonly ahead: boolean
  readonly subject: 'ann' | 'bob'
  readonly sessionId: 's1' | 's2'
  readonly explicit: boolean
  readonly generation: number
  readonly lifetime: number
  readonly sharing: boolean
  readonly said: 'in' | 'out' | 'wait' | 'ask'
  readonly marked: Marker['state']
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
  'markerSeen',
  'debtsSeen',
  'received',
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

/** So many that some give way. */
const ROWS = ['s1', 's2', WHICHEVER, 's3', 's4', 's5', 's6', 's7', 's8', 's9']

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record<Step>({
    // What changes much comes often, so that few steps lead far.
    kind: fc.constantFrom(...KINDS, 'granted', 'granted', 'received', 'received', 'received', 'markerSeen'),
    back: fc.constantFrom(0, 0, 0, 1, 2, 3),
    ahead: fc.boolean(),
    subject: fc.constantFrom('ann', 'bob'),
    sessionId: fc.constantFrom('s1', 's2'),
    explicit: fc.boolean(),
    generation: fc.nat(4),
    lifetime: fc.constantFrom(300_000, 60_000, 1, 0, -1),
    sharing: fc.boolean(),
    said: fc.constantFrom('in', 'in', 'out', 'wait', 'ask'),
    marked: fc.constantFrom('in', 'out'),
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
  const isStored = step.kind === 'markerSeen' || step.kind === 'debtsSeen'
  const nothing = step.kind === 'started' || (isStored && isSame(spoken.epoch, NO_EPOCH))
  const ahead = step.ahead || nothing
  const epoch = ahead ? nextEpoch(past.at(-1)!.epoch, now.wall, `${now.id}-other`) : spoken.epoch
  const { generation, lifetime, subject, sessionId, explicit, scope } = step
  const grant: Grant = {
    identity: identityOf(subject, sessionId),
    credential: { mode: 'token', token: `t-${now.id}`, generation: 1, issued: now, lifetime, lead: 0 },
  }
  const marker = markerOf(epoch, { state: step.marked, generation, sessionId })
  switch (step.kind) {
    case 'started':
      return { type: 'started', marker: step.sharing ? marker : undefined }
    case 'markerSeen':
      return { type: 'markerSeen', marker }
    case 'debtsSeen':
      return debtsSeen(...step.rows.map((id) => rowOf(id, epoch, scope)))
    case 'received':
      return received(step, epoch, grant, now)
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

function received(step: Step, epoch: Epoch, grant: Grant, now: Moment): ClientEvent {
  const { generation, said, sessionId } = step
  const { identity, credential } = grant
  const numbered: Grant = { identity, credential: { ...credential, generation } }
  const messages: Record<Step['said'], Message> = {
    in: { type: 'in', epoch, generation, sessionId, mode: 'token', shared: undefined },
    out: { type: 'out', epoch, reason: 'logout-elsewhere', sessionId },
    wait: {
      type: 'wait',
      epoch,
      generation,
      until: now.wall + generation * 1000,
      failures: generation,
      mandated: step.explicit,
      triedAt: now.wall,
    },
    ask: { type: 'ask', epoch },
  }
  const shares = said === 'in' && step.sharing
  return { type: 'received', message: messages[said], grant: shares ? numbered : undefined }
}
