/*
 * What `latchkey/server` costs: `npm run bench -- server`. Sessions checked over HTTP beside others on the same store with the same durability;
 * refreshes, tokens and what each way of revoking costs, without HTTP; and a look-up among so many rows.
 */
import { fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { Pool } from 'pg'
import { createTokenVerifier } from 'latchkey/jwt'
import {
  createAuthServer,
  done,
  generateKey,
  keySet,
  type AuthServerOptions,
  type ServerStore,
} from 'latchkey/server'
import { hasDatabase, startPostgres, startRedis } from '../../test/tools/databases.ts'
import {
  type Contestant,
  type ContestantName,
  CONTESTANTS,
  openStore,
  type Place,
  type StoreName,
} from './contestants.ts'
import { ask, rate } from './load.ts'

const CALLERS = 32
const MS = 3000
const ORIGIN = 'https://app.example.com'

const perSecond = (value: number): string => `${Math.round(value).toLocaleString('en').padStart(9)} /s`
const row = (name: string, figures: string): void => console.log(`${name.padEnd(44)}${figures}`)

type Started = Pick<Contestant, 'signIn'> & { readonly origin: string }

/** Sessions checked in a second, or undefined where it has no such store. */
async function checked(name: ContestantName, place: Place): Promise<number | undefined> {
  const child = fork('bench/server/process.ts', [JSON.stringify({ name, place })], {
    execArgv: ['--import', './test/tools/source.ts', '--disable-warning=ExperimentalWarning'],
  })
  try {
    const { origin, signIn } = await new Promise<Started>((resolve, reject) => {
      child.once('message', (started) => resolve(started as Started)).once('exit', reject)
    })
    if (signIn === undefined) return undefined
    const headers = { origin, 'x-csrf': '1', 'content-type': 'application/json' }
    const cookies: string[] = []
    for (let i = 0; i < CALLERS; i++) {
      const answer = await ask('POST', origin + signIn.path, headers, JSON.stringify(signIn.body))
      if (answer.status !== 200) throw new Error(`${name} on ${place.store}: sign-in was ${answer.status}`)
      cookies.push(answer.cookies.join('; '))
    }
    return await rate(
      async (at) => {
        const { status } = await ask('GET', `${origin}/me`, { cookie: cookies[at]! })
        if (status !== 200) throw new Error(`${name} on ${place.store}: ${status}`)
      },
      CALLERS,
      MS,
    )
  } finally {
    if (child.connected) child.disconnect()
  }
}

const key = await generateKey()
const createAuth = (store: ServerStore, options: Partial<AuthServerOptions> = {}) =>
  createAuthServer({
    origin: ORIGIN,
    secrets: ['of this measurement, and long enough'],
    keys: keySet({ sign: key }),
    store,
    signIn: () => done({ id: 'ada' }),
    findUser: (id) => ({ id }),
    throttle: { perAccount: 1e9, perAddress: 1e9, knownDevices: false },
    ...options,
  })

const call = (path: string, cookie = '', body?: object): Request =>
  new Request(ORIGIN + path, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin', 'x-csrf': '1', 'content-type': 'application/json', cookie },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]!.split(';')[0]!

async function refreshes(store: ServerStore): Promise<number> {
  const auth = createAuth(store)
  const cookies = await Promise.all(
    Array.from({ length: CALLERS }, async () => cookieOf(await auth.handle(call('/auth/login', '', {})))),
  )
  return rate(
    async (at) => {
      const answer = await auth.handle(call('/auth/refresh', cookies[at]))
      if (answer.status !== 200) throw new Error(`A refresh was ${answer.status}`)
      cookies[at] = cookieOf(answer)
    },
    CALLERS,
    MS,
  )
}

async function revocation(
  store: ServerStore,
  strategy: NonNullable<AuthServerOptions['revocation']>,
): Promise<number> {
  const auth = createAuth(store, { revocation: strategy })
  const { access_token } = (await (await auth.handle(call('/auth/login', '', {}))).json()) as {
    access_token: string
  }
  const headers = { authorization: `Bearer ${access_token}` }
  return rate(
    async () => {
      const caller = await auth.authenticate(new Request(`${ORIGIN}/orders`, { headers }))
      if (!caller.ok) throw new Error(`A token was ${caller.response.status}`)
    },
    CALLERS,
    MS,
  )
}

async function tokens(): Promise<void> {
  const auth = createAuth(await openStore({ store: 'memory', url: '' }))
  const { access_token } = (await (await auth.handle(call('/auth/login', '', {}))).json()) as {
    access_token: string
  }
  const published = (await (await auth.handle(new Request(`${ORIGIN}/.well-known/jwks.json`))).json()) as {
    keys: []
  }
  const jwks = createLocalJWKSet(published)
  const bare = await rate(
    () => jwtVerify(access_token, jwks, { issuer: ORIGIN, audience: ORIGIN, typ: 'at+jwt' }),
    CALLERS,
    MS,
  )
  const verifier = createTokenVerifier({ issuer: ORIGIN, audience: ORIGIN, jwks: published })
  const ours = await rate(() => verifier.verify(access_token), CALLERS, MS)
  row('tokens verified by jose alone', perSecond(bare))
  row('  by latchkey/jwt', `${perSecond(ours)}, × ${(ours / bare).toFixed(2)}`)
}

/** A look-up among so many other sessions. */
async function among(place: Place, fill: (from: number, to: number) => Promise<void>): Promise<void> {
  const store = await openStore(place)
  const now = Date.now()
  const keys = Array.from({ length: CALLERS }, (_, at) => `measured:${at}`)
  for (const name of keys) await store.put(name, 'x'.repeat(600), { expiresAt: now + 3_600_000 })
  let [filled, first] = [0, 0]
  for (const rows of [1e3, 1e4, 1e5, 1e6]) {
    await fill(filled, rows)
    filled = rows
    const found = await rate((at) => store.get(keys[at]!), CALLERS, MS / 2)
    first ||= found
    row(`  ${rows.toLocaleString('en')} rows`, `${perSecond(found)}, × ${(found / first).toFixed(2)}`)
  }
}

export async function benchServer(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  const postgres = hasDatabase('postgres') ? await startPostgres() : undefined
  const redis = hasDatabase('redis') ? await startRedis() : undefined
  let files = 0
  const places = (): Place[] => [
    { store: 'memory', url: '' },
    { store: 'sqlite', url: join(folder, `${files++}.db`) },
    ...(postgres === undefined ? [] : [{ store: 'postgres' as const, url: postgres.url }]),
    ...(redis === undefined ? [] : [{ store: 'redis' as const, url: redis.url }]),
  ]
  try {
    row('sessions checked, over HTTP', `${CALLERS} callers, ${MS / 1000} s each, Express 5, one process`)
    const plain = await checked('bare', { store: 'memory', url: '' })
    row('  no check at all', perSecond(plain!))
    for (const place of places()) {
      let ours = 0
      for (const name of Object.keys(CONTESTANTS).slice(1) as ContestantName[]) {
        // A database of its own in the file: each makes the tables that it wants.
        const own = place.store === 'sqlite' ? { ...place, url: join(folder, `${files++}.db`) } : place
        const found = await checked(name, own)
        if (name === 'latchkey') ours = found!
        const beside = name === 'latchkey' ? '' : `, ours is × ${(ours / found!).toFixed(2)}`
        if (found !== undefined) row(`  ${place.store}: ${name}`, perSecond(found) + beside)
      }
    }
    row('refreshes, without HTTP', 'a signed token each')
    const stores = new Map<StoreName, ServerStore>()
    for (const place of places()) stores.set(place.store, await openStore(place))
    for (const [name, store] of stores) row(`  ${name}`, perSecond(await refreshes(store)))
    await tokens()
    row('tokens checked by authenticate()', 'without HTTP, by way of revocation')
    for (const [name, store] of stores) {
      let expiry = 0
      for (const strategy of ['expiry', 'deny-list', 'version', 'reference'] as const) {
        const found = await revocation(store, strategy)
        if (strategy === 'expiry') expiry = found
        row(`  ${name}: ${strategy}`, `${perSecond(found)}, × ${(found / expiry).toFixed(2)} of expiry`)
      }
    }
    await rows(folder, postgres?.url)
  } finally {
    await postgres?.stop()
    await redis?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function rows(folder: string, postgres: string | undefined): Promise<void> {
  const later = Date.now() + 3_600_000
  row('a row found among others, SQLite', '')
  const url = join(folder, 'rows.db')
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(url)
  await among({ store: 'sqlite', url }, async (from, to) => {
    db.exec('BEGIN')
    const insert = db.prepare(
      `INSERT INTO latchkey_rows ("key", "value", "version", "expires_at", "sweep_at") VALUES (?, ?, '1', ?, ?)`,
    )
    for (let at = from; at < to; at++) insert.run(`other:${at}`, 'x'.repeat(600), later, later)
    db.exec('COMMIT')
  })
  db.close()
  if (postgres === undefined) return
  row('a row found among others, PostgreSQL', '')
  const pool = new Pool({ connectionString: postgres })
  await among({ store: 'postgres', url: postgres }, async (from, to) => {
    await pool.query(
      `INSERT INTO latchkey_rows ("key", "value", "version", "expires_at", "sweep_at")
       SELECT 'other:' || at, repeat('x', 600), '1', ${later}, ${later} FROM generate_series(${from}, ${to - 1}) AS at`,
    )
  })
  await pool.end()
}
