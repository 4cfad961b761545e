import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { postgresStore, sqliteStore } from 'latchkey/server'
import { ROOT } from '../tools/files.ts'

const head = (made: string): string =>
  `-- The tables of ${made} of latchkey/server with its default names. Each statement may be run again, and\n` +
  '-- while the version before is in service. `store.migrate()` runs the same.\n\n'
const text = (made: string, migrations: readonly string[]): string =>
  head(made) + migrations.map((sql) => `${sql};\n`).join('\n')

// `vitest -u` writes them.
it('S64 the SQL files of the package are what the stores migrate with', async () => {
  const pool = { query: () => Promise.reject(new Error('nothing is asked')) }
  const [postgres, sqlite] = [postgresStore(pool), sqliteStore(new DatabaseSync(':memory:'))]
  const folder = join(ROOT, 'docs/sql')
  await expect(text('postgresStore', postgres.migrations)).toMatchFileSnapshot(join(folder, 'postgres.sql'))
  await expect(text('sqliteStore', sqlite.migrations)).toMatchFileSnapshot(join(folder, 'sqlite.sql'))
})
