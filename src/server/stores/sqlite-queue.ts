/*
 * The drivers of SQLite wait in place, and the event loop with them. So they are never told to wait: where another process
 * holds the lock, this one asks again later. What several requests write meanwhile is committed at once.
 */
import { backOff, pause } from './waiting.js'

type Value = string | number | null

/** What is used of `node:sqlite`'s DatabaseSync and of better-sqlite3's Database. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): { all(...values: Value[]): unknown[] }
}

export interface SqliteQueue {
  /** Runs it now, or again where the database was locked. */
  read<T>(run: () => T): Promise<T>
  /** Runs it in a transaction, and settles when that is committed. */
  write<T>(run: () => T): Promise<T>
  /** What a statement gives; only within `read` and `write`. */
  all<Row>(sql: string, ...values: readonly Value[]): Row[]
}

interface Job {
  readonly since: number
  run(): () => void
  reject(error: unknown): void
}

/** For how long a call waits for a lock that others hold. */
const PATIENCE = 5000
/** A transaction takes no more than so many calls, and begins none after so many ms: the event loop stands still meanwhile. */
const MOST = 100
const LONGEST = 10

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
/** Also where the application has begun a transaction on this connection: whatever was written would be part of it. */
const isLocked = (error: unknown): boolean =>
  /\bis locked|(with)?in(side)? a transaction/.test(messageOf(error))

const told = (error: unknown): unknown => {
  if (isLocked(error)) {
    return new Error(`Failed to use SQLite: others held the database locked for ${PATIENCE} ms`, {
      cause: error,
    })
  }
  if (/no such (table|column)/.test(messageOf(error))) {
    return new Error(
      `Failed to use SQLite: ${messageOf(error)}. Run migrate() of the store, or its migrations, before it is used`,
      { cause: error },
    )
  }
  return error
}

export function createSqliteQueue(db: SqliteDatabase, synchronous: 'full' | 'normal'): SqliteQueue {
  const statements = new Map<string, ReturnType<SqliteDatabase['prepare']>>()
  const waiting: Job[] = []
  let isOpen = false
  let isWorking = false

  const all = <Row>(sql: string, ...values: readonly Value[]): Row[] => {
    let statement = statements.get(sql)
    if (statement === undefined) statements.set(sql, (statement = db.prepare(sql)))
    return statement.all(...values) as Row[]
  }

  const open = (): void => {
    if (isOpen) return
    db.exec('PRAGMA busy_timeout = 0')
    const [mode] = all<{ journal_mode: string }>('PRAGMA journal_mode = WAL')
    if (mode?.journal_mode !== 'wal' && mode?.journal_mode !== 'memory') {
      throw new Error(
        `Failed to use SQLite: its journal stays "${mode?.journal_mode}" where a write-ahead log is needed. Is the file on a network disk?`,
      )
    }
    db.exec(`PRAGMA synchronous = ${synchronous}`)
    isOpen = true
  }

  /** Gives what tells those who asked; throws where nothing of it was written. */
  const commit = (jobs: readonly Job[]): { readonly done: number; tell(): void } => {
    open()
    db.exec('BEGIN IMMEDIATE')
    try {
      const begun = performance.now()
      const tells: (() => void)[] = []
      for (const job of jobs) {
        tells.push(job.run())
        if (performance.now() - begun > LONGEST) break
      }
      db.exec('COMMIT')
      return { done: tells.length, tell: () => tells.forEach((tell) => tell()) }
    } catch (error) {
      try {
        db.exec('ROLLBACK')
      } catch {
        // Where the fault was grave, SQLite has rolled back by itself.
      }
      throw error
    }
  }

  const work = async (): Promise<void> => {
    let tries = 0
    while (waiting.length > 0) {
      const jobs = waiting.slice(0, MOST)
      try {
        const { done, tell } = commit(jobs)
        waiting.splice(0, done)
        tell()
        tries = 0
        // Others may go on, and ask for more.
        await pause(0)
      } catch (error) {
        const now = performance.now()
        const lost = isLocked(error) ? jobs.filter(({ since }) => now - since > PATIENCE) : jobs
        waiting.splice(0, lost.length)
        for (const { reject } of lost) reject(told(error))
        await backOff(++tries)
      }
    }
    isWorking = false
  }

  return {
    all,

    async read(run) {
      const since = performance.now()
      for (let tries = 1; ; tries++) {
        try {
          open()
          return run()
        } catch (error) {
          if (!isLocked(error) || performance.now() - since > PATIENCE) throw told(error)
          await backOff(tries)
        }
      }
    },

    write: (run) =>
      new Promise((resolve, reject) => {
        waiting.push({
          since: performance.now(),
          run: () => {
            const value = run()
            return () => resolve(value)
          },
          reject,
        })
        if (isWorking) return
        isWorking = true
        void Promise.resolve().then(work)
      }),
  }
}
