import type { Hono } from 'hono/tiny'
import type { Access } from './access.js'
import { empty, json, Refusal } from './answers.js'
import { readJson, requireKnownSource, requireStaticHeader } from './checks.js'
import type { Cookies } from './cookies.js'
import { ENDPOINTS, type Context, type Environment, type Exchange } from './exchange.js'
import { judge } from './families.js'
import { publicUser, signIn, type Grant } from './grants.js'
import { logout } from './logout.js'
import type { Settings } from './options.js'
import type { CheckPassword } from './passwords.js'
import type { RedirectLogin } from './redirect-login.js'
import type { Refreshed, RefreshRequest } from './refresh.js'
import { digest } from './secrets.js'
import { sessionOver, type Sessions } from './sessions.js'

export interface Services {
  readonly settings: Settings
  readonly sessions: Sessions
  readonly access: Access
  readonly cookies: Cookies
  readonly checkPassword: CheckPassword
  readonly redirectLogin: RedirectLogin
  readonly refresh: (request: RefreshRequest) => Promise<Refreshed>
}

/** The JSON calls of the wire. */
export function addAuthRoutes(app: Hono<Environment>, services: Services): void {
  const { settings, sessions, access, cookies, checkPassword } = services
  const { clock, signer, store } = settings

  const refreshCookie = (exchange: Exchange): string | undefined => cookies.refresh(exchange.header('cookie'))

  const granted = (exchange: Exchange, { body, secret, session }: Grant): Response => {
    exchange.cookies.push(...cookies.setRefresh(secret, session, clock.now()))
    return json(body)
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
    const user = await checkPassword(email, password, exchange.address)
    const replaces = (await sessions.ofCookie(refreshCookie(exchange)))?.id
    const userAgent = exchange.header('user-agent') ?? ''
    return granted(
      exchange,
      await signIn(settings, sessions, access, user, { userAgent, replaces, tweaks: exchange.tweaks }),
    )
  })

  app.post(ENDPOINTS.refresh, async (context) => {
    const { exchange } = context.env
    const { background } = await accept(context)
    const refreshed = await services.refresh({
      cookie: refreshCookie(exchange),
      background: background === true,
      tweaks: exchange.tweaks,
    })
    exchange.outcome = refreshed.outcome
    return granted(exchange, refreshed)
  })

  // Says who the next refresh would be, so the cookie alone decides: a token that came along may be of the
  // user before.
  app.get(ENDPOINTS.session, async ({ env: { exchange } }) => {
    const cookie = refreshCookie(exchange)
    if (cookie === undefined) return json(null)
    const now = clock.now()
    const session = await sessions.ofCookie(cookie)
    const user = session && (await store.user(session.userId))
    if (session === undefined || user === undefined) throw new Refusal(401, 'session_expired')
    const code = sessions.over(session, now)
    if (code !== undefined) throw sessionOver(session, code)
    // A question changes nothing, so a token used twice is refused here and ends its family at the next
    // refresh.
    if (judge(session.family, digest(cookie), now, settings).kind === 'reused')
      throw new Refusal(401, 'refresh_reused')
    const absolute = session.expiresAt - now
    return json({
      mode: 'token',
      user: publicUser(user),
      session_id: session.id,
      session_expires_in: Math.floor(absolute / 1000),
      idle_expires_in: Math.floor(Math.min(absolute, session.seenAt + settings.idleMs - now) / 1000),
    })
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
    const cookieDied = await logout(store, sessions, {
      sessionId: sessionId ?? undefined,
      scope,
      cookie: await sessions.ofCookie(refreshCookie(exchange)),
      token: await access.read(exchange.header('authorization'), 'accepted'),
    })
    if (cookieDied) exchange.cookies.push(...cookies.deleteRefresh())
    return empty()
  })

  app.get(ENDPOINTS.sessions, async ({ env: { exchange } }) => {
    const claims = await access.authenticate(exchange.header('authorization'), 'live')
    const list = await sessions.live(claims.sub)
    return json(
      list.map(({ id, createdAt, seenAt, expiresAt, userAgent }) => ({
        id,
        current: id === claims.sid,
        created_at: new Date(createdAt).toISOString(),
        last_seen_at: new Date(seenAt).toISOString(),
        expires_at: new Date(expiresAt).toISOString(),
        user_agent: userAgent,
      })),
    )
  })

  app.delete(`${ENDPOINTS.sessions}/:id`, async (context) => {
    const { exchange } = context.env
    await accept(context)
    const claims = await access.authenticate(exchange.header('authorization'), 'live')
    const id = context.req.param('id') ?? ''
    const session = await store.session(id)
    if (session?.userId === claims.sub) {
      await sessions.end(id, 'session_revoked')
      const cookie = await sessions.ofCookie(refreshCookie(exchange))
      if (cookie?.id === id) exchange.cookies.push(...cookies.deleteRefresh())
    }
    return empty()
  })

  app.get(ENDPOINTS.jwks, async () =>
    json(await signer.keys(clock.now()), 200, { 'Cache-Control': 'public, max-age=300' }),
  )
}
