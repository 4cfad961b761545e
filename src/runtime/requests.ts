import { parseChallenges } from '../core/challenge.js'
import { AuthError } from '../errors.js'
import type { Context } from './context.js'
import { baseUrl } from './endpoints.js'
import type { Refresher } from './refresh.js'
import { ensureToken } from './tokens.js'
import { linked, raced } from './waiting.js'

/** `RequestInit` of the platform, and whether the request acts for the user. */
export interface AuthRequestInit extends RequestInit {
  /**
   * `required`: rejects where nobody is signed in. `optional`: goes out without the credential then. `omit`: always goes
   * out without it.
   * @default 'required'
   */
  auth?: 'required' | 'optional' | 'omit' | undefined
}

/** Whether the URL may receive the credential: exactly one of the origins the developer named, over http or https. */
export function mayReceiveCredential(context: Context, url: URL): boolean {
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username || url.password) return false
  return url.origin === baseUrl(context)?.origin || context.options.allowedOrigins.includes(url.origin)
}

/** `fetch` with the credential of the session, where the URL may receive it. */
export async function authenticatedFetch(
  context: Context,
  refresher: Refresher,
  started: () => Promise<void>,
  input: string | URL | Request,
  init: AuthRequestInit = {},
): Promise<Response> {
  const { auth = 'required', ...rest } = init
  const attempts = new Attempts(input, rest)
  const send = (url: string | URL | Request, options: RequestInit) => context.options.fetch(url, options)
  const target = resolve(context, attempts.url)
  // What the caller authenticates in his own way, or addresses elsewhere, is none of our business.
  const foreign = !target || !mayReceiveCredential(context, target) || attempts.headers.has('authorization')
  if (auth === 'omit' || foreign) return send(input, rest)

  const { signal } = attempts
  await raced(started(), context.disposed, context.life, signal)
  const { life } = context
  const acquire = (rejected?: number) =>
    raced(
      ensureToken(context, refresher, {
        cause: rejected === undefined ? 'request' : '401',
        rejected,
        signal,
      }),
      life,
    )
  let credential
  try {
    credential = await acquire()
  } catch (error) {
    const anonymous = auth === 'optional' && error instanceof AuthError && error.code === 'login_required'
    if (anonymous) return send(input, rest)
    throw error
  }
  const go = async (generation: number, token: string, last: boolean) => {
    const [abort, release] = linked(life, signal)
    const [url, options] = attempts.next(token, last, abort)
    const response = await raced(send(url, options), life).finally(release)
    reportOddities(context, target, response)
    return { generation, response }
  }
  const mayReplay = attempts.replayable && isReplayAllowed(context, attempts.method, target)
  const first = await go(credential.generation, credential.token, !mayReplay)
  if (!isRejected(context, first.response)) return first.response
  if (!mayReplay) {
    // The next request should not meet the same 401.
    void refresher.refresh({ cause: '401' })
    if (attempts.replayable) return first.response
    throw new AuthError('not_replayable', {
      status: 401,
      response: first.response,
      action: describe(attempts.method, target),
    })
  }
  let renewed
  try {
    renewed = await acquire(first.generation)
  } catch (error) {
    // The breaker says that new tokens do not help: then the 401 is the answer.
    if (error instanceof AuthError && error.code === 'refresh_loop') return first.response
    throw error
  }
  context.note('request.replayed', { url: plain(target), generation: renewed.generation })
  void first.response.body?.cancel().catch(() => {})
  const second = await go(renewed.generation, renewed.token, true)
  if (isRejected(context, second.response)) {
    context.note('request.unauthorized', {
      url: plain(target),
      status: second.response.status,
      message: TWICE,
    })
  }
  return second.response
}

const TWICE =
  'The resource rejects a token that was just issued: does it check the same issuer, audience and keys?'

function resolve(context: Context, url: string): URL | undefined {
  try {
    return new URL(url, context.ports.page.url())
  } catch {
    return undefined
  }
}

/** Origin and path: a query may hold secrets. */
const plain = (url: URL): string => url.origin + url.pathname

const describe = (method: string, url: URL): string => `send ${method} ${plain(url)}`

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

function isReplayAllowed({ options }: Context, method: string, url: URL): boolean {
  const { replay } = options
  if (typeof replay === 'function') return replay({ method, url: url.href })
  return replay === 'all' || SAFE_METHODS.has(method)
}

/** Whether a new token can help: a 401 of an origin we sent the token to, whose challenge names no other fault (RFC 6750, 3.1). */
function isRejected(context: Context, response: Response): boolean {
  if (response.status !== 401) return false
  const from = response.url === '' ? undefined : resolve(context, response.url)
  if (from && !mayReceiveCredential(context, from)) return false
  const error = bearerChallenge(response)?.get('error')
  return error === undefined || error === 'invalid_token'
}

function bearerChallenge(response: Response): ReadonlyMap<string, string> | undefined {
  const header = response.headers.get('www-authenticate')
  return header ? parseChallenges(header).find(({ scheme }) => scheme === 'bearer')?.parameters : undefined
}

function reportOddities(context: Context, target: URL, response: Response): void {
  const { status } = response
  if (status === 401 || status === 403) {
    const parameters = bearerChallenge(response)
    if (parameters?.get('error') === 'insufficient_scope') {
      context.note('request.forbidden', { url: plain(target), status, scope: parameters.get('scope') })
    }
  }
  const final = response.redirected ? resolve(context, response.url) : undefined
  if (final && !mayReceiveCredential(context, final)) {
    context.note('request.redirected', {
      url: plain(target),
      status,
      message: `Redirected to ${final.origin}, which the credential may not reach`,
    })
  }
}

/** One request that may have to be sent twice. */
class Attempts {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly signal: AbortSignal | null | undefined
  readonly replayable: boolean
  readonly #input: string | URL | Request
  readonly #init: RequestInit

  constructor(input: string | URL | Request, init: RequestInit) {
    const request = isRequest(input) ? input : undefined
    this.#input = input
    this.#init = init
    this.url = request ? request.url : String(input)
    this.method = (init.method ?? request?.method ?? 'GET').toUpperCase()
    // Headers of the init replace all of the request's, as in fetch.
    this.headers = new Headers(init.headers ?? request?.headers)
    this.signal = init.signal === undefined ? request?.signal : init.signal
    this.replayable = isRepeatable(init.body)
  }

  /** The arguments of the next fetch. All but the last work on a clone, so that the body is there once more. */
  next(token: string, last: boolean, signal: AbortSignal): [string | URL | Request, RequestInit] {
    const headers = new Headers(this.headers)
    headers.set('authorization', `Bearer ${token}`)
    const input = this.#input
    if (!isRequest(input)) return [input, { ...this.#init, headers, signal }]
    // Firefox forgets keepalive of a request that is passed on with an init.
    const { keepalive } = input
    return [last ? input : input.clone(), { keepalive, ...this.#init, headers, signal }]
  }
}

const isRequest = (input: unknown): input is Request =>
  typeof Request === 'function' && input instanceof Request

function isRepeatable(body: BodyInit | null | undefined): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true
  const types = [Blob, FormData, URLSearchParams, ArrayBuffer]
  return types.some((type) => body instanceof type) || ArrayBuffer.isView(body)
}
