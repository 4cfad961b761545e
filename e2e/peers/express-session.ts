/*
 * Express with express-session and csrf-sync, put together as their READMEs say: the session first, then the way to a
 * token, then the protection, and behind it all that writes, the sign-in as well.
 */
import { csrfSync } from 'csrf-sync'
import express, { type ErrorRequestHandler, type Request } from 'express'
import session, { MemoryStore } from 'express-session'
import { ADA, BOB } from '../server.ts'
import type { Life } from './host.ts'

interface User {
  readonly id: string
  readonly email: string
  name: string
}

declare module 'express-session' {
  interface SessionData {
    user: User
  }
}

export interface ExpressOptions {
  /** Its sign-out only asks the browser to forget a cookie, and means another one. */
  readonly forgetsToSignOut?: boolean
}

const accounts = [
  { user: { id: 'ada', email: ADA.email, name: 'Ada' }, password: ADA.password },
  { user: { id: 'bob', email: BOB.email, name: 'Bob' }, password: BOB.password },
]

export const expressLife = ({ forgetsToSignOut = false }: ExpressOptions = {}): Life => {
  const store = new MemoryStore()
  const { csrfSynchronisedProtection, generateToken } = csrfSync()
  const whoIs = (request: Request) => ({
    user: request.session.user ?? null,
    csrf_token: generateToken(request),
  })

  const app = express()
  app.use(
    session({
      name: 'sid',
      secret: 'of these tests',
      store,
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: 1_800_000 },
    }),
  )
  app.get('/auth/session', (request, response) => void response.json(whoIs(request)))
  app.get('/form', (request, response) => {
    // As a page with a form does that wants a token for itself alone.
    response.send(`<!doctype html><title>Form</title><input value="${generateToken(request, true)}">`)
  })
  app.use(csrfSynchronisedProtection)
  app.use(express.json())

  app.post('/auth/login', (request, response, next) => {
    const { email, password } = request.body as { email?: unknown; password?: unknown }
    const found = accounts.find((one) => one.user.email === email && one.password === password)
    if (!found) return void response.status(401).json({ error: 'invalid_credentials' })
    request.session.regenerate((error: unknown) => {
      if (error) return next(error)
      request.session.user = { ...found.user }
      response.json(whoIs(request))
    })
  })
  app.post('/auth/logout', (request, response, next) => {
    if (forgetsToSignOut) return void response.clearCookie('connect.sid').sendStatus(204)
    request.session.destroy((error: unknown) => {
      if (error) return next(error)
      response.clearCookie('sid').sendStatus(204)
    })
  })
  app.use('/api', (request, response, next) => {
    if (request.session.user) return next()
    response.status(401).json({ error: 'unauthorized' })
  })
  app.get('/api/profile', (request, response) => void response.json(request.session.user))
  app.put('/api/profile', (request, response) => {
    const user = request.session.user!
    user.name = (request.body as { name: string }).name
    response.json(user)
  })
  const answerError: ErrorRequestHandler = (
    error: { status?: number; code?: string },
    _request,
    response,
    _next,
  ) => {
    response.status(error.status ?? 500).json({ error: error.code })
  }
  app.use(answerError)

  return {
    handle: app,
    expireSessions() {
      store.all((_error, sessions) => {
        for (const [id, one] of Object.entries(sessions as Record<string, session.SessionData>)) {
          one.cookie.expires = new Date(0)
          store.set(id, one)
        }
      })
    },
  }
}
