import type { EndReason } from './core/types.js'

/** Every way an auth call can fail. The code is the contract; the message may improve. */
export type AuthErrorCode = keyof typeof MESSAGES

const MESSAGES = {
  login_required: 'nobody is signed in. Call login() or loginWithRedirect() first',
  session_ended: 'the session has ended. Sign in again',
  session_changed: 'somebody signed in or out in between. Start again as who is signed in now',
  invalid_credentials: 'the server did not accept the credentials',
  login_refused: 'the server refuses the sign-in for a reason of its own: see `serverCode` and `response`',
  csrf_refused: 'the server did not accept the CSRF token. Check `session.csrf`',
  user_disabled: 'this account is disabled',
  forbidden:
    'the server refuses the call (403). Check its allowed origins, `staticHeader` and `session.csrf`',
  rate_limited: 'the server asks to wait. Call again at `retryAt`',
  timeout: 'the server did not answer in time',
  offline: 'the network is down. The session is kept',
  network: 'no answer arrived. Check that the server is up and allows this origin with credentials (CORS)',
  server_error: 'the server answered with an error. The session is kept',
  invalid_response: 'the answer is not what the contract says. Check the endpoint and what is in between',
  redirected: 'the endpoint answered with a redirect. Check for a sign-in page in between',
  unsupported_token_type: 'the server issued no bearer token',
  invalid_user:
    'the user has neither `sub` nor `id`: say with `getUserId` who it is. Or `parseUser` threw: see `cause`',
  refresh_loop: 'the server issues expired tokens. Check its clock and `expires_in`',
  session_mode_refused:
    'the backend answers with a cookie session. If that is meant, say in `session.csrf` how writes are protected',
  no_session_cookie:
    'after the sign-in the session endpoint knows nobody. Check the cookie and its Path, Domain and SameSite',
  no_token_in_session_mode: 'a cookie is the credential, and script never sees a token. Use `auth.fetch`',
  not_replayable: 'the request was refused, and its body can be read only once. Send it anew',
  invalid_return_to: '`returnTo` must be a path of this origin such as "/orders", and no auth route',
  embedded: 'this page is in a frame of another origin. Open it in its own window, or set `redirectInFrame`',
  no_page: 'there is no page (server rendering?). Call this in the browser',
  disposed: 'this client was disposed. Create a new one',
} as const

/** What an {@link AuthError} carries besides its code. */
export interface AuthErrorDetails {
  readonly cause?: unknown
  readonly status?: number | undefined
  readonly serverCode?: string | undefined
  readonly retryAt?: number | undefined
  readonly reason?: EndReason | 'none' | undefined
  readonly response?: Response | undefined
  /** Put in front of the sentence of the code: what failed. */
  readonly action?: string | undefined
  /** In the place of the sentence of the code, where more is known. */
  readonly sentence?: string | undefined
}

const RETRYABLE: readonly AuthErrorCode[] = ['rate_limited', 'timeout', 'offline', 'network', 'server_error']

/** A code of a server, and no sentence, page or value that came in its place. */
const CODE = /^[\w .:/-]{1,64}$/

/**
 * What every auth call rejects with: a stable `code`, whether trying again can help, and a sentence that says what to
 * do. It never carries a token, a cookie or a password.
 *
 * @example
 * import { createAuthClient, isAuthError } from 'latchkey'
 * const auth = createAuthClient()
 * try {
 *   await auth.getAccessToken()
 * } catch (error) {
 *   if (isAuthError(error) && error.code === 'login_required') auth.loginWithRedirect()
 *   else throw error
 * }
 */
export class AuthError extends Error {
  override readonly name = 'AuthError' as const
  readonly code: AuthErrorCode
  /** Whether the same call can succeed later without anybody doing anything. */
  readonly retryable: boolean
  /** HTTP status of the answer that caused it, where there was one. */
  readonly status: number | undefined
  /** The `error` code in the server's answer, where there was one of at most 64 letters, digits and ` .:/-_`. For `switch`, not for people to read. */
  readonly serverCode: string | undefined
  /** When to try again, in milliseconds since 1970, where the server or the back-off says. */
  readonly retryAt: number | undefined
  /** Why the session ended, for `session_ended` and `login_required`. */
  readonly reason: EndReason | 'none' | undefined
  /**
   * The answer, unread: the 401 that could not be replayed, for `not_replayable`, or what a sign-in was answered that signed nobody in.
   * Not enumerable, since its body may hold what no log should.
   */
  declare readonly response: Response | undefined

  constructor(
    code: AuthErrorCode,
    { cause, action, sentence = MESSAGES[code], response, ...details }: AuthErrorDetails = {},
  ) {
    super(`${action ? `Failed to ${action}: ` : ''}${sentence}.`, cause === undefined ? undefined : { cause })
    this.code = code
    this.retryable = RETRYABLE.includes(code)
    Object.assign(this, details)
    Object.defineProperty(this, 'response', { value: response })
    if (!CODE.test(details.serverCode ?? '')) this.serverCode = undefined
  }
}

/**
 * Whether a value is an {@link AuthError}, also one from another copy of the package or another realm.
 *
 * @example
 * import { isAuthError } from 'latchkey'
 * const code = (error: unknown) => (isAuthError(error) ? error.code : undefined)
 */
export function isAuthError(value: unknown): value is AuthError {
  return isA(value, 'Error') && (value as Error).name === 'AuthError' && 'code' in (value as Error)
}

/** By its name, since what comes from a frame is an instance of the frame's class. */
export const isA = (value: unknown, name: string): boolean =>
  Object.prototype.toString.call(value) === `[object ${name}]`
