import type { Hono } from 'hono/tiny'
import { empty, Refusal, seeOther, unavailable } from '../answers.js'
import { readForm } from '../checks.js'
import type { Environment, Exchange } from '../exchange.js'
import { signIn, type Grant } from '../grants.js'
import { otherThan } from '../modes.js'
import { digest } from '../secrets.js'
import type { Services } from '../server.js'
import { createAttempts, type Attempt } from './attempts.js'
import { createIdentify } from './identify.js'
import { failedPage, onwardPage } from './pages.js'
import type { LinkUser, LoginProvider } from './provider.js'
import { safeReturnTo } from './return-to.js'

/** Sessions that one sign-in ends: more than a browser can have begun. */
const MOST_REPLACED = 12
/** How long an answer that got lost may be had again. */
const AGAIN_MS = 30_000

type HandedOut = Pick<Grant, 'session' | 'cookie' | 'now'>

/** Sign-in at providers, each option with its default in place. */
export interface ProviderSettings {
  readonly providers: ReadonlyMap<string, LoginProvider>
  readonly linkUser: LinkUser
  /** Attempts are sealed with the first, and those of all are good. */
  readonly keys: readonly string[]
  /** Where people land. Default: the origin of the server. */
  readonly appOrigin: string | undefined
  readonly startPath: string
  callbackPath(provider: string): string
  /** Paths that are no pages of the application. */
  readonly own: readonly string[]
}

/**
 * The two calls of a sign-in at a provider, both of them navigations. What the provider gives out stays in `LoginProvider.finish`: no page, no event and
 * no row of the store has it.
 */
export function addProviderRoutes(
  app: Hono<Environment>,
  services: Services,
  settings: ProviderSettings,
): void {
  const { sessions, access, cookies, credentials } = services
  const { emit, modes, store } = services.settings
  const { providers, startPath, callbackPath } = settings
  const attempts = createAttempts(services.settings, settings.keys)
  const identify = createIdentify(services.settings, settings.linkUser)

  const pageAt = (exchange: Exchange, path: string): string =>
    new URL(path, settings.appOrigin ?? exchange.origin).href
  const redirectUri = (exchange: Exchange, provider: string): string =>
    new URL(callbackPath(provider), exchange.origin).href
  const startAt = (provider: string, returnTo: string): string =>
    `${startPath}?${new URLSearchParams({ provider, return_to: returnTo }).toString()}`

  /** A page for a person, other than for a developer. */
  const failed = (exchange: Exchange, refusal: Refusal, again: string | undefined): Response => {
    const { status, code, headers } = refusal
    exchange.outcome = code
    return failedPage({ status, code, headers, again, app: pageAt(exchange, '/') })
  }

  const wantedOf = (query: URLSearchParams): string | undefined =>
    query.get('provider') ?? (providers.size === 1 ? [...providers.keys()][0] : undefined)

  const start = async (exchange: Exchange, query: URLSearchParams): Promise<Response> => {
    const wanted = wantedOf(query)
    const provider = providers.get(wanted ?? '')
    if (wanted === undefined || provider === undefined) {
      throw new Refusal(400, 'invalid_request', { description: 'There is no such provider' })
    }
    const returnTo = safeReturnTo(query.get('return_to') ?? '/', settings.own)
    if (returnTo === undefined) {
      return failed(exchange, new Refusal(400, 'invalid_return_to'), startAt(wanted, '/'))
    }
    try {
      const { now } = await store.userGeneration('nobody')
      const replaces = await credentials.sessionIds(exchange)
      const header = exchange.header('cookie')
      const attempt = attempts.begin({ provider: wanted, returnTo, replaces }, header, now)
      const { state, nonce, codeVerifier } = attempt
      const location = await identify.begin(provider, {
        redirectUri: redirectUri(exchange, wanted),
        state,
        nonce,
        codeVerifier,
        // A SHA-256 in base64url is just what PKCE calls S256.
        codeChallenge: digest(codeVerifier),
      })
      const cookie = await attempts.write(attempt, isPosted(provider))
      exchange.cookies.push(...attempts.makeRoom(cookie, header), cookie)
      return seeOther(location)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return failed(exchange, error, startAt(wanted, returnTo))
    }
  }

  /** Whose answer came twice, or long after: who is signed in goes to his page. */
  const arrivedAgain = async (exchange: Exchange, state: string): Promise<Response> => {
    const outcome = await attempts.outcome(state)
    const made = outcome?.sessionId === undefined ? undefined : await sessions.find(outcome.sessionId)
    const held = await credentials.find(exchange)
    const isSignedIn = [made, held?.found].some((found) => found !== undefined && found.over === undefined)
    if (isSignedIn) return seeOther(pageAt(exchange, outcome?.returnTo ?? '/'))
    throw new Refusal(400, 'invalid_request')
  }

  const handOut = async (exchange: Exchange, attempt: Attempt, { session, cookie, now }: HandedOut) => {
    exchange.cookies.push(...attempts.delete(attempt))
    for (const other of await attempts.others(attempt, exchange.header('cookie'))) {
      const replaces = [session.id, ...other.replaces].slice(0, MOST_REPLACED)
      const posted = isPosted(providers.get(other.provider))
      exchange.cookies.push(await attempts.write({ ...other, replaces }, posted))
    }
    // Whether the jar has one of the other mode is not known: where a form was posted, the Strict ones stayed behind.
    if (modes.serves(otherThan(session.mode))) exchange.cookies.push(...cookies.deleteReplaced(session.mode))
    exchange.cookies.push(...cookies.setCredential(session.mode, cookie, session, now))
    return seeOther(pageAt(exchange, attempt.returnTo))
  }

  /** The same while the cookie of the attempt is still there, which goes with the answer that signs in: that one was lost, or somebody did not wait for it. */
  const arriveOnceMore = async (exchange: Exchange, attempt: Attempt): Promise<Response> => {
    const outcome = await attempts.settled(attempt)
    if (outcome === undefined) throw unavailable()
    const { sessionId, sealed } = outcome
    const found = sessionId === undefined ? undefined : await sessions.find(sessionId)
    const { session, now, over } = found ?? {}
    const isRecent = now !== undefined && now - (session?.createdAt ?? 0) <= AGAIN_MS
    // Whoever has renewed it has had the answer.
    const isUnused = session !== undefined && over === undefined && session.family.head.generation === 0
    if (!isRecent || !isUnused || sealed === undefined) return arrivedAgain(exchange, attempt.state)
    return handOut(exchange, attempt, { session, cookie: await attempts.open(attempt, sealed), now })
  }

  const finish = async (
    exchange: Exchange,
    name: string,
    attempt: Attempt,
    parameters: URLSearchParams,
  ): Promise<Response> => {
    const { address } = exchange
    try {
      const provider = providers.get(name)
      // Another provider's answer, made to pass for this one's (RFC 9700 4.4).
      if (provider === undefined || attempt.provider !== name) throw new Refusal(400, 'invalid_request')
      const { state, nonce, codeVerifier } = attempt
      const answer = { redirectUri: redirectUri(exchange, name), state, nonce, codeVerifier, parameters }
      const { userId, limits, at } = await identify.finish(name, provider, answer, address)
      const grant = await signIn(services.settings, sessions, access, userId, {
        at,
        userAgent: exchange.header('user-agent') ?? '',
        limits,
        isNative: false,
        replaces: [...new Set([...attempt.replaces, ...(await credentials.sessionIds(exchange))])],
        tweaks: exchange.tweaks,
      })
      // Signed in he is; what this remembers is for an answer that comes twice.
      await attempts
        .note(attempt, { sessionId: grant.session.id, cookie: grant.cookie })
        .catch(() => undefined)
      emit({ type: 'sign-in', userId, sessionId: grant.session.id, address })
      return await handOut(exchange, attempt, grant)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      emit({ type: 'sign-in-refused', code: error.code, address })
      throw error
    }
  }

  const arrive = async (exchange: Exchange, name: string, parameters: URLSearchParams): Promise<Response> => {
    const state = onlyOne(parameters, 'state')
    let attempt: Attempt | undefined
    let isSpent = false
    try {
      attempt = state === undefined ? undefined : await attempts.find(exchange.header('cookie'), state)
      if (attempt === undefined) return await arrivedAgain(exchange, state ?? '')
      const { now } = await store.userGeneration('nobody')
      if (now >= attempt.expiresAt) throw new Refusal(400, 'invalid_request')
      if (!(await attempts.spend(attempt))) return await arriveOnceMore(exchange, attempt)
      isSpent = true
      // Said twice, it could be read once by us and once by another (RFC 6749 3.1).
      if (['code', 'error', 'iss'].some((one) => parameters.getAll(one).length > 1)) {
        throw new Refusal(400, 'invalid_request')
      }
      return await finish(exchange, name, attempt, parameters)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (isSpent && attempt !== undefined) {
        exchange.cookies.push(...attempts.delete(attempt))
        await attempts.note(attempt).catch(() => undefined)
      }
      return failed(exchange, error, attempt && startAt(attempt.provider, attempt.returnTo))
    }
  }

  app.get(startPath, async ({ req, env: { exchange } }) => {
    if (exchange.method === 'HEAD') return empty()
    requireVisit(exchange)
    const query = new URL(req.url).searchParams
    // Who comes back by a form that the provider posts has no second way to bring them.
    const posts = isPosted(providers.get(wantedOf(query) ?? ''))
    return (posts ? onward(exchange, startPath, query) : undefined) ?? start(exchange, query)
  })
  for (const [name, provider] of providers) {
    const path = callbackPath(name)
    const posted = isPosted(provider)
    app.get(path, async ({ req, env: { exchange } }) => {
      if (exchange.method === 'HEAD') return empty()
      requireVisit(exchange)
      const query = posted ? new URLSearchParams() : new URL(req.url).searchParams
      return onward(exchange, path, query) ?? arrive(exchange, name, query)
    })
    if (posted) {
      app.post(path, async ({ req, env: { exchange } }) =>
        arrive(exchange, name, await readForm(req.raw, services.settings)),
      )
    }
  }
}

/**
 * Refuses what no person has asked for: what is fetched ahead of time would spend an attempt, and what a page embeds would fill the browser with them.
 * To a browser 503 means that it has to ask again when somebody does go there.
 */
function requireVisit(exchange: Exchange): void {
  const purpose = exchange.header('sec-purpose') ?? exchange.header('purpose') ?? exchange.header('x-moz')
  if (purpose !== undefined && /prefetch|prerender|preview/i.test(purpose)) throw unavailable()
  const mode = exchange.header('sec-fetch-mode')
  const target = exchange.header('sec-fetch-dest')
  if ((mode !== undefined && mode !== 'navigate') || (target !== undefined && target !== 'document')) {
    throw new Refusal(403, 'origin_refused', { description: 'Go there: this is a navigation, and no fetch' })
  }
}

/** Says that a navigation is one of our own. A provider has no parameter of that name. */
const HOP = 'latchkey'

/**
 * Where another site has led here, the SameSite=Strict cookies stayed behind, and the session before could not be ended: a page of ours goes to the same
 * address once more, and that brings them.
 */
function onward(exchange: Exchange, path: string, query: URLSearchParams): Response | undefined {
  const isOurs = query.has(HOP)
  query.delete(HOP)
  if (isOurs || exchange.header('sec-fetch-site') !== 'cross-site') return undefined
  return onwardPage(`${path}?${new URLSearchParams([...query, [HOP, 'here']]).toString()}`)
}

const isPosted = (provider: LoginProvider | undefined): boolean => provider?.responseMode === 'form_post'

function onlyOne(parameters: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = parameters.getAll(name)
  return more.length > 0 || value === '' ? undefined : value
}
