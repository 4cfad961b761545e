import type { TokenError } from './errors.js'

/**
 * The answer that refuses a call, its challenge that of RFC 6750. The body says the same, since gateways rename or drop the header. A call
 * without a token gets a challenge without an error (RFC 6750, 3.1).
 */
export function refusalOf(
  { code, reason, status, retryAfter }: TokenError,
  scopes: readonly string[],
): Response {
  const description =
    reason === 'expired'
      ? 'The access token expired'
      : code === 'invalid_token'
        ? 'The access token is not good here'
        : ''
  const headers = new Headers({ 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  const body = {
    error: code,
    ...(description && { error_description: description }),
    ...(code === 'insufficient_scope' && { scope: scopes.join(' ') }),
  }
  if (status === 503) headers.set('Retry-After', String(retryAfter))
  else {
    const { error, ...rest } = body
    const parameters = Object.entries({ realm: 'api', ...(code !== 'missing_token' && { error }), ...rest })
    headers.set(
      'WWW-Authenticate',
      `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`,
    )
  }
  return new Response(JSON.stringify(body), { status, headers })
}
