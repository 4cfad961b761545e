import type { Hono } from 'hono/tiny'
import { empty, json, Refusal } from './answers.js'
import { readJson, requireOwnCall } from './checks.js'
import type { Credential } from './credentials.js'
import type { Environment } from './exchange.js'
import { judge } from './families.js'
import { limitsOf } from './grants.js'
import { digest } from './secrets.js'
import type { Services } from './server.js'
import type { Session } from './records.js'
import { publicUser, type AuthUser } from './users.js'

interface Held {
  readonly session: Session
  readonly user: AuthUser
  readonly now: number
}

/** The calls that say who is signed in, and where else. */
export function addSessionRoutes(app: Hono<Environment>, services: Services): void {
  const { settings, sessions, authenticate, cookies, credentials, csrf } = services
  const { endpoints, modes } = settings

  /** Whose living session it is. A question ends nothing: what was used twice is refused. */
  const holder = async ({ mode, member, found }: Credential): Promise<Held> => {
    if (member === undefined || found === undefined) throw new Refusal(401, 'session_expired')
    const { session, now } = found
    const user = await sessions.holder(found)
    if (typeof user === 'string') throw await sessions.refusal(session.id, user, mode)
    const presented = { hash: digest(member.secret), generation: member.generation }
    if (judge(session.family, presented, now, settings).kind === 'reused') {
      throw new Refusal(401, 'refresh_reused')
    }
    return { session, user, now }
  }

  // Says who the next refresh would be, so the cookie alone decides: a token that came along may be of the
  // user before.
  app.get(endpoints.session.path, async ({ env: { exchange } }) => {
    const credential = await credentials.find(exchange)
    if (credential === undefined) return json(null)
    const { session, user, now } = await holder(credential)
    return json({
      // What the visitor has to do next: with a `sid` that tokens take the place of, that is a refresh.
      mode: credential.mode === 'session' ? modes.issued() : 'token',
      user: publicUser(user),
      session_id: session.id,
      ...(credential.mode === 'session' && csrf.inAnswer(exchange, session.id)),
      ...limitsOf(session, settings.idleMs, now),
    })
  })

  app.get(endpoints.csrf.path, async ({ env: { exchange } }) => {
    if (!modes.serves('session') || !settings.csrf.delivery.includes('endpoint')) {
      throw new Refusal(404, 'not_found')
    }
    const credential = await credentials.find(exchange, 'session')
    const held = credential && (await holder(credential))
    return json({
      csrf_token: csrf.issue(exchange, held?.session.id),
      user: held === undefined ? null : publicUser(held.user),
      session_id: held?.session.id ?? null,
    })
  })

  app.get(endpoints.sessions.path, async ({ env: { exchange } }) => {
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

  app.delete(`${endpoints.sessions.path}/:id`, async ({ req, env: { exchange } }) => {
    requireOwnCall(settings, exchange)
    await readJson(req.raw, settings)
    const { userId } = await authenticate(exchange, 'live')
    const id = req.param('id')
    // What no id can be is nobody's.
    const found = /^[\w-]{1,64}$/.test(id) ? await sessions.find(id) : undefined
    if (found?.session.userId === userId) {
      await sessions.end(id, 'session_revoked', 'logout')
      for (const credential of await credentials.all(exchange)) {
        if (credential.found?.session.id === id)
          exchange.cookies.push(...cookies.deleteCredential(credential.mode))
      }
    }
    return empty()
  })
}
