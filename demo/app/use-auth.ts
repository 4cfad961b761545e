import type { AuthState, DiagnosticEntry } from 'latchkey'
import { useSyncExternalStore } from 'react'
import { auth, log, type User } from './auth.js'

/** Who is signed in; a silent refresh renders nothing anew. */
export function useAuth(): AuthState<User> {
  return useSyncExternalStore(auth.subscribe, auth.getState)
}

export function useDiagnostics(): readonly DiagnosticEntry[] {
  return useSyncExternalStore(log.subscribe, log.entries)
}
