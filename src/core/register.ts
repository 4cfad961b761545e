import { isCount, isHandle, isRecord, oneOf } from './checks.js'
import { type Debt, WHICHEVER } from './debts.js'
import { isSame, NO_EPOCH, parseEpoch } from './epoch.js'
import type { ClientState } from './state.js'
import { END_REASONS, type Epoch, type EndReason, type Mode } from './types.js'

/**
 * What a browser knows of its sign-in: one value, and of two the one of the later epoch counts. Script-readable storage and the
 * channel are two ways to copy it. It holds no secret: the session id is a handle that opens nothing. A missing one means
 * that nothing is known, never that nobody is signed in.
 */
export interface Register {
  /** Names the last sign-in, sign-out or end. */
  readonly epoch: Epoch
  readonly state: 'in' | 'out'
  /** The epoch before it, where nobody signed out in between: then a tab that shows its user may go on. */
  readonly follows?: Epoch | undefined
  /** Number of the newest credential of this epoch. */
  readonly generation: number
  /** Undefined where it was never learned. */
  readonly mode: Mode | undefined
  readonly sessionId: string | undefined
  /** Why the session ended; `none` where there was none. */
  readonly reason: EndReason | 'none'
}

const MODES = ['token', 'session'] as const
const STATES = ['in', 'out'] as const
const REASONS = ['none', ...END_REASONS] as const
/** Longer than any of ours or of the version before, also with every character escaped: what is larger was not written by us. */
const MAX_LENGTH = 16_384

/** What the tab knows of it. Whoever waits for the clean-up is signed in already. */
export function registerOf(state: ClientState): Register {
  const { epoch, follows, phase, incoming, generation, mode, sessionId, loggedOut, reason } = state
  const isOut = phase === 'out' && !incoming
  return {
    epoch,
    state: isOut ? 'out' : 'in',
    follows,
    generation,
    mode,
    sessionId,
    // A page that began after the logout shows no reason, and still nobody who reads this may go on.
    reason: !isOut ? 'none' : loggedOut ? 'logout' : reason,
  }
}

/** A version that this one cannot read must keep it under another key: tabs of both may be open at once. */
export const serializeRegister = (register: Register): string => JSON.stringify({ v: 2, ...register })

/** Reads it out of storage, where anybody may have written; undefined for everything that is not one. */
export function readRegister(text: string | null | undefined, wall: number): Register | undefined {
  const value = parse(text)
  return value?.['v'] === 2 ? parseRegister(value, wall) : undefined
}

/** The same of what another tab has said. */
export function parseRegister(value: unknown, wall: number): Register | undefined {
  if (!isRecord(value)) return undefined
  const epoch = parseEpoch(value['epoch'], wall)
  const state = oneOf(STATES, value['state'])
  const reason = oneOf(REASONS, value['reason'])
  return epoch && state && reason
    ? {
        epoch,
        state,
        follows: parseEpoch(value['follows'], wall),
        generation: isCount(value['generation']) ? value['generation'] : 0,
        mode: oneOf(MODES, value['mode']),
        sessionId: isHandle(value['sessionId']) ? value['sessionId'] : undefined,
        reason,
      }
    : undefined
}

/** What the version before this one has left: read once, so that nobody is signed out by a deploy, and an offline logout survives it. */
export function readOld(
  text: string | null | undefined,
  wall: number,
): { readonly register: Register; readonly debts: readonly Debt[] } | undefined {
  const value = parse(text)
  if (value?.['v'] !== 1) return undefined
  const isPending = value['state'] === 'logout-pending'
  const register = parseRegister(isPending ? { ...value, state: 'out' } : value, wall)
  if (!register) return undefined
  const { epoch } = register
  const { ending, scope } = value
  const ids = isPending && Array.isArray(ending) ? ending : []
  const debts = ids
    .filter((id) => id === WHICHEVER || isHandle(id))
    .map((sessionId): Debt => ({ sessionId, scope: scope === 'all' ? 'all' : 'current', epoch, isOwn: true }))
  return { register, debts }
}

function parse(text: string | null | undefined): Record<string, unknown> | undefined {
  if (!text || text.length > MAX_LENGTH) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Whether anything is known at all. */
export const isKnown = ({ epoch }: Pick<Register, 'epoch'>): boolean => !isSame(epoch, NO_EPOCH)
