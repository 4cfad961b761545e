import { postgresStore, redisStore, type ServerStore } from 'latchkey/server'
import type { Place } from './deployment.ts'

/** With a connection of its own, which lives as long as the process. */
export async function openStore({ database, url, mark }: Place): Promise<ServerStore> {
  if (database === 'postgres') {
    const { Pool } = await import('pg')
    return postgresStore(new Pool({ connectionString: url, max: 10 }), { schema: mark })
  }
  const { Redis } = await import('ioredis')
  const client = new Redis(url, { enableOfflineQueue: false, lazyConnect: true })
  await client.connect()
  return redisStore(client, { prefix: `${mark}:`, onWarning: () => undefined })
}
