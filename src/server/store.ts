import type { AccessClaims, Awaitable } from './ports.js'
import type { Family } from './families.js'
import type { Mode } from './modes.js'

/** Why a session is over, in the codes of the wire. */
export type SessionEndCode =
  'session_expired' | 'session_revoked' | 'idle_timeout' | 'refresh_reused' | 'user_disabled'

export interface User {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
  readonly passwordHash: string
  readonly disabled: boolean
  readonly tokenVersion: number
}

/** One sign-in of one user on one device. Times are milliseconds since 1970. */
export interface Session {
  readonly id: string
  readonly userId: string
  /** Which cookie carries the head of the family: one of the other mode is exchanged for it. */
  readonly mode: Mode
  readonly createdAt: number
  /** The absolute end: nothing moves it. */
  readonly expiresAt: number
  /** Last activity; the idle limit counts from here. */
  readonly seenAt: number
  readonly userAgent: string
  /** Of refresh tokens, or of values of the `sid` cookie: those are renewed only where `renewal` asks for it. */
  readonly family: Family
  /** The privileges of the user changed: the next call gets a new `sid`. */
  readonly renewal: boolean
  /** Access tokens handed out that may still live: what a deny-list has to name. */
  readonly issued: readonly { readonly jti: string; readonly exp: number }[]
  readonly ended?: SessionEnd
}

export interface SessionEnd {
  readonly at: number
  readonly code: SessionEndCode
  /** By the next sign-in of the same browser, whose cookie has taken the place of this one's. */
  readonly replaced: boolean
  /**
   * No refusal deletes the cookie any more: one has done so, or somebody wanted the end. By now the jar may hold the
   * cookie of whoever signed in next, and a refusal that was on its way would take that one.
   */
  readonly leavesCookie: boolean
}

/** A redirect login that has begun, found by the hash of its cookie. */
export interface LoginTransaction {
  readonly state: string
  readonly verifier: string
  readonly returnTo: string
  readonly expiresAt: number
  /** The sessions this browser had when it left: SameSite=Strict keeps their cookies from the way back. */
  readonly replaces: readonly string[]
}

/** What the identity provider was asked for, and once the user has signed in, the code for it. */
export interface Authorization {
  readonly state: string
  readonly challenge: string
  readonly redirectUri: string
  readonly expiresAt: number
  readonly userId?: string
}

export interface Collection<V> {
  get(key: string): Awaitable<V | undefined>
  set(key: string, value: V): Awaitable<void>
  /** Gets and deletes in one step: two takers never both get it. */
  take(key: string): Awaitable<V | undefined>
}

/**
 * What outlives a request. A database does the same with a transaction in `updateSession` and an expiry on
 * each row.
 */
export interface Store {
  user(id: string): Awaitable<User | undefined>
  userByEmail(email: string): Awaitable<User | undefined>
  users(): Awaitable<readonly User[]>
  saveUser(user: User): Awaitable<void>

  session(id: string): Awaitable<Session | undefined>
  /** The session that ever gave out the cookie with this hash, a spent one included. */
  sessionByToken(hash: string): Awaitable<Session | undefined>
  sessionsOf(userId: string): Awaitable<readonly Session[]>
  saveSession(session: Session): Awaitable<void>
  /** Changes a session in one atomic step; undefined from `change` leaves it and is returned. */
  updateSession(id: string, change: (current: Session) => Session | undefined): Awaitable<Session | undefined>

  /** Opaque access tokens by hash. */
  readonly accessTokens: Collection<AccessClaims>
  /** Access tokens that are refused although they have not expired: jti to exp. */
  readonly denied: Collection<number>
  /** Redirect logins by the hash of their cookie. */
  readonly logins: Collection<LoginTransaction>
  /** Of the identity provider: by request id, and by the hash of the code. */
  readonly authorizations: Collection<Authorization>
}

function memoryCollection<V>(): Collection<V> {
  const values = new Map<string, V>()
  return {
    get: (key) => values.get(key),
    set: (key, value) => void values.set(key, value),
    take(key) {
      const value = values.get(key)
      values.delete(key)
      return value
    },
  }
}

/** A store that lives as long as the process, and forgets nothing. */
export function createMemoryStore(): Store {
  const users = new Map<string, User>()
  const sessions = new Map<string, Session>()
  const sessionOfToken = new Map<string, string>()

  const saveSession = (session: Session): void => {
    sessions.set(session.id, session)
    // The spent ones were entered while they were the head.
    sessionOfToken.set(session.family.head.hash, session.id)
  }

  return {
    user: (id) => users.get(id),
    userByEmail: (email) => [...users.values()].find((user) => user.email === email),
    users: () => [...users.values()],
    saveUser: (user) => void users.set(user.id, user),

    session: (id) => sessions.get(id),
    sessionByToken: (hash) => sessions.get(sessionOfToken.get(hash) ?? ''),
    sessionsOf: (userId) => [...sessions.values()].filter((session) => session.userId === userId),
    saveSession,
    updateSession(id, change) {
      const current = sessions.get(id)
      const next = current === undefined ? undefined : change(current)
      if (next !== undefined) saveSession(next)
      return next
    },

    accessTokens: memoryCollection(),
    denied: memoryCollection(),
    logins: memoryCollection(),
    authorizations: memoryCollection(),
  }
}
