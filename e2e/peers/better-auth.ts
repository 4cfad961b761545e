/* better-auth with e-mail and password on its memory adapter, mounted in Express as its documentation says. */
import { betterAuth } from 'better-auth'
import { memoryAdapter, type MemoryDB } from 'better-auth/adapters/memory'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import express, { type Request, type Response } from 'express'
import { ADA, BOB } from '../server.ts'
import type { Life } from './host.ts'

export interface BetterAuthOptions {
  /** Keeps a signed copy of the session in a cookie, and believes it for five minutes. */
  readonly cookieCache?: boolean
}

const createAuth = (db: MemoryDB, origin: string, { cookieCache = false }: BetterAuthOptions) =>
  betterAuth({
    baseURL: origin,
    secret: 'of these tests, and long enough for it',
    database: memoryAdapter(db),
    emailAndPassword: { enabled: true },
    session: { cookieCache: { enabled: cookieCache } },
    telemetry: { enabled: false },
    logger: { disabled: true },
  })

const createTables = () => ({ user: [], session: [], account: [], verification: [] }) satisfies MemoryDB

/** Ada and Bob with their passwords, hashed once: that is as slow as it should be. */
async function signUp(): Promise<MemoryDB> {
  const db = createTables()
  const { api } = createAuth(db, 'http://localhost', {})
  await api.signUpEmail({ body: { name: 'Ada', ...ADA } })
  await api.signUpEmail({ body: { name: 'Bob', ...BOB } })
  // It has signed them in, too.
  return { ...db, session: [] }
}

let accounts: Promise<MemoryDB> | undefined

export async function betterAuthLife(origin: string, options: BetterAuthOptions = {}): Promise<Life> {
  accounts ??= signUp()
  const db = structuredClone(await accounts)
  const auth = createAuth(db, origin, options)

  const headersOf = (request: Request): Headers => fromNodeHeaders(request.headers)
  const failOn = (response: Response) => (error: { statusCode?: number }) =>
    response.sendStatus(error.statusCode ?? 500)

  const app = express()
  app.all('/api/auth/{*path}', toNodeHandler(auth))
  app.use(express.json())
  app.use('/api', (request, response, next) => {
    const { method } = request
    if (method !== 'GET' && request.headers.origin !== origin) return void response.sendStatus(403)
    next()
  })
  app.get('/api/profile', (request, response) => {
    auth.api
      .getSession({ headers: headersOf(request) })
      .then((found) => (found ? response.json(found.user) : response.sendStatus(401)), failOn(response))
  })
  app.put('/api/profile', (request, response) => {
    const { name } = request.body as { name: string }
    auth.api
      .updateUser({ headers: headersOf(request), body: { name } })
      .then(() => response.sendStatus(200), failOn(response))
  })

  return {
    handle: app,
    expireSessions() {
      for (const session of db['session'] as { expiresAt: Date }[]) session.expiresAt = new Date(0)
    },
  }
}
