import type { Mode } from '../core/types.js'
import type { AnswerOf } from '../options/answers.js'
import { isBackground } from '../plumbing/activity.js'
import { isPresent, readFields, refusalOf } from './answers.js'
import type { Context } from '../plumbing/context.js'
import { csrfToken } from './csrf.js'
import { call, inTime } from './endpoints.js'
import type { Reply } from '../plumbing/reply.js'

export const REFRESH = { endpoint: 'refresh', method: 'POST' } as const
export const SESSION = { endpoint: 'session', method: 'GET' } as const

/** What an endpoint is answered with that the backend does not have. */
export const ABSENT: readonly number[] = [404, 405, 501]

/** How the backend lets this page act for a user; undefined where it has not shown it yet. */
export const modeOf = ({ options, state }: Context): Mode | undefined => options.mode ?? state.mode

/** Where the credential is asked for. */
export const questionOf = (context: Context) => (modeOf(context) === 'session' ? SESSION : REFRESH)

/**
 * Asks the server for the credential of whoever is signed in: in token mode for a new token, in session mode who it is. Where
 * the mode was never learned, a refresh endpoint that is not there leaves the question to the session endpoint, and where it was,
 * to its explicit word.
 */
export async function obtain(
  context: Context,
  { abort = new AbortController(), keepalive = true } = {},
): Promise<Reply> {
  const renew = () =>
    call(context, {
      ...REFRESH,
      signal: abort.signal,
      keepalive,
      body: isBackground(context) ? { background: true } : undefined,
    })
  const mode = modeOf(context)
  if (mode === 'session') {
    const reply = await probe(context, { abort })
    // The backend has changed over, and what this browser holds buys tokens now.
    return fieldsOf(context, reply)?.mode === 'token' ? renew() : reply
  }
  const reply = await renew()
  const { status } = reply
  const open = ABSENT.includes(status) || (!mode && status === 401 && !refusalOf(context, reply))
  if (context.options.mode || !open || context.options.endpoints.session === false) return reply
  const probed = await probe(context, { abort })
  const says = fieldsOf(context, probed)?.mode
  const definite = probed.status === 200 ? probed.body !== undefined : refusalOf(context, probed)
  // What was learned goes by clear words alone: a 404 may be a glitch, and the cookie may reach the refresh endpoint only.
  if (mode ? says === 'session' : definite && says !== 'token') return probed
  return { ...reply, retryAfter: probed.retryAfter ?? reply.retryAfter }
}

/**
 * Who is signed in by the cookie, and the CSRF token for it. The token comes first: a token of somebody who signs in between
 * both answers would pass for that of the user before.
 */
export async function probe(
  context: Context,
  { abort = new AbortController(), lasting = false } = {},
): Promise<Reply> {
  if (!lasting) context.checks.add(abort)
  return check(context, abort.signal).finally(() => context.checks.delete(abort))
}

async function check(context: Context, signal: AbortSignal): Promise<Reply> {
  const session = { ...SESSION, signal }
  const { endpoints } = context.options
  if (endpoints.csrf === false || endpoints.csrf === endpoints.session) return call(context, session)
  // Its word alone ends no session: where it names nobody, the session endpoint is asked.
  const token = await call(context, { ...session, endpoint: 'csrf' })
  const fields = fieldsOf(context, token)
  if (fields && isPresent(fields.user)) return token
  return { ...(await call(context, session)), csrf: fields?.csrfToken }
}

/** The CSRF token for a sign-in, for which nobody needs to be signed in. */
export async function freshCsrf(context: Context): Promise<string> {
  const { options, state } = context
  const { csrf, session } = options.endpoints
  if (!options.csrf.header || modeOf(context) === 'token') return ''
  const known = state.credential?.mode === 'session' ? state.credential.token : undefined
  // Many a sign-out takes the readable cookie away, and the next answer of any kind brings another.
  const bare = options.csrf.cookie !== undefined && !csrfToken(context, undefined)
  const endpoint = csrf !== false ? 'csrf' : bare && session !== false ? 'session' : undefined
  const reply = endpoint && (await inTime(context, call(context, { endpoint, method: 'GET' })))
  return csrfToken(context, (reply && tokenIn(context, reply)) || known)
}

/** The CSRF token that an answer brought. */
export const tokenIn = (context: Context, reply: Reply): string | undefined =>
  fieldsOf(context, reply)?.csrfToken ?? reply.csrf

const fieldsOf = (context: Context, { endpoint, status, body }: Reply) =>
  status === 200 ? readFields(context, body, endpoint as AnswerOf) : undefined
