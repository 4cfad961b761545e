import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  ClientSecretPost,
  clockTolerance,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  type ClientAuth,
  type Configuration,
} from 'openid-client'
import type { LoginProvider, ProviderAnswer, ProviderIdentity } from '../server/providers/provider.js'
import { faultOf, refusalOf } from './faults.js'
import { checkOptions, type OidcOptions } from './options.js'

/** How far the clocks of provider and server may be apart, in seconds. */
const TOLERANCE = 30
/** How long what the provider says of itself is taken for true, in ms. */
const KNOWN_MS = 60 * 60_000

/**
 * A provider that speaks OpenID Connect, for `providers` of `createAuthServer`. It is asked for its endpoints when somebody first goes there, so that a
 * server starts without it. Its tokens are looked at and let go of: nothing keeps them.
 */
export function oidc(options: OidcOptions): LoginProvider {
  checkOptions(options)
  const { issuer, clientId, scope = 'openid email profile', responseMode = 'query', parameters } = options
  const isInsecure = options.allowInsecureRequests === true
  let known: { readonly configuration: Configuration; readonly since: number } | undefined

  const discover = (): Promise<Configuration> =>
    discovery(new URL(issuer), clientId, { [clockTolerance]: TOLERANCE }, authenticate(options), {
      // In seconds.
      timeout: (options.timeoutMs ?? 5000) / 1000,
      // The token comes from the provider itself, over TLS; that it has signed it is looked at all the same.
      execute: [enableNonRepudiationChecks, ...(isInsecure ? [allowInsecureRequests] : [])],
    })

  /** Only an answer is remembered. Nobody waits for what somebody else has asked: in Workers no promise may go from request to request. */
  const configure = async (): Promise<Configuration> => {
    if (known !== undefined && Date.now() - known.since < KNOWN_MS) return known.configuration
    // One of those who come then asks anew. What was true an hour ago is better for the others than to wait, and better than nobody who can sign in.
    if (known !== undefined) known = { ...known, since: Date.now() }
    try {
      known = { configuration: await discover(), since: Date.now() }
    } catch (error) {
      if (known === undefined) throw faultOf(error)
    }
    return known.configuration
  }

  const identify = async (
    configuration: Configuration,
    answer: ProviderAnswer,
  ): Promise<ProviderIdentity> => {
    const { redirectUri, state, nonce, codeVerifier } = answer
    // `redirect_uri` of the exchange is this URL without its parameters, so it is the configured one and none that a proxy has made.
    const url = new URL(redirectUri)
    for (const [name, value] of answer.parameters) url.searchParams.append(name, value)
    const tokens = await authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    })
    const said = tokens.claims()
    if (said === undefined) throw new TypeError('The provider gave no ID token')
    const { iss, sub, nonce: _nonce, ...claims } = said
    const more = options.userInfo === true ? await fetchUserInfo(configuration, tokens.access_token, sub) : {}
    return {
      issuer: iss,
      subject: sub,
      claims: { ...merged(claims, more), iss, sub },
      unsigned: unsignedOf(answer.parameters),
    }
  }

  return {
    responseMode,
    async begin(request) {
      const configuration = await configure()
      return buildAuthorizationUrl(configuration, {
        ...parameters,
        redirect_uri: request.redirectUri,
        scope,
        state: request.state,
        nonce: request.nonce,
        code_challenge: request.codeChallenge,
        code_challenge_method: 'S256',
        response_mode: responseMode,
      })
    },
    async finish(answer) {
      const configuration = await configure()
      try {
        return await identify(configuration, answer)
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal === undefined) throw faultOf(error)
        return refusal
      }
    },
  }
}

function authenticate({ clientSecret, clientAuthentication }: OidcOptions): ClientAuth {
  if (clientSecret === undefined) return None()
  const method = clientAuthentication === 'client_secret_post' ? ClientSecretPost : ClientSecretBasic
  if (typeof clientSecret === 'string') return method(clientSecret)
  // oxlint-disable-next-line typescript/no-misused-promises -- `openid-client` waits for what it calls
  return async (...call) => method(await clientSecret())(...call)
}

/** What both say, the signed one first. That an address is verified is said of the one beside it, and of no other. */
function merged(signed: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>>): object {
  const { email_verified: verified, ...others } = more
  const isSame = signed['email'] === undefined || signed['email'] === more['email']
  return { ...others, ...(isSame && verified !== undefined && { email_verified: verified }), ...signed }
}

/** What Apple says of somebody who comes for the first time, and never again. */
function unsignedOf(parameters: URLSearchParams): Readonly<Record<string, unknown>> | undefined {
  try {
    const user: unknown = JSON.parse(parameters.get('user') ?? '')
    return typeof user === 'object' && user !== null && !Array.isArray(user) ? { ...user } : undefined
  } catch {
    return undefined
  }
}
