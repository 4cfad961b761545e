/*
 * The cookie jar of a virtual browser, as RFC 6265bis has it for the pages of one site: attributes and prefixes are
 * enforced, and the last answer to arrive wins. It judges age by the browser's own wall clock.
 */

/** A cookie as the jar holds it. */
export interface StoredCookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: 'strict' | 'lax' | 'none'
  /** Milliseconds since 1970; Infinity for a session cookie. */
  readonly expiresAt: number
  readonly created: number
}

export interface CookieJar {
  /** The `Cookie` header for a request to this URL, undefined where no cookie belongs to it. */
  header(url: URL, sameSite: boolean): string | undefined
  /** Takes over the `Set-Cookie` lines of an answer from this URL. Lines that break a rule are dropped. */
  store(url: URL, lines: readonly string[], sameSite: boolean): void
  /** The value of a cookie that script on this page can read. */
  readable(url: URL, name: string): string | undefined
  all(): StoredCookie[]
  clear(): void
}

/** What a browser keeps at the most (RFC 6265bis, 5.5). */
const LONGEST_MS = 400 * 86_400_000

export function createCookieJar(wall: () => number): CookieJar {
  let cookies: StoredCookie[] = []
  let count = 0

  const fresh = (): StoredCookie[] => cookies.filter((cookie) => cookie.expiresAt > wall())
  const matching = (url: URL): StoredCookie[] =>
    fresh().filter(
      (cookie) =>
        (cookie.hostOnly ? url.hostname === cookie.domain : isWithin(url.hostname, cookie.domain)) &&
        isUnder(url.pathname, cookie.path) &&
        (!cookie.secure || isTrustworthy(url)),
    )

  return {
    header(url, sameSite) {
      const sent = matching(url)
        .filter((cookie) => sameSite || cookie.sameSite === 'none')
        .sort((a, b) => b.path.length - a.path.length || a.created - b.created)
      return sent.length > 0 ? sent.map(({ name, value }) => `${name}=${value}`).join('; ') : undefined
    },
    store(url, lines, sameSite) {
      for (const line of lines) {
        const cookie = parse(line, url, wall(), count++)
        if (!cookie || (!sameSite && cookie.sameSite !== 'none')) continue
        cookies = fresh().filter(
          ({ name, domain, path }) =>
            name !== cookie.name || domain !== cookie.domain || path !== cookie.path,
        )
        if (cookie.expiresAt > wall()) cookies.push(cookie)
      }
    },
    readable: (url, name) => matching(url).find((cookie) => cookie.name === name && !cookie.httpOnly)?.value,
    all: fresh,
    clear: () => {
      cookies = []
    },
  }
}

function parse(line: string, url: URL, wall: number, created: number): StoredCookie | undefined {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  if (equals < 1) return undefined
  const name = pair.slice(0, equals).trim()
  const attributes = new Map(
    rest.map((part) => {
      const [key = '', ...value] = part.split('=')
      return [key.trim().toLowerCase(), value.join('=').trim()] as const
    }),
  )
  const secure = attributes.has('secure')
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase()
  const path = attributes.get('path')
  const sameSite = parseSameSite(attributes.get('samesite'))
  const hostPrefix = /^__host-/i.test(name)
  const forbidden =
    (secure && !isTrustworthy(url)) ||
    (!secure && (hostPrefix || /^__secure-/i.test(name) || sameSite === 'none')) ||
    (hostPrefix && (attributes.has('domain') || path !== '/')) ||
    (domain !== undefined && !isWithin(url.hostname, domain))
  if (forbidden) return undefined
  return {
    name,
    value: pair.slice(equals + 1).trim(),
    domain: domain ?? url.hostname,
    hostOnly: domain === undefined,
    path: path?.startsWith('/') ? path : url.pathname.replace(/\/[^/]*$/, '') || '/',
    secure,
    httpOnly: attributes.has('httponly'),
    sameSite,
    expiresAt: parseExpiry(attributes, wall),
    created,
  }
}

function parseSameSite(value: string | undefined): StoredCookie['sameSite'] {
  const lower = value?.toLowerCase()
  return lower === 'strict' || lower === 'none' ? lower : 'lax'
}

/** `Max-Age` goes before `Expires`. */
function parseExpiry(attributes: ReadonlyMap<string, string>, wall: number): number {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) {
    const seconds = Number(maxAge)
    return seconds > 0 ? wall + Math.min(seconds * 1000, LONGEST_MS) : -Infinity
  }
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? Infinity : Math.min(expires, wall + LONGEST_MS)
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`)
}

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
}

/** Whether Secure cookies go there: https, and this very machine. */
function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || /^(localhost|127\.0\.0\.1|.*\.localhost)$/.test(url.hostname)
}

/** Scheme and registrable domain. The last two labels stand for the latter, which is enough for a test. */
export function siteOf(url: URL): string {
  const isAddress = /^[\d.]+$|^\[/.test(url.hostname)
  return `${url.protocol}//${isAddress ? url.hostname : url.hostname.split('.').slice(-2).join('.')}`
}
