/** Stands beside the refresh cookie, readable and worth nothing: a first visit asks the server for no session. */
export const HINT_COOKIE = 'latchkey-demo-hint'

/** What the demo server says about itself at `GET /demo/state`; no part of the backend's own wire. */
export interface DemoState {
  readonly tokenSeconds: number
  /** Cookies without `Secure` and the `__Host-` prefix, for Safari on http://localhost. */
  readonly insecureCookies: boolean
  /** Whether the server answers the calls of the app, or drops their connections. */
  readonly reachable: boolean
  readonly counts: Counts
}

/** Requests the server saw since it started, from all browsers. */
export interface Counts {
  readonly signIns: number
  readonly renewals: number
  readonly apiRequests: number
  readonly signOuts: number
  /** Requests for which the connection was dropped. */
  readonly dropped: number
}
