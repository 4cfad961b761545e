import { oneOf } from '../core/checks.js'
import { isOver } from '../core/ends.js'
import { parseLifetime } from '../core/lifetime.js'
import type { AuthErrorCode } from '../errors.js'
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import { failure, type GrantVerdict, isPresent, judgeGrant, judgeRefresh } from '../wire/answers.js'
import { isDone } from '../wire/endpoints.js'
import { canLook, type Found, isSameSession, judge } from '../wire/look.js'
import { modeOf, obtain, probe } from '../wire/obtain.js'
import { LOG_IN } from '../words.js'
import type { Logouts } from './logout.js'
import type { Refresher } from './refresh.js'

/** Somebody was signed in, in words of the contract, and cannot be shown. */
export const USELESS = ['invalid_user', 'unsupported_token_type', 'session_mode_refused'] as const
const CODES = ['user_disabled', 'invalid_credentials'] as const
/** Refusals that a later try may be spared. */
const PASSING: readonly number[] = [408, 425, 429]
/** What backends say of a wrong password, and words that are no code of their own: a sentence, or the name of the status. */
const NO_WORD =
  /\s|^[A-Z][a-z]+$|^(bad_?request|unauthori[sz]ed|unprocessable.*|no_active_account|invalid_(grant|login|credentials|(.*_)?password))$/i

/** The server asks for one more step: a code, a choice. Nobody is signed in, and nobody signed out. */
export interface More {
  readonly kind: 'more'
  /** As `parseStep` read it. */
  readonly step: unknown
  /** By `expires_in`, in milliseconds since 1970. */
  readonly expiresAt: number | undefined
}

/** The step that an answer asks for; undefined where it asks for none, or the application's reader throws. */
export function stepIn({ options }: Context, { status, body, sentAt }: Reply): More | undefined {
  try {
    const step = options.parseStep?.(body, status)
    if (!isPresent(step)) return undefined
    const lifetime = parseLifetime((step as { expires_in?: unknown }).expires_in)
    return { kind: 'more', step, expiresAt: lifetime && sentAt.wall + lifetime }
  } catch {
    // What it throws may quote the answer.
    return undefined
  }
}

/** A refusal to sign in says nothing about the session there may be already. */
export async function judgeLogin(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  reply: Reply,
  isLate: () => boolean,
): Promise<GrantVerdict | More> {
  const step = stepIn(context, reply)
  if (step) return step
  const { status, code } = reply
  const said = oneOf(CODES, code)
  const refused = status >= 400 && status < 500 && !PASSING.includes(status)
  if (refused || (said && isDone(reply))) return failure(context, reply, LOG_IN, said ?? refusal())
  const verdict = await judgeGrant(context, reply)
  if (verdict.kind === 'granted' || !isDone(reply) || oneOf(USELESS, verdict.error.code)) return verdict
  const found = await lookFor(context, refresher, logouts, isLate)
  if (found?.kind === 'granted') return found
  // Backends whose sign-in says no more than that it worked: the cookie says for whom.
  const silent = verdict.error.code === 'invalid_response' && !code && modeOf(context) === 'session'
  return silent ? failure(context, reply, LOG_IN, 'no_session_cookie') : verdict

  function refusal(): AuthErrorCode {
    if (
      context.options.csrf.refusals.some(
        (known) => known.status === status && (known.code ? known.code === code : status !== 403),
      )
    )
      return 'csrf_refused'
    if (code && !NO_WORD.test(code)) return 'login_refused'
    if (status === 403) return 'forbidden'
    if ([400, 401, 422].includes(status)) return 'invalid_credentials'
    return [404, 405].includes(status) ? 'invalid_response' : 'login_refused'
  }
}

/**
 * What the answer of a sign-in says cannot be read; a second factor may be wanted, or its end is lost. Asks whom the cookie is for by
 * now: who was not known before has signed in. Undefined where that is nobody. With `anew`, who was known has signed in again.
 */
export async function lookFor(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  isLate: () => boolean,
  anew = false,
): Promise<GrantVerdict | undefined> {
  const asks = !isLate() && canLook(context)
  // A logout does not abort it: what it finds is to be undone.
  const reply = asks && (await probe(context, { lasting: true }))
  const found: Found = reply ? await judge(context, reply) : { kind: 'absent' }
  context.sync()
  const { state, reactions } = context
  const identity = found.kind === 'user' ? found.identity : undefined
  const { sessionId } = identity ?? {}
  const isKnown =
    identity && state.identity
      ? isSameSession(state.identity, identity)
      : state.phase !== 'out' && sessionId !== undefined && sessionId === state.sessionId
  if ((isKnown && !anew) || found.kind === 'nobody') return undefined
  // Whoever asked for it was told that it failed, so it has. By now the cookie may be of somebody who has signed in since.
  if (isLate()) logouts.discardLate()
  // Somebody has logged out of it: it is owed, and no sign-in.
  else if (isOver(state, sessionId)) context.dispatch({ type: 'loginLost', sessionId })
  // Where the question has no answer, the refresh is one, when the lock is free.
  else if (!identity && state.phase !== 'out' && !(anew && found.kind === 'absent'))
    reactions.repair({ type: 'repair' })
  else if (found.kind !== 'failed') {
    const inWords = found.kind === 'user' && found.mode === 'session'
    const verdict = await judgeRefresh(context, inWords ? found.reply : await obtain(context))
    if (verdict.kind === 'granted') return verdict
    if (verdict.kind !== 'indeterminate') return undefined
    // As for every refresh: the other tabs wait, too, and this one finds out later.
    if (state.phase !== 'out') refresher.hold.postpone(verdict.error, verdict.retryAfter)
    return verdict
  }
  return found.kind === 'failed' ? { ...found, kind: 'indeterminate' } : undefined
}
