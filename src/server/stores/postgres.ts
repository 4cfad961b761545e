import { checkKey, checkValue, checkWhole } from './checks.js'
import type { ServerStore, Stored } from './store.js'
import { sweepAt, tableNames, type Migrating, type Tables } from './tables.js'
import { newVersion } from './versions.js'
import { backOff } from './waiting.js'

interface Queries {
  query(text: string, values: unknown[]): Promise<{ readonly rows: unknown[] }>
}

/** What is used of a client of `pg`. */
interface PostgresClient extends Queries {
  release(destroy?: boolean): void
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
}

/** What is used of a `Pool` of `pg`; of whatever else has a `query` like its own, that. */
export interface PostgresPool extends Queries {
  connect?(): Promise<PostgresClient>
  on?(event: 'error', listener: (error: Error) => void): unknown
  listenerCount?(event: 'error'): number
}

export interface PostgresStoreOptions {
  /** Where the tables are; by default where the connection looks first. */
  readonly schema?: string | undefined
  /** Begins the name of each table; `latchkey_` by default. */
  readonly prefix?: string | undefined
}

const PAGE = 100
/** For how long a statement that met others is tried again. */
const PATIENCE = 5000
/** Serialization failure and deadlock: nothing was written, and the same may succeed now. */
const CONFLICTS: readonly unknown[] = ['40001', '40P01']
/** Two processes that migrate at once: what the other made is there when this one looks again. */
const MADE_MEANWHILE: readonly unknown[] = ['23505', '42P07', '42710']
const MISSING: readonly unknown[] = ['42P01', '42703', '3F000']

/** The database's own clock, in ms since 1970. */
const NOW = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint'

const migrationsOf = ({ rows, users, counters }: Tables, prefix: string): readonly string[] => [
  // Compared by bytes, whatever the language of the database; room in each page, so that a row in use stays in it.
  `CREATE TABLE IF NOT EXISTS ${rows} (
  "key" text COLLATE "C" PRIMARY KEY,
  "value" text NOT NULL,
  "version" text NOT NULL,
  "expires_at" bigint NOT NULL,
  "sweep_at" bigint NOT NULL,
  "user_id" text COLLATE "C"
) WITH (fillfactor = 70)`,
  `CREATE INDEX IF NOT EXISTS "${prefix}rows_of_user" ON ${rows} ("user_id", "key") WHERE "user_id" IS NOT NULL`,
  `CREATE INDEX IF NOT EXISTS "${prefix}rows_to_sweep" ON ${rows} ("sweep_at")`,
  `CREATE TABLE IF NOT EXISTS ${users} ("user_id" text COLLATE "C" PRIMARY KEY, "generation" bigint NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ${counters} (
  "key" text COLLATE "C" PRIMARY KEY,
  "count" bigint NOT NULL,
  "ends_at" bigint NOT NULL
) WITH (fillfactor = 70)`,
  `CREATE INDEX IF NOT EXISTS "${prefix}counters_to_sweep" ON ${counters} ("ends_at")`,
]

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | undefined)?.code

const told = (error: unknown): unknown =>
  MISSING.includes(codeOf(error))
    ? new Error(
        `Failed to use PostgreSQL: ${(error as Error).message}. Run migrate() of the store, or its migrations, before it is used`,
        { cause: error },
      )
    : error

/**
 * On a pool that the application makes and ends. Every call is one statement without a name, on a connection that is given back at
 * once: a pool of one will do, also behind a pooler that changes the connection after each.
 */
export function postgresStore(
  pool: PostgresPool,
  options: PostgresStoreOptions = {},
): ServerStore & Migrating {
  const { prefix = 'latchkey_', schema } = options
  const tables = tableNames(prefix, schema)
  const { rows, users, counters } = tables
  const migrations = migrationsOf(tables, prefix)

  // A pool tells of idle connections that break, by an event that ends the process where nobody listens. It makes new ones.
  const ignore = (): void => undefined
  if (pool.listenerCount?.('error') === 0) pool.on?.('error', ignore)

  const connected = async (): Promise<Pick<PostgresClient, 'query' | 'release'>> => {
    if (pool.connect === undefined)
      return { query: (text, values) => pool.query(text, values), release: ignore }
    const client = await pool.connect()
    client.on('error', ignore)
    return {
      query: (text, values) => client.query(text, values),
      release(destroy) {
        client.off('error', ignore)
        client.release(destroy)
      },
    }
  }

  /**
   * A statement that met others is tried again on its connection, so that no more meet than there are connections. A conflict costs
   * none; every other error does, since the server may have failed over.
   */
  const all = async <Row>(text: string, values: unknown[], again = CONFLICTS): Promise<Row[]> => {
    const { query, release } = await connected()
    const begun = performance.now()
    let isBroken = false
    try {
      for (let tries = 1; ; tries++) {
        try {
          return (await query(text, values)).rows as Row[]
        } catch (error) {
          isBroken = !again.includes(codeOf(error))
          if (isBroken || performance.now() - begun > PATIENCE) throw told(error)
        }
        await backOff(tries)
      }
    } finally {
      release(isBroken)
    }
  }

  // Numbers of 64 bits come as texts, or as whatever the application has told its driver.
  interface StoredRow {
    readonly value: string
    readonly version: string
    readonly now: unknown
  }
  const stored = ([row]: readonly StoredRow[]): Stored | undefined =>
    row && { value: row.value, version: row.version, now: Number(row.now) }

  return {
    migrations,

    async migrate() {
      for (const sql of migrations) await all(sql, [], [...CONFLICTS, ...MADE_MEANWHILE])
    },

    async get(key) {
      const sql = `SELECT "value", "version", ${NOW} AS "now" FROM ${rows} WHERE "key" = $1 AND "expires_at" > ${NOW}`
      return stored(await all(sql, [checkKey(key)]))
    },

    async put(key, value, { ifVersion, expiresAt, userId }) {
      checkKey(key)
      checkWhole('expiresAt', expiresAt)
      const owner = userId === undefined ? null : checkKey(userId)
      const written = [key, checkValue(value), newVersion(), expiresAt, sweepAt(expiresAt), owner]
      if (ifVersion === undefined) {
        const sql = `INSERT INTO ${rows} AS r ("key", "value", "version", "expires_at", "sweep_at", "user_id")
          VALUES ($1, $2, $3, $4, $5, $6)
          ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value", "version" = excluded."version",
            "expires_at" = excluded."expires_at", "sweep_at" = excluded."sweep_at", "user_id" = excluded."user_id"
          WHERE r."expires_at" <= ${NOW} RETURNING 1 AS "done"`
        return (await all(sql, written)).length > 0
      }
      const sql = `UPDATE ${rows} SET "value" = $2, "version" = $3, "expires_at" = $4, "sweep_at" = $5,
          "user_id" = coalesce($6, "user_id")
        WHERE "key" = $1 AND "version" = $7 AND "expires_at" > ${NOW} RETURNING 1 AS "done"`
      return (await all(sql, [...written, ifVersion])).length > 0
    },

    async take(key) {
      const sql = `DELETE FROM ${rows} WHERE "key" = $1 AND "expires_at" > ${NOW}
        RETURNING "value", "version", ${NOW} AS "now"`
      return stored(await all(sql, [checkKey(key)]))
    },

    async count(key, windowMs) {
      checkKey(key)
      checkWhole('windowMs', windowMs)
      // In what would have been inserted stands the time of this call.
      const sql = `INSERT INTO ${counters} AS c ("key", "count", "ends_at") VALUES ($1, 1, ${NOW} + $2::bigint)
        ON CONFLICT ("key") DO UPDATE SET
          "count" = CASE WHEN c."ends_at" > excluded."ends_at" - $2::bigint THEN c."count" + 1 ELSE 1 END,
          "ends_at" = CASE WHEN c."ends_at" > excluded."ends_at" - $2::bigint THEN c."ends_at" ELSE excluded."ends_at" END
        RETURNING "count", "ends_at" AS "end", ${NOW} AS "now"`
      const [row] = await all<Record<'count' | 'end' | 'now', unknown>>(sql, [key, windowMs])
      return { count: Number(row!.count), endsAt: Number(row!.end), now: Number(row!.now) }
    },

    async sessionsOf(userId, cursor = '') {
      const sql = `SELECT "key" FROM ${rows} WHERE "user_id" = $1 AND "key" > $2 AND "expires_at" > ${NOW}
        ORDER BY "key" LIMIT ${PAGE}`
      const keys = (await all<{ key: string }>(sql, [checkKey(userId), cursor])).map(({ key }) => key)
      return { keys, cursor: keys.length < PAGE ? undefined : keys.at(-1) }
    },

    async bumpUser(userId, atLeast) {
      const sql = `INSERT INTO ${users} AS u ("user_id", "generation") VALUES ($1, coalesce($2::bigint, ${NOW}))
        ON CONFLICT ("user_id") DO UPDATE SET "generation" =
          greatest(u."generation" + CASE WHEN $2::bigint IS NULL THEN 1 ELSE 0 END, excluded."generation")
        RETURNING "generation"`
      const least = atLeast === undefined ? null : checkWhole('atLeast', atLeast)
      const [row] = await all<{ generation: unknown }>(sql, [checkKey(userId), least])
      return Number(row!.generation)
    },

    async userGeneration(userId) {
      const sql = `SELECT (SELECT "generation" FROM ${users} WHERE "user_id" = $1) AS "generation", ${NOW} AS "now"`
      const [row] = await all<Record<'generation' | 'now', unknown>>(sql, [checkKey(userId)])
      return { generation: Number(row!.generation ?? 0), now: Number(row!.now) }
    },

    async sweep(limit) {
      checkWhole('limit', limit)
      // Whatever another process uses or sweeps is passed over; and the choice is made once, or the limit would not hold.
      const sweepIn = async (table: string, column: string, most: number): Promise<number> => {
        if (most === 0) return 0
        const sql = `DELETE FROM ${table} WHERE "key" = ANY (ARRAY(
            SELECT "key" FROM ${table} WHERE "${column}" <= ${NOW} ORDER BY "${column}" LIMIT $1 FOR UPDATE SKIP LOCKED
          )) RETURNING 1 AS "done"`
        return (await all(sql, [most])).length
      }
      const swept = await sweepIn(rows, 'sweep_at', limit)
      return swept + (await sweepIn(counters, 'ends_at', limit - swept))
    },

    async check() {
      for (const table of Object.values(tables)) await all(`SELECT * FROM ${table} LIMIT 0`, [])
      const [row] = await all<{ commit: string }>(
        `SELECT current_setting('synchronous_commit') AS "commit"`,
        [],
      )
      return row?.commit === 'off'
        ? [
            'PostgreSQL answers before it has written (synchronous_commit is off): a crash may bring back what was ended',
          ]
        : []
    },
  }
}
