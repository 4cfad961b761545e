import { type Credential, elapsed } from '../core/lifetime.js'
import { sameJson } from '../core/same-json.js'
import { AuthError, isA } from '../errors.js'
import * as words from '../words.js'
import type { Context } from '../plumbing/context.js'
import { cookieHeaders, isSafe } from '../wire/csrf.js'
import { LOADED } from '../wire/development.js'
import type { Refresher } from '../acts/refresh.js'
import { mayReceiveCredential, plain, resolve, told } from '../wire/destinations.js'
import { refusalIn } from './refusals.js'
import { ensureToken } from './tokens.js'
import { modeOf } from '../wire/obtain.js'
import { linked, raced } from '../plumbing/waiting.js'

/** `RequestInit` of the platform, and whether the request acts for the user. */
export interface AuthRequestInit extends RequestInit {
  /**
   * `required`: rejects where nobody is signed in. `optional`: goes out without the credential then. `omit`: always goes
   * out without it.
   * @default 'required'
   */
  auth?: 'required' | 'optional' | 'omit' | undefined
  /** Asked after a 401 besides the client's `replay`, for this request alone; false makes the 401 its answer. */
  replay?: (() => boolean) | undefined
}

/** What resources refused although the credential was issued because of it: one more would not help them. */
const hopeless = new WeakMap<Credential, Set<string>>()
/** How long that is believed of a cookie session: a token is renewed some day, and its end may be told by such a refusal alone. */
const HOPELESS_MS = 60_000

/** `fetch` with the credential of the session, where the URL may receive it. */
export async function authenticatedFetch(
  context: Context,
  refresher: Refresher,
  started: () => Promise<void>,
  input: string | URL | Request,
  init: AuthRequestInit = {},
): Promise<Response> {
  const { auth = 'required', replay, ...rest } = init
  const { options } = context
  const send = options.fetch
  const given = isRequest(input) ? input : undefined
  const page = context.ports.page.url()
  const url = resolve(given ? given.url : (input as string | URL), page)
  const headers = new Headers(rest.headers ?? given?.headers)
  // What the caller authenticates in his own way, or addresses elsewhere, is none of our business.
  const foreign = !url || !mayReceiveCredential(context, url, page) || headers.has('authorization')
  if (foreign) {
    const sent = send(input, rest)
    const isRelative = options.baseUrl && typeof input === 'string' && !input.includes('//')
    // It goes without the credential, which may not be what was meant.
    const look = async ({ status }: Response) => {
      if (url && (isRelative || status === 401) && !headers.has('authorization'))
        (await import('../wire/for-developers.js')).strayed(context, url, status, LOADED)
    }
    void sent.then(look).catch(() => {})
    return sent
  }
  if (auth === 'omit')
    return send(input, modeOf(context) === 'session' ? { ...rest, credentials: 'omit' } : rest)

  const signals = [context.life, rest.signal === undefined ? given?.signal : rest.signal] as const
  const [signal, release] = linked(...signals)
  // Made before the first wait: what the caller does to his URL, body or headers meanwhile changes nothing, as in fetch.
  const request = new Request(given ?? url, { ...(given && carried(given)), ...rest, signal })
  // A stream can be read once: the token must last, since there is no second attempt.
  const isStream = isStreamBody(rest.body)
  // What has no body is made anew if it comes to that, which is cheaper than a copy of each. Firefox does not tell, and gets one.
  const spare = isStream || request.body === null ? undefined : request.clone()
  const safe = isSafe(request.method)
  const acquire = (cause: string, rejected?: Credential) =>
    ensureToken(context, refresher, {
      cause,
      minValidity: isStream ? options.refreshMargin : undefined,
      rejected,
      unsafe: !safe,
      signal,
    })
  let proof: readonly (readonly [name: string, value: string])[] = []
  const attempt = async (credential: Credential, request: Request) => {
    signal.throwIfAborted()
    let cookie: RequestInit | undefined
    if (credential.mode === 'token') request.headers.set('authorization', `Bearer ${credential.token}`)
    else {
      proof = cookieHeaders(context, credential, safe)
      for (const [name, value] of proof) request.headers.set(name, value)
      cookie = { ...carried(request), credentials: 'include' }
      if (!safe && !options.followRedirects && request.redirect === 'follow') cookie.redirect = 'manual'
    }
    const response = await send(request, cookie)
    // What comes behind an abort, which not every fetch hears of, is nobody's.
    signal.throwIfAborted()
    return response
  }

  const run = async (): Promise<Response> => {
    await started()
    let credential
    try {
      credential = await acquire('request')
    } catch (error) {
      const nobody = context.state.phase === 'out' && !signal.aborted
      const bare = modeOf(context) === 'session' ? { ...carried(request), credentials: 'omit' as const } : {}
      if (auth === 'optional' && nobody) return send(request, bare)
      throw error
    }
    const first = await attempt(credential, request)
    const refusal = await refusalIn(context, url, first, credential, safe)
    if (!refusal) return first
    // By kind: a 403 that is not about CSRF must hide no 401.
    const matter = `${refusal} ${plain(url)}`
    const { mode, issued } = credential
    const isKnown = mode === 'token' || elapsed(issued, context.instant()) < HOPELESS_MS
    if (isKnown && hopeless.get(credential)?.has(matter)) return first
    const giveUp = (credential: Credential, { status }: Response) => {
      hopeless.set(credential, (hopeless.get(credential) ?? new Set()).add(matter))
      const message =
        refusal === 'csrf'
          ? words.CSRF_TWICE
          : credential.mode === 'session'
            ? words.COOKIE_TWICE
            : words.TWICE
      context.note('request.unauthorized', { url: told(context, url), status, message })
    }
    const mayReplay =
      !isStream && refusal !== 'page' && isReplayAllowed(context, request) && replay?.() !== false
    // Waited for in any case, so that what the caller sends next does not meet the same 401.
    const renewed = await acquire(refusal, credential).catch((error: unknown) => {
      // Where the breaker says that new tokens do not help, or none is needed, the 401 is the answer.
      const loops = error instanceof AuthError && error.code === 'refresh_loop'
      if (signal.aborted || (mayReplay && !loops)) throw error
    })
    if (isStream) {
      const said = `${request.method} ${told(context, url)}`
      throw new AuthError('not_replayable', {
        status: first.status,
        response: first,
        action: words.SEND,
        said,
      })
    }
    // The same again would be refused again: it is not for the sake of the token that it was.
    const same = refusal === 'csrf' && renewed && sameJson(proof, cookieHeaders(context, renewed, safe))
    if (renewed && (same || refusal === 'page')) giveUp(renewed, first)
    if (!mayReplay || !renewed || same) return first
    context.note('request.replayed', { url: told(context, url), generation: renewed.generation })
    void first.body?.cancel().catch(() => {})
    const second = await attempt(renewed, spare ?? new Request(request, { ...carried(request), headers }))
    if (await refusalIn(context, url, second, renewed, safe)) giveUp(renewed, second)
    return second
  }
  const response = raced(run(), ...signals)
  void response.then(release, () => release())
  return response
}

const isRequest = (input: unknown): input is Request => isA(input, 'Request')
const isStreamBody = (body: unknown): boolean => isA(body, 'ReadableStream')

/** What is lost where a request is passed on with an init: the referrer by the standard, keepalive in Firefox. */
const carried = ({ keepalive, referrer, referrerPolicy }: Request): RequestInit => ({
  keepalive,
  referrer,
  referrerPolicy,
})

function isReplayAllowed({ options }: Context, { method, url }: Request): boolean {
  const { replay } = options
  return typeof replay === 'function' ? replay({ method, url }) : replay === 'all' || isSafe(method)
}
