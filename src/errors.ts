import type { EndReason } from './core/types.js'
import { messageOf, type SENTENCES } from './words.js'

/** Every way an auth call can fail. The code is the contract; the message may improve. */
export type AuthErrorCode = keyof typeof SENTENCES

/** What an {@link AuthError} carries besides its code. */
export interface AuthErrorDetails {
  readonly cause?: unknown
  readonly status?: number | undefined
  readonly serverCode?: string | undefined
  readonly retryAt?: number | undefined
  readonly reason?: EndReason | 'none' | undefined
  readonly response?: Response | undefined
  /** Put in front of the sentence of the code, in the development build: what failed. */
  readonly action?: string | undefined
  /** Method and path of the request, and what was answered. */
  readonly said?: string | undefined
  /** In the place of the sentence of the code, where more is known. */
  readonly sentence?: string | undefined
}

const RETRYABLE: readonly AuthErrorCode[] = ['rate_limited', 'timeout', 'offline', 'network', 'server_error']

/** A code of a server, and no sentence, page or value that came in its place. */
const CODE = /^[\w .:/-]{1,64}$/

/**
 * What every auth call rejects with: a stable `code`, whether trying again can help, and what to do: in a sentence, or, in the
 * production build, where to read on. It never carries a token, a cookie or a password.
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
   * The answer, unread: the one that asked for a replay that cannot be, for `not_replayable`, or what a sign-in was answered that signed nobody in.
   * Not enumerable, since its body may hold what no log should.
   */
  declare readonly response: Response | undefined

  constructor(
    code: AuthErrorCode,
    { cause, action, said, sentence, response, ...details }: AuthErrorDetails = {},
  ) {
    const message = messageOf(code, { action, said, sentence, status: details.status })
    super(message, cause === undefined ? undefined : { cause })
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
