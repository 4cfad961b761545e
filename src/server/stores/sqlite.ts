import { checkKey, checkValue, checkWhole } from './checks.js'
import type { ServerStore, Stored } from './store.js'
import { createSqliteQueue, type SqliteDatabase } from './sqlite-queue.js'
import { sweepAt, tableNames, type Migrating, type Tables } from './tables.js'
import { newVersion } from './versions.js'

export type { SqliteDatabase } from './sqlite-queue.js'

export interface SqliteStoreOptions {
  /** Begins the name of each table; `latchkey_` by default. */
  readonly prefix?: string | undefined
  /** `full` by default: what was answered survives a loss of power. `normal` is faster and may forget the last answers. */
  readonly synchronous?: 'full' | 'normal' | undefined
  /** What tells the time, in ms since 1970; by default the machine's, which all processes on the file share. */
  readonly clock?: { now(): number } | undefined
}

const PAGE = 100
/** So many rows are deleted in a quarter of the time for which the event loop may stand still. */
const SWEEP = 250

const migrationsOf = ({ rows, users, counters }: Tables, prefix: string): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${rows} (
  "key" TEXT NOT NULL PRIMARY KEY,
  "value" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "expires_at" INTEGER NOT NULL,
  "sweep_at" INTEGER NOT NULL,
  "user_id" TEXT
)`,
  `CREATE INDEX IF NOT EXISTS "${prefix}rows_of_user" ON ${rows} ("user_id", "key") WHERE "user_id" IS NOT NULL`,
  `CREATE INDEX IF NOT EXISTS "${prefix}rows_to_sweep" ON ${rows} ("sweep_at")`,
  `CREATE TABLE IF NOT EXISTS ${users} ("user_id" TEXT NOT NULL PRIMARY KEY, "generation" INTEGER NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ${counters} (
  "key" TEXT NOT NULL PRIMARY KEY,
  "count" INTEGER NOT NULL,
  "ends_at" INTEGER NOT NULL
)`,
  `CREATE INDEX IF NOT EXISTS "${prefix}counters_to_sweep" ON ${counters} ("ends_at")`,
]

/**
 * For all processes of one machine, on a connection that nothing else uses: `new DatabaseSync('sessions.db')` of `node:sqlite`, or
 * better-sqlite3's.
 */
export function sqliteStore(db: SqliteDatabase, options: SqliteStoreOptions = {}): ServerStore & Migrating {
  const { prefix = 'latchkey_', synchronous = 'full', clock = Date } = options
  const tables = tableNames(prefix)
  const { rows, users, counters } = tables
  const migrations = migrationsOf(tables, prefix)
  const { read, write, all } = createSqliteQueue(db, synchronous)
  const first = <Row>(sql: string, ...values: readonly (string | number | null)[]): Row | undefined =>
    all<Row>(sql, ...values)[0]

  const stored = (row: Omit<Stored, 'now'> | undefined, now: number): Stored | undefined =>
    row && { value: row.value, version: row.version, now }

  return {
    migrations,
    migrate: () => write(() => migrations.forEach((sql) => db.exec(sql))),

    async get(key) {
      checkKey(key)
      return read(() => {
        const now = clock.now()
        const sql = `SELECT "value", "version" FROM ${rows} WHERE "key" = ? AND "expires_at" > ?`
        return stored(first(sql, key, now), now)
      })
    },

    async put(key, value, { ifVersion, expiresAt, userId }) {
      checkKey(key)
      checkWhole('expiresAt', expiresAt)
      const owner = userId === undefined ? null : checkKey(userId)
      const written = [checkValue(value), newVersion(), expiresAt, sweepAt(expiresAt), owner] as const
      if (ifVersion === undefined) {
        const sql = `INSERT INTO ${rows} ("value", "version", "expires_at", "sweep_at", "user_id", "key")
          VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value", "version" = excluded."version",
            "expires_at" = excluded."expires_at", "sweep_at" = excluded."sweep_at", "user_id" = excluded."user_id"
          WHERE ${rows}."expires_at" <= ? RETURNING 1`
        return write(() => first(sql, ...written, key, clock.now()) !== undefined)
      }
      const sql = `UPDATE ${rows} SET "value" = ?, "version" = ?, "expires_at" = ?, "sweep_at" = ?,
          "user_id" = coalesce(?, "user_id")
        WHERE "key" = ? AND "version" = ? AND "expires_at" > ? RETURNING 1`
      return write(() => first(sql, ...written, key, ifVersion, clock.now()) !== undefined)
    },

    async take(key) {
      checkKey(key)
      const sql = `DELETE FROM ${rows} WHERE "key" = ? AND "expires_at" > ? RETURNING "value", "version"`
      return write(() => {
        const now = clock.now()
        return stored(first(sql, key, now), now)
      })
    },

    async count(key, windowMs) {
      checkKey(key)
      checkWhole('windowMs', windowMs)
      const sql = `INSERT INTO ${counters} ("key", "count", "ends_at") VALUES (?, 1, ?)
        ON CONFLICT ("key") DO UPDATE SET
          "count" = CASE WHEN "ends_at" > ? THEN "count" + 1 ELSE 1 END,
          "ends_at" = CASE WHEN "ends_at" > ? THEN "ends_at" ELSE excluded."ends_at" END
        RETURNING "count", "ends_at" AS "endsAt"`
      return write(() => {
        const now = clock.now()
        const { count, endsAt } = first<{ count: number; endsAt: number }>(
          sql,
          key,
          now + windowMs,
          now,
          now,
        )!
        return { count, endsAt, now }
      })
    },

    async sessionsOf(userId, cursor = '') {
      checkKey(userId)
      const sql = `SELECT "key" FROM ${rows} WHERE "user_id" = ? AND "key" > ? AND "expires_at" > ?
        ORDER BY "key" LIMIT ${PAGE}`
      const found = await read(() => all<{ key: string }>(sql, userId, cursor, clock.now()))
      const keys = found.map(({ key }) => key)
      return { keys, cursor: keys.length < PAGE ? undefined : keys.at(-1) }
    },

    async bumpUser(userId, atLeast) {
      checkKey(userId)
      if (atLeast !== undefined) checkWhole('atLeast', atLeast)
      const sql = `INSERT INTO ${users} ("user_id", "generation") VALUES (?, max(1, ?))
        ON CONFLICT ("user_id") DO UPDATE SET "generation" = max("generation" + ?, excluded."generation")
        RETURNING "generation"`
      const step = atLeast === undefined ? 1 : 0
      return write(() => first<{ generation: number }>(sql, userId, atLeast ?? clock.now(), step)!.generation)
    },

    async userGeneration(userId) {
      checkKey(userId)
      const sql = `SELECT "generation" FROM ${users} WHERE "user_id" = ?`
      return read(() => {
        const row = first<{ generation: number }>(sql, userId)
        return { generation: row?.generation ?? 0, now: clock.now() }
      })
    },

    async sweep(limit) {
      checkWhole('limit', limit)
      const sweepIn = (table: string, column: string) => (most: number) =>
        write(() => {
          const sql = `DELETE FROM ${table} WHERE "key" IN
            (SELECT "key" FROM ${table} WHERE "${column}" <= ? ORDER BY "${column}" LIMIT ?) RETURNING 1`
          return all(sql, clock.now(), most).length
        })
      let swept = 0
      for (const some of [sweepIn(rows, 'sweep_at'), sweepIn(counters, 'ends_at')]) {
        let most: number, found: number
        do {
          most = Math.min(SWEEP, limit - swept)
          found = most === 0 ? 0 : await some(most)
          swept += found
        } while (found === most && most > 0)
      }
      return swept
    },

    async check() {
      await read(() => {
        for (const table of Object.values(tables)) all(`SELECT * FROM ${table} LIMIT 0`)
      })
      return []
    },
  }
}
