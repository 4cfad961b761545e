import type { SessionEndCode } from './records.js'

/**
 * What ended a session: a sign-out of the person, here or in the list of his sessions; those who run the server; the cap of sessions per user; the next sign-in in
 * the same browser; its limits; a spent cookie that came back; his account, which is disabled or gone; or a failure in its very sign-in, so that nobody holds it.
 */
export type EndedBy = 'logout' | 'admin' | 'cap' | 'sign-in' | 'time' | 'reuse' | 'account' | 'failure'

/** What an audit wants to know. Holds no secret: no cookie, no token, no body. */
export type AuthEvent =
  | {
      readonly type: 'sign-in'
      readonly userId: string
      readonly sessionId: string
      readonly address: string | undefined
    }
  | { readonly type: 'sign-in-refused'; readonly code: string; readonly address: string | undefined }
  /**
   * `redelivered`: a spent cookie was given its successor again. `elsewhere` says whether to another address than the one that had it first; undefined
   * where one of the two is not known.
   */
  | {
      readonly type: 'refresh'
      readonly outcome: 'rotated' | 'redelivered' | 'exchanged' | 'ok'
      readonly userId: string
      readonly sessionId: string
      readonly address: string | undefined
      readonly elsewhere?: boolean | undefined
    }
  /** A spent cookie came back too late: somebody may have copied it. */
  | { readonly type: 'reuse'; readonly sessionId: string; readonly address: string | undefined }
  | {
      readonly type: 'session-ended'
      readonly userId: string
      readonly sessionId: string
      readonly code: SessionEndCode
      readonly by: EndedBy
    }
  /** All that were made before it, named one by one or not. */
  | {
      readonly type: 'all-ended'
      readonly userId: string
      readonly code: SessionEndCode
      readonly by: EndedBy
    }
  | { readonly type: 'code-sent' | 'code-spent'; readonly purpose: string; readonly userId: string }
  /** With `userId` where it was one of digits, which name him. */
  | { readonly type: 'code-refused'; readonly purpose: string; readonly userId: string | undefined }
  /** A page that is none of those that are known has called. */
  | {
      readonly type: 'origin-refused'
      readonly origin: string | undefined
      readonly known: readonly string[]
    }
  /** Said once: a proxy is in front, and nobody has said how many: so the address of a caller is not known. */
  | { readonly type: 'address-unknown' }
  /** The store or a function of the application has failed, and the caller was answered 503. */
  | { readonly type: 'fault'; readonly error: unknown }

export type OnEvent = (event: AuthEvent) => void

/** A listener that fails fails nobody's request. */
export function guardOnEvent(onEvent: OnEvent | undefined): OnEvent {
  return (event) => {
    // One that returns a promise may fail later. Whoever listens has to look after himself.
    const ignore = (): void => undefined
    try {
      Promise.resolve(onEvent?.(event)).catch(ignore)
    } catch {
      ignore()
    }
  }
}
