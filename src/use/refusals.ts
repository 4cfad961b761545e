/* What in an answer of a resource a look at the session could mend. */
import { parseChallenges } from '../core/challenge.js'
import type { Credential } from '../core/lifetime.js'
import type { Context } from '../plumbing/context.js'
import { within } from '../plumbing/waiting.js'
import { asksForCsrf } from '../wire/csrf.js'
import { endpointUrl, isHtml } from '../wire/endpoints.js'
import * as words from '../words.js'
import { mayReceiveCredential, plain, told } from '../wire/destinations.js'

/** For the timeline, too. `page`: the answer of a backend that sends people to its sign-in page. */
type RefusalKind = '401' | 'csrf' | 'page'

/** What in an answer a look at the session could mend. */
export async function refusalIn(
  context: Context,
  target: URL,
  response: Response,
  { mode }: Credential,
  safe: boolean,
): Promise<RefusalKind | undefined> {
  const { clock } = context.ports
  const { isUnauthorized, timeouts } = context.options
  if (isRejected(context, target, response)) return '401'
  if (mode === 'token' && !isUnauthorized) return undefined
  if (!mayReceiveCredential(context, new URL(response.url || target))) return undefined
  // First, since it sends a write again only where the token has changed.
  if (mode === 'session' && (await asksForCsrf(context, response, safe))) return 'csrf'
  // Theirs may throw, and the body they read may never end.
  const asked = isUnauthorized && (async () => isUnauthorized(copied(response)))().catch(() => false)
  if (asked && (await within(clock, timeouts.request, asked))) return '401'
  if (mode !== 'session') return undefined
  return response.redirected && isHtml(response) ? 'page' : undefined
}

/** What does not end by itself. */
const STREAM = /stream|ndjson|multipart/i

/** For who looks at an answer before its reader. The body of a stream is at its end at once: nobody waits for the first event. */
function copied(response: Response): Response {
  const copy = response.clone()
  if (STREAM.test(copy.headers.get('content-type') ?? '')) void copy.body?.cancel().catch(() => {})
  return copy
}

/** Whether a new token can help: a 401 of an origin we sent the token to, whose challenge names no other fault (RFC 6750, 3.1). */
function isRejected(context: Context, target: URL, response: Response): boolean {
  const { status, redirected } = response
  const refuses = status === 401 || status === 403
  if (!refuses && !redirected) return false
  const final = new URL(response.url || target)
  if (!mayReceiveCredential(context, final)) {
    const message = words.redirectedTo(final.origin)
    context.note('request.redirected', { url: told(context, target), status, message })
    return false
  }
  const header = response.headers.get('www-authenticate')
  const bearer = header && parseChallenges(header).find(({ scheme }) => scheme === 'bearer')
  const error = bearer ? bearer.parameters.get('error') : undefined
  if (refuses && bearer && error === 'insufficient_scope')
    context.note('request.forbidden', {
      url: told(context, target),
      status,
      scope: bearer.parameters.get('scope'),
    })
  return (
    status === 401 &&
    (error === undefined || error === 'invalid_token') &&
    // Wrong credentials at the sign-in say nothing about the token.
    !(['login', 'refresh', 'logout'] as const).some(
      (endpoint) => endpointUrl(context, endpoint) === plain(target),
    )
  )
}
