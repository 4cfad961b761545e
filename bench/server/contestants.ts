/* What is measured against what: servers that say who calls by the cookie of a session, each on the same stores. */
import type { RequestListener } from 'node:http'
import type { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session, { MemoryStore, type Store } from 'express-session'
import { Pool } from 'pg'
import { createClient } from 'redis'
import {
  createAuthServer,
  done,
  expressHandler,
  memoryStore,
  postgresStore,
  redisStore,
  requestOf,
  sendResponse,
  sqliteStore,
  type ServerStore,
} from 'latchkey/server'

export type StoreName = 'memory' | 'sqlite' | 'postgres' | 'redis'

/** Where sessions are: a file, or the address of a server. */
export interface Place {
  readonly store: StoreName
  readonly url: string
}

export interface Contestant {
  readonly handle: RequestListener
  /** How its cookie is had: a call that signs somebody in. */
  readonly signIn: { readonly path: string; readonly body: object }
}

/** Durable as our store makes it: each of them writes to disk before it answers. */
async function openSqlite(url: string): Promise<DatabaseSync> {
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(url)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000')
  return db
}

export async function openStore({ store, url }: Place): Promise<ServerStore> {
  if (store === 'memory') return memoryStore()
  if (store === 'redis') {
    const client = createClient({ url, disableOfflineQueue: true })
    // Its server is stopped under it at the end.
    client.on('error', () => undefined)
    await client.connect()
    return redisStore(client, { onWarning: () => undefined })
  }
  const made =
    store === 'sqlite'
      ? sqliteStore(await openSqlite(url))
      : postgresStore(new Pool({ connectionString: url }))
  await made.migrate()
  return made
}

async function latchkey(place: Place, origin: string): Promise<Contestant> {
  const auth = createAuthServer({
    origin,
    secrets: ['of this measurement, and long enough'],
    mode: 'session',
    store: await openStore(place),
    signIn: () => done({ id: 'ada' }),
    findUser: (id) => ({ id }),
    throttle: { knownDevices: false },
  })
  const app = express().use(expressHandler(auth))
  const answer = async (request: Request): Promise<Response> => {
    const caller = await auth.authenticate(request)
    return caller.ok ? caller.finish(Response.json({ id: caller.user.id })) : caller.response
  }
  // What fails ends the process, and the measurement with it.
  app.get(
    '/me',
    (request, response) => void answer(requestOf(auth, request)).then((made) => sendResponse(response, made)),
  )
  return { handle: app, signIn: { path: '/auth/login', body: {} } }
}

async function expressSession({ store, url }: Place): Promise<Contestant | undefined> {
  const stores: Record<StoreName, () => Promise<Store | undefined>> = {
    memory: async () => new MemoryStore(),
    // None that is kept well takes what Node brings along.
    sqlite: async () => undefined,
    postgres: async () => {
      const { default: connect } = await import('connect-pg-simple')
      return new (connect(session))({
        pool: new Pool({ connectionString: url }),
        createTableIfMissing: true,
        tableName: 'express_sessions',
        pruneSessionInterval: false,
      })
    },
    redis: async () => {
      const client = createClient({ url })
      await client.connect()
      return new RedisStore({ client })
    },
  }
  const made = await stores[store]()
  if (made === undefined) return undefined
  const app = express().use(
    session({ secret: 'of this measurement', store: made, resave: false, saveUninitialized: false }),
  )
  app.post('/sign-in', (request, response) => {
    Object.assign(request.session, { user: { id: 'ada' } })
    response.json({})
  })
  app.get('/me', (request, response) => {
    const { user } = request.session as { user?: object }
    response.status(user === undefined ? 401 : 200).json(user ?? {})
  })
  return { handle: app, signIn: { path: '/sign-in', body: {} } }
}

async function better({ store, url }: Place, origin: string): Promise<Contestant | undefined> {
  if (store === 'memory' || store === 'redis') return undefined
  const auth = betterAuth({
    baseURL: origin,
    secret: 'of this measurement, and long enough',
    database: store === 'sqlite' ? await openSqlite(url) : new Pool({ connectionString: url }),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  })
  const { runMigrations } = await getMigrations(auth.options)
  await runMigrations()
  const person = { email: 'ada@example.com', password: 'difference engine' }
  await auth.api.signUpEmail({ body: { name: 'Ada', ...person } })
  const app = express()
  app.all('/api/auth/{*path}', toNodeHandler(auth))
  app.get(
    '/me',
    (request, response) =>
      void auth.api
        .getSession({ headers: fromNodeHeaders(request.headers) })
        .then((found) => response.status(found === null ? 401 : 200).json({ id: found?.user.id })),
  )
  return { handle: app, signIn: { path: '/api/auth/sign-in/email', body: person } }
}

/** The same server without a look at anything, for what HTTP and Express cost. */
async function bare(): Promise<Contestant> {
  const app = express()
  app.post('/sign-in', (_request, response) => void response.cookie('sid', 'none').json({}))
  app.get('/me', (_request, response) => void response.json({ id: 'ada' }))
  return { handle: app, signIn: { path: '/sign-in', body: {} } }
}

export const CONTESTANTS = {
  bare,
  latchkey,
  'express-session': expressSession,
  'better-auth': better,
} as const
export type ContestantName = keyof typeof CONTESTANTS
