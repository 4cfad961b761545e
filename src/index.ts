export { createAuthClient } from './client.js'
export { AuthError, isAuthError } from './errors.js'
export { DEFAULT_REFUSALS } from './options.js'
export { parseChallenges } from './core/challenge.js'

export type { AuthClient } from './client.js'
export type { AuthErrorCode, AuthErrorDetails } from './errors.js'
export type {
  AnswerFields,
  AuthClientOptions,
  Endpoints,
  Refusal,
  ReplayPolicy,
  Timeouts,
} from './options.js'
export type { AuthEvents } from './runtime/events.js'
export type { AuthRequestInit } from './runtime/requests.js'
export type { DiagnosticEntry, DiagnosticType } from './runtime/diagnostics.js'
export type { Diagnosis } from './runtime/diagnose.js'
export type { LogoutResult } from './runtime/logout.js'
export type { Challenge } from './core/challenge.js'
export type {
  AuthenticatedState,
  AuthState,
  Connection,
  ConnectionState,
  EndReason,
  LogoutScope,
  Mode,
  UnauthenticatedState,
  UnknownState,
} from './core/types.js'
