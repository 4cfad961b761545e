import { parseEpoch } from './epoch.js'
import { isCount, isHandle, isRecord, oneOf } from './checks.js'
import { END_REASONS, type Epoch, type EndReason, type Mode } from './types.js'

/** The version of what tabs say to each other. A tab that reads another one ignores it. */
export const MESSAGE_VERSION = 1

/** A credential on its way to a sibling, in memory only; in session mode the CSRF token, which may be empty. Only the wall clock is shared between tabs. */
export interface SharedToken {
  readonly token: string
  readonly subject: string
  readonly rawUser: unknown
  /** By the wall clock, in milliseconds. */
  readonly issuedAt: number
  /** In milliseconds. */
  readonly lifetime: number
}

export type Message =
  /** A tab wants to know what the others know. */
  | { readonly type: 'ask'; readonly epoch: Epoch }
  /** Somebody is signed in; with the token where sharing is on. */
  | {
      readonly type: 'in'
      readonly epoch: Epoch
      readonly generation: number
      readonly sessionId: string | undefined
      /** As in the marker. */
      readonly follows?: Epoch | undefined
      readonly mode: Mode
      readonly shared: SharedToken | undefined
    }
  | {
      readonly type: 'out'
      readonly epoch: Epoch
      readonly reason: EndReason
      readonly sessionId: string | undefined
    }
  /** A refresh of that generation failed: nobody tries again until then. A time and no delay, so that a late or repeated one adds nothing. */
  | {
      readonly type: 'wait'
      readonly epoch: Epoch
      readonly generation: number
      /** By the wall clock, in milliseconds. */
      readonly until: number
      readonly failures: number
      readonly mandated: boolean
      /** When somebody tried last, by the wall clock; zero where that was long ago. */
      readonly triedAt: number
    }

/** Larger than any honest delay, smaller than what would silence a tab for long. */
const MAX_DELAY = 600_000
const MAX_TOKEN = 65_536

/** What goes over the channel: the message, its version, and who sent it, so that a tab does not hear itself. */
export function wrap(message: Message, sender: string): Record<string, unknown> {
  return { v: MESSAGE_VERSION, from: sender, ...message }
}

/** Reads what came over the channel. Anybody on the origin may have sent it; undefined for all that is not a message to us. */
export function parseMessage(data: unknown, self: string, wall: number): Message | undefined {
  if (!isRecord(data) || data['v'] !== MESSAGE_VERSION || !isHandle(data['from']) || data['from'] === self)
    return undefined
  const epoch = parseEpoch(data['epoch'], wall)
  if (!epoch) return undefined
  switch (data['type']) {
    case 'ask':
      return { type: 'ask', epoch }
    case 'in': {
      const { generation, sessionId, shared } = data
      if (!isCount(generation) || (sessionId !== undefined && !isHandle(sessionId))) return undefined
      const mode = data['mode'] === 'session' ? 'session' : 'token'
      const follows = parseEpoch(data['follows'], wall)
      return { type: 'in', epoch, generation, sessionId, follows, mode, shared: parseShared(shared, mode) }
    }
    case 'out': {
      const reason = oneOf(END_REASONS, data['reason'])
      const { sessionId } = data
      return reason && { type: 'out', epoch, reason, sessionId: isHandle(sessionId) ? sessionId : undefined }
    }
    case 'wait': {
      const { generation, until, failures } = data
      if (!isCount(generation) || !isCount(failures) || typeof until !== 'number') return undefined
      if (!(until >= wall && until <= wall + MAX_DELAY)) return undefined
      // A time to come would hold everybody.
      const triedAt = Number(data['triedAt']) <= wall ? Number(data['triedAt']) : 0
      return {
        type: 'wait',
        epoch,
        generation,
        until,
        failures,
        mandated: data['mandated'] === true,
        triedAt,
      }
    }
    default:
      return undefined
  }
}

function parseShared(value: unknown, mode: Mode): SharedToken | undefined {
  if (!isRecord(value)) return undefined
  const { token, subject, rawUser, issuedAt, lifetime } = value
  const valid =
    (isTokenText(token) || (token === '' && mode === 'session')) &&
    isHandle(subject) &&
    Number.isFinite(issuedAt) &&
    Number.isFinite(lifetime) &&
    (lifetime as number) > 0
  return valid
    ? {
        token,
        subject,
        rawUser,
        issuedAt: issuedAt as number,
        lifetime: lifetime as number,
      }
    : undefined
}

/** Whether a text can stand in an `Authorization` header (RFC 6750, 2.1, generously read) and has a sane size. */
export function isTokenText(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_TOKEN) return false
  // Not with a regular expression: `RegExp.input` and its like would show the token to any script.
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}
