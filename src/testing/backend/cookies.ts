import { parse, serialize, type CookieOptions } from 'hono/utils/cookie'
import type { Settings } from './options.js'
import type { Session } from './store.js'
import { LOGIN_SECONDS } from './redirect-login.js'

/** Writes and reads the cookies of the backend. What it writes is the value of a Set-Cookie header. */
export interface Cookies {
  refresh(header: string | undefined): string | undefined
  login(header: string | undefined): string | undefined
  /** The refresh cookie and, if there is one, the readable hint beside it. */
  setRefresh(secret: string, session: Session, now: number): string[]
  deleteRefresh(): string[]
  setLogin(secret: string): string[]
  deleteLogin(): string[]
}

/** Browsers keep no cookie longer (RFC 6265bis 5.5). */
const LONGEST_SECONDS = 400 * 24 * 60 * 60

export function createCookies({ cookies: { refresh, login, hint, secure } }: Settings): Cookies {
  const write = (name: string, value: string, maxAge: number, options: CookieOptions): string =>
    serialize(name, value, { path: '/', secure, maxAge, ...options })

  // Our own calls are fetches of the page, and those send a Strict cookie also after a link from elsewhere.
  const strict: CookieOptions = { httpOnly: true, sameSite: 'Strict' }
  // The way back from an identity provider is a navigation from another site, which would not.
  const lax: CookieOptions = { httpOnly: true, sameSite: 'Lax' }
  const readable: CookieOptions = { sameSite: 'Strict' }

  const writeRefresh = (value: string, seconds: number): string[] => [
    write(refresh, value, seconds, strict),
    ...(hint === undefined ? [] : [write(hint, value === '' ? '' : '1', seconds, readable)]),
  ]
  const read = (header: string | undefined, name: string): string | undefined =>
    header === undefined ? undefined : parse(header, name)[name]

  return {
    refresh: (header) => read(header, refresh),
    login: (header) => read(header, login),
    setRefresh: (secret, { expiresAt }, now) =>
      writeRefresh(secret, Math.min(LONGEST_SECONDS, Math.ceil((expiresAt - now) / 1000))),
    deleteRefresh: () => writeRefresh('', 0),
    setLogin: (secret) => [write(login, secret, LOGIN_SECONDS, lax)],
    deleteLogin: () => [write(login, '', 0, lax)],
  }
}
