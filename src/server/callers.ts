import type { Access } from './access.js'
import { Refusal } from './answers.js'
import { requireKnownSource, requireStaticHeader } from './checks.js'
import type { Cookies } from './cookies.js'
import type { Credential, Credentials } from './credentials.js'
import type { Csrf } from './csrf.js'
import type { Exchange } from './exchange.js'
import { deliver, judge } from './families.js'
import type { Rotation } from './rotation.js'
import { scopesOf } from './scopes.js'
import { digest } from './secrets.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import type { Session, User } from './store.js'

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
  const { clock, modes, store, sessionIdHeader } = settings
  const { access, sessions, credentials, cookies, csrf, rotation } = parts

  const isSafe = ({ method }: Exchange): boolean => SAFE.includes(method)

  /** Refuses what another site made, and what was meant for another session. */
  const requireIntent = (exchange: Exchange, sessionId: string): void => {
    const meant = sessionIdHeader === false ? undefined : exchange.header(sessionIdHeader)
    if (meant !== undefined && meant !== sessionId) throw new Refusal(409, 'session_mismatch')
    if (!isSafe(exchange)) csrf.require(exchange, sessionId)
  }

  /** Uses the session, and gives it a new `sid` where one is due or the last one got lost. */
  const use = async (exchange: Exchange, session: Session, value: string, now: number): Promise<boolean> => {
    const isHead = judge(session.family, digest(value), now, settings).kind === 'rotate'
    // One that was exchanged for tokens has no next `sid`.
    const renewable = session.mode === 'session'
    const next =
      renewable && (session.renewal || !isHead) ? await rotation.successor(session, value, now) : undefined
    const used = await store.updateSession(session.id, (current) => {
      if (sessions.over(current, now) !== undefined) return undefined
      const family = next?.advance(current.family) ?? current.family
      // Whoever shows the head has it.
      const delivered = isHead && next === undefined ? deliver(family, family.head.generation) : family
      return { ...current, seenAt: now, family: delivered, renewal: current.renewal && next === undefined }
    })
    if (used === undefined) return false
    if (renewable && (next !== undefined || settings.rolling)) {
      exchange.cookies.push(...cookies.setCredential('session', next?.secret ?? value, used, now))
    }
    return true
  }

  const bySession = async (exchange: Exchange, { value, session }: Credential): Promise<Caller> => {
    if (!isSafe(exchange)) {
      requireKnownSource(settings, exchange)
      requireStaticHeader(settings, exchange)
    }
    const id = session?.id
    if (id === undefined) throw noSession('session_expired')
    return rotation.exclusively(id, async () => {
      const now = clock.now()
      const [current, user] = await Promise.all([store.session(id), store.user(session?.userId ?? '')])
      if (current === undefined || user === undefined) throw noSession('session_expired')
      const code = sessions.over(current, now)
      if (code !== undefined) throw noSession(code)
      if (judge(current.family, digest(value), now, settings).kind === 'reused') {
        throw noSession('session_expired')
      }
      requireIntent(exchange, id)
      if (!(await use(exchange, current, value, now))) throw noSession('session_revoked')
      return callerOf(user, id)
    })
  }

  return async (exchange, session) => {
    const authorization = exchange.header('authorization')
    if (modes.serves('token') && authorization !== undefined) {
      const { sub, sid, scope } = await access.authenticate(authorization, session)
      return { userId: sub, sessionId: sid, scopes: scope.split(' ') }
    }
    const credential = (await credentials.all(exchange)).find(({ mode }) => mode === 'session')
    if (credential !== undefined) return bySession(exchange, credential)
    if (modes.serves('token')) await access.authenticate(undefined)
    throw noSession('missing_session')
  }
}

function callerOf(user: User, sessionId: string): Caller {
  return { userId: user.id, sessionId, scopes: scopesOf(user) }
}

/**
 * Deletes no cookie: calls run beside each other and beside a sign-in, and a deletion that arrives late would
 * take the new cookie away. The session check deletes it.
 */
function noSession(code: string): Refusal {
  return new Refusal(401, code)
}
