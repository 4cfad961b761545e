/*
 * What the backend wants from its surroundings. Nothing in this folder reads a clock, chance or a timer of
 * its own, so that with synchronous parts a run is a pure function of its requests.
 */

export type Awaitable<T> = T | Promise<T>

export interface BackendClock {
  /** Milliseconds since 1970. */
  now(): number
}

export interface Random {
  /** That many unguessable bytes. */
  bytes(length: number): Uint8Array
}

export interface PasswordHash {
  /** The text to store for this password; its own format, parameters and salt included. */
  hash(password: string): Awaitable<string>
  verify(password: string, stored: string): Awaitable<boolean>
  /** A stored text that no password fits and that costs the same to verify: for users that do not exist. */
  readonly decoy: string
}

/** Keeps a text that only the holder of another secret can read again. */
export interface Sealer {
  seal(secret: string, text: string): Awaitable<string>
  /** Rejects or throws when the secret is not the one it was sealed with. */
  open(secret: string, sealed: string): Awaitable<string>
}

/** What an access token says, in the claims of RFC 9068; times are seconds since 1970. */
export interface AccessClaims {
  readonly iss: string
  readonly aud: string | string[]
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly jti: string
  /** Id of the session it belongs to. */
  readonly sid: string
  readonly scope: string
  /**
   * Number of the refresh token it was minted with: seeing it proves that this refresh token was delivered.
   */
  readonly gen: number
  /** The user's token version when it was minted. */
  readonly ver: number
}

export interface JsonWebKeySet {
  readonly keys: readonly object[]
}

/**
 * Issues access tokens and reads them back. What it cannot vouch for it reads as undefined; it never throws
 * at that.
 */
export interface Signer {
  sign(claims: AccessClaims): Awaitable<string>
  /** With `now` (ms) a token outside its time, or of a key that is published no more, is refused; without it only its origin is checked. */
  verify(token: string, now?: number): Awaitable<AccessClaims | undefined>
  /** The public keys others verify with, at this time. */
  keys(now: number): Awaitable<JsonWebKeySet>
  /** Signs with a new key from now on; the old one stays published while a token signed with it lives. */
  rotate(): Awaitable<void>
}
