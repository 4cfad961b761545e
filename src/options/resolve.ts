import { oneOf } from '../core/checks.js'
import { END_REASONS, type Mode } from '../core/types.js'
import * as words from '../words.js'
import { type AnswerFields, type AnswerOf, errorCode, parseAnswer, userId } from './answers.js'
import {
  check,
  type Defined,
  group,
  isBoolean,
  isFunction,
  isHeader,
  isListOf,
  isPath,
  isPositive,
  isText,
  list,
  MILLISECONDS,
  own,
  type Rule,
  SECONDS,
} from './checks.js'
import { isCsrfRefusal, type ResolvedSession, resolveSession } from './session.js'
import type { AuthClientOptions, Endpoints, Refusal, Timeouts } from './types.js'
import { exactOrigin, plainUrl } from './urls.js'

export interface ResolvedOptions
  extends
    ResolvedSession,
    Omit<
      Defined<AuthClientOptions>,
      | 'baseUrl'
      | 'mode'
      | 'session'
      | 'isUnauthorized'
      | 'logoutProof'
      | 'key'
      | 'endpoints'
      | 'timeouts'
      | 'retry'
      | 'tabs'
      | 'hint'
      | 'development'
      | 'parseAnswer'
      | 'parseStep'
      | 'errorCode'
    > {
  readonly baseUrl: URL | undefined
  /** Undefined: as the answers show. */
  readonly mode: Mode | undefined
  readonly isUnauthorized: AuthClientOptions['isUnauthorized']
  readonly logoutProof: AuthClientOptions['logoutProof']
  readonly key: string | undefined
  readonly endpoints: Defined<Endpoints>
  readonly timeouts: Defined<Timeouts>
  readonly retry: { readonly base: number; readonly cap: number }
  readonly shareToken: boolean
  readonly hintCookie: string | undefined
  readonly development: boolean | undefined
  readonly parseAnswer: (body: unknown, call: AnswerOf) => AnswerFields | undefined
  readonly parseStep: ((body: unknown, status: number) => unknown) | undefined
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

// A NEW OPTION BELONGS into one of these tables: they are the names that are known, and every other one is refused. Each group has
// its own, with the default of each of its options; those of the first depth are in RULES, and the compiler asks for them.
const DEFAULT_ENDPOINTS: Defined<Endpoints> = {
  login: '/auth/login',
  refresh: '/auth/refresh',
  logout: '/auth/logout',
  session: '/auth/session',
  user: false,
  csrf: false,
  start: '/auth/start',
}
const DEFAULT_TIMEOUTS: Defined<Timeouts> = { request: 8000, lock: 10_000, ready: 10_000, sessionEnd: 5000 }
const DEFAULT_RETRY: Required<AuthClientOptions['retry'] & {}> & ResolvedOptions['retry'] = {
  base: 1000,
  cap: 60_000,
}

const REFUSAL: Rule = [
  (value) => isCsrfRefusal(value) && !!oneOf(END_REASONS, (value as Refusal).reason),
  words.REFUSAL,
]

const BOOLEAN: Rule = [isBoolean, words.BOOLEAN]
const NAME: Rule = [isText, words.NAME]
const FUNCTION: Rule = [isFunction, words.FUNCTION]
const ENDPOINT: Rule = [
  (value, name) => isPath(value) || (value === false && ['session', 'user', 'csrf'].includes(name)),
  words.PATH,
]

const AS_READ: Rule = [() => true, undefined]

/** Every option of the first depth, and what it must be where it is given; some are checked as they are read. */
const RULES: { readonly [Name in keyof AuthClientOptions]-?: Rule } = {
  baseUrl: AS_READ,
  endpoints: AS_READ,
  session: AS_READ,
  timeouts: AS_READ,
  retry: AS_READ,
  tabs: AS_READ,
  refusals: AS_READ,
  mode: [(value) => ['token', 'session', 'auto'].includes(value as string), words.MODE],
  key: NAME,
  returnToParameter: NAME,
  allowedOrigins: [Array.isArray, words.ORIGINS],
  staticHeader: [isHeader, words.HEADER],
  logoutProof: [(value) => ['cookie', 'bearer'].includes(value as string), words.PROOF],
  restore: [(value) => ['auto', 'always', 'never'].includes(value as string), words.RESTORES],
  replay: [(value) => isFunction(value) || value === 'all' || value === 'safe', words.REPLAY],
  hint: [(value) => isText(own('hint', value, { cookie: 0 }).cookie), words.HINT],
  authRoutes: [isListOf(isPath), words.PATHS],
  development: BOOLEAN,
  hideOnRestore: BOOLEAN,
  markBackground: BOOLEAN,
  redirectInFrame: BOOLEAN,
  parseUser: FUNCTION,
  getUserId: FUNCTION,
  parseAnswer: FUNCTION,
  parseStep: FUNCTION,
  errorCode: FUNCTION,
  isUnauthorized: FUNCTION,
  diagnosticPath: FUNCTION,
  fetch: FUNCTION,
  refreshMargin: SECONDS,
  minValidity: SECONDS,
  refreshGrace: SECONDS,
  rotation: [(value) => ['grace', 'strict'].includes(value as string), words.ROTATION],
  defaultLifetime: [isPositive, words.SECONDS_ABOVE_ZERO],
}

/** Those whose value is a setting as it stands. */
const DEFAULTS = {
  key: undefined,
  isUnauthorized: undefined,
  parseStep: undefined,
  development: undefined,
  logoutProof: undefined,
  staticHeader: ['X-CSRF', '1'],
  parseUser: (value: unknown) => value,
  getUserId: userId,
  parseAnswer,
  errorCode,
  restore: 'auto',
  hideOnRestore: false,
  refreshMargin: 60,
  minValidity: 10,
  refreshGrace: 30,
  rotation: 'grace',
  defaultLifetime: 300,
  replay: 'all',
  redirectInFrame: false,
  returnToParameter: 'return_to',
  authRoutes: [],
  diagnosticPath: (_path: string) => '',
} satisfies Partial<ResolvedOptions>

/** Turns options into settings; throws a TypeError that names the option and the way out. */
export function resolveOptions<User, Step>(options: AuthClientOptions<User, Step> = {}): ResolvedOptions {
  const given = own('options', options, RULES, '') as AuthClientOptions
  const settings: Partial<Record<keyof AuthClientOptions, unknown>> = { ...DEFAULTS }
  for (const [key, [isValid, expected]] of Object.entries(RULES)) {
    const name = key as keyof AuthClientOptions
    const value = given[name]
    if (value === undefined) continue
    check(isValid(value, name), name, expected)
    if (Object.hasOwn(DEFAULTS, name)) settings[name] = value
  }
  const { baseUrl, allowedOrigins = [], mode, endpoints: paths, tabs, hint, session, timeouts, retry } = given
  const { refusals = DEFAULT_REFUSALS, fetch } = given
  const endpoints = group('endpoints', DEFAULT_ENDPOINTS, paths, ENDPOINT)
  check(mode !== 'session' || endpoints.session !== false, 'endpoints.session', words.SESSION_PATH)
  return {
    ...(settings as typeof DEFAULTS),
    markBackground: given.markBackground ?? !given.parseAnswer,
    ...resolveSession(session),
    baseUrl: baseUrl === undefined ? undefined : plainUrl(baseUrl),
    allowedOrigins: Object.values(allowedOrigins).map((origin, index) =>
      exactOrigin(origin, `allowedOrigins[${index}]`),
    ),
    mode: mode === 'auto' ? undefined : mode,
    endpoints,
    refusals: list('refusals', refusals, { status: 0, code: 0, reason: 0 }, REFUSAL, DEFAULT_REFUSALS),
    timeouts: group('timeouts', DEFAULT_TIMEOUTS, timeouts, MILLISECONDS),
    retry: group('retry', DEFAULT_RETRY, retry, MILLISECONDS),
    hintCookie: hint?.cookie,
    shareToken: group('tabs', { shareToken: true }, tabs, BOOLEAN).shareToken,
    // Looked up at each call, so that what is put in its place later (a mock, a monitor) is used.
    // Called without a `this`, which the fetch of a window does not accept.
    fetch: (input, init) => (fetch ?? globalThis.fetch)(input, init),
  }
}
