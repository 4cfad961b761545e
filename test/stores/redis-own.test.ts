import { once } from 'node:events'
import { createClient, createCluster } from 'redis'
import { Cluster, Redis } from 'ioredis'
import { expect, it, vi } from 'vitest'
import { redisStore } from '../../src/server/stores/redis.ts'
import { startRedis } from '../tools/databases.ts'
import { atTheEnd, conforms, later, own, times } from './support.ts'

const database = await own(startRedis())
const quiet = { onWarning: () => undefined }
const inAnHour = (): number => Date.now() + 3_600_000

const client = createClient({ url: database.url, disableOfflineQueue: true })
client.on('error', () => undefined)
await client.connect()
atTheEnd(() => client.destroy())
const io = new Redis(database.url, { enableOfflineQueue: false, maxRetriesPerRequest: 1 })
io.on('error', () => undefined)
await once(io, 'ready')
atTheEnd(() => io.disconnect())

it('S27 a Redis that may evict is told of once, by default on the console, and by a check', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const store = redisStore(client)
  expect(await store.check?.()).toEqual([])
  await store.get('key')
  await client.configSet('maxmemory-policy', 'volatile-lru')
  const told: string[] = []
  const warned = redisStore(io, { onWarning: (message) => told.push(message) })
  await times(5, () => warned.get('key'))
  await vi.waitUntil(() => told.length > 0)
  await warned.get('key')
  expect(told).toEqual([expect.stringContaining('"volatile-lru"')])
  expect(await store.check?.()).toEqual(told)
  expect(warn).not.toHaveBeenCalled()
  await redisStore(client).get('key')
  await vi.waitUntil(() => warn.mock.calls.length > 0)
  expect(warn.mock.calls).toEqual([[`[latchkey] ${told[0]}`]])
  await client.configSet('maxmemory-policy', 'noeviction')
})

it('S27 where the memory is full a put rejects, and nothing of it is there', async () => {
  const store = redisStore(client, quiet)
  await store.put('there', 'value', { expiresAt: inAnHour() })
  await client.configSet('maxmemory', '1')
  for (const userId of [undefined, 'ann']) {
    await expect(store.put('new', 'value', { expiresAt: inAnHour(), userId })).rejects.toThrow('OOM')
  }
  await expect(store.count('new', 1000)).rejects.toThrow('OOM')
  // Whoever is signed in stays so, and can be signed out.
  expect((await store.get('there'))?.value).toBe('value')
  expect((await store.take('there'))?.value).toBe('value')
  await client.configSet('maxmemory', '0')
  expect(await store.get('new')).toBeUndefined()
  expect((await store.count('new', 1000)).count).toBe(1)
})

it('S27 S28 a Redis that keeps no file is told of by a check', async () => {
  await client.configSet('appendonly', 'no')
  expect(await redisStore(client, quiet).check?.()).toEqual([expect.stringContaining('appendonly')])
  await client.configSet('appendonly', 'yes')
  await vi.waitUntil(async () => (await client.info('persistence')).includes('aof_rewrite_in_progress:0'))
})

it('S28 S30 S33 a Redis that is killed in the middle loses nothing that it answered, does nothing that it did not, and both clients work on', async () => {
  const stores = [redisStore(client, quiet), redisStore(io, quiet)]
  let isKilled = false
  const told = times(2, async (writer) => {
    let counted = 0
    try {
      while (!isKilled) counted = (await stores[writer]!.count(`writer ${writer}`, 3_600_000)).count
    } catch {
      // Nobody knows whether the last one was written.
    }
    return counted
  })
  await vi.waitUntil(
    async () => (await client.get('x'), (await stores[0]!.count('until', 3_600_000)).count > 20),
    {
      timeout: 10_000,
    },
  )
  await database.kill()
  isKilled = true
  for (const store of stores) {
    await expect(store.get('key')).rejects.toThrow()
    await expect(store.put('late', 'value', { expiresAt: inAnHour() })).rejects.toThrow()
  }
  await database.start()
  await vi.waitUntil(() => client.isReady && io.status === 'ready', { timeout: 20_000 })
  expect(await stores[0]!.get('late')).toBeUndefined()
  const answered = await told
  for (const [writer, store] of stores.entries()) {
    const { count } = await store.count(`writer ${writer}`, 3_600_000)
    expect(count).toBeGreaterThan(answered[writer]!)
    expect(count).toBeLessThanOrEqual(answered[writer]! + 2)
  }
})

const nodes = await Promise.all(
  [1, 2].map(() => own(startRedis({ 'cluster-enabled': 'yes', 'cluster-config-file': 'nodes.conf' }))),
)
const addresses = nodes.map(({ port }) => ({ host: '127.0.0.1', port }))
const half = 8192
for (const [index, { url }] of nodes.entries()) {
  const node = createClient({ url })
  await node.connect()
  await node.sendCommand(['CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1)])
  await node.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', String(index * half), String(index * half + half - 1)])
  if (index > 0) await node.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', String(addresses[0]!.port)])
  atTheEnd(() => node.destroy())
}
await Promise.all(
  nodes.map(async ({ url }) => {
    const node = createClient({ url })
    await node.connect()
    const knowsAll = async () => {
      const info = (await node.sendCommand(['CLUSTER', 'INFO'])) as unknown as string
      return info.includes('cluster_state:ok') && info.includes('cluster_slots_ok:16384')
    }
    while (!(await knowsAll())) await later(50)
    node.destroy()
  }),
)

const cluster = createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) })
await cluster.connect()
atTheEnd(() => cluster.destroy())
const ioCluster = new Cluster(addresses)
atTheEnd(() => ioCluster.disconnect())

const clustered = redisStore(cluster, quiet)
conforms('S29 a cluster of two Redis by redis 6', () => clustered)
const ioClustered = redisStore(ioCluster, quiet)
conforms('S29 a cluster of two Redis by ioredis 6', () => ioClustered)
