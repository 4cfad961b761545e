/** Stands beside the refresh cookie, readable and worth nothing: a first visit asks the server for no session. */
export const HINT_COOKIE = 'latchkey-demo-hint'

/** How the server answers the calls of the app, for people to choose from. */
export const ANSWERS = ['normal', 'slow', 'offline', '503', '429', 'html'] as const

/** `stuck` is for scenarios, in which something has to be under way for as long as it takes. */
export type Answers = (typeof ANSWERS)[number] | 'stuck'

/** What the people who run the server can do to somebody who is signed in. */
export const ACTS = [
  'revoke',
  'everywhere',
  'ban',
  'unban',
  'promote',
  'demote',
  'rotate-keys',
  'skew',
  'unskew',
  'expire',
  'replay',
] as const
export type Act = (typeof ACTS)[number]

/** How the server lets the page act for a user. */
export const MODES = ['token', 'session', 'both'] as const
export type DemoMode = (typeof MODES)[number]

/** What the demo server says about itself at `GET /demo/state`; no part of the backend's own wire. */
export interface DemoState {
  readonly tokenSeconds: number
  /** Cookies without `Secure` and the `__Host-` prefix, for Safari on http://localhost. */
  readonly insecureCookies: boolean
  readonly mode: DemoMode
  /** It is changing over to that mode, and serves both for those who are signed in. */
  readonly migrating: boolean
  readonly answers: Answers
  /** It keeps accounts and sessions in a file, so that it can be restarted. */
  readonly restarts: boolean
  /** How far the clock of the server is ahead of this machine's, in seconds. */
  readonly skewSeconds: number
  readonly people: readonly Person[]
  /** Requests the server saw since it started, from all browsers, by endpoint and outcome. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** One account as the server knows it. */
export interface Person {
  readonly id: string
  readonly admin: boolean
  readonly banned: boolean
  /** Sessions that live. */
  readonly sessions: number
}

/** What came of replaying an old refresh cookie, as a thief would who had copied it. */
export interface Replay {
  readonly status: number
  readonly code: string | undefined
  /** How long ago the copy was made, in seconds, and how many renewals. */
  readonly ageSeconds: number
  readonly renewals: number
}

/** The answer to `PUT /demo/acts/<act>`. */
export interface ActAnswer {
  readonly state: DemoState
  readonly replay?: Replay | undefined
}
