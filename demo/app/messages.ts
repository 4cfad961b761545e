import { type AuthErrorCode, isAuthError } from 'latchkey'
import { isHTTPError, isNetworkError, isTimeoutError } from 'ky'

export interface Explanation {
  readonly text: string
  /** When it makes sense to try again, in milliseconds since 1970. */
  readonly retryAt?: number | undefined
}

const OFFLINE = 'You are offline.'
const SILENT = 'The server does not answer.'
const TROUBLE = 'Something went wrong at the server. Try again in a moment.'

const SENTENCES: { readonly [Code in AuthErrorCode]?: string } = {
  invalid_credentials: 'That e-mail address and password do not belong together.',
  user_disabled: 'This account is disabled.',
  rate_limited: 'Too many attempts. Wait a moment.',
  forbidden: 'The server does not accept calls from this page.',
  offline: OFFLINE,
  network: SILENT,
  timeout: 'The server takes too long to answer.',
  server_error: TROUBLE,
  login_required: 'You are not signed in.',
  session_ended: 'Your session has ended. Sign in again.',
  session_changed: 'You were signed out or somebody else signed in meanwhile. Try again.',
}

/** What to tell a person about an error of the client, of ky, or of anything else. */
export function explain(error: unknown): Explanation {
  if (isAuthError(error)) return { text: SENTENCES[error.code] ?? TROUBLE, retryAt: error.retryAt }
  if (isHTTPError(error)) return { text: forStatus(error.response.status) }
  if (isNetworkError(error) || isTimeoutError(error) || error instanceof TypeError)
    return { text: navigator.onLine ? SILENT : OFFLINE }
  return { text: TROUBLE }
}

function forStatus(status: number): string {
  if (status === 403) return 'Your account may not see this.'
  if (status === 400 || status === 422) return 'The server did not accept this.'
  return TROUBLE
}

/** Whether the server said that this user may not do this. */
export const isForbidden = (error: unknown): boolean => isHTTPError(error) && error.response.status === 403
