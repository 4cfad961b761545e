/*
 * Fastify with @fastify/session and @fastify/csrf-protection, put together as their READMEs say: cookies, the session,
 * the protection on top of it, and a hook of each route that writes, the sign-in as well.
 */
import fastifyCookie from '@fastify/cookie'
import { fastifyCsrfProtection } from '@fastify/csrf-protection'
import { fastifySession, type SessionStore } from '@fastify/session'
import fastify, { type FastifyReply, type FastifyRequest, type Session } from 'fastify'
import { ADA, BOB } from '../server.ts'
import type { Life } from './host.ts'

interface User {
  readonly id: string
  readonly email: string
  name: string
}

declare module 'fastify' {
  interface Session {
    user?: User
  }
}

const accounts = [
  { user: { id: 'ada', email: ADA.email, name: 'Ada' }, password: ADA.password },
  { user: { id: 'bob', email: BOB.email, name: 'Bob' }, password: BOB.password },
]

const whoIs = (request: FastifyRequest, reply: FastifyReply) => ({
  user: request.session.user ?? null,
  csrf_token: reply.generateCsrf(),
})

/** As the store that it brings, whose types say that it cannot be made. */
const storeIn = (sessions: Map<string, Session>): SessionStore => ({
  set: (id, session, done) => {
    sessions.set(id, session)
    done()
  },
  get: (id, done) => done(null, sessions.get(id)),
  destroy: (id, done) => {
    sessions.delete(id)
    done()
  },
})

export async function fastifyLife(): Promise<Life> {
  const sessions = new Map<string, Session>()
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: 'of these tests, and as long as it has to be',
    store: storeIn(sessions),
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto', maxAge: 1_800_000 },
  })
  await app.register(fastifyCsrfProtection, { sessionPlugin: '@fastify/session' })

  app.get('/auth/session', (request, reply) => reply.send(whoIs(request, reply)))
  app.get('/form', (_request, reply) =>
    // As a page with a form does that begins a session of its own.
    reply.type('text/html').send(`<!doctype html><title>Form</title><input value="${reply.generateCsrf()}">`),
  )
  app.post('/auth/login', { onRequest: app.csrfProtection }, async (request, reply) => {
    const { email, password } = request.body as { email?: unknown; password?: unknown }
    const found = accounts.find((one) => one.user.email === email && one.password === password)
    if (!found) return reply.code(401).send({ error: 'invalid_credentials' })
    await request.session.regenerate()
    request.session.user = { ...found.user }
    return whoIs(request, reply)
  })
  app.post('/auth/logout', { onRequest: app.csrfProtection }, async (request, reply) => {
    await request.session.destroy()
    return reply.clearCookie('sessionId').code(204).send()
  })

  const signedIn = async (request: FastifyRequest, reply: FastifyReply) => {
    if (!request.session.user) await reply.code(401).send({ error: 'unauthorized' })
  }
  app.get('/api/profile', { onRequest: signedIn }, (request, reply) => reply.send(request.session.user))
  app.put('/api/profile', { onRequest: [app.csrfProtection, signedIn] }, (request, reply) => {
    const { name } = request.body as { name: string }
    request.session.user = { ...request.session.user!, name }
    return reply.send(request.session.user)
  })
  await app.ready()

  return {
    handle: (request, response) => app.routing(request, response),
    expireSessions() {
      for (const { cookie } of sessions.values()) cookie.expires = new Date(0)
    },
  }
}
