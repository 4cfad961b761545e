/*
 * The tables of the SQL stores. Every statement may be run again and while the version before is in service; within a major,
 * columns are only added, and may be null.
 */

export interface Tables {
  readonly rows: string
  readonly users: string
  readonly counters: string
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/

/** Names that stand in statements: nothing that a stranger could choose, and nothing that needs more than quotes. */
export function tableNames(prefix = 'latchkey_', schema?: string): Tables {
  for (const [option, name] of Object.entries({ prefix, schema })) {
    if (name !== undefined && !NAME.test(name)) {
      throw new TypeError(`Failed to make a store: "${option}" is no plain name (letters, digits and _)`)
    }
  }
  const inSchema = schema === undefined ? '' : `"${schema}".`
  const named = (name: string) => `${inSchema}"${prefix}${name}"`
  return { rows: named('rows'), users: named('users'), counters: named('counters') }
}

const HOUR = 3_600_000

/**
 * What the sweep goes by: never before the row has expired, and in steps, since a session that lives on moves its end with every
 * use, and whatever an index holds is dear to write.
 */
export function sweepAt(expiresAt: number): number {
  return Math.ceil(expiresAt / HOUR) * HOUR
}

/** A store on tables that the application makes: by `migrate`, or by running `migrations` with its own tool. */
export interface Migrating {
  readonly migrations: readonly string[]
  migrate(): Promise<void>
}
