import type { Awaitable } from '../server/ports.js'

export interface OidcOptions {
  /** The provider, as it names itself: `'https://accounts.google.com'`. Its endpoints and keys are found there. */
  issuer: string
  clientId: string
  /** From the environment. A function where it is made anew now and then, as Apple's is. Default: none, for a client that has no secret. */
  clientSecret?: string | (() => Awaitable<string>) | undefined
  /** How the secret is sent. Default: `'client_secret_basic'`, which every provider must take. */
  clientAuthentication?: 'client_secret_basic' | 'client_secret_post' | undefined
  /** Default: `'openid email profile'`. */
  scope?: string | undefined
  /** How the answer comes back. Apple posts it where names or addresses are asked for: `'form_post'`. Default: `'query'`. */
  responseMode?: 'query' | 'form_post' | undefined
  /** What else goes with the person to the sign-in page, such as `{ prompt: 'select_account' }`. Default: nothing. */
  parameters?: Readonly<Record<string, string>> | undefined
  /** Also asks the provider's user info endpoint, for providers that keep the address out of the ID token. Default: false. */
  userInfo?: boolean | undefined
  /** How long each question to the provider may take, in ms. Default: 5000. */
  timeoutMs?: number | undefined
  /** Lets the provider be on plain http, for tests: only on this very machine. Default: false. */
  allowInsecureRequests?: boolean | undefined
}

const NAMES: Record<keyof OidcOptions, true> = {
  issuer: true,
  clientId: true,
  clientSecret: true,
  clientAuthentication: true,
  scope: true,
  responseMode: true,
  parameters: true,
  userInfo: true,
  timeoutMs: true,
  allowInsecureRequests: true,
}

/** What the sign-in is bound to, which is new each time. */
const OURS = [
  'client_id',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
]

/** Says at once what would fail at somebody's sign-in. */
export function checkOptions(options: OidcOptions): void {
  const demand = (valid: boolean, sentence: string): void => {
    if (!valid) throw new TypeError(`Failed to create the provider: ${sentence}`)
  }
  demand(typeof options === 'object' && options !== null, 'it needs options: oidc({ issuer, … }).')
  const unknown = Object.keys(options).find((name) => !(name in NAMES))
  demand(
    unknown === undefined,
    `there is no option "${unknown}". Known are ${Object.keys(NAMES).join(', ')}.`,
  )
  const { issuer, clientId, clientSecret, clientAuthentication, responseMode, timeoutMs, parameters } =
    options
  const url = typeof issuer === 'string' && URL.canParse(issuer) ? new URL(issuer) : undefined
  demand(
    url !== undefined && url.search === '' && url.hash === '',
    '"issuer" must be the URL that the provider calls itself by, such as "https://accounts.google.com".',
  )
  const isLoopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url?.hostname ?? '')
  demand(
    url?.protocol === 'https:' ||
      (url?.protocol === 'http:' && isLoopback && options.allowInsecureRequests === true),
    '"issuer" must begin with https:. Only on this very machine it may be http:, with allowInsecureRequests.',
  )
  demand(
    options.allowInsecureRequests !== true || isLoopback,
    '"allowInsecureRequests" is for a provider on this very machine, and its issuer is none.',
  )
  demand(
    typeof clientId === 'string' && clientId !== '',
    '"clientId" must be the text that the provider gave you.',
  )
  demand(
    clientSecret === undefined ||
      typeof clientSecret === 'function' ||
      (typeof clientSecret === 'string' && clientSecret !== ''),
    '"clientSecret" must be a text, or a function that gives one; from the environment, where it may be missing.',
  )
  demand(
    [undefined, 'client_secret_basic', 'client_secret_post'].includes(clientAuthentication),
    '"clientAuthentication" must be "client_secret_basic" or "client_secret_post".',
  )
  demand(
    [undefined, 'query', 'form_post'].includes(responseMode),
    '"responseMode" must be "query" or "form_post".',
  )
  demand(
    options.scope === undefined || options.scope.split(' ').includes('openid'),
    '"scope" must have "openid" in it: without it the provider says nothing that is signed.',
  )
  const taken = Object.keys(parameters ?? {}).find((name) => OURS.includes(name))
  demand(taken === undefined, `"parameters" must leave "${taken}" to this library.`)
  demand(
    timeoutMs === undefined || (Number.isSafeInteger(timeoutMs) && timeoutMs > 0),
    '"timeoutMs" must be a whole number above 0.',
  )
}
