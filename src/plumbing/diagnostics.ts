import type { EndReason } from '../core/types.js'
import type { AuthErrorCode } from '../errors.js'

/** What can be seen happening, for a timeline; the names may grow. */
export type DiagnosticType =
  | 'start'
  | 'capability.missing'
  | 'refresh.sent'
  | 'refresh.done'
  | 'refresh.adopted'
  | 'refresh.failed'
  | 'refresh.refused'
  | 'refresh.retry'
  | 'refresh.late'
  | 'refresh.repair'
  | 'lock.waited'
  | 'login.sent'
  | 'login.done'
  | 'login.failed'
  | 'logout.sent'
  | 'logout.confirmed'
  | 'logout.pending'
  | 'logout.compensated'
  | 'logout.expired'
  | 'session.ended'
  | 'session.switched'
  | 'session.renamed'
  | 'tabs.resync'
  | 'request.replayed'
  | 'request.unauthorized'
  | 'request.forbidden'
  | 'request.redirected'
  | 'request.foreign'
  | 'cookie.missing'
  | 'csrf.missing'
  | 'logout.ineffective'
  | 'logout.refused'
  | 'token.short'

/** One decision of the client and why; it never holds a token, a cookie, or anything about the user. */
export interface DiagnosticEntry {
  readonly type: DiagnosticType
  /** In milliseconds since 1970. */
  readonly at: number
  /** The client that noted it: one per page and `createAuthClient`. */
  readonly tab: string
  /** What made it happen: a call, the schedule, a 401, … */
  readonly cause?: string | undefined
  readonly code?: AuthErrorCode | undefined
  readonly status?: number | undefined
  readonly reason?: EndReason | 'none' | undefined
  readonly generation?: number | undefined
  /** How long it took, or how long until it happens, in milliseconds; for `refresh.sent`, how long the old token is good for. */
  readonly milliseconds?: number | undefined
  /** For `refresh.sent`: how much of that was drawn to keep the tabs apart, in milliseconds. */
  readonly jitter?: number | undefined
  /** Origin of the request, and of its path what the option `diagnosticPath` says. */
  readonly url?: string | undefined
  /** Scopes a resource asks for (RFC 6750, 3.1). */
  readonly scope?: string | undefined
  /** A sentence for the developer, in the development build. */
  readonly message?: string | undefined
}

/** So many entries are kept, so that a report can be made after something went wrong. */
export const KEPT = 100
