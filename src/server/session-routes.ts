import type { Hono } from 'hono/tiny'
import { empty, json, Refusal } from './answers.js'
import type { Services } from './auth-routes.js'
import { readJson, requireKnownSource, requireStaticHeader } from './checks.js'
import type { Credential } from './credentials.js'
import { ENDPOINTS, type Environment } from './exchange.js'
import { judge } from './families.js'
import { limitsOf, publicUser } from './grants.js'
import { digest } from './secrets.js'
import type { Session, User } from './store.js'

/** The calls that say who is signed in, and where else. */
export function addSessionRoutes(app: Hono<Environment>, services: Services): void {
  const { settings, sessions, authenticate, cookies, credentials, csrf } = services
  const { clock, modes, store } = settings

  /** Whose living session it is. A question ends nothing: what was used twice is refused. */
  const holder = async ({ mode, value, session }: Credential): Promise<{ session: Session; user: User }> => {
    const now = clock.now()
    const user = session && (await store.user(session.userId))
    if (session === undefined || user === undefined) throw new Refusal(401, 'session_expired')
    const code = sessions.over(session, now)
    if (code !== undefined) throw await sessions.refusal(session.id, code, mode)
    if (judge(session.family, digest(value), now, settings).kind === 'reused') {
      throw new Refusal(401, 'refresh_reused')
    }
    return { session, user }
  }

  // Says who the next refresh would be, so the cookie alone decides: a token that came along may be of the
  // user before.
  app.get(ENDPOINTS.session, async ({ env: { exchange } }) => {
    const credential = await credentials.find(exchange)
    if (credential === undefined) return json(null)
    const { session, user } = await holder(credential)
    return json({
      // What the visitor has to do next: with a `sid` that tokens take the place of, that is a refresh.
      mode: credential.mode === 'session' ? modes.issued() : 'token',
      user: publicUser(user),
      session_id: session.id,
      ...(credential.mode === 'session' && csrf.inAnswer(exchange, session.id)),
      ...limitsOf(session, settings.idleMs, clock.now()),
    })
  })

  app.get(ENDPOINTS.csrf, async ({ env: { exchange } }) => {
    if (!modes.serves('session') || !settings.csrf.delivery.includes('endpoint')) {
      throw new Refusal(404, 'not_found')
    }
    const credential = (await credentials.all(exchange)).find(({ mode }) => mode === 'session')
    const held = credential && (await holder(credential))
    return json({
      csrf_token: csrf.issue(exchange, held?.session.id),
      user: held === undefined ? null : publicUser(held.user),
      session_id: held?.session.id ?? null,
    })
  })

  app.get(ENDPOINTS.sessions, async ({ env: { exchange } }) => {
    const { userId, sessionId } = await authenticate(exchange, 'live')
    const list = await sessions.live(userId)
    return json(
      list.map(({ id, createdAt, seenAt, expiresAt, userAgent }) => ({
        id,
        current: id === sessionId,
        created_at: new Date(createdAt).toISOString(),
        last_seen_at: new Date(seenAt).toISOString(),
        expires_at: new Date(expiresAt).toISOString(),
        user_agent: userAgent,
      })),
    )
  })

  app.delete(`${ENDPOINTS.sessions}/:id`, async ({ req, env: { exchange } }) => {
    requireKnownSource(settings, exchange)
    requireStaticHeader(settings, exchange)
    await readJson(req.raw)
    const { userId } = await authenticate(exchange, 'live')
    const id = req.param('id')
    const session = await store.session(id)
    if (session?.userId === userId) {
      await sessions.end(id, 'session_revoked')
      for (const credential of await credentials.all(exchange)) {
        if (credential.session?.id === id) exchange.cookies.push(...cookies.deleteCredential(credential.mode))
      }
    }
    return empty()
  })
}
