import type { Credential } from '../core/lifetime.js'
import { isTokenText } from '../core/news.js'
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import { within } from '../plumbing/waiting.js'

export const isSafe = (method: string): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method)

/** The CSRF token as it is now: of the cookie, which another tab may have changed, else the given one, else of the page. */
export function csrfToken({ options, ports }: Context, given: unknown): string {
  const { header, cookie, meta } = options.csrf
  if (!header) return ''
  const found = cookie ? decoded(ports.page.cookie(cookie)) : given || (meta && ports.page.meta(meta))
  return isTokenText(found) ? found : ''
}

function decoded(value: string | undefined): string | undefined {
  try {
    return value && decodeURIComponent(value)
  } catch {
    return value
  }
}

/**
 * Somebody may have signed in on a page of the server since it was last asked who it is: the readable cookie is another one. Where it
 * changes with every answer (`rotates`) it tells nothing.
 */
export function isOvertaken(context: Context, credential: Credential): boolean {
  const { cookie, rotates } = context.options.csrf
  return (
    credential.mode === 'session' &&
    cookie !== undefined &&
    !rotates &&
    csrfToken(context, undefined) !== credential.token
  )
}

/** What a request carries beside the cookie; the token is read here, at each send. */
export function cookieHeaders(
  context: Context,
  credential: Credential,
  safe: boolean,
): (readonly [name: string, value: string])[] {
  const { staticHeader, idHeader, csrf } = context.options
  const sessionId = context.sessionIds.of(context.state.identity?.sessionId)
  const headers = [staticHeader]
  if (idHeader && isTokenText(sessionId)) headers.push([idHeader, sessionId])
  if (safe || !csrf.header) return headers
  const token = csrfToken(context, credential.token)
  if (token) headers.push([csrf.header, token])
  else if (csrf.cookie) void reportMissing(context, csrf.cookie).catch(() => {})
  return headers
}

/** Said once, with what is loaded for that alone. */
async function reportMissing(context: Context, cookie: string): Promise<void> {
  const { csrfMissing } = await import('./for-developers.js')
  csrfMissing(context, cookie)
}

type Refused = Pick<Reply, 'status' | 'code'>

/** Whether an answer asks for another CSRF token, or says that the request was meant for another session than the cookie's. */
export const isCsrfRefusal = ({ options }: Context, { status, code }: Refused, safe: boolean): boolean =>
  (status === 409 && code === 'session_mismatch') ||
  (!safe && options.csrf.refusals.some((known) => known.status === status && (known.code ?? code) === code))

/** The same of a resource, whose body is read only where it may say so. */
export async function asksForCsrf(context: Context, response: Response, safe: boolean): Promise<boolean> {
  const { ports, options } = context
  const { status } = response
  if (status !== 409 && !options.csrf.refusals.some((known) => known.status === status)) return false
  // It need not be JSON, and it need not end.
  const text = response.clone().text()
  const code = await within(ports.clock, options.timeouts.request, text)
    .then((text) => options.errorCode(JSON.parse(text ?? '')))
    .catch(() => undefined)
  return isCsrfRefusal(context, { status, code }, safe)
}
