/** How the backend lets this page act for a user: a bearer token in memory, or a cookie session. */
export type Mode = 'token' | 'session'

/** The one list of them: what is stored, what tabs say, and options are checked against it. */
export const END_REASONS = [
  'logout',
  'logout-elsewhere',
  'expired',
  'revoked',
  'user-switched',
  'refused',
] as const

/** Why a session ended. */
export type EndReason = (typeof END_REASONS)[number]

/** What the last attempt to renew the session met: an answer, a fault, or no network at all. */
export type Connection = 'ok' | 'degraded' | 'offline'

/** Which sessions a logout ends: the one of this browser, or every session of the user. */
export type LogoutScope = 'current' | 'all'

/**
 * Totally ordered name of the sign-in state of this browser; each login, logout and change of subject makes a new one.
 * The larger time wins, and between equal times the larger id.
 */
export type Epoch = readonly [at: number, id: string]

/** What stands on every state, whoever is signed in. */
export interface ConnectionState {
  /** What the last attempt to renew the session met. `degraded` and `offline` say nothing about who is signed in. */
  readonly connection: Connection
  /** When the client asks again by itself or lets a call ask, in milliseconds since 1970; undefined where it does not wait. */
  readonly retryAt: number | undefined
}

/** Nobody knows yet: the restore at the start is still running or got no answer. Never to be shown as signed out. */
export interface UnknownState extends ConnectionState {
  readonly status: 'unknown'
}

/** Somebody is signed in. */
export interface AuthenticatedState<User> extends ConnectionState {
  readonly status: 'authenticated'
  readonly mode: Mode
  /** The user as `parseUser` returned it; the same object until the server sends other data. */
  readonly user: User
  /** Public handle of this sign-in, where the server names one. */
  readonly sessionId: string | undefined
  /**
   * When the access token ends, or by the server's last word the cookie session, in milliseconds since 1970 by this device's
   * clock. Read live: a silent refresh changes it without making a new state and without calling a listener.
   */
  readonly expiresAt: number | undefined
}

/** Nobody is signed in. */
export interface UnauthenticatedState extends ConnectionState {
  readonly status: 'unauthenticated'
  /** Why the last session ended; `none` where there was none. */
  readonly reason: EndReason | 'none'
}

/** What `getState()` answers and `subscribe()` passes on; switch on `status`. */
export type AuthState<User = unknown> = UnknownState | AuthenticatedState<User> | UnauthenticatedState
