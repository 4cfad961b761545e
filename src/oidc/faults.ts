import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
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

/** Statuses and codes that we know: the sentences of errors may quote what was sent. */
function nameOf(error: unknown): string {
  const known = (code: string | undefined): string =>
    code !== undefined && CODES.includes(code) ? ` ${code}` : ''
  if (error instanceof ResponseBodyError) return `${error.status}${known(error.error)}`
  if (error instanceof WWWAuthenticateChallengeError) {
    return `${error.status}${known(error.cause[0]?.parameters.error)}`
  }
  if (error instanceof ClientError && error.code !== undefined) return error.code
  return networkOf(error instanceof ClientError ? error.cause : error)
}

const CODES = [
  'invalid_client',
  'invalid_request',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]

function networkOf(error: unknown): string {
  const code = (error as { cause?: { code?: unknown } } | undefined)?.cause?.code
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'no usable answer came'
}
