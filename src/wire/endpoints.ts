import { elapsed } from '../core/lifetime.js'
import { AuthError } from '../errors.js'
import type { Endpoints } from '../options/types.js'
import type { Context } from '../plumbing/context.js'
import type { Asked, Reply } from '../plumbing/reply.js'
import { csrfToken } from './csrf.js'
import { within } from '../plumbing/waiting.js'

export interface Call {
  readonly endpoint: Asked
  readonly method: 'GET' | 'POST'
  readonly body?: unknown
  /** Proves which session is meant where the cookie may belong to another one. */
  readonly token?: string | undefined
  /** The CSRF token, where there is one. */
  readonly csrf?: string | undefined
  /** For a question that may set a cookie of somebody who has left since; what renews or ends a session is never aborted. */
  readonly signal?: AbortSignal
  /** False: it ends with its page, and its connection is free when it is aborted, which Chromium frees for no keepalive request. */
  readonly keepalive?: boolean | undefined
}

const RETRY_AFTER_CAP = 600_000
/** A rejection this soon did not come from the network: it is the browser's own quota for keepalive requests. */
const IMMEDIATE = 20

/** The URL that endpoints and the allow-list are resolved against: `baseUrl`, else the page's origin. */
export function baseUrl(context: Context): URL | undefined {
  const { options, ports } = context
  if (options.baseUrl) return options.baseUrl
  const page = ports.page.url()
  return page === undefined ? undefined : new URL('/', page)
}

export function endpointUrl(context: Context, endpoint: keyof Endpoints): string | undefined {
  const path = context.options.endpoints[endpoint]
  const base = baseUrl(context)
  if (path === false || !base) return undefined
  // Behind the origin, and not resolved against it: whatever is in the paths, they name no other host.
  return new URL(base.origin + base.pathname.replace(/\/$/, '') + path).href
}

/** For a developer. */
export const lineOf = ({ options }: Context, { method, endpoint }: Call): string =>
  `${method} ${options.endpoints[endpoint]}`

/** What a call comes to that got no answer in time. */
export const timedOut = (context: Context, action: string, asked: Call): AuthError =>
  new AuthError('timeout', { action, said: lineOf(context, asked) })

/**
 * Calls an auth endpoint. Never rejects, and what may rotate a cookie is never aborted: an abort would lose the one that the answer sets. The
 * body is read to its end, since an unread one keeps the browser's keepalive quota occupied.
 */
export async function call(context: Context, asked: Call): Promise<Reply> {
  const { ports, options } = context
  const { endpoint, method, body, token, csrf, signal, keepalive = method === 'POST' } = asked
  let sentAt = context.instant()
  const csrfWas = csrfToken(context, undefined)
  const headers: Record<string, string> = {
    accept: 'application/json',
    [options.staticHeader[0]]: options.staticHeader[1],
  }
  const { field } = options.csrf
  const content = csrf && field ? { ...(body as object | undefined), [field]: csrf } : body
  if (content !== undefined) headers['content-type'] = 'application/json'
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  if (csrf && options.csrf.header) headers[options.csrf.header] = csrf
  const init: RequestInit = {
    method,
    headers,
    credentials: 'include',
    cache: 'no-store',
    redirect: 'manual',
    // Stays undefined where there is none.
    body: JSON.stringify(content),
    ...(signal && { signal }),
  }
  const url = endpointUrl(context, endpoint) ?? ''
  const line = lineOf(context, asked)
  const send = (keepalive: boolean) => {
    // The machine may have slept between the first try and the second, and a lifetime counts from the one that was answered.
    sentAt = context.instant()
    return options.fetch(url, { ...init, keepalive })
  }
  try {
    // A login is never sent twice, so it goes without what may have to be tried again.
    const lasting = keepalive && endpoint !== 'login'
    const response = await send(lasting).catch((error: unknown) => {
      const now = context.instant()
      // By both clocks for a logout: the machine may have slept, and the cookie may be somebody else's since.
      const age = endpoint === 'logout' ? elapsed(sentAt, now) : now.monotonic - sentAt.monotonic
      const quota = lasting && age < IMMEDIATE && ports.lifecycle.online()
      if (quota && error instanceof TypeError) return send(false)
      throw error
    })
    // What a redirect carries may be for its target alone.
    const spare = endpoint === 'login' && !isRedirect(response) ? response.clone() : undefined
    return { ...(await readReply(context, response, line)), endpoint, csrfWas, sentAt, response: spare }
  } catch (fault) {
    return { endpoint, csrfWas, status: 0, said: line, redirected: false, page: false, fault, sentAt }
  }
}

/** Reads an answer to its end. */
export async function readReply(
  context: Context,
  response: Response,
  line: string,
): Promise<Omit<Reply, 'endpoint' | 'csrfWas' | 'sentAt'>> {
  const { options } = context
  const { status, headers } = response
  const [type] = (headers.get('content-type') ?? '').split(';')
  const said = status ? `${line} answered ${status} ${type}`.trim() : line
  let fault: unknown
  // Its cookies are set although its end is lost.
  const text = await response.text().catch((error: unknown) => {
    fault = error
    return ''
  })
  let body: unknown
  let code: string | undefined
  try {
    body = text === '' ? undefined : JSON.parse(text)
    code = options.errorCode(body)
  } catch {
    // Not the contract's JSON. The parser's own message may quote the text, so it goes nowhere.
  }
  const retryAfter = parseRetryAfter(headers.get('retry-after'), context.ports.clock.wall())
  // An answer without a body is no page, though some frameworks call nothing HTML.
  const page = (text !== '' || fault !== undefined) && isHtml(response)
  return { status, said, body, code, retryAfter, redirected: isRedirect(response), page, fault }
}

const isRedirect = ({ type, status }: Response): boolean =>
  type === 'opaqueredirect' || (status >= 300 && status < 400)

export const isHtml = ({ headers }: Response): boolean =>
  /^text\/html/i.test(headers.get('content-type') ?? '')

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), capped, in milliseconds from now. */
export function parseRetryAfter(value: string | null, wall: number): number | undefined {
  if (!value) return undefined
  const milliseconds = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - wall
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), RETRY_AFTER_CAP)
}

/** What the request comes to, or undefined when its deadline passed first; the answer is read all the same. */
export const inTime = <T>(context: Context, request: Promise<T>): Promise<T | undefined> =>
  within(context.ports.clock, context.options.timeouts.request, request)

/** Whether the endpoint itself says that it has done it. */
export const isDone = ({ status, page }: Reply): boolean => status >= 200 && status < 300 && !page
