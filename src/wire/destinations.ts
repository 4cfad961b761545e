/* Where a request of the application goes: whether the credential may go there, and what is said of it. */
import type { Context } from '../plumbing/context.js'
import { baseUrl } from './endpoints.js'

/** Whether the URL may receive the credential: exactly one of the origins the developer named, over http or https. */
export function mayReceiveCredential(context: Context, url: URL, page?: string): boolean {
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.password) return false
  const { origin } = url
  const { options } = context
  // Nearly every request goes to the page's own origin, which can be told without a parser.
  const isHome = !options.baseUrl && page?.startsWith(`${origin}/`)
  return isHome || origin === baseUrl(context)?.origin || options.allowedOrigins.includes(origin)
}

export function resolve(url: string | URL, page: string | undefined): URL | undefined {
  try {
    return new URL(url, page)
  } catch {
    return undefined
  }
}

export const plain = (url: URL): string => url.origin + url.pathname

/** What diagnostics and errors say of a URL: its path may hold a secret as its query does, unless the application knows better. */
export function told({ options }: Context, { origin, pathname }: URL): string {
  try {
    return origin + options.diagnosticPath(pathname)
  } catch {
    return origin
  }
}
