import { parse, serialize, type CookieOptions } from 'hono/utils/cookie'
import { otherThan, type Mode } from './modes.js'
import type { Settings } from './settings.js'
import type { Session } from './records.js'

/** Writes and reads the cookies of the backend. What it writes is the value of a Set-Cookie header. */
export interface Cookies {
  /** The refresh cookie or the `sid` cookie: all values, where a jar sends the name more than once. */
  credentials(mode: Mode, header: string | undefined): readonly string[]
  csrf(header: string | undefined): string | undefined
  /** The credential and, if there is one, the readable hint beside it. */
  setCredential(mode: Mode, value: string, session: Session, now: number): string[]
  deleteCredential(mode: Mode): string[]
  /** Deletes the credential of the other mode, whose place this one takes. */
  deleteReplaced(mode: Mode): string[]
  setCsrf(token: string): string[]
  /** Of a browser in which somebody has signed in before. */
  device(header: string | undefined): string | undefined
  setDevice(value: string): string[]
  /** Whether a value came under a name of before, and under the new one not. */
  isFormer(mode: Mode, header: string | undefined, value: string): boolean
  /** The lines of an answer, and with them the deletions of cookies of before whose place a new one takes. */
  withFormer(lines: readonly string[], header: string | undefined): readonly string[]
}

/** Browsers keep no cookie longer (RFC 6265bis 5.5). */
const LONGEST_SECONDS = 400 * 24 * 60 * 60
/** Long enough for who comes back after the holidays. */
const DEVICE_SECONDS = 180 * 24 * 60 * 60
/** Of one name: of other paths and domains, and of names that were used before. More are somebody's play. */
const MOST_VALUES = 4

export function createCookies({
  cookies: { refresh, sid, hint, device, former, secure },
  csrf,
}: Settings): Cookies {
  const names: Record<Mode, string> = { token: refresh, session: sid }
  const write = (name: string, value: string, maxAge: number | undefined, options: CookieOptions): string =>
    serialize(name, value, { path: '/', secure, ...(maxAge !== undefined && { maxAge }), ...options })

  // Our own calls are fetches of the page, and those send a Strict cookie also after a link from elsewhere.
  const strict: CookieOptions = { httpOnly: true, sameSite: 'Strict' }
  const readable: CookieOptions = { sameSite: 'Strict' }

  const writeHint = (value: string, seconds: number | undefined): string[] =>
    hint === undefined ? [] : [write(hint, value, seconds, readable)]
  const read = (header: string | undefined, name: string): string | undefined =>
    header === undefined ? undefined : parse(header, name)[name]

  const modeOf = { refresh: 'token', sid: 'session' } as const
  const formerOf = (mode: Mode): readonly string[] =>
    former.filter((one) => modeOf[one.of] === mode).map(({ name }) => name)
  const valuesOf = (name: string, header = ''): string[] =>
    header.split(';').flatMap((pair) => parse(pair, name)[name] ?? [])

  return {
    credentials: (mode, header) =>
      [...new Set([names[mode], ...formerOf(mode)])]
        .flatMap((name) => valuesOf(name, header))
        .slice(0, MOST_VALUES),
    device: (header) => (device === undefined ? undefined : read(header, device)),
    setDevice: (value) => (device === undefined ? [] : [write(device, value, DEVICE_SECONDS, strict)]),
    isFormer: (mode, header, value) => former.length > 0 && !valuesOf(names[mode], header).includes(value),
    withFormer: (lines, header) => [
      ...lines,
      ...former
        .filter(({ of, name }) => {
          const current = names[modeOf[of]]
          return lines.some((line) => line.startsWith(`${current}=`)) && valuesOf(name, header).length > 0
        })
        .map(({ name, path = '/', domain }) =>
          write(name, '', 0, { ...strict, path, ...(domain !== undefined && { domain }) }),
        ),
    ],
    csrf: (header) => read(header, csrf.cookie),
    setCredential(mode, value, { expiresAt, ofBrowser }, now) {
      const seconds = ofBrowser ? undefined : Math.min(LONGEST_SECONDS, Math.ceil((expiresAt - now) / 1000))
      return [write(names[mode], value, seconds, strict), ...writeHint('1', seconds)]
    },
    deleteCredential: (mode) => [write(names[mode], '', 0, strict), ...writeHint('', 0)],
    deleteReplaced: (mode) => [write(names[otherThan(mode)], '', 0, strict)],
    setCsrf: (token) => [write(csrf.cookie, token, LONGEST_SECONDS, readable)],
  }
}
