/*
 * Auth.js on Express with the credentials provider, mounted as its documentation says. Its session is a sealed cookie, which
 * every question who is signed in renews, so that no server keeps it.
 */
import { randomBytes } from 'node:crypto'
import { ExpressAuth, type ExpressAuthConfig, getSession } from '@auth/express'
import Credentials from '@auth/express/providers/credentials'
import express, { type Request } from 'express'
import { ADA, BOB } from '../server.ts'
import type { Life } from './host.ts'

export function authJsLife(origin: string): Life {
  const accounts = [
    { id: 'ada', name: 'Ada', ...ADA },
    { id: 'bob', name: 'Bob', ...BOB },
  ]
  const config: ExpressAuthConfig = {
    secret: randomBytes(32).toString('hex'),
    trustHost: true,
    providers: [
      Credentials({
        credentials: { email: {}, password: {} },
        authorize: ({ email, password }) =>
          accounts.find((one) => one.email === email && one.password === password) ?? null,
      }),
    ],
    callbacks: {
      // As the documentation says where the session is to name its user. The name is that of now.
      session({ session, token }) {
        const { id, name } = accounts.find((one) => one.id === token.sub)!
        Object.assign(session.user, { id, name })
        return session
      },
    },
    // A wrong password is an error that it would print.
    logger: { error: () => {} },
  }
  const whoIs = async (request: Request) => {
    const { user } = (await getSession(request, config)) ?? {}
    return accounts.find((one) => one.id === user?.id)
  }

  const app = express()
  // Where it is mounted is where it takes its calls to be.
  app.use('/api/auth', ExpressAuth(config))
  app.use(express.json())
  app.use('/api', (request, response, next) => {
    const { method } = request
    if (method !== 'GET' && request.headers.origin !== origin) return void response.sendStatus(403)
    next()
  })
  app.use('/api/profile', (request, response, next) => {
    whoIs(request).then((user) => {
      if (!user) return void response.sendStatus(401)
      if (request.method === 'PUT') user.name = (request.body as { name: string }).name
      response.json({ id: user.id, name: user.name })
    }, next)
  })

  return {
    handle: app,
    /** What it cannot open is over. */
    expireSessions() {
      config.secret = randomBytes(32).toString('hex')
    },
  }
}
