import { createClient, createClientPool } from 'redis'
import { createClient as createClient4 } from 'redis-4'
import { createClient as createClient5 } from 'redis-5'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { expect, it, vi } from 'vitest'
import { redisStore, type RedisClient, type RedisStoreOptions } from '../../src/server/stores/redis.ts'
import { atTheEnd, conforms, later, redisUrl, serves, times } from './support.ts'

const url = await redisUrl()
const mark = `latchkey-test-${Math.random().toString(36).slice(2, 8)}:`
const quiet = { prefix: mark, onWarning: () => undefined } satisfies RedisStoreOptions

const client = createClient({ url })
await client.connect()
atTheEnd(async () => {
  for await (const keys of client.scanIterator({ MATCH: `*${mark}*`, COUNT: 1000 })) {
    if (keys.length > 0) await client.del(keys)
  }
  client.destroy()
})

/** Ended when the tests of this file are over. */
async function connected<Client extends { connect(): Promise<unknown> }>(
  client: Client,
  end: (client: Client) => unknown,
): Promise<Client> {
  await client.connect()
  atTheEnd(() => end(client))
  return client
}

const prefixed = new Redis(url, { keyPrefix: `{app}:${mark}` })
atTheEnd(() => prefixed.disconnect())
const io5 = new Redis5(url)
atTheEnd(() => io5.disconnect())

const clients: Record<string, RedisClient> = {
  'redis 6': client,
  'redis 5 that speaks RESP 3': await connected(createClient5({ url, RESP: 3 }), (c) => c.destroy()),
  'redis 4': await connected(createClient4({ url }), (c) => c.disconnect()),
  'ioredis 6 with a prefix of its own': prefixed,
  'ioredis 5': io5,
}
for (const [name, client] of Object.entries(clients)) {
  const store = redisStore(client, quiet)
  conforms(`S31 Redis by ${name}`, () => store)
}

const store = redisStore(client, quiet)
serves('Redis', () => store)
const inAnHour = (): number => Date.now() + 3_600_000

const keysOf = async (part: string): Promise<string[]> => {
  const found: string[] = []
  for await (const keys of client.scanIterator({ MATCH: `*${mark}*${part}*`, COUNT: 1000 }))
    found.push(...keys)
  return found
}

it('S31 a pool of clients is a client', async () => {
  const pooled = await connected(createClientPool({ url }, { maximum: 4 }), (c) => c.destroy())
  const store = redisStore(pooled, quiet)
  expect(
    (await times(20, () => store.count('s31', 60_000))).map(({ count }) => count).sort((a, b) => a - b),
  ).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  expect(await store.put('s31', 'value', { expiresAt: inAnHour(), userId: 's31' })).toBe(true)
  expect((await store.sessionsOf('s31')).keys).toEqual(['s31'])
})

it('S30 scripts that Redis has forgotten are none that a call needs', async () => {
  await store.put('s30', 'value', { expiresAt: inAnHour() })
  await client.scriptFlush()
  expect((await store.get('s30'))?.value).toBe('value')
})

it('S10 no key stays without an end, and none is left when all is over', async () => {
  const { now } = await store.userGeneration('s10')
  await times(50, (index) =>
    store.put(`s10 ${index}`, 'value', { expiresAt: Math.ceil(now) + 3000, userId: 's10' }),
  )
  await store.count('s10', 3000)
  await store.bumpUser('s10 bumped')
  const keys = await keysOf('s10')
  expect(keys).toHaveLength(53)
  for (const key of keys) expect(await client.pTTL(key)).toBeGreaterThan(0)
  const left = async () => (await keysOf('s10')).length === 1
  await vi.waitUntil(left, { timeout: 20_000, interval: 50 })
  expect((await store.sessionsOf('s10')).keys).toEqual([])
  expect(await store.sweep(1000)).toBe(0)
})

it('S09 S10 the generation of a user outlives his last session, and goes a day later', async () => {
  const day = 86_400_000
  const [key = ''] = await store.bumpUser('s09').then(() => keysOf('generation:{s09}'))
  expect(await client.pTTL(key)).toBeLessThanOrEqual(day)
  const { now } = await store.userGeneration('s09')
  await store.put('s09', 'value', { expiresAt: Math.ceil(now) + 30 * day, userId: 's09' })
  expect(await client.pTTL(key)).toBeGreaterThan(30.9 * day)
  await store.bumpUser('s09')
  expect(await client.pTTL(key)).toBeGreaterThan(30.9 * day)
})

it('S08 a session that was not written stays in the list until its end: a ghost hides nobody', async () => {
  const { now } = await store.userGeneration('s08')
  await store.put('s08', 'value', { expiresAt: Math.ceil(now) + 60_000, userId: 's08' })
  const sooner = { expiresAt: Math.ceil(now) + 1, userId: 's08', ifVersion: 'another' }
  expect(await store.put('s08', 'value', sooner)).toBe(false)
  while ((await store.userGeneration('s08')).now < now + 10) await later(5)
  expect((await store.sessionsOf('s08')).keys).toEqual(['s08'])
})

it('S35 what has reached its end is over in that very millisecond, though Redis still has it', async () => {
  const { now } = await store.userGeneration('s35')
  const expiresAt = Math.ceil(now) + 60_000
  await store.put('s35 over', 'value', { expiresAt })
  await store.count('s35 over', 60_000)
  const { version } = (await store.get('s35 over'))!
  for (const key of await keysOf('s35%20over')) await client.hSet(key, 'e', String(Math.floor(now)))
  expect(await store.get('s35 over')).toBeUndefined()
  expect(await store.take('s35 over')).toBeUndefined()
  expect(await store.put('s35 over', 'revived', { expiresAt, ifVersion: version })).toBe(false)
  expect(await store.put('s35 over', 'anew', { expiresAt })).toBe(true)
  expect((await store.get('s35 over'))?.value).toBe('anew')
  expect((await store.count('s35 over', 60_000)).count).toBe(1)
})

it('S35 time is that of Redis, whatever this machine’s clock says', async () => {
  const { now } = await store.userGeneration('s35')
  await store.put('s35', 'value', { expiresAt: Math.ceil(now) + 60_000 })
  vi.spyOn(Date, 'now').mockReturnValue(now + 86_400_000)
  expect((await store.get('s35'))?.now).toBeLessThan(now + 20_000)
  expect((await store.count('s35', 60_000)).endsAt).toBeLessThan(now + 80_000)
})

it('a prefix that would decide the slot is refused', () => {
  expect(() => redisStore(client, { prefix: 'a{b' })).toThrow(TypeError)
})
