import type { Mode } from './types.js'

/** One reading of both clocks. They disagree after sleep and after somebody set the time. */
export interface Instant {
  readonly wall: number
  readonly monotonic: number
}

export interface Credential {
  readonly mode: Mode
  /** The access token. In session mode, where a cookie is the credential, the CSRF token that goes with it, or nothing. */
  readonly token: string
  readonly generation: number
  /** When the request left that brought it, so that a slow answer never makes it look younger than it is. */
  readonly issued: Instant
  /** In milliseconds. */
  readonly lifetime: number
  /** How long before its end it is renewed ahead of need, in milliseconds. Drawn once, so that tabs differ. */
  readonly lead: number
}

/** What a browser keeps at the most (RFC 6265bis, 5.5: 400 days); larger claims are cut to it. */
export const LONGEST_MS = 400 * 86_400_000

/**
 * Milliseconds since `then`: the larger of what both clocks say, since a clock that stood still or was set back
 * makes a credential look younger.
 */
export function elapsed(then: Instant, now: Instant): number {
  return Math.max(now.wall - then.wall, now.monotonic - then.monotonic)
}

/** Milliseconds of life left; zero or less means stale. */
export function remaining(credential: Credential, now: Instant): number {
  return credential.lifetime - elapsed(credential.issued, now)
}

/** A margin in milliseconds, from zero to a quarter of the lifetime: a short token must not be renewed all the time. */
export function margin(lifetime: number, seconds: number): number {
  return Math.max(0, Math.min(seconds * 1000, lifetime / 4))
}

/**
 * Reads `expires_in` (RFC 6749, 5.1), which servers send as a number or as digits in a string. Undefined where it is
 * absent; 0, which is stale at once, for everything that is not a positive time.
 */
export function parseLifetime(seconds: unknown): number | undefined {
  if (seconds === undefined || seconds === null) return undefined
  const value = typeof seconds === 'string' && /^\d+(\.\d+)?$/.test(seconds) ? Number(seconds) : seconds
  if (typeof value !== 'number' || !(value > 0)) return 0
  return Math.min(value * 1000, LONGEST_MS)
}
