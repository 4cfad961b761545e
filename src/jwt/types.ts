import type { TokenError, TokenErrorReason } from './errors.js'

/** Algorithms that can be allowed: those of key pairs. With a shared secret whoever verifies could sign. */
export type TokenAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'

/** What a verified access token says: the claims that RFC 9068 requires, and whatever else the issuer writes. */
export interface AccessTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  /** Seconds since 1970, as `iat`. */
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly [claim: string]: unknown
}

export interface VerifiedToken {
  readonly claims: AccessTokenClaims
  /** What is in the claim `scope`, one by one. */
  readonly scopes: readonly string[]
}

/** What {@link TokenVerifier.authenticate} found out. */
export type Caller =
  | ({ readonly ok: true } & VerifiedToken)
  | { readonly ok: false; readonly error: TokenError; readonly response: Response }

/** A `Request`, or what has its headers as Node gives them: the request of Express, Fastify or `node:http`. */
export interface RequestLike {
  readonly headers:
    { get(name: string): string | null } | { readonly [name: string]: string | readonly string[] | undefined }
}

/** What happens, for logs and metrics. Neither tokens nor claims are in it. */
export type TokenEvent =
  /** The keys of the issuer were read. */
  | { readonly type: 'keys.loaded'; readonly kids: readonly string[] }
  /**
   * They could not be read. The known ones count until `goodUntil`, and the next attempt is not before `retryAt`, both in
   * milliseconds since 1970; without `goodUntil` none is known (any more).
   */
  | {
      readonly type: 'keys.failed'
      readonly error: unknown
      readonly retryAt: number
      readonly goodUntil: number | undefined
    }
  | { readonly type: 'look-up.failed'; readonly error: unknown }
  | { readonly type: 'refused'; readonly reason: TokenErrorReason }

export interface TokenVerifierOptions {
  /** The issuer, letter by letter as it stands in `iss`. For two issuers make two verifiers, each with its own keys. */
  readonly issuer: string
  /** What this API is called in `aud`; with several names one of them must be there. */
  readonly audience: string | readonly string[]
  /** Where the issuer publishes its keys (https, or http on a loopback host), or the keys themselves, as a JWK set. */
  readonly jwks: string | URL | { readonly keys: readonly object[] }
  /** Which algorithms may have signed. Default: `['RS256', 'ES256', 'EdDSA']`. */
  readonly algorithms?: readonly TokenAlgorithm[] | undefined
  /** By how many seconds clocks may differ where `exp` and `nbf` are judged, up to 300. Default: 30. */
  readonly clockTolerance?: number | undefined
  /** How old known keys may be, in seconds, before they are read again: how long a withdrawn one still counts. Default: 600. */
  readonly maxAge?: number | undefined
  /** How many seconds pass between two readings of the keys because of an unknown `kid`; the waits after failures grow up to it. Default: 30. */
  readonly coolDown?: number | undefined
  /** For how many seconds after `maxAge` known keys count while they cannot be read again. Default: 86 400, a day. */
  readonly outageLimit?: number | undefined
  /** How many seconds the address of the keys and `isRevoked` have to answer, up to 60. Default: 3. */
  readonly timeout?: number | undefined
  /**
   * Asked for each token that is good otherwise: a deny-list by `jti`, a version of the user, whatever knows of it. Must say true or
   * false; where it fails or takes longer than `timeout` the call is answered with 503.
   */
  readonly isRevoked?: ((claims: AccessTokenClaims) => boolean | Promise<boolean>) | undefined
  /**
   * True where something else checks the proof of possession of tokens that are bound to a key of their bearer (`cnf`: DPoP, client
   * certificates). Otherwise they are refused: as bearer tokens they could be used by whoever steals them. Default: false.
   */
  readonly proofCheckedElsewhere?: boolean | undefined
  /** What reads the keys. Default: the global `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /** Default: the clock of the machine. */
  readonly clock?: { now(): number } | undefined
  readonly onEvent?: ((event: TokenEvent) => void) | undefined
}

export interface AuthenticateOptions {
  /** What the token must be good for: one scope, several with spaces between them, or a list. All of them are needed. */
  readonly scope?: string | readonly string[] | undefined
}

export interface TokenVerifier {
  /** Rejects with a {@link TokenError} unless it is a good access token of this issuer for this audience. */
  verify(token: string): Promise<VerifiedToken>
  /** As `verify`, for the bearer token of a request; gives the answer that refuses it, challenge included. */
  authenticate(request: RequestLike, options?: AuthenticateOptions): Promise<Caller>
}
