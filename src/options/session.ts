import * as words from '../words.js'
import { group, isBoolean, isHeader, isText, list, type Rule, SECONDS } from './checks.js'

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
   * never does. In token mode: how old the user may become at the least before a refresh that does not say who it is for asks again.
   * @default 300
   */
  revalidateAfter?: number | false | undefined
  /**
   * False: no redirect of an unsafe request is followed, and its answer has the type `opaqueredirect` and the status 0. Else the
   * browser takes the CSRF token and the session id along, also to another origin whose CORS answer lets these headers in.
   * @default true
   */
  followRedirects?: boolean | undefined
}

export interface ResolvedCsrf {
  /** The developer has said how writes are protected: `auto` may end in a cookie session. */
  readonly chosen: boolean
  /** Undefined: no token, the static header alone. */
  readonly header: string | undefined
  readonly cookie: string | undefined
  readonly rotates: boolean | undefined
  readonly field: string | undefined
  readonly meta: string | undefined
  readonly refusals: readonly CsrfRefusal[]
}

// A NEW OPTION BELONGS HERE, also without a default: names that are not here are refused.
const DEFAULT_CSRF: Omit<ResolvedCsrf, 'chosen'> & Record<keyof CsrfOptions, unknown> = {
  header: 'X-CSRF-Token',
  cookie: undefined,
  rotates: undefined,
  field: undefined,
  meta: undefined,
  refusals: [
    { status: 403, code: 'csrf_failed' },
    { status: 403, code: 'csrf_invalid' },
    { status: 403, code: 'csrf_missing' },
    { status: 419, code: undefined },
  ],
}

// A NEW OPTION BELONGS HERE, also without a default: names that are not here are refused.
const DEFAULT_SESSION: Required<SessionOptions> & {
  idHeader: string | false
  revalidateAfter: number | false
  followRedirects: boolean
} = {
  csrf: undefined,
  idHeader: 'X-Session-Id',
  revalidateAfter: 300,
  followRedirects: true,
}

/** Whether it is one; a refusal of the session endpoint is one, with a reason. */
export function isCsrfRefusal(value: unknown): boolean {
  const { status, code } = value as CsrfRefusal
  const ofClient = Number.isInteger(status) && status >= 400 && status < 500
  return ofClient && (code === undefined || isText(code))
}

const REFUSAL: Rule = [isCsrfRefusal, words.CSRF_REFUSAL]
const SESSION: Rule = [
  (value, name) =>
    name === 'csrf' ||
    value === false ||
    (name === 'followRedirects'
      ? value === true
      : name === 'idHeader'
        ? isHeader([value, '1'])
        : SECONDS[0](value, name)),
  words.SESSION,
]
const CSRF: Rule = [
  (value, name) =>
    name === 'rotates'
      ? isBoolean(value)
      : name === 'header'
        ? isHeader([value, '1'])
        : name === 'refusals' || isText(value),
  words.CSRF,
]

export interface ResolvedSession {
  readonly csrf: ResolvedCsrf
  readonly idHeader: string | false
  /** In milliseconds; Infinity is never. */
  readonly revalidateAfter: number
  readonly followRedirects: boolean
}

export function resolveSession(given: SessionOptions | undefined): ResolvedSession {
  const { csrf, idHeader, revalidateAfter, followRedirects } = group(
    'session',
    DEFAULT_SESSION,
    given,
    SESSION,
  )
  const seconds = revalidateAfter === false ? Infinity : revalidateAfter
  return { csrf: resolveCsrf(csrf), idHeader, revalidateAfter: seconds * 1000, followRedirects }
}

function resolveCsrf(given: SessionOptions['csrf']): ResolvedCsrf {
  const chosen = given !== undefined
  if (given === 'static-header') return { ...DEFAULT_CSRF, chosen, header: undefined }
  const csrf = group('session.csrf', DEFAULT_CSRF, given, CSRF)
  const names = { status: 0, code: 0 }
  const refusals = list('session.csrf.refusals', csrf.refusals, names, REFUSAL, DEFAULT_CSRF.refusals)
  return { ...csrf, chosen, refusals }
}
