import { unavailable } from './answers.js'
import type { Family } from './families.js'
import type { Mode } from './modes.js'

/** Why a session is over, in the codes of the wire. */
export type SessionEndCode =
  'session_expired' | 'session_revoked' | 'idle_timeout' | 'refresh_reused' | 'user_disabled'

/** One sign-in of one user on one device, as its row in the store has it. Times are milliseconds since 1970, by the store's clock. */
export interface Session {
  readonly format: 1
  readonly id: string
  readonly userId: string
  /** Of the user, when he signed in: with a later one all his sessions of before are over. */
  readonly userGeneration: number
  /** Which cookie carries the head of the family: one of the other mode is exchanged for it. */
  readonly mode: Mode
  readonly createdAt: number
  /** The absolute end: nothing moves it. */
  readonly expiresAt: number
  /** Last activity; the idle limit counts from here. */
  readonly seenAt: number
  readonly userAgent: string
  /** Of this one alone, in the place of the server's. */
  readonly idleMs?: number
  /** Its cookie goes when the browser is closed. */
  readonly ofBrowser?: true
  /** Of an app that is no browser page: its refresh tokens are no cookies. */
  readonly isNative?: true
  /** Of refresh tokens, or of values of the `sid` cookie: those are renewed only where `renewal` asks for it. */
  readonly family: Family
  /** The privileges of the user changed: the next call gets a new `sid`. */
  readonly renewal: boolean
  /** How often the access tokens of this session were outdated: what a deny-list names. */
  readonly outdated: number
  readonly ended?: SessionEnd
}

export interface SessionEnd {
  readonly at: number
  readonly code: SessionEndCode
  /** By the next sign-in of the same browser, whose cookie has taken the place of this one's. */
  readonly replaced: boolean
  /**
   * No refusal deletes the cookie any more: one has done so, or somebody wanted the end. By now the jar may hold the
   * cookie of whoever signed in next, and a refusal that was on its way would take that one.
   */
  readonly leavesCookie: boolean
}

const PREFIX = 'session:'

export const keyOfSession = (id: string): string => `${PREFIX}${id}`
export const idOfKey = (key: string): string => key.slice(PREFIX.length)

/** The members that this version does not know stay in the object, and so are written again. */
export function readSession(value: string): Session {
  const session = parse(value) as Partial<Session> | undefined
  // A row of a version that is to come may mean anything: nobody is signed out for it.
  if (session?.format !== 1 || typeof session.userId !== 'string') throw unavailable()
  return session as Session
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}
