import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import type { SignInOutcome } from '../server/sign-in.js'

const refuse = (code: string, status: number): SignInOutcome => ({ kind: 'refused', code, status })

/** Answers that are none to this sign-in: forged, of another one, or older than they may be. */
const FORGED = ['OAUTH_INVALID_RESPONSE', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED']

/** What the provider, or what came back in its name, deserves a refusal for; undefined where somebody should look after it. */
export function refusalOf(error: unknown): SignInOutcome | undefined {
  if (error instanceof AuthorizationResponseError) {
    return error.error === 'access_denied' ? refuse('access_denied', 403) : refuse('provider_refused', 400)
  }
  // The code was spent, or is of another sign-in. Any other refusal is about the client, and so about the one who runs it.
  const isSpent = error instanceof ResponseBodyError && error.error === 'invalid_grant'
  const isForged = error instanceof ClientError && FORGED.includes(error.code ?? '')
  return isSpent || isForged ? refuse('invalid_grant', 400) : undefined
}

/**
 * An error without its cause: causes of `openid-client` hold the answer itself, with code, state and tokens, and this error goes to whoever
 * listens to the events of the server.
 */
export function faultOf(error: unknown): Error {
  return new Error(`The identity provider could not be asked: ${nameOf(error)}`)
}

/** Codes alone: the sentences of errors may quote what was sent. */
function nameOf(error: unknown): string {
  if (error instanceof ResponseBodyError)
    return `${error.status} ${KNOWN.includes(error.error) ? error.error : ''}`
  if (error instanceof ClientError) return error.code ?? networkOf(error.cause)
  return networkOf(error)
}

const KNOWN = [
  'invalid_client',
  'invalid_request',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]

function networkOf(error: unknown): string {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } }
  const code = cause?.code
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'no usable answer came'
}
