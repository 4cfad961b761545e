import { expect, it, vi } from 'vitest'
import { postgresStore } from '../../src/server/stores/postgres.ts'
import { canStart, startPgBouncer, startPostgres } from '../tools/databases.ts'
import { conforms, own, pool, times } from './support.ts'

const database = await own(startPostgres())
const inAnHour = (): number => Date.now() + 3_600_000

if (canStart('pgbouncer')) {
  const pooler = await own(startPgBouncer(database))
  const store = postgresStore(pool(pooler.url, { max: 30 }))
  await store.migrate()
  conforms('S19 PostgreSQL behind PgBouncer in transaction mode', () => store)
}

it('S20 S33 a server that is killed in the middle loses nothing that it answered, and the process works on', async () => {
  const store = postgresStore(pool(database.url, { connectionTimeoutMillis: 2000 }))
  await store.migrate()
  const told = await Promise.all([
    ...Array.from({ length: 4 }, async (_, writer) => {
      let counted = 0
      try {
        for (;;) counted = (await store.count(`writer ${writer}`, 3_600_000)).count
      } catch {
        return counted
      }
    }),
    vi
      .waitUntil(async () => (await store.count('until', 3_600_000)).count > 20, { timeout: 10_000 })
      .then(() => database.kill()),
  ])
  // Nobody is refused: whoever asks meanwhile learns that there is no answer.
  for (const call of [
    store.get('key'),
    store.count('key', 1000),
    store.put('key', 'x', { expiresAt: inAnHour() }),
  ]) {
    await expect(call).rejects.toThrow()
  }
  await database.start()
  const counts = await times(4, async (writer) => (await store.count(`writer ${writer}`, 3_600_000)).count)
  for (const [writer, count] of counts.entries()) {
    expect(count).toBeGreaterThan(told[writer] as number)
    // One more than was answered may have been written, and this one.
    expect(count).toBeLessThanOrEqual((told[writer] as number) + 2)
  }
})
