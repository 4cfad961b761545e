import type { Hono } from 'hono/tiny'
import type { Access } from './access.js'
import { empty, json, Refusal } from './answers.js'
import type { Authenticate } from './callers.js'
import { readJson, requireKnownSource, requireStaticHeader } from './checks.js'
import type { Cookies } from './cookies.js'
import type { Credentials } from './credentials.js'
import type { Csrf } from './csrf.js'
import { ENDPOINTS, type Context, type Environment, type Exchange } from './exchange.js'
import { sessionAnswer, signIn, tokenAnswer, type Grant } from './grants.js'
import { isProvedByCookie, logout } from './logout.js'
import { otherThan } from './modes.js'
import type { CheckPassword } from './passwords.js'
import type { RedirectLogin } from './redirect-login.js'
import type { Refreshed, RefreshRequest } from './refresh.js'
import type { Sessions } from './sessions.js'
import type { Settings } from './settings.js'

export interface Services {
  readonly settings: Settings
  readonly sessions: Sessions
  readonly access: Access
  readonly cookies: Cookies
  readonly credentials: Credentials
  readonly csrf: Csrf
  readonly authenticate: Authenticate
  readonly checkPassword: CheckPassword
  readonly redirectLogin: RedirectLogin
  readonly refresh: (request: RefreshRequest) => Promise<Refreshed>
}

/** The calls that begin, renew and end a session. */
export function addAuthRoutes(app: Hono<Environment>, services: Services): void {
  const { settings, sessions, access, cookies, credentials, csrf, checkPassword } = services
  const { clock, modes, signer, store } = settings

  const granted = (exchange: Exchange, grant: Grant): Response => {
    const { user, session, secret, issued } = grant
    const other = otherThan(session.mode)
    if (modes.serves(other) && cookies.credential(other, exchange.header('cookie')) !== undefined) {
      exchange.cookies.push(...cookies.deleteReplaced(session.mode))
    }
    exchange.cookies.push(...cookies.setCredential(session.mode, secret, session, clock.now()))
    return json(
      issued === undefined
        ? {
            ...sessionAnswer(user, session, settings.idleMs, clock.now()),
            ...csrf.inAnswer(exchange, session.id),
          }
        : tokenAnswer(user, session, issued),
    )
  }

  /** The checks of every call that changes something, then its body. */
  const accept = async ({ req, env: { exchange } }: Context): Promise<Readonly<Record<string, unknown>>> => {
    requireKnownSource(settings, exchange)
    requireStaticHeader(settings, exchange)
    return readJson(req.raw)
  }

  app.post(ENDPOINTS.login, async (context) => {
    const { exchange } = context.env
    const { email, password } = await accept(context)
    if (typeof email !== 'string' || typeof password !== 'string') {
      throw new Refusal(400, 'invalid_request', { description: 'Send {"email", "password"}' })
    }
    const replaces = await credentials.sessionIds(exchange)
    if (settings.csrf.login) csrf.require(exchange, undefined, ...replaces)
    const user = await checkPassword(email, password, exchange.address)
    const userAgent = exchange.header('user-agent') ?? ''
    return granted(
      exchange,
      await signIn(settings, sessions, access, user, { userAgent, replaces, tweaks: exchange.tweaks }),
    )
  })

  app.post(ENDPOINTS.refresh, async (context) => {
    const { exchange } = context.env
    if (!modes.serves('token')) throw new Refusal(404, 'not_found')
    const { background } = await accept(context)
    const refreshed = await services.refresh({
      credential: await credentials.find(exchange),
      background: background === true,
      tweaks: exchange.tweaks,
    })
    exchange.outcome = refreshed.outcome
    return granted(exchange, refreshed)
  })

  app.post(ENDPOINTS.logout, async (context) => {
    const { exchange } = context.env
    const { session_id: sessionId, scope = 'current' } = await accept(context)
    if (
      (sessionId !== undefined && sessionId !== null && typeof sessionId !== 'string') ||
      (scope !== 'current' && scope !== 'all')
    ) {
      throw new Refusal(400, 'invalid_request', { description: 'Send {"session_id", "scope"}' })
    }
    const found = await credentials.all(exchange)
    const cookie =
      found.find(({ session }) => session?.id === sessionId) ?? (await credentials.find(exchange))
    const token = await access.read(exchange.header('authorization'), 'accepted')
    const request = { sessionId: sessionId ?? undefined, scope, cookie: cookie?.session, token } as const
    // A forged sign-out of a cookie session is refused; one that would end nothing is not worth a word.
    if (cookie?.mode === 'session' && isProvedByCookie(request)) csrf.require(exchange, cookie.session?.id)
    if ((await logout(store, sessions, request)) && cookie !== undefined) {
      exchange.cookies.push(...cookies.deleteCredential(cookie.mode))
    }
    return empty()
  })

  app.get(ENDPOINTS.jwks, async () =>
    json(await signer.keys(clock.now()), 200, { 'Cache-Control': 'public, max-age=300' }),
  )
}
