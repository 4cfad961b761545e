import { isObject } from './checks.js'

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
export type AnswerOf = 'login' | 'refresh' | 'session' | 'user' | 'csrf'

const member = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined

/** Who it is, unless the developer says it otherwise. */
export function userId(user: unknown): string | number | undefined {
  return (member(user, 'sub') ?? member(user, 'id')) as string | number | undefined
}

/** A word such as `Forbidden` is the name of a status, which frameworks put into `error` beside a `code`, and what has spaces is a sentence. */
export function errorCode(body: unknown): string | undefined {
  const told = [member(body, 'error'), member(body, 'code')].filter((code) => typeof code === 'string')
  return told.find((code) => !/\s|^[A-Z][a-z]+$/.test(code)) ?? told[0]
}

export function parseAnswer(body: unknown, call?: AnswerOf): AnswerFields | undefined {
  if (!isObject(body) || Array.isArray(body)) return undefined
  const read = (name: string) => member(body, name)
  const user = read('user')
  return {
    accessToken: read('access_token') as string | undefined,
    tokenType: read('token_type') as string | undefined,
    expiresIn: read('expires_in') as number | undefined,
    // Most of those endpoints answer with the user itself.
    user: call === 'user' && !isObject(user) ? body : user,
    sessionId: read('session_id') as string | undefined,
    mode: read('mode') as string | undefined,
    csrfToken: read('csrf_token') as string | undefined,
    sessionExpiresIn: read('session_expires_in') as number | undefined,
    idleExpiresIn: read('idle_expires_in') as number | undefined,
  }
}
