import type { Context as RouteContext } from 'hono'
import type { TokenTweaks } from './access.js'
import type { Endpoint, Settings } from './settings.js'

/** What a mount knows about a request that the request itself does not say. */
export interface RequestContext {
  /**
   * Network address of the caller; without it only accounts are throttled. Never take it from a header that a
   * client can send.
   */
  readonly address?: string | undefined
  /**
   * Where that is not known: the address of what may be a proxy, or the caller himself who wants to pass for one. Nothing is counted by it;
   * `onEvent` hears once that there is one.
   */
  readonly hiddenBehind?: string | undefined
  /**
   * Headers that script cannot put on a request (Cookie, Origin, Sec-Fetch-Site); they win over those of the
   * request.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Receives each Set-Cookie, for mounts in a browser, where a response cannot carry one. */
  readonly setCookie?: ((value: string) => void) | undefined
}

/** The calls of the contract, under the path that they are mounted at. */
export const endpointsAt = (base: string) =>
  ({
    login: { path: `${base}/login`, methods: 'POST' },
    refresh: { path: `${base}/refresh`, methods: 'POST' },
    session: { path: `${base}/session`, methods: 'GET' },
    csrf: { path: `${base}/csrf`, methods: 'GET' },
    sessions: { path: `${base}/sessions`, methods: 'GET, DELETE' },
    logout: { path: `${base}/logout`, methods: 'POST' },
    jwks: { path: '/.well-known/jwks.json', methods: 'GET' },
  }) as const satisfies Readonly<Record<string, Endpoint>>

export type Endpoints = ReturnType<typeof endpointsAt>

/** One request on its way through the server, and what gathers on that way. */
export interface Exchange {
  /** Name of the endpoint; `other` is what is not there. */
  readonly endpoint: string
  readonly method: string
  readonly origin: string
  readonly address: string | undefined
  readonly hiddenBehind: string | undefined
  /** Whether an app calls that is no browser page: its refresh token travels in bodies, and no cookie is read or set. */
  readonly isNative: boolean
  header(name: string): string | undefined
  /** Set-Cookie values for the answer. */
  cookies: string[]
  /** How it ended: `ok`, an error code, `rotated`, `redelivered`, `exchanged`. */
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
  { endpoints, nativeClients, origin: publicOrigin }: Settings,
): Exchange {
  const { origin, pathname } = new URL(request.url)
  const extra = new Map(
    Object.entries(context.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const [endpoint = 'other'] =
    Object.entries(endpoints).find(([, { path }]) => pathname === path || pathname.startsWith(`${path}/`)) ??
    []
  const header: Exchange['header'] = (name) =>
    extra.get(name.toLowerCase()) ?? request.headers.get(name) ?? undefined
  return {
    endpoint,
    method: request.method,
    origin: publicOrigin ?? origin,
    address: context.address,
    hiddenBehind: context.hiddenBehind,
    isNative: nativeClients && header('x-client') === 'native',
    header,
    cookies: [],
    outcome: 'ok',
    tweaks: {},
  }
}
