import { isCount, isHandle, isRecord, oneOf } from './checks.js'
import { parseEpoch } from './epoch.js'
import { END_REASONS, type Epoch, type EndReason, type Mode } from './types.js'

/**
 * What script-readable storage keeps between visits and for the other tabs. It holds no secret: the session id is a
 * handle that opens nothing. A missing marker means that nothing is known, never that nobody is signed in.
 */
export interface Marker {
  readonly epoch: Epoch
  readonly state: 'in' | 'out'
  /** The epoch before it, where nobody signed out in between: then a tab that shows its user may go on. */
  readonly follows?: Epoch | undefined
  /** Number of the newest credential of this epoch. */
  readonly generation: number
  /** Undefined where it was never learned. */
  readonly mode: Mode | undefined
  readonly sessionId: string | undefined
  /** Why the session ended. */
  readonly reason: EndReason | 'none'
}

const MODES = ['token', 'session'] as const
const STATES = ['in', 'out'] as const
/** Longer than any marker of ours, also with every character escaped: what is larger was not written by us. */
const MAX_LENGTH = 4096

/** A version that this one cannot read must keep its marker under another key: tabs of both may be open at once. */
export function serializeMarker(marker: Marker): string {
  return JSON.stringify({ v: 1, ...marker })
}

/** Reads a marker out of storage, where anybody may have written; undefined for everything that is not one. */
export function parseMarker(text: string | null | undefined, wall: number): Marker | undefined {
  const value = parseRecord(text)
  const epoch = parseEpoch(value?.['epoch'], wall)
  const state = oneOf(STATES, value?.['state'])
  if (!value || value['v'] !== 1 || !epoch || !state) return undefined
  return {
    epoch,
    state,
    follows: parseEpoch(value['follows'], wall),
    generation: isCount(value['generation']) ? value['generation'] : 0,
    mode: oneOf(MODES, value['mode']),
    sessionId: isHandle(value['sessionId']) ? value['sessionId'] : undefined,
    reason: oneOf(END_REASONS, value['reason']) ?? 'none',
  }
}

function parseRecord(text: string | null | undefined): Record<string, unknown> | undefined {
  if (!text || text.length > MAX_LENGTH) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}
