import type { AuthClient, AuthState } from '../index.js'
import type { InitialSession } from './auth-context.js'
import { nobody, UNKNOWN } from './nobody.js'

/** What a provider hands down: a client, and what is shown until the client knows. */
export interface Scope<User> {
  readonly client: AuthClient<User>
  /** What the server rendered, and hydration renders once more. */
  readonly server: AuthState<User>
  /** How many sessions have ended: what belongs to one of them must not stay for the next. */
  ended: number
  getState(): AuthState<User>
  /** Starts the client. Returns what lets go of it. */
  follow(): () => void
}

export function createScope<User>(
  client: AuthClient<User>,
  initial?: InitialSession<User> | null,
  ended = 0,
): Scope<User> {
  const server: AuthState<User> = initial
    ? {
        ...UNKNOWN,
        status: 'authenticated',
        mode: initial.mode ?? 'session',
        user: initial.user,
        sessionId: initial.sessionId,
        expiresAt: undefined,
      }
    : UNKNOWN
  let settled = !initial
  let shown = server
  const scope: Scope<User> = {
    client,
    server,
    ended,
    getState() {
      const state = client.getState()
      // For good: what is unknown later is unknown for a reason, such as a sign-out that this tab may have missed.
      settled ||= state.status !== 'unknown'
      if (settled) return state
      const { connection, retryAt } = state
      if (connection !== shown.connection || retryAt !== shown.retryAt) {
        shown = { ...shown, connection, retryAt }
      }
      return shown
    },
    follow() {
      const stops = [client.subscribe(scope.getState), client.on('sessionEnd', () => void scope.ended++)]
      return () => stops.forEach((stop) => stop())
    },
  }
  return scope
}

/** Where there is no provider. */
export const NOWHERE: Scope<never> = createScope(nobody)
