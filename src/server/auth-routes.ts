import type { Hono } from 'hono/tiny'
import { empty, json, Refusal } from './answers.js'
import { readJson, requireOwnCall } from './checks.js'
import type { Context, Environment, Exchange } from './exchange.js'
import { sessionAnswer, signIn, tokenAnswer, type Grant } from './grants.js'
import { isProvedByCookie, logout } from './logout.js'
import { otherThan } from './modes.js'
import type { Services } from './server.js'

/** The calls that begin, renew and end a session. */
export function addAuthRoutes(app: Hono<Environment>, services: Services): void {
  const { settings, sessions, access, cookies, credentials, csrf, devices, checkSignIn } = services
  const { clock, emit, endpoints, modes, signer } = settings

  const granted = (exchange: Exchange, grant: Grant): Response => {
    const { user, session, cookie, issued, now } = grant
    if (exchange.isNative && issued !== undefined) {
      return json({ ...tokenAnswer(user, session, issued), refresh_token: cookie })
    }
    const other = otherThan(session.mode)
    if (modes.serves(other) && cookies.credentials(other, exchange.header('cookie')).length > 0) {
      exchange.cookies.push(...cookies.deleteReplaced(session.mode))
    }
    exchange.cookies.push(...cookies.setCredential(session.mode, cookie, session, now))
    return json(
      issued === undefined
        ? {
            ...sessionAnswer(user, session, settings.idleMs, now),
            ...csrf.inAnswer(exchange, session.id),
          }
        : tokenAnswer(user, session, issued),
    )
  }

  /** The checks of every call that changes something, then its body. */
  const accept = async ({ req, env: { exchange } }: Context): Promise<Readonly<Record<string, unknown>>> => {
    requireOwnCall(settings, exchange)
    return readJson(req.raw, settings)
  }

  app.post(endpoints.login.path, async (context) => {
    const { exchange } = context.env
    const body = await accept(context)
    // An app that signs in anew says by its refresh token whose place it takes.
    const own = exchange.isNative ? await credentials.ofBody(body['refresh_token']) : undefined
    const replaces =
      own === undefined ? await credentials.sessionIds(exchange) : [own.found?.session.id ?? []].flat()
    if (settings.csrf.login && !exchange.isNative) csrf.require(exchange, undefined, ...replaces)
    const { address, hiddenBehind } = exchange
    const userAgent = exchange.header('user-agent') ?? ''
    const device = exchange.isNative ? undefined : devices.read(cookies.device(exchange.header('cookie')))
    try {
      const { userId, limits, at } = await checkSignIn({ body, address, hiddenBehind, device })
      const grant = await signIn(settings, sessions, access, userId, {
        at,
        userAgent,
        limits,
        isNative: exchange.isNative,
        replaces,
        tweaks: exchange.tweaks,
      })
      emit({ type: 'sign-in', userId, sessionId: grant.session.id, address })
      const answer = granted(exchange, grant)
      if (!exchange.isNative) exchange.cookies.push(...cookies.setDevice(devices.write(device, userId)))
      return answer
    } catch (error) {
      if (error instanceof Refusal) emit({ type: 'sign-in-refused', code: error.code, address })
      throw error
    }
  })

  app.post(endpoints.refresh.path, async (context) => {
    const { exchange } = context.env
    if (!modes.serves('token')) throw new Refusal(404, 'not_found')
    const { background, refresh_token: value } = await accept(context)
    const refreshed = await services.refresh({
      credential: exchange.isNative ? await credentials.ofBody(value) : await credentials.find(exchange),
      background: background === true,
      address: exchange.address,
      tweaks: exchange.tweaks,
    })
    const { outcome, user, session, elsewhere } = refreshed
    exchange.outcome = outcome
    const { address } = exchange
    const again = outcome === 'redelivered' ? { elsewhere } : {}
    emit({ type: 'refresh', outcome, userId: user.id, sessionId: session.id, address, ...again })
    return granted(exchange, refreshed)
  })

  app.post(endpoints.logout.path, async (context) => {
    const { exchange } = context.env
    const { session_id: sessionId, scope = 'current', refresh_token: value } = await accept(context)
    if (
      (sessionId !== undefined && sessionId !== null && typeof sessionId !== 'string') ||
      (scope !== 'current' && scope !== 'all')
    ) {
      throw new Refusal(400, 'invalid_request', { description: 'Send {"session_id", "scope"}' })
    }
    const all = await credentials.all(exchange)
    const cookie = exchange.isNative
      ? await credentials.ofBody(value)
      : (all.find(({ found }) => found?.session.id === sessionId) ?? (await credentials.find(exchange)))
    const authorization = exchange.header('authorization')
    const token = await access.read(authorization, 'accepted')
    const request = {
      sessionId: sessionId ?? undefined,
      scope,
      cookie: cookie?.found?.session,
      token,
      isTokenGood: scope === 'all' && token !== undefined && (await access.read(authorization)) !== undefined,
    } as const
    // A forged sign-out of a cookie session is refused; one that would end nothing is not worth a word.
    if (cookie?.mode === 'session' && isProvedByCookie(request))
      csrf.require(exchange, cookie.found?.session.id)
    if ((await logout(sessions, request)) && cookie !== undefined && !exchange.isNative) {
      exchange.cookies.push(...cookies.deleteCredential(cookie.mode))
    }
    const { clearSiteData } = settings
    if (clearSiteData.length === 0 || exchange.isNative) return empty()
    return empty(204, { 'Clear-Site-Data': clearSiteData.map((one) => `"${one}"`).join(', ') })
  })

  app.get(endpoints.jwks.path, async () =>
    json(await signer.keys(clock.now()), 200, { 'Cache-Control': 'public, max-age=300' }),
  )
}
