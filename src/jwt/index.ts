export { isTokenError, TokenError, type TokenErrorCode, type TokenErrorReason } from './errors.js'
export { createTokenVerifier } from './verifier.js'
export type {
  AccessTokenClaims,
  AuthenticateOptions,
  Caller,
  RequestLike,
  TokenAlgorithm,
  TokenEvent,
  TokenVerifier,
  TokenVerifierOptions,
  VerifiedToken,
} from './types.js'
