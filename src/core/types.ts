/** How the backend lets this page act for a user: a bearer token in memory, or a cookie session. */
export type Mode = 'token' | 'session'

/** Why a session ended, or why there is none. */
export type EndReason = 'logout' | 'logout-elsewhere' | 'expired' | 'revoked' | 'user-switched' | 'refused'

/** What the last calls to the auth endpoints met: an answer, a fault, or no network at all. */
export type Connection = 'ok' | 'degraded' | 'offline'

/** Which sessions a logout ends: the one of this browser, or every session of the user. */
export type LogoutScope = 'current' | 'all'

/**
 * Totally ordered name of the sign-in state of this browser; each login, logout and change of subject makes a new one.
 * The larger time wins, and between equal times the larger id.
 */
export type Epoch = readonly [at: number, id: string]
