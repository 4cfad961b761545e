import type { AuthError } from '../errors.js'
import type { Endpoints } from '../options/types.js'
import type { baseUrl, endpointUrl } from '../wire/endpoints.js'
import type { Context } from '../plumbing/context.js'

const MAX_LENGTH = 2048

/** What is loaded anyway. Given, since an import from here would cut every bundle of the client in two, which packs worse. */
export interface Loaded {
  readonly baseUrl: typeof baseUrl
  readonly endpointUrl: typeof endpointUrl
  readonly AuthError: typeof AuthError
  readonly BEGIN: string | undefined
}

/** Control characters, which browsers drop, and backslashes, which they read as slashes. */
const TRICKS = /[\x00-\x1f\x7f-\x9f\\]/

/**
 * The path as it may be given to the backend, or an error: only a path of this origin, in no disguise, and not one that
 * would lead straight back into the sign-in (RFC 9700, 4.11.1).
 */
export function checkReturnTo(context: Context, returnTo: unknown, loaded: Loaded): string {
  const { baseUrl, endpointUrl, AuthError, BEGIN } = loaded
  const { options, ports } = context
  const refuse = () => new AuthError('invalid_return_to', { action: BEGIN })
  if (typeof returnTo !== 'string' || returnTo.length > MAX_LENGTH || !returnTo.startsWith('/'))
    throw refuse()
  const page = new URL(ports.page.url() ?? baseUrl(context)!)
  let url: URL
  let decoded: string
  try {
    url = new URL(returnTo, page)
    decoded = decodeFully(url.pathname)
  } catch {
    throw refuse()
  }
  const bare = (route: string) => route.toLowerCase().replace(/\/$/, '')
  const path = bare(decoded)
  const disguised =
    TRICKS.test(returnTo) ||
    TRICKS.test(decoded) ||
    decoded.includes('//') ||
    /%(25)*(2f|5c)/i.test(url.pathname)
  if (disguised || url.origin !== page.origin || url.username !== '') throw refuse()
  const authPaths = (Object.keys(options.endpoints) as (keyof Endpoints)[])
    .map((endpoint) => endpointUrl(context, endpoint))
    .filter((endpoint) => endpoint !== undefined && new URL(endpoint).origin === page.origin)
    .map((endpoint) => new URL(endpoint!).pathname)
  // A sign-in page at the root does not close all that is below it.
  const blocked = [...authPaths, ...options.authRoutes].map(bare)
  if (blocked.some((route) => path === route || (route && path.startsWith(`${route}/`)))) throw refuse()
  return url.pathname + url.search + url.hash
}

/** The path of the page, or the start page where nobody should come back to it, such as from a sign-in page. */
export function ownPath(context: Context, loaded: Loaded): string {
  try {
    return checkReturnTo(context, context.ports.page.path(), loaded)
  } catch {
    return '/'
  }
}

/** Twice, as servers and proxies on the way may do; a lone percent sign ends it. */
function decodeFully(path: string): string {
  const once = decodeURIComponent(path)
  try {
    return decodeURIComponent(once)
  } catch {
    return once
  }
}
