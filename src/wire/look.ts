import { isSame } from '../core/epoch.js'
import { oneOf } from '../core/checks.js'
import type { Identity } from '../core/state.js'
import type { Mode } from '../core/types.js'
import type { AuthError } from '../errors.js'
import { failure, isPresent, judgeRefresh, makeIdentity, readFields } from './answers.js'
import { RESTORE } from '../words.js'
import type { Context } from '../plumbing/context.js'
import { inTime, timedOut } from './endpoints.js'
import type { Reply } from '../plumbing/reply.js'
import { ABSENT, modeOf, probe, SESSION } from './obtain.js'
import { raced } from '../plumbing/waiting.js'

/** Whom the cookie is for, in the words of the session endpoint. */
export type Found =
  | {
      readonly kind: 'user'
      readonly identity: Identity
      readonly mode: Mode | undefined
      readonly reply: Reply
    }
  | { readonly kind: 'nobody'; readonly reply: Reply }
  /** The backend has no such endpoint. */
  | { readonly kind: 'absent' }
  /** This tab has learned from another one meanwhile, or the page is another one's. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'failed'; readonly error: AuthError; readonly retryAfter?: number | undefined }

const MODES = ['token', 'session'] as const
const DAY_MS = 86_400_000

const absenceKey = ({ name }: Context): string => `${name}:no-session-endpoint`

/** Whether the session endpoint can say whom the cookie is for. That it is not there is remembered for a day. */
export function canLook(context: Context): boolean {
  const { options, ports } = context
  if (options.endpoints.session === false) return false
  const age = ports.clock.wall() - Number(ports.shared.read(absenceKey(context)) ?? NaN)
  return modeOf(context) === 'session' || !(age >= 0 && age < DAY_MS)
}

/** Asks whom the cookie is for. It rotates nothing, extends nothing and changes nothing here. */
export async function look(context: Context): Promise<Found> {
  const { ports, disposed } = context
  const { epoch } = context.state
  const abort = new AbortController()
  const reply = await raced(inTime(context, probe(context, { abort })), disposed)
  // It rotates nothing, and what never ends would fill the browser's connections.
  if (!reply) abort.abort()
  const found: Found = reply
    ? await judge(context, reply)
    : { kind: 'failed', error: timedOut(context, RESTORE, SESSION) }
  context.sync()
  if (!isSame(context.state.epoch, epoch)) return { kind: 'overtaken' }
  if (found.kind === 'absent') ports.shared.write(absenceKey(context), String(ports.clock.wall()))
  return found
}

/** What the answer of the session endpoint says of it. */
export async function judge(context: Context, reply: Reply): Promise<Found> {
  const { status, body } = reply
  if (ABSENT.includes(status) && modeOf(context) !== 'session') return { kind: 'absent' }
  const fields = status === 200 ? readFields(context, body, 'session') : undefined
  if (fields && isPresent(fields.user)) {
    try {
      const identity = makeIdentity(context, fields.user, fields.sessionId)
      return { kind: 'user', identity, mode: oneOf(MODES, fields.mode) ?? modeOf(context), reply }
    } catch (cause) {
      return { ...(await failure(context, reply, RESTORE, 'invalid_user', cause)), kind: 'failed' }
    }
  }
  const verdict = await judgeRefresh(context, reply)
  if (verdict.kind === 'refused' || status === 401) return { kind: 'nobody', reply }
  const failed =
    verdict.kind === 'indeterminate' ? verdict : await failure(context, reply, RESTORE, 'invalid_response')
  return { ...failed, kind: 'failed' }
}

/** Whether both are one sign-in: by its id, where the backend names one, and by who it is. */
export const isSameSession = (one: Identity, other: Identity): boolean =>
  one.subject === other.subject && (!one.sessionId || !other.sessionId || one.sessionId === other.sessionId)
