/*
 * A backend that ends a session for a bearer token alone, as Strapi does: it names no session, has no session endpoint, and its
 * 401 is in words of its own, while the refresh cookie goes on renewing until the logout.
 */
import { randomUUID } from 'node:crypto'
import express, { type Request, type Response } from 'express'
import { ADA } from '../server.ts'
import type { Life } from './host.ts'

const USER = { id: 'ada', name: 'Ada' }
const COOKIE = 'strapi_refresh'

export interface BearerBackend extends Life {
  /** What the server still renews. */
  readonly sessions: ReadonlySet<string>
  /** How many of the next logouts are answered 503. */
  down: number
  /** Says that it has signed out, and has not. */
  forgets: boolean
}

export function bearerLogout(): BearerBackend {
  const sessions = new Set<string>()
  /** By access token. */
  const tokens = new Map<string, string>()
  /** By refresh token. */
  const cookies = new Map<string, string>()

  const refuse = (response: Response, message: string) =>
    void response.status(401).json({ data: null, error: { status: 401, name: 'UnauthorizedError', message } })
  const grant = (response: Response, session: string) => {
    const [token, cookie] = [randomUUID(), randomUUID()]
    tokens.set(token, session)
    cookies.set(cookie, session)
    response.cookie(COOKIE, cookie, { httpOnly: true, sameSite: 'lax', path: '/auth' })
    response.json({ access_token: token, user: USER })
  }
  const bearerOf = ({ headers }: Request) => {
    const session = tokens.get((headers.authorization ?? '').replace(/^Bearer /, ''))
    return session !== undefined && sessions.has(session) ? session : undefined
  }

  const app = express()
  app.use(express.json())
  app.post('/auth/login', (request, response) => {
    const { password } = request.body as { password?: unknown }
    if (password !== ADA.password) return void response.status(400).json({ error: 'invalid_credentials' })
    const session = randomUUID()
    sessions.add(session)
    grant(response, session)
  })
  app.post('/auth/refresh', (request, response) => {
    const value = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1] ?? ''
    const session = cookies.get(value)
    if (session === undefined || !sessions.has(session)) return refuse(response, 'Invalid refresh token')
    cookies.delete(value)
    grant(response, session)
  })
  app.post('/auth/logout', (request, response) => {
    if (backend.down > 0) {
      backend.down--
      return void response.sendStatus(503)
    }
    const session = bearerOf(request)
    if (session === undefined) return refuse(response, 'Missing or invalid credentials')
    if (!backend.forgets) {
      sessions.delete(session)
      response.clearCookie(COOKIE, { path: '/auth' })
    }
    response.json({ ok: true })
  })
  const backend: BearerBackend = {
    handle: app,
    sessions,
    down: 0,
    forgets: false,
    expireSessions: () => sessions.clear(),
  }
  return backend
}
