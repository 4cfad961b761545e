import type { Instant } from '../core/lifetime.js'
import type { Endpoints } from '../options/types.js'

/** The endpoints that script calls. */
export type Asked = Exclude<keyof Endpoints, 'start'>

/** An answer read to its end, or the fault that kept it away. */
export interface Reply {
  readonly endpoint: Asked
  readonly status: number
  /** For a developer: method, path, status and content type. */
  readonly said: string
  /** Parsed JSON; undefined where the body is something else. */
  readonly body?: unknown
  readonly code?: string | undefined
  /** From `Retry-After`, in milliseconds from the arrival. */
  readonly retryAfter?: number | undefined
  readonly redirected: boolean
  /** A page for people: a captive portal or a proxy speaks, not the endpoint. */
  readonly page: boolean
  /** Set where no answer arrived, or not the whole of it. */
  readonly fault: unknown
  /** The CSRF cookie as it was when this was asked: what it is now may be of somebody who has signed in since. */
  readonly csrfWas: string
  /** A CSRF token that came in another answer. */
  readonly csrf?: string | undefined
  readonly sentAt: Instant
  /** Of a sign-in alone: unread, for the caller, since its body may say what comes next. */
  readonly response?: Response | undefined
}
