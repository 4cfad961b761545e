export { createAuthClient } from './client.js'
export { AuthError, isAuthError } from './errors.js'
export { DEFAULT_REFUSALS } from './options/resolve.js'
export { parseChallenges } from './core/challenge.js'

export type {
  AuthClient,
  AuthEvents,
  AuthRequestInit,
  Diagnosis,
  DiagnosticEntry,
  DiagnosticType,
  ExchangeResult,
  ExchangeTools,
  LoginResult,
  LogoutResult,
  MoreResult,
} from './client.js'
export type { AuthErrorCode, AuthErrorDetails } from './errors.js'
export type { AnswerFields, AnswerOf } from './options/answers.js'
export type { CsrfOptions, CsrfRefusal, SessionOptions } from './options/session.js'
export type { AuthClientOptions, Endpoints, Refusal, ReplayPolicy, Timeouts } from './options/types.js'
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
