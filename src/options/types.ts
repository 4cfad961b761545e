import type { EndReason, Mode } from '../core/types.js'
import type { AnswerFields, AnswerOf } from './answers.js'
import type { SessionOptions } from './session.js'

/** One answer of the refresh endpoint that ends the session. */
export interface Refusal {
  /** HTTP status. */
  status: number
  /** Error code in the answer; without one every answer of that status is a refusal. */
  code?: string | undefined
  /** What the application is told. */
  reason: EndReason
}

/** Where the auth endpoints are, relative to `baseUrl`. */
export interface Endpoints {
  /** @default '/auth/login' */
  login?: string | undefined
  /** @default '/auth/refresh' */
  refresh?: string | undefined
  /** @default '/auth/logout' */
  logout?: string | undefined
  /**
   * Answers who is signed in by the cookie alone, and changes nothing: no `Authorization` goes along. False where the backend
   * has none. @default '/auth/session'
   */
  session?: string | false | undefined
  /**
   * Answers whose an access token is, where sign-in and refresh do not say it: asked with the new token as bearer. For a backend
   * that knows its users by token alone say `session: false` besides. @default false
   * @example
   * import { createAuthClient } from 'latchkey'
   * const auth = createAuthClient({ mode: 'token', endpoints: { session: false, user: '/users/me' } })
   */
  user?: string | false | undefined
  /** Hands out the CSRF token, best with the user it is for; may be `session` itself. False where it comes in another way. @default false */
  csrf?: string | false | undefined
  /** Where `loginWithRedirect` navigates. @default '/auth/start' */
  start?: string | undefined
}

/** Which authenticated requests are sent a second time after a 401. */
export type ReplayPolicy =
  'all' | 'safe' | ((request: { readonly method: string; readonly url: string }) => boolean)

/**
 * Options of {@link createAuthClient}. All are optional; `undefined` means the default. Only own members count, and a name that is
 * not here throws a `TypeError`.
 *
 * @example
 * import type { AuthClientOptions } from 'latchkey'
 * const options: AuthClientOptions<{ id: string; name: string }> = {
 *   baseUrl: 'https://api.example.com',
 *   allowedOrigins: ['https://files.example.com'],
 *   parseUser: (value) => value as { id: string; name: string },
 * }
 */
export interface AuthClientOptions<User = unknown, Step = never> {
  /** Where the auth endpoints live: https, or http on a loopback host; a path goes before theirs, without `//`. @default the origin of the page */
  baseUrl?: string | URL | undefined
  /** Origins besides that of `baseUrl` that may receive the credential: scheme, host and port, exactly, without wildcards. @default [] */
  allowedOrigins?: readonly string[] | undefined
  /**
   * `token`: the backend issues bearer tokens. `session`: its cookie is the credential, and script gets no token. `auto`: as
   * its answers show, and a cookie session only where `session.csrf` says how its writes are protected.
   * @default 'auto'
   */
  mode?: Mode | 'auto' | undefined
  /** What a cookie session needs besides. */
  session?: SessionOptions | undefined
  /** Paths of the auth endpoints. */
  endpoints?: Endpoints | undefined
  /** Names what the tabs share (lock, channel, register). Clients with different keys never meet. @default a hash of the endpoints */
  key?: string | undefined
  /** Static header on every call to an auth endpoint, in session mode on every request, so that no other site can make it without a preflight. @default ['X-CSRF', '1'] */
  staticHeader?: readonly [name: string, value: string] | undefined
  /** Turns the user of an answer into yours; may throw. @default the value as it came, which must be an object */
  parseUser?: ((value: unknown) => User) | undefined
  /** Who it is: two users with the same id are the same. @default `user.sub ?? user.id` */
  getUserId?: ((user: User) => string | number | undefined) | undefined
  /** Reads an answer whose members have other names; undefined where it is none. */
  parseAnswer?: ((body: unknown, call: AnswerOf) => AnswerFields | undefined) | undefined
  /**
   * Finds in an answer to a sign-in the step that comes next: a code, a choice, terms. Such an answer is then the result `more` of `login` and
   * `exchange`, and ends nothing. Its `expires_in`, in seconds, becomes `expiresAt`. Undefined where nothing more is asked for.
   * @default none: such an answer is an error, with the answer as `response`
   */
  parseStep?: ((body: unknown, status: number) => Step | undefined) | undefined
  /** Finds the error code in the body of an answer. @default that of `body.error` and `body.code` which is a code and no sentence or name of a status */
  errorCode?: ((body: unknown) => string | undefined) | undefined
  /** The answers of the refresh or session endpoint that end the session; every other answer keeps it. */
  refusals?: readonly Refusal[] | undefined
  /**
   * Whether an answer says, in words of its own, that nobody is signed in, besides a 401; gets a copy. It is answered like a 401.
   * The body of a stream (`text/event-stream`, `application/x-ndjson` and their like) cannot be read from the copy.
   */
  isUnauthorized?: ((response: Response) => boolean | Promise<boolean>) | undefined
  /**
   * Whether the start asks the server for a session: `auto` where one is known or nothing is known yet, `always`
   * also after a sign-out that the server confirmed, or `never`.
   * @default 'auto'
   */
  restore?: 'auto' | 'always' | 'never' | undefined
  /**
   * What the logout endpoint goes by. `cookie`: the cookie alone, so that no token is sent. `bearer`: the access token; where none is held, as
   * after a reload, one is bought by refresh. Without it the token that is held goes along, and what is refused is tried the other way.
   * @default either
   */
  logoutProof?: 'cookie' | 'bearer' | undefined
  /** A cookie script can read, set by the server as long as there is a session: without it the start asks nobody. */
  hint?: { cookie: string } | undefined
  /** How long before its end a token is renewed ahead of need, in seconds; at most a quarter of its life. @default 60 */
  refreshMargin?: number | undefined
  /** How long a token must still be valid to be used without waiting for a new one, in seconds; at most a quarter of its life. @default 10 */
  minValidity?: number | undefined
  /**
   * How long the server forgives a spent refresh cookie, in seconds. A refresh without an answer is given up five seconds before that, and asked once
   * more. @default 30
   */
  refreshGrace?: number | undefined
  /**
   * `'strict'`: the server ends the session of whoever shows a spent refresh cookie again, so that a page that was reloaded in the middle of a
   * refresh waits until the answer to it is there or given up (see `refreshGrace`). It forgets nobody; it may keep him waiting. @default 'grace'
   */
  rotation?: 'grace' | 'strict' | undefined
  /** Lifetime in seconds of a token of which neither the answer nor its own claims say how long it lives. @default 300 */
  defaultLifetime?: number | undefined
  /** Longest waits, in milliseconds. */
  timeouts?: Timeouts | undefined
  /** Delays between attempts after a failure that ends no session, in milliseconds. @default { base: 1000, cap: 60000 } */
  retry?: { base?: number | undefined; cap?: number | undefined } | undefined
  /** Which requests are sent again after a 401 and a refresh. @default 'all', since a 401 was refused before it was acted on */
  replay?: ReplayPolicy | undefined
  /**
   * Takes the page out of sight when it goes into the back/forward cache, and shows it again when the server has said who is
   * signed in or cannot be reached, at the latest after `timeouts.ready`. So the back button shows no private page after a
   * sign-out elsewhere.
   * @default false
   */
  hideOnRestore?: boolean | undefined
  /** How tabs work together. */
  tabs?:
    | {
        /** Hand a fresh token to the other tabs, in memory only. @default true */ shareToken?:
          boolean | undefined
      }
    | undefined
  /**
   * In token mode a renewal says `{"background": true}` if nobody has used a page of the origin since the last one, so that the
   * idle limit of a backend of the contract goes on counting. Use is pointer, key, scrolling, `touch()` or the load of a page.
   * @default true, false where `parseAnswer` is given
   */
  markBackground?: boolean | undefined
  /** Lets `loginWithRedirect` navigate a frame of another origin, where most sign-in pages refuse to be shown. @default false */
  redirectInFrame?: boolean | undefined
  /** Parameter that tells the backend's sign-in where to come back to. @default 'return_to' */
  returnToParameter?: string | undefined
  /** Paths `returnTo` must not lead to, such as your own sign-in page; the auth endpoints are always among them. @default [] */
  authRoutes?: readonly string[] | undefined
  /**
   * Checks after a login that the cookie comes back, and after a logout that it is gone, and says on the console what is wrong,
   * also where a start gets no answer that can be used. @default on a loopback host
   */
  development?: boolean | undefined
  /**
   * What diagnostics and errors say of the path of a request, such as `(path) => path.replace(/[^/]+$/, ':id')`: invite and reset
   * links carry their secret there. @default nothing, so that only the origin is told
   */
  diagnosticPath?: ((path: string) => string) | undefined
  /** Used for every request. @default the global `fetch`, looked up at each call */
  fetch?: typeof globalThis.fetch | undefined
}

export interface Timeouts {
  /** For one answer of an auth endpoint. @default 8000 */
  request?: number | undefined
  /** For the lock that keeps two tabs from refreshing at once. @default 10000 */
  lock?: number | undefined
  /** For `ready()`. @default 10000 */
  ready?: number | undefined
  /** For what the application does in `sessionEnd`, before a new identity is published. @default 5000 */
  sessionEnd?: number | undefined
}
