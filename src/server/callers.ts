import type { Access } from './access.js'
import { Refusal } from './answers.js'
import { requireOwnCall } from './checks.js'
import type { Cookies } from './cookies.js'
import type { Credential, Credentials } from './credentials.js'
import type { Csrf } from './csrf.js'
import type { Exchange } from './exchange.js'
import { deliver, judge } from './families.js'
import type { Member } from './members.js'
import type { Rotation } from './rotation.js'
import { digest } from './secrets.js'
import type { Found, Sessions, Verdict } from './sessions.js'
import type { Settings } from './settings.js'
import { scopesOf, type AuthUser } from './users.js'

/** Who a request is from, whichever way it proves it. */
export interface Caller {
  readonly userId: string
  readonly sessionId: string
  readonly scopes: readonly string[]
}

/**
 * Refuses with 401 unless a valid credential came along; its use counts as activity. A `sid` cookie is only
 * good together with what a forged request cannot have. For `live` see `Access.authenticate`.
 */
export type Authenticate = (exchange: Exchange, session?: 'live') => Promise<Caller>

const SAFE = ['GET', 'HEAD', 'OPTIONS']

export function createAuthenticate(
  settings: Settings,
  parts: {
    access: Access
    sessions: Sessions
    credentials: Credentials
    cookies: Cookies
    csrf: Csrf
    rotation: Rotation
  },
): Authenticate {
  const { modes, sessionIdHeader } = settings
  const { access, sessions, credentials, cookies, csrf, rotation } = parts

  const isSafe = ({ method }: Exchange): boolean => SAFE.includes(method)

  /** Refuses what another site made, and what was meant for another session. */
  const requireIntent = (exchange: Exchange, sessionId: string): void => {
    const meant = sessionIdHeader === false ? undefined : exchange.header(sessionIdHeader)
    if (meant !== undefined && meant !== sessionId) throw new Refusal(409, 'session_mismatch')
    if (!isSafe(exchange)) csrf.require(exchange, sessionId)
  }

  /** What a call makes of its session: used, and with a new `sid` where one is due or the last one got lost. */
  const judgeCall = async (
    exchange: Exchange,
    { value, member }: { readonly value: string; readonly member: Member },
    found: Found,
  ): Promise<Verdict<{ readonly caller: Caller; readonly cookies: readonly string[] }>> => {
    const { session, now } = found
    const user = await sessions.holder(found)
    if (typeof user === 'string') throw noSession(user)
    const presented = { hash: digest(member.secret), generation: member.generation }
    const judgement = judge(session.family, presented, now, settings)
    // The head of one that has tokens is a refresh token, which is no credential of an API.
    const isRefresh = judgement.kind === 'rotate' && session.mode === 'token'
    if (judgement.kind === 'reused' || isRefresh) throw noSession('session_expired')
    requireIntent(exchange, session.id)

    const isHead = judgement.kind === 'rotate'
    // One that was exchanged for tokens has no next `sid`.
    const renewable = session.mode === 'session'
    const next =
      renewable && (session.renewal || !isHead)
        ? await rotation.successor(session, member, now, exchange.address)
        : undefined
    // Whoever shows the head has it.
    const shown = isHead ? deliver(session.family, member.generation) : session.family
    const family = next?.family ?? shown
    const renewal = session.renewal && next === undefined
    const isChanged = family !== session.family || renewal !== session.renewal || sessions.isDue(session, now)
    // One that lies under a name of before moves to the new one.
    const isFormer = isHead && cookies.isFormer('session', exchange.header('cookie'), value)
    const setsCookie = renewable && (next !== undefined || settings.rolling || isFormer)
    return {
      ...(isChanged && { next: { ...session, family, renewal, seenAt: now } }),
      value: {
        caller: callerOf(user, session.id),
        cookies: setsCookie ? cookies.setCredential('session', next?.cookie ?? value, session, now) : [],
      },
    }
  }

  const bySession = async (exchange: Exchange, { value, member, found }: Credential): Promise<Caller> => {
    if (!isSafe(exchange)) requireOwnCall(settings, exchange)
    if (member === undefined || found === undefined) throw noSession('session_expired')
    const judged = await sessions.decide(
      member.id,
      (current) => judgeCall(exchange, { value, member }, current),
      found,
    )
    if (judged === undefined) throw noSession('session_expired')
    exchange.cookies.push(...judged.cookies)
    return judged.caller
  }

  return async (exchange, session) => {
    const authorization = exchange.header('authorization')
    // What is no bearer token is for somebody in front, such as the gate of a staging site, where a cookie may tell who calls.
    const isForUs = !modes.serves('session') || /^bearer(?: |$)/i.test(authorization ?? '')
    if (modes.serves('token') && authorization !== undefined && isForUs) {
      const { sub, sid, scope } = await access.authenticate(authorization, session)
      return { userId: sub, sessionId: sid, scopes: scope.split(' ') }
    }
    const credential = await credentials.find(exchange, 'session')
    if (credential !== undefined) return bySession(exchange, credential)
    if (modes.serves('token')) await access.authenticate(undefined)
    throw noSession('missing_session')
  }
}

function callerOf(user: AuthUser, sessionId: string): Caller {
  return { userId: user.id, sessionId, scopes: scopesOf(user) }
}

/**
 * Deletes no cookie: calls run beside each other and beside a sign-in, and a deletion that arrives late would
 * take the new cookie away. The session check deletes it.
 */
function noSession(code: string): Refusal {
  return new Refusal(401, code)
}
