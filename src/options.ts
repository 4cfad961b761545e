import { END_REASONS, oneOf } from './core/marker.js'
import type { EndReason, Mode } from './core/types.js'

/** What a login, refresh or session answer says, whatever its members are called on the wire. */
export interface AnswerFields {
  /** The bearer token. */
  accessToken?: string | undefined
  /** Must be `Bearer` in any case, where the server names it (RFC 6749, 7.1). */
  tokenType?: string | undefined
  /** Lifetime in seconds, counted from when the request was sent (RFC 6749, 5.1). */
  expiresIn?: number | string | undefined
  /** Who is signed in, as the server describes it. */
  user?: unknown
  /** Public handle of this sign-in; not the value of any cookie. */
  sessionId?: string | undefined
  /** Which of both the backend means, where that does not follow from there being a token. */
  mode?: string | undefined
  /** What unsafe requests must carry in session mode. */
  csrfToken?: string | undefined
  /** Seconds until the cookie session ends in any case. */
  sessionExpiresIn?: number | string | undefined
  /** Seconds until it ends for want of use. */
  idleExpiresIn?: number | string | undefined
}

/** Which call an answer is for: what {@link AuthClientOptions.parseAnswer} is told. */
export type AnswerOf = 'login' | 'refresh' | 'session' | 'csrf'

/** One answer that refuses a request because its CSRF token is missing, stale, or of another session. */
export interface CsrfRefusal {
  /** HTTP status. */
  status: number
  /** Error code in the answer; without one every answer of that status to an unsafe request is such a refusal. */
  code?: string | undefined
}

/**
 * How a cookie session is protected from requests that other sites make the browser send. By default the session answer
 * brings a token, which stays in memory.
 */
export interface CsrfOptions {
  /** Header that carries the token on unsafe requests. @default 'X-CSRF-Token' */
  header?: string | undefined
  /** Full name of a cookie that script can read and that holds the token; read at each send. */
  cookie?: string | undefined
  /**
   * The backend changes that cookie with many an answer. Otherwise a change means that somebody may have signed in, and the
   * client asks who before it writes. @default false
   */
  rotates?: boolean | undefined
  /** Member of the JSON body of login and logout that carries the token too, for backends that look there. */
  field?: string | undefined
  /** Name of the `<meta>` element whose content is the token, where no answer brings one. */
  meta?: string | undefined
  /** The answers that a new token may help. @default 403 with `csrf_failed`, `csrf_invalid` or `csrf_missing`; 419 */
  refusals?: readonly CsrfRefusal[] | undefined
}

/** What concerns a backend whose cookie is the credential itself. */
export interface SessionOptions {
  /** `'static-header'`: the static header and the backend's look at the origin are all. @default {} */
  csrf?: CsrfOptions | 'static-header' | undefined
  /**
   * Header that names the session a request is meant for, where the backend has told an id, so that it can refuse
   * (409 `session_mismatch`) what would reach another one. False sends none. @default 'X-Session-Id'
   */
  idHeader?: string | false | undefined
  /**
   * Coming back to the page asks the server again who is signed in, if its last answer is so many seconds old; `false`
   * never does. @default 300
   */
  revalidateAfter?: number | false | undefined
}

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
  /** Answers who is signed in, and changes nothing. False where the backend has none. @default '/auth/session' */
  session?: string | false | undefined
  /** Hands out the CSRF token, best with the user it is for; may be `session` itself. False where it comes in another way. @default false */
  csrf?: string | false | undefined
  /** Where `loginWithRedirect` navigates. @default '/auth/start' */
  start?: string | undefined
}

/** Which authenticated requests are sent a second time after a 401. */
export type ReplayPolicy =
  'all' | 'safe' | ((request: { readonly method: string; readonly url: string }) => boolean)

/**
 * Options of {@link createAuthClient}. All are optional; `undefined` means the default.
 *
 * @example
 * import type { AuthClientOptions } from 'latchkey'
 * const options: AuthClientOptions<{ id: string; name: string }> = {
 *   baseUrl: 'https://api.example.com',
 *   allowedOrigins: ['https://files.example.com'],
 *   parseUser: (value) => value as { id: string; name: string },
 * }
 */
export interface AuthClientOptions<User = unknown> {
  /** Where the auth endpoints live: https, or http on a loopback host; a path goes before theirs. @default the origin of the page */
  baseUrl?: string | URL | undefined
  /** Origins besides that of `baseUrl` that may receive the credential: scheme, host and port, exactly. @default [] */
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
  /** Names what the tabs share (lock, channel, marker). Clients with different keys never meet. @default a hash of the endpoints */
  key?: string | undefined
  /** Static header on every call to an auth endpoint, in session mode on every request, so that no other site can make it without a preflight. @default ['X-CSRF', '1'] */
  staticHeader?: readonly [name: string, value: string] | undefined
  /** Turns the user of an answer into yours; may throw. @default the value as it came, which must be an object */
  parseUser?: ((value: unknown) => User) | undefined
  /** Who it is: two users with the same id are the same. @default `user.sub ?? user.id` */
  getUserId?: ((user: User) => string | number | undefined) | undefined
  /** Reads an answer whose members have other names; undefined where it is none. */
  parseAnswer?: ((body: unknown, call: AnswerOf) => AnswerFields | undefined) | undefined
  /** Finds the error code in the body of an answer. @default `body.error`, else `body.code` */
  errorCode?: ((body: unknown) => string | undefined) | undefined
  /** The answers of the refresh or session endpoint that end the session; every other answer keeps it. */
  refusals?: readonly Refusal[] | undefined
  /**
   * Whether an answer says, in words of its own, that nobody is signed in, besides a 401; gets a copy. It is answered like a 401.
   */
  isUnauthorized?: ((response: Response) => boolean | Promise<boolean>) | undefined
  /**
   * Whether the start asks the server for a session: `auto` where one is known or nothing is known yet, `always`
   * also after a sign-out that the server confirmed, or `never`.
   * @default 'auto'
   */
  restore?: 'auto' | 'always' | 'never' | undefined
  /** A cookie script can read, set by the server as long as there is a session: without it the start asks nobody. */
  hint?: { cookie: string } | undefined
  /** How long before its end a token is renewed ahead of need, in seconds; at most a quarter of its life. @default 60 */
  refreshMargin?: number | undefined
  /** How long a token must still be valid to be used without waiting for a new one, in seconds; at most a quarter of its life. @default 10 */
  minValidity?: number | undefined
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
   * signed in, at the latest after `timeouts.ready`. So the back button shows no private page after a sign-out elsewhere.
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
  /** Lets `loginWithRedirect` navigate a frame of another origin, where most sign-in pages refuse to be shown. @default false */
  redirectInFrame?: boolean | undefined
  /** Parameter that tells the backend's sign-in where to come back to. @default 'return_to' */
  returnToParameter?: string | undefined
  /** Paths `returnTo` must not lead to, such as your own sign-in page; the auth endpoints are always among them. @default [] */
  authRoutes?: readonly string[] | undefined
  /** Checks after a login that the refresh cookie comes back, and says on the console what is wrong. @default on a loopback host */
  development?: boolean | undefined
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

type Defined<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }

export interface ResolvedCsrf {
  /** The developer has said how writes are protected: `auto` may end in a cookie session. */
  readonly chosen: boolean
  /** Undefined: no token, the static header alone. */
  readonly header: string | undefined
  readonly cookie: string | undefined
  readonly rotates: boolean
  readonly field: string | undefined
  readonly meta: string | undefined
  readonly refusals: readonly CsrfRefusal[]
}

export interface ResolvedOptions extends Omit<
  Defined<AuthClientOptions>,
  | 'baseUrl'
  | 'mode'
  | 'session'
  | 'isUnauthorized'
  | 'key'
  | 'endpoints'
  | 'timeouts'
  | 'retry'
  | 'tabs'
  | 'hint'
  | 'development'
  | 'parseAnswer'
  | 'errorCode'
> {
  readonly baseUrl: URL | undefined
  /** Undefined: as the answers show. */
  readonly mode: Mode | undefined
  readonly csrf: ResolvedCsrf
  readonly idHeader: string | false
  /** In milliseconds; Infinity is never. */
  readonly revalidateAfter: number
  readonly isUnauthorized: AuthClientOptions['isUnauthorized']
  readonly key: string | undefined
  readonly endpoints: Defined<Endpoints>
  readonly timeouts: Defined<Timeouts>
  readonly retry: { readonly base: number; readonly cap: number }
  readonly shareToken: boolean
  readonly hintCookie: string | undefined
  readonly development: boolean | undefined
  readonly parseAnswer: (body: unknown, call: AnswerOf) => AnswerFields | undefined
  readonly errorCode: (body: unknown) => string | undefined
}

/** The refusals of the contract (DESIGN section 9) and OAuth's own (RFC 6749, 5.2). */
export const DEFAULT_REFUSALS: readonly Refusal[] = [
  { status: 401, code: 'session_expired', reason: 'expired' },
  { status: 401, code: 'idle_timeout', reason: 'expired' },
  { status: 401, code: 'session_revoked', reason: 'revoked' },
  { status: 401, code: 'refresh_reused', reason: 'revoked' },
  { status: 401, code: 'user_disabled', reason: 'refused' },
  { status: 400, code: 'invalid_grant', reason: 'expired' },
]

const DEFAULT_CSRF: Omit<ResolvedCsrf, 'chosen'> = {
  header: 'X-CSRF-Token',
  cookie: undefined,
  rotates: false,
  field: undefined,
  meta: undefined,
  refusals: [
    ...['csrf_failed', 'csrf_invalid', 'csrf_missing'].map((code) => ({ status: 403, code })),
    { status: 419 },
  ],
}

const DEFAULT_SESSION: Defined<Omit<SessionOptions, 'csrf'>> & Pick<SessionOptions, 'csrf'> = {
  csrf: undefined,
  idHeader: 'X-Session-Id',
  revalidateAfter: 300,
}

const DEFAULT_ENDPOINTS: Defined<Endpoints> = {
  login: '/auth/login',
  refresh: '/auth/refresh',
  logout: '/auth/logout',
  session: '/auth/session',
  csrf: false,
  start: '/auth/start',
}
const DEFAULT_TIMEOUTS = { request: 8000, lock: 10_000, ready: 10_000, sessionEnd: 5000 }
const DEFAULT_RETRY = { base: 1000, cap: 60_000 }

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isPositive = (value: unknown): boolean => Number.isFinite(value) && (value as number) > 0
const isListOf = (is: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(is)
// A URL parser drops tabs and line breaks, so that one of them after the slash may hide a second slash.
const isPath = (value: unknown): boolean => isText(value) && /^\/(?![/\\\s])/.test(value)

function isHeader(value: unknown): boolean {
  if (!isListOf(isText)(value)) return false
  try {
    return [...new Headers([value as [string, string]])].length === 1
  } catch {
    return false
  }
}

function isCsrfRefusal(value: unknown): boolean {
  if (!isObject(value)) return false
  const { status, code } = value as CsrfRefusal
  const ofClient = Number.isInteger(status) && status >= 400 && status < 500
  return ofClient && (code === undefined || isText(code))
}

const isRefusal = (value: unknown): boolean =>
  isCsrfRefusal(value) && !!oneOf(END_REASONS, (value as Refusal).reason)

type Rule = readonly [isValid: (value: unknown, name: string) => boolean, expected: string]

const FUNCTION: Rule = [isFunction, 'a function']
const SECONDS: Rule = [(value) => value === 0 || isPositive(value), 'a number of seconds, zero or more']
const MILLISECONDS: Rule = [isPositive, 'a number of milliseconds above zero']
const ENDPOINT: Rule = [
  (value, name) => isPath(value) || ((name === 'session' || name === 'csrf') && value === false),
  'a path such as "/auth/login"',
]

const SESSION: Rule = [
  (value, name) =>
    name === 'csrf' ||
    value === false ||
    (name === 'idHeader' ? isHeader([value, '1']) : SECONDS[0](value, name)),
  'the name of a header, a number of seconds for "revalidateAfter", or false',
]
const CSRF: Rule = [
  (value, name) =>
    name === 'rotates'
      ? isBoolean(value)
      : name === 'refusals'
        ? isListOf(isCsrfRefusal)(value)
        : name === 'header'
          ? isHeader([value, '1'])
          : isText(value),
  'a name; "rotates" a boolean, and "refusals" an array of { status, code }, each status from 400 to 499',
]

/** What an option must be where it is given. Those that are objects of their own are checked as they are read. */
const RULES: { readonly [Name in keyof AuthClientOptions]: Rule } = {
  mode: [(value) => ['token', 'session', 'auto'].includes(value as string), '"token", "session" or "auto"'],
  key: [isText, 'a non-empty string'],
  returnToParameter: [isText, 'a non-empty string'],
  allowedOrigins: [Array.isArray, 'an array of origins'],
  staticHeader: [isHeader, 'a pair of strings such as ["X-CSRF", "1"]'],
  restore: [(value) => ['auto', 'always', 'never'].includes(value as string), '"auto", "always" or "never"'],
  replay: [
    (value) => isFunction(value) || value === 'all' || value === 'safe',
    '"all", "safe" or a function',
  ],
  hint: [
    (value) => isObject(value) && isText((value as { cookie?: unknown }).cookie),
    'an object such as { cookie: "signed_in" }',
  ],
  refusals: [isListOf(isRefusal), 'an array of { status, code, reason }, each status from 400 to 499'],
  authRoutes: [isListOf(isPath), 'an array of paths such as "/sign-in"'],
  tabs: [isObject, 'an object'],
  development: [isBoolean, 'a boolean'],
  hideOnRestore: [isBoolean, 'a boolean'],
  redirectInFrame: [isBoolean, 'a boolean'],
  parseUser: FUNCTION,
  getUserId: FUNCTION,
  parseAnswer: FUNCTION,
  errorCode: FUNCTION,
  isUnauthorized: FUNCTION,
  fetch: FUNCTION,
  refreshMargin: SECONDS,
  minValidity: SECONDS,
  defaultLifetime: [isPositive, 'a number of seconds above zero'],
}

/** Turns options into settings; throws a TypeError that names the option and the way out. */
export function resolveOptions<User>(options: AuthClientOptions<User> = {}): ResolvedOptions {
  check(isObject(options), 'options', 'an object')
  for (const [name, [isValid, expected]] of Object.entries(RULES)) {
    const value = options[name as keyof AuthClientOptions]
    check(value === undefined || isValid(value, name), name, expected)
  }
  const { baseUrl, allowedOrigins = [], mode } = options
  const { csrf, idHeader, revalidateAfter } = group('session', DEFAULT_SESSION, options.session, SESSION)
  const { endpoints = {} } = options
  check(mode !== 'session' || endpoints.session !== false, 'endpoints.session', 'a path in session mode')
  const { shareToken = true } = options.tabs ?? {}
  check(isBoolean(shareToken), 'tabs.shareToken', 'a boolean')
  return {
    baseUrl: baseUrl === undefined ? undefined : plainUrl(baseUrl),
    allowedOrigins: allowedOrigins.map((origin, index) => exactOrigin(origin, `allowedOrigins[${index}]`)),
    mode: mode === 'auto' ? undefined : mode,
    csrf: resolveCsrf(csrf),
    idHeader,
    revalidateAfter: revalidateAfter === false ? Infinity : revalidateAfter * 1000,
    isUnauthorized: options.isUnauthorized,
    endpoints: group('endpoints', DEFAULT_ENDPOINTS, options.endpoints, ENDPOINT),
    key: options.key,
    staticHeader: options.staticHeader ?? ['X-CSRF', '1'],
    parseUser: options.parseUser ?? ((value) => value),
    getUserId: (options.getUserId as ResolvedOptions['getUserId'] | undefined) ?? userId,
    parseAnswer: options.parseAnswer ?? parseAnswer,
    errorCode: options.errorCode ?? errorCode,
    refusals: options.refusals ?? DEFAULT_REFUSALS,
    restore: options.restore ?? 'auto',
    hideOnRestore: options.hideOnRestore ?? false,
    hintCookie: options.hint?.cookie,
    refreshMargin: options.refreshMargin ?? 60,
    minValidity: options.minValidity ?? 10,
    defaultLifetime: options.defaultLifetime ?? 300,
    timeouts: group('timeouts', DEFAULT_TIMEOUTS, options.timeouts, MILLISECONDS),
    retry: group('retry', DEFAULT_RETRY, options.retry, MILLISECONDS),
    replay: options.replay ?? 'all',
    shareToken,
    redirectInFrame: options.redirectInFrame ?? false,
    returnToParameter: options.returnToParameter ?? 'return_to',
    authRoutes: options.authRoutes ?? [],
    development: options.development,
    // Looked up at each call, so that what is put in its place later (a mock, a monitor) is used.
    // Called without a `this`, which the fetch of a window does not accept.
    fetch: (input, init) => (options.fetch ?? globalThis.fetch)(input, init),
  }
}

function resolveCsrf(given: SessionOptions['csrf']): ResolvedCsrf {
  const chosen = given !== undefined
  if (given === 'static-header') return { ...DEFAULT_CSRF, chosen, header: undefined }
  return { ...group('session.csrf', DEFAULT_CSRF, given, CSRF), chosen }
}

function check(valid: boolean, option: string, expected: string): asserts valid {
  if (!valid) throw new TypeError(`Failed to create the auth client: "${option}" must be ${expected}.`)
}

/** An option that is an object of its own; an explicit undefined means the default. */
function group<Defaults extends object>(
  option: string,
  defaults: Defaults,
  given: object = {},
  [isValid, expected]: Rule,
): Defaults {
  check(isObject(given), option, 'an object')
  const settings = { ...defaults }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    check(isValid(value, name), `${option}.${name}`, expected)
    Object.assign(settings, { [name]: value as unknown })
  }
  return settings
}

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/

export const isLoopback = (hostname: string): boolean => LOOPBACK.test(hostname)

function secureUrl(value: string | URL, option: string): URL {
  let url: URL | undefined
  try {
    url = new URL(value)
  } catch {
    // Answered below, in the words of the option.
  }
  check(
    url !== undefined && !url.username && !url.password,
    option,
    'an absolute URL such as "https://api.example.com"',
  )
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
  check(secure, option, 'an https URL, or http on a loopback host')
  return url
}

function plainUrl(value: string | URL): URL {
  const url = secureUrl(value, 'baseUrl')
  check(!url.search && !url.hash, 'baseUrl', 'a URL without query and fragment')
  return url
}

function exactOrigin(value: unknown, option: string): string {
  check(typeof value === 'string', option, 'a string such as "https://files.example.com"')
  const url = secureUrl(value, option)
  check(value === url.origin, option, `an origin without path, such as "${url.origin}"`)
  return url.origin
}

const member = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined

function userId(user: unknown): string | number | undefined {
  return (member(user, 'sub') ?? member(user, 'id')) as string | number | undefined
}

function errorCode(body: unknown): string | undefined {
  const code = member(body, 'error') ?? member(body, 'code')
  return typeof code === 'string' ? code : undefined
}

function parseAnswer(body: unknown): AnswerFields | undefined {
  if (!isObject(body) || Array.isArray(body)) return undefined
  const read = (name: string) => member(body, name)
  return {
    accessToken: read('access_token') as string | undefined,
    tokenType: read('token_type') as string | undefined,
    expiresIn: read('expires_in') as number | undefined,
    user: read('user'),
    sessionId: read('session_id') as string | undefined,
    mode: read('mode') as string | undefined,
    csrfToken: read('csrf_token') as string | undefined,
    sessionExpiresIn: read('session_expires_in') as number | undefined,
    idleExpiresIn: read('idle_expires_in') as number | undefined,
  }
}
