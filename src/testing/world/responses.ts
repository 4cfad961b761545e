/* What a page gets to see of an answer: where a redirect leads, what CORS lets through, a Response without its cookies. */
import type { ServerAnswer } from './network.js'

export function redirectTarget({ status, headers }: ServerAnswer, base: URL): URL | undefined {
  const location = headers.get('location')
  if (![301, 302, 303, 307, 308].includes(status) || location === null) return undefined
  return URL.canParse(location, base) ? new URL(location, base) : undefined
}

export function afterRedirect(
  status: number,
  method: string,
  body: string | undefined,
): [string, string | undefined] {
  const becomesGet = (status === 303 && method !== 'HEAD') || (status < 303 && method === 'POST')
  return becomesGet ? ['GET', undefined] : [method, body]
}

export function corsAllows({ headers }: ServerAnswer, origin: string, request: Request): boolean {
  const allowed = headers.get('access-control-allow-origin')
  if (request.credentials !== 'include') return allowed === origin || allowed === '*'
  return allowed === origin && headers.get('access-control-allow-credentials') === 'true'
}

export function opaqueRedirect(): Response {
  return Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' })
}

export function toResponse(answer: ServerAnswer, url: URL, cut: boolean, redirected: boolean): Response {
  const headers = new Headers(answer.headers)
  headers.delete('set-cookie')
  const { status, statusText } = answer
  const empty = [204, 205, 304].includes(status)
  const response = new Response(empty ? null : cut ? brokenBody() : answer.body, {
    status,
    statusText,
    headers,
  })
  return Object.defineProperties(response, { url: { value: url.href }, redirected: { value: redirected } })
}

function brokenBody(): ReadableStream {
  return new ReadableStream({ pull: (controller) => controller.error(new TypeError('network error')) })
}
