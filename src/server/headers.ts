import { isKnownOrigin } from './checks.js'
import { empty } from './answers.js'
import type { Exchange } from './exchange.js'
import type { Settings } from './settings.js'

/** Reached by navigation alone: no script of another origin has business there (RFC 9700 2.6). */
const NAVIGATED = /^(?:start|callback|provider|style)(?:\/|$)/

const PREFLIGHT_SECONDS = 7200

/** The answer to a preflight: yes for a known origin, else a no without any CORS header. */
export function preflight(settings: Settings, exchange: Exchange): Response {
  const allowed = corsHeaders(settings, exchange)
  if (allowed === undefined) return empty(403, { Vary: 'Origin' })
  return empty(204, {
    ...allowed,
    Vary: 'Origin',
    'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
    'Access-Control-Allow-Headers': requestHeaders(settings).join(', '),
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
  })
}

/** Puts on an answer what all answers carry. */
export function finish(settings: Settings, exchange: Exchange, { headers }: Response): void {
  const put = (values: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(values)) if (!headers.has(name)) headers.set(name, value)
  }
  put({
    Date: new Date(settings.clock.now()).toUTCString(),
    Vary: 'Origin, Sec-Fetch-Site',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-site',
    'Content-Security-Policy': `default-src 'none'; frame-ancestors 'none'`,
  })
  if (exchange.origin.startsWith('https:')) put({ 'Strict-Transport-Security': 'max-age=63072000' })
  if (exchange.endpoint !== 'jwks') put({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
  put(corsHeaders(settings, exchange) ?? {})
}

function requestHeaders({ csrf, modes, sessionIdHeader, staticHeader }: Settings): string[] {
  const always = ['Authorization', 'Content-Type', staticHeader.name]
  if (!modes.serves('session')) return always
  return [...always, csrf.header, ...(sessionIdHeader === false ? [] : [sessionIdHeader])]
}

function corsHeaders(settings: Settings, exchange: Exchange): Record<string, string> | undefined {
  const origin = exchange.header('origin')
  if (origin === undefined || !isKnownOrigin(settings, exchange, origin)) return undefined
  if (NAVIGATED.test(exchange.endpoint)) return undefined
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After, Date',
  }
}
