import { isCount, isHandle, isRecord } from './checks.js'
import { parseRegister, type Register } from './register.js'
import type { Mode } from './types.js'

/** The version of what tabs say to each other. A tab that reads another one ignores it. */
const VERSION = 2

/** A credential on its way to a sibling, in memory only; in session mode the CSRF token, which may be empty. Only the wall clock is shared between tabs. */
export interface SharedToken {
  readonly token: string
  readonly subject: string
  readonly rawUser: unknown
  /** By the wall clock, in milliseconds. */
  readonly issuedAt: number
  /** In milliseconds. */
  readonly lifetime: number
}

/** A refresh failed: nobody tries again until then. A time and no delay, so that a late or repeated one adds nothing. */
export interface Wait {
  /** By the wall clock, in milliseconds. */
  readonly until: number
  readonly failures: number
  /** The server asked for it. */
  readonly mandated: boolean
  /** When somebody tried last, by the wall clock; zero where that was long ago. */
  readonly triedAt: number
}

/** All that tabs say to each other: what they know. */
export interface News {
  readonly register: Register
  /** The same is wanted in return, and no more is said. */
  readonly ask?: boolean
  readonly wait?: Wait | undefined
  /** The token of the register's generation, where sharing is on. */
  readonly shared?: SharedToken | undefined
}

/** Larger than any honest delay, smaller than what would silence a tab for long. */
const MAX_DELAY = 600_000
const MAX_TOKEN = 65_536

/** What goes over the channel: the news, their version, and who sent them, so that a tab does not hear itself. */
export const wrap = (news: News, sender: string): object => ({ v: VERSION, from: sender, ...news })

/** Reads what came over the channel. Anybody on the origin may have sent it; undefined for all that is not said to us. */
export function parseNews(data: unknown, self: string, wall: number): News | undefined {
  if (!isRecord(data) || data['v'] !== VERSION || !isHandle(data['from']) || data['from'] === self)
    return undefined
  const register = parseRegister(data['register'], wall)
  return (
    register && {
      register,
      ask: data['ask'] === true,
      wait: parseWait(data['wait'], wall),
      shared: parseShared(data['shared'], register.mode),
    }
  )
}

function parseWait(value: unknown, wall: number): Wait | undefined {
  if (!isRecord(value)) return undefined
  const { until, failures, mandated, triedAt } = value
  const isValid = typeof until === 'number' && until >= wall && until <= wall + MAX_DELAY && isCount(failures)
  return isValid
    ? {
        until,
        failures,
        mandated: mandated === true,
        // A time to come would hold everybody.
        triedAt: typeof triedAt === 'number' && triedAt <= wall ? triedAt : 0,
      }
    : undefined
}

function parseShared(value: unknown, mode: Mode | undefined): SharedToken | undefined {
  if (!isRecord(value)) return undefined
  const { token, subject, rawUser, issuedAt, lifetime } = value
  const isValid =
    (isTokenText(token) || (token === '' && mode === 'session')) &&
    isHandle(subject) &&
    Number.isFinite(issuedAt) &&
    Number.isFinite(lifetime) &&
    (lifetime as number) > 0
  return isValid
    ? { token, subject, rawUser, issuedAt: issuedAt as number, lifetime: lifetime as number }
    : undefined
}

/** Whether a text can stand in an `Authorization` header (RFC 6750, 2.1, generously read) and has a sane size. */
export function isTokenText(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_TOKEN) return false
  // Not with a regular expression: `RegExp.input` and its like would show the token to any script.
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}
