import { createClient } from 'redis'
import { postgresStore } from '../../../src/server/stores/postgres.ts'
import { atTheEnd, pool, postgresUrl, redisUrl } from '../support.ts'
import type { Place } from './deployment.ts'

/** A place for rows that nobody else has, ready for use, and removed at the end. */
export async function openPlace(database: Place['database']): Promise<Place> {
  const mark = `latchkey_${Math.random().toString(36).slice(2, 8)}`
  if (database === 'postgres') {
    const url = await postgresUrl()
    const main = pool(url)
    await main.query(`CREATE SCHEMA ${mark}`)
    atTheEnd(() => main.query(`DROP SCHEMA ${mark} CASCADE`))
    await postgresStore(main, { schema: mark }).migrate()
    return { database, url, mark }
  }
  const url = await redisUrl()
  const client = await createClient({ url }).connect()
  atTheEnd(async () => {
    for await (const keys of client.scanIterator({ MATCH: `*${mark}*`, COUNT: 1000 })) {
      if (keys.length > 0) await client.del(keys)
    }
    client.destroy()
  })
  return { database, url, mark }
}
