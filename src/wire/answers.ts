import { type Credential, elapsed, LONGEST_MS, margin, parseLifetime } from '../core/lifetime.js'
import { isTokenText } from '../core/news.js'
import type { Grant, Identity } from '../core/state.js'
import type { EndReason, Mode } from '../core/types.js'
import { AuthError, type AuthErrorCode } from '../errors.js'
import type { AnswerFields, AnswerOf } from '../options/answers.js'
import * as words from '../words.js'
import type { Context } from '../plumbing/context.js'
import { csrfToken } from './csrf.js'
import { inDevelopment, LOADED } from './development.js'
import { call } from './endpoints.js'
import type { Reply } from '../plumbing/reply.js'
import { within } from '../plumbing/waiting.js'

/** What an answer that should bring a credential comes to. */
export type GrantVerdict = { readonly kind: 'granted'; readonly grant: Grant } | Indeterminate

export interface Indeterminate {
  readonly kind: 'indeterminate'
  readonly error: AuthError
  readonly retryAfter?: number | undefined
  /** The answer may still come: how much longer that is waited for, in milliseconds. */
  readonly outstanding?: number
  /** What the answer brought, where the server failed to say whose it is. */
  readonly credential?: Credential
}

/** What an answer of the refresh or session endpoint means. Only `refused` can end a session. */
export type Verdict =
  | GrantVerdict
  | {
      readonly kind: 'refused'
      readonly reason: EndReason
      readonly status: number
      /** When it was asked, by the wall clock. */
      readonly asked: number
    }
  /** Another request was faster; the cookie in the jar by now is the right one. */
  | { readonly kind: 'raced' }

const RACED = 'refresh_raced'
/** A session that is said to end sooner is asked about then, not again and again. */
const SHORTEST_MS = 10_000

/** The refusal that an answer is, if it is one. */
export const refusalOf = ({ options }: Context, reply: Reply) =>
  options.refusals.find(
    ({ status, code }) => status === reply.status && (code === undefined || code === reply.code),
  )

/** Reads an answer of the refresh or session endpoint. */
export async function judgeRefresh(context: Context, reply: Reply): Promise<Verdict> {
  const { status, code, sentAt } = reply
  const reason = refusalOf(context, reply)?.reason ?? (isNobody(context, reply) ? 'expired' : undefined)
  if (reason) return { kind: 'refused', reason, status, asked: sentAt.wall }
  if (status === 409 && code === RACED) return { kind: 'raced' }
  return judgeGrant(context, reply)
}

/** Whether the session endpoint says in so many words that nobody is signed in. */
function isNobody(context: Context, { endpoint, status, body }: Reply): boolean {
  if (endpoint !== 'session' || status !== 200 || body === undefined) return false
  return body === null || readFields(context, body, 'session')?.user === null
}

/** Reads an answer that should bring a credential. */
export async function judgeGrant(context: Context, reply: Reply): Promise<GrantVerdict> {
  const from = reply.endpoint as AnswerOf
  const action = from === 'login' ? words.LOG_IN : words.REFRESH
  const fail = (code: AuthErrorCode, cause?: unknown) => failure(context, reply, action, code, cause)
  const fault = faultOf(context, reply)
  if (fault) return fail(fault, reply.fault)
  const done = reply.status >= 200 && reply.status < 300
  const fields = done ? readFields(context, reply.body, from) : undefined
  const isSession = done && shownMode(context, from, fields) === 'session'
  const { mode, csrf } = context.options
  if (isSession && !mode && !csrf.chosen) return fail('session_mode_refused')
  const shown = fields && (isSession ? isPresent(fields.user) : isTokenText(fields.accessToken))
  if (!shown) return fail('invalid_response')
  // What the server sends need not be what the type says.
  const tokenType: unknown = fields.tokenType ?? 'bearer'
  const isBearer = typeof tokenType === 'string' && tokenType.toLowerCase() === 'bearer'
  if (!isSession && !isBearer) return fail('unsupported_token_type')
  try {
    const credential = await (isSession ? sessionCredential : makeCredential)(context, fields, reply)
    const again = reply === context.nameless?.reply
    const identity = await identify(context, fields, credential, again)
    if (!identity) return fail('invalid_response')
    if ('subject' in identity) return { kind: 'granted', grant: { identity, credential } }
    const code = faultOf(context, identity)
    if (!code) return fail('invalid_response')
    return { ...(await failure(context, identity, action, code, identity.fault)), credential }
  } catch (cause) {
    return fail('invalid_user', cause)
  }
}

/** What kept the answer itself away. */
function faultOf({ ports }: Context, { fault, redirected, status }: Reply): AuthErrorCode | undefined {
  if (fault !== undefined) return ports.lifecycle.online() ? 'network' : 'offline'
  if (redirected) return 'redirected'
  if (status === 403) return 'forbidden'
  if (status === 429) return 'rate_limited'
  return status >= 500 || status === 408 || status === 425 ? 'server_error' : undefined
}

/** What an answer comes to that brings no credential. */
export async function failure(
  context: Context,
  reply: Reply,
  action: string,
  code: AuthErrorCode,
  cause?: unknown,
): Promise<Indeterminate> {
  const { status, code: serverCode, retryAfter, response } = reply
  const retryAt = retryAfter === undefined ? undefined : context.ports.clock.wall() + retryAfter
  const error = new AuthError(code, {
    status: status || undefined,
    serverCode,
    retryAt,
    response,
    action,
    said: reply.said,
    sentence: await inDevelopment(context, ({ explain }) => explain(context, reply, code, LOADED)),
    cause,
  })
  return { kind: 'indeterminate', error, retryAfter }
}

/** Which mode an answer is of: what the developer says, what it says, or what it brings. */
function shownMode(context: Context, from: AnswerOf, fields: AnswerFields | undefined): Mode | undefined {
  const { mode } = context.options
  if (mode) return mode
  if (from === 'session' || from === 'csrf' || fields?.mode === 'session') return 'session'
  if (fields?.mode === 'token' || fields?.accessToken !== undefined || fields?.tokenType !== undefined)
    return 'token'
  return fields && isPresent(fields.user) ? 'session' : context.state.mode
}

/** A session that nobody says the end of is good until the server says otherwise. */
function sessionCredential(context: Context, fields: AnswerFields, reply: Reply): Credential {
  const ends = [fields.sessionExpiresIn, fields.idleExpiresIn].map((end) => parseLifetime(end) ?? LONGEST_MS)
  const { csrf, timeouts } = context.options
  // A sign-in changes the cookie, and a question should not. What a page that stood still reads late may be somebody else's by now.
  const isLate = elapsed(reply.sentAt, context.instant()) >= timeouts.request
  const asked = csrf.cookie && (isLate || reply.endpoint !== 'login')
  const token = asked ? reply.csrfWas : csrfToken(context, fields.csrfToken ?? reply.csrf)
  const lifetime = Math.max(SHORTEST_MS, Math.min(...ends))
  return { mode: 'session', token, generation: 1, issued: reply.sentAt, lifetime, lead: 0 }
}

/** The members of an answer; undefined where it is none, or the application's reader throws. */
export function readFields(context: Context, body: unknown, from: AnswerOf): AnswerFields | undefined {
  try {
    return context.options.parseAnswer(body, from)
  } catch {
    // What it throws may quote the answer, which holds the token.
    return undefined
  }
}

async function makeCredential(context: Context, fields: AnswerFields, reply: Reply): Promise<Credential> {
  const token = fields.accessToken!
  const { defaultLifetime } = context.options
  const lifetime = parseLifetime(fields.expiresIn) ?? (await jwtLifetime(token)) ?? defaultLifetime * 1000
  return {
    mode: 'token',
    token,
    generation: 1,
    issued: reply.sentAt,
    lifetime,
    lead: drawLead(context, lifetime),
  }
}

/** How long before its end a credential is renewed, with the jitter that keeps tabs apart. */
export function drawLead({ options, ports }: Context, lifetime: number): number {
  return margin(lifetime, options.refreshMargin) * (1 + ports.chance.fraction() / 4)
}

/**
 * `exp - iat` of a token that happens to be a JWT; neither is compared with the clock of this device. jose is loaded for it
 * alone, since most servers say `expires_in`.
 */
async function jwtLifetime(token: string): Promise<number | undefined> {
  try {
    const { decodeJwt } = await import('jose/jwt/decode')
    const { exp, iat } = decodeJwt(token)
    return typeof exp === 'number' && typeof iat === 'number' ? parseLifetime(exp - iat) : undefined
  } catch {
    return undefined
  }
}

/**
 * Who the answer is for. One that does not say so is completed by the user endpoint, which knows the token, or by that of the
 * session, which knows the cookie. Where the session is the known one its user is asked for now and then alone, and a fault of that
 * endpoint holds up no token. The answer that did not say it, where nobody else does.
 */
async function identify(
  context: Context,
  fields: AnswerFields,
  { token, issued }: Credential,
  again: boolean,
): Promise<Identity | Reply | undefined> {
  const { ports, options, state, learned } = context
  const { endpoints, timeouts, revalidateAfter } = options
  const now = context.instant()
  const sessionId = context.sessionIds.named(fields.sessionId)
  if (isPresent(fields.user)) {
    context.learned = now
    return makeIdentity(context, fields.user, sessionId)
  }
  const known =
    sessionId !== undefined && sessionId === state.identity?.sessionId ? state.identity : undefined
  const endpoint = endpoints.user === false ? 'session' : 'user'
  const isRecent = learned && elapsed(learned, now) < revalidateAfter
  if (endpoints[endpoint] === false || (known && isRecent)) return known
  context.learned = now
  const bearer = endpoint === 'user'
  const asked = call(context, { endpoint, method: 'GET', token: bearer ? token : undefined })
  const left = timeouts.request / 2 - elapsed(issued, now)
  const reply = await (known ? within(ports.clock, left, asked) : asked)
  const found = reply?.status === 200 ? readFields(context, reply.body, endpoint) : undefined
  const id = context.sessionIds.of(found?.sessionId)
  // Somebody else may have signed in since the answer, and then the cookie is his.
  const isForeign = !bearer && sessionId && id && id !== sessionId
  if (!found || !isPresent(found.user) || isForeign) return known ?? reply
  const identity = makeIdentity(context, found.user, sessionId ?? id)
  // A cookie that names no session says nothing of a token that is older than the question.
  const isProof = bearer || (id && sessionId) || identity.subject === state.identity?.subject
  return isProof || !(known || again) ? identity : known
}

export const isPresent = (user: unknown): boolean => user !== undefined && user !== null

/** Throws where the application's parser does, or where the user has no id. */
export function makeIdentity(context: Context, rawUser: unknown, sessionId: unknown): Identity {
  const { parseUser, getUserId } = context.options
  const user = parseUser(rawUser)
  const subject = getUserId(user)
  if ((typeof subject !== 'string' && !Number.isFinite(subject)) || subject === '') {
    throw new TypeError(words.NO_ID)
  }
  return { subject: String(subject), sessionId: context.sessionIds.of(sessionId), rawUser, user }
}
