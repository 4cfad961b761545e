/*
 * What the backend does in which mode.
 *
 * `mode: 'token'` (default): sign-in and `POST /auth/refresh` give an access token and rotate the refresh cookie.
 *
 * `mode: 'session'`: sign-in answers `{user, session_id, csrf_token?, session_expires_in, idle_expires_in}` and sets
 * `__Host-sid`.
 * There is no refresh: `POST /auth/refresh` is 404 `not_found`. `GET /auth/session` answers `{mode, user, session_id,
 * csrf_token?, session_expires_in, idle_expires_in}`, 200 `null` for nobody, or 401 with the reason of the end, which
 * deletes the cookie once where the session ended of itself. Calls to `/api/*` and `/auth/sessions` go by the cookie: 401 `missing_session` without one, 401 with
 * the reason where it is over; such an answer deletes no cookie. The roles are those of the moment. In order, a call by
 * cookie is refused with
 *   - 403 `origin_refused` and 403 `csrf_header_missing` (unsafe methods, as for the auth calls),
 *   - 401, where the session is over,
 *   - 409 `session_mismatch`, where the header `X-Session-Id` names another session than the cookie,
 *   - 403 `csrf_failed` (unsafe methods), without a token of this session in the header `X-CSRF-Token`.
 * A logout needs the token too where the cookie proves it and is no good for anything else. `GET /auth/csrf` answers
 * `{csrf_token, user, session_id}`, the last two `null` for nobody, and 401 as the session check.
 * `csrf: { delivery: ['cookie'], cookie: 'XSRF-TOKEN', header: 'X-XSRF-TOKEN', status: 419, code: 'csrf_mismatch' }` plays
 * other backends, `csrf: { token: false }` those with the static header alone, `rolling: true` those that set the cookie
 * with each answer, `sessionIdHeader: false` those that cannot tell whom a call was meant for.
 *
 * `mode: 'both'`: a bearer token or a `sid` is good for each call, and `prefer` says what a sign-in gets. `POST
 * /auth/refresh` takes either cookie and answers in the shape of `prefer`: it sets that cookie and deletes the other, and
 * user and `session_id` stay. The session check says `mode: 'token'` to whom has to refresh next, also to a `sid` that a
 * refresh will exchange, and `mode: 'session'` to whom may go on with the `sid`.
 *
 * While it runs: `admin.setMode(mode, prefer)`, `admin.rotateCsrfKey()`, `admin.setRoles` (the next call by `sid` gets a new
 * one; the old one is good for `graceMs` more), and the faults `csrf-rotated` and `cookie-path` beside those of token mode.
 */
import type { Mode, ServedMode } from '../../server/modes.js'
import type { BackendClock, PasswordHash, Random, Sealer, Signer } from '../../server/ports.js'
import type { RevocationStrategy } from '../../server/revocation.js'
import type { SigningAlgorithm } from '../../server/signers.js'
import type { SessionOptions } from '../../server/options.js'
import type { ServerStore } from '../../server/stores/store.js'
import type { Users } from './users.js'

export interface BackendOptions extends SessionOptions {
  /**
   * What the backend serves: access tokens with a refresh cookie, `sid` cookies, or both side by side while it
   * migrates. `admin.setMode` changes it under users who are signed in. Default: `'token'`.
   */
  mode?: ServedMode | undefined
  /**
   * With `mode: 'both'`: what a sign-in gets, and what `POST /auth/refresh` gives for the cookie of the other
   * mode. Default: `'token'`.
   */
  prefer?: Mode | undefined
  /** Default: the wall clock. */
  clock?: BackendClock | undefined
  /** Default: `crypto.getRandomValues`. */
  random?: Random | undefined
  /** Waits that many ms; only the latency fault asks for it. Default: `setTimeout`. */
  sleep?: ((milliseconds: number) => Promise<void>) | undefined
  /** Default: scrypt in script with OWASP's parameters, about a second for each sign-in. */
  passwordHash?: PasswordHash | undefined
  /** Default: AES-256-GCM of Web Crypto. */
  sealer?: Sealer | undefined
  /**
   * How access tokens are made: JWTs signed with ES256 or RS256, opaque ones, or a signer of your own.
   * Default: `'ES256'`.
   */
  signer?: SigningAlgorithm | 'opaque' | Signer | undefined
  /** Where sessions are kept. Default: in memory. */
  store?: ServerStore | undefined
  /** Where people are kept. Default: in memory. */
  users?: Users | undefined
  /** What cookies are made with, the newest first. Default: a random one, as old as the process. */
  secrets?: readonly string[] | undefined

  /** The `iss` claim. Default: `'https://auth.latchkey.example'`. */
  issuer?: string | undefined
  /** The `aud` claim. Default: `'https://api.latchkey.example'`. */
  audience?: string | undefined
  /**
   * Scheme, host and port browsers reach the backend under, where a proxy hides them. Default: those of each
   * request.
   */
  origin?: string | undefined
  /**
   * Where a redirect login lands: scheme, host and port of the app. Default: the origin of the backend
   * itself.
   */
  appOrigin?: string | undefined
  /**
   * Other origins whose pages may call, besides `appOrigin` and the backend's own. Compared exactly. Default:
   * none.
   */
  allowedOrigins?: readonly string[] | undefined

  /**
   * What a spent refresh token gets inside the grace: its successor again, or 409 `refresh_raced` as backends
   * answer that cannot deliver twice. Default: `'redeliver'`.
   */
  onRace?: 'redeliver' | 'refuse' | undefined
  /** How access tokens die before they expire. Default: `'expiry'`, they do not. */
  revocation?: RevocationStrategy | undefined
  /**
   * Whether each answer to a call by `sid` cookie sets that cookie again, as backends with a rolling cookie do.
   * Default: false.
   */
  rolling?: boolean | undefined
}
