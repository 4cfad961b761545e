import type { TokenTweaks } from './access.js'
import type { Context as RouteContext } from 'hono'

/** What a mount knows about a request that the request itself does not say. */
export interface RequestContext {
  /**
   * Network address of the caller; without it only accounts are throttled. Never take it from a header that a
   * client can send.
   */
  readonly address?: string | undefined
  /**
   * Headers that script cannot put on a request (Cookie, Origin, Sec-Fetch-Site); they win over those of the
   * request.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Receives each Set-Cookie, for mounts in a browser, where a response cannot carry one. */
  readonly setCookie?: ((value: string) => void) | undefined
}

export const ENDPOINTS = {
  login: '/auth/login',
  start: '/auth/start',
  callback: '/auth/callback',
  refresh: '/auth/refresh',
  session: '/auth/session',
  csrf: '/auth/csrf',
  sessions: '/auth/sessions',
  logout: '/auth/logout',
  provider: '/idp/login',
  style: '/idp/style.css',
  jwks: '/.well-known/jwks.json',
  orders: '/api/orders',
  profile: '/api/profile',
  users: '/api/admin/users',
} as const

export const METHODS: Readonly<Record<keyof typeof ENDPOINTS, string>> = {
  login: 'POST',
  start: 'GET',
  callback: 'GET',
  refresh: 'POST',
  session: 'GET',
  csrf: 'GET',
  sessions: 'GET, DELETE',
  logout: 'POST',
  provider: 'GET, POST',
  style: 'GET',
  jwks: 'GET',
  orders: 'GET',
  profile: 'GET, PUT',
  users: 'GET',
}

/** Name of an endpoint in faults and statistics; `other` is what is not there. */
export type Endpoint = keyof typeof ENDPOINTS | 'other'

const NAMES = Object.keys(ENDPOINTS) as (keyof typeof ENDPOINTS)[]

/** One request on its way through the backend, and what gathers on that way. */
export interface Exchange {
  readonly endpoint: Endpoint
  readonly method: string
  readonly origin: string
  readonly address: string | undefined
  header(name: string): string | undefined
  /** Set-Cookie values for the answer. */
  cookies: string[]
  /** How it ended, for the statistics. */
  outcome: string
  readonly tweaks: TokenTweaks
}

export interface Environment {
  Bindings: { exchange: Exchange }
}

export type Context = RouteContext<Environment>

export function beginExchange(
  request: Request,
  context: RequestContext,
  publicOrigin: string | undefined,
): Exchange {
  const { origin, pathname } = new URL(request.url)
  const extra = new Map(
    Object.entries(context.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return {
    endpoint:
      NAMES.find((name) => pathname === ENDPOINTS[name] || pathname.startsWith(`${ENDPOINTS[name]}/`)) ??
      'other',
    method: request.method,
    origin: publicOrigin ?? origin,
    address: context.address,
    header: (name) => extra.get(name.toLowerCase()) ?? request.headers.get(name) ?? undefined,
    cookies: [],
    outcome: 'ok',
    tweaks: {},
  }
}
