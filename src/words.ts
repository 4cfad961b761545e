/*
 * What the development build says to a developer, all of it but what `wire/diagnose.ts` loads for itself. The build puts
 * `words.production.ts` in the place of this file; run from the sources it is this one.
 */

export const SENTENCES = {
  login_required: 'nobody is signed in. Call login() or loginWithRedirect() first',
  session_ended: 'the session has ended. Sign in again',
  inside_exchange:
    'an exchange that has sent nothing for a second waits for this call. Call it before or after, and leave dialogs outside',
  session_changed: 'somebody signed in or out in between. Start again as who is signed in now',
  invalid_credentials: 'the server did not accept the credentials',
  login_refused: 'the server refuses the sign-in for a reason of its own: see `serverCode` and `response`',
  csrf_refused: 'the server did not accept the CSRF token. Check `session.csrf`',
  user_disabled: 'this account is disabled',
  forbidden:
    'the server refuses the call (403). Check its allowed origins, `staticHeader` and `session.csrf`',
  rate_limited: 'the server asks to wait. Call again at `retryAt`',
  timeout: 'the server did not answer in time',
  offline: 'the network is down. The session is kept',
  network: 'no answer arrived. Check that the server is up and allows this origin with credentials (CORS)',
  server_error: 'the server answered with an error. The session is kept',
  invalid_response: 'the answer is not what the contract says. Check the endpoint and what is in between',
  redirected: 'the endpoint answered with a redirect. Check for a sign-in page in between',
  unsupported_token_type: 'the server issued no bearer token',
  invalid_user:
    'the user has neither `sub` nor `id`: say with `getUserId` who it is. Or `parseUser` threw: see `cause`',
  refresh_loop: 'the server issues expired tokens. Check its clock and `expires_in`',
  session_mode_refused:
    'the backend answers with a cookie session. If that is meant, say in `session.csrf` how writes are protected',
  no_session_cookie:
    'after the sign-in the session endpoint knows nobody. Check the cookie and its Path, Domain and SameSite',
  no_token_in_session_mode: 'a cookie is the credential, and script never sees a token. Use `auth.fetch`',
  not_replayable: 'the request was refused, and its body can be read only once. Send it anew',
  invalid_return_to: '`returnTo` must be a path of this origin such as "/orders", and no auth route',
  embedded: 'this page is in a frame of another origin. Open it in its own window, or set `redirectInFrame`',
  no_page: 'there is no page (server rendering?). Call this in the browser',
  disposed: 'this client was disposed. Create a new one',
} as const

/** What an error message is made of. */
export interface Told {
  readonly action?: string | undefined
  readonly said?: string | undefined
  readonly sentence?: string | undefined
  readonly status?: number | undefined
}

export function messageOf(code: keyof typeof SENTENCES, { action, said, sentence }: Told): string {
  const failed = action ? `Failed to ${action}: ` : ''
  return `${failed}${said ? `${said}: ` : ''}${sentence ?? SENTENCES[code]}.`
}

// What failed.
export const LOG_IN = 'log in'
export const EXCHANGE = 'exchange'
export const LOG_OUT = 'log out'
export const BEGIN = 'begin the sign-in'
export const REFRESH = 'refresh the session'
export const RESTORE = 'restore the session'
export const GET_TOKEN = 'get an access token'
export const SEND = 'send an authenticated request'
export const DIAGNOSE = 'diagnose'

// What an option must be.
export const OBJECT = 'an object'
export const ARRAY = 'an array'
export const BOOLEAN = 'a boolean'
export const NAME = 'a non-empty string'
export const FUNCTION = 'a function'
export const PATH = 'a path such as "/auth/login"'
export const PATHS = 'an array of paths such as "/sign-in"'
export const ORIGINS = 'an array of origins'
export const HEADER = 'a pair of strings such as ["X-CSRF", "1"]'
export const HINT = 'an object such as { cookie: "signed_in" }'
export const MODE = '"token", "session" or "auto"'
export const PROOF = '"cookie" or "bearer"'
export const RESTORES = '"auto", "always" or "never"'
export const ROTATION = '"grace" or "strict"'
export const REPLAY = '"all", "safe" or a function'
export const REFUSAL = 'an object { status, code, reason }, its status from 400 to 499'
export const CSRF_REFUSAL = 'an object { status, code }, its status from 400 to 499'
export const CSRF = 'a name; "rotates" a boolean'
export const SESSION = 'the name of a header, a number of seconds, or a boolean'
export const SESSION_PATH = 'a path in session mode'
export const SECONDS = 'a number of seconds, zero or more'
export const SECONDS_ABOVE_ZERO = 'a number of seconds above zero'
export const MILLISECONDS = 'a number of milliseconds above zero'
export const URL_ABSOLUTE = 'an absolute URL such as "https://api.example.com"'
export const URL_SECURE =
  'an https URL, or http on a loopback host, of one host by its name, without wildcards'
export const URL_PLAIN = 'a URL without query, fragment and "//" in its path'
export const originAlone = (origin: string): string | undefined =>
  `an origin without path, such as "${origin}"`

export const wrongOption = (option: string, expected: string | undefined): string =>
  `Failed to create the auth client: "${option}" must be ${expected}.`

export function unknownOption(prefix: string, stranger: string, known: readonly string[]): string {
  const distance = (name: string) => apart(name, stranger) + apart(stranger, name)
  const [nearest = ''] = [...known].sort((a, b) => distance(a) - distance(b))
  return `Failed to create the auth client: there is no option "${prefix + stranger}". The nearest is "${prefix + nearest}".`
}

/** How many letters of a name the other one lacks: near enough to find what was meant. */
const apart = (name: string, other: string): number =>
  name
    .toLowerCase()
    .split('')
    .filter((letter) => !other.toLowerCase().includes(letter)).length

// What else is called in a wrong way.
export const wrongEvent = (name: string): string => `Failed to listen: there is no event "${name}".`
export const WRONG_VALIDITY = `Failed to get an access token: "minValidity" must be ${SECONDS}.`
export const WRONG_CREDENTIALS =
  'Failed to log in: the credentials must be what JSON can hold, such as { email, password }.'
export const WRONG_EXCHANGE = 'Failed to exchange: it must be given a function that asks the server.'
export const NO_ID = 'The user has no id'

// What the timeline and the console say.
type Sentence = string | undefined
export const TWICE: Sentence = 'A new token is rejected: check issuer, audience and keys of the resource'
export const COOKIE_TWICE: Sentence =
  'The session endpoint knows the session and the resource does not: check Path and Domain of the cookie'
export const CSRF_TWICE: Sentence =
  'Refused with the newest CSRF token: check `header` and `refusals` of `session.csrf`'
export const redirectedTo = (origin: string): string =>
  `Redirected to ${origin}, which the credential may not reach`
export const notHere = (missing: readonly string[]): string =>
  `Not available here: ${missing.join(', ')}. Signing in works; other tabs are noticed later.`
export const LOCKS = 'Web Locks (no https?)'
export const STORAGE = 'localStorage (blocked?)'
