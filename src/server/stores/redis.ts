import { checkKey, checkValue, checkWhole } from './checks.js'
import { BUMP, COUNT, GENERATION, GET, INFO, LIST, LISTED, PUT, TAKE } from './redis-scripts.js'
import type { ServerStore, Stored } from './store.js'
import { newVersion } from './versions.js'

/** What is used of a client, a pool or a cluster of `redis`, from version 4 on. */
interface NodeRedis {
  evalSha(...args: never[]): unknown
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What is used of a client or a cluster of `ioredis`, from version 4 on. */
interface IoRedis {
  evalsha(...args: never[]): unknown
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>
}

export type RedisClient = NodeRedis | IoRedis

export interface RedisStoreOptions {
  /** Begins each key; `latchkey:` by default. */
  readonly prefix?: string | undefined
  /** Is told once, after the first call, what is dangerous: a Redis that may evict sessions. By default `console.warn`. */
  readonly onWarning?: ((message: string) => void) | undefined
}

const PAGE = '100'

const warningsOf = (info: string): string[] => {
  const said = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const policy = said('maxmemory_policy')
  const warnings: string[] = []
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `Redis may evict sessions, which signs people out: its maxmemory-policy is "${policy}", not "noeviction"`,
    )
  }
  if (said('aof_enabled') === '0') {
    warnings.push(
      'Redis may forget sessions, logouts and bans when it is restarted: it keeps no append-only file (appendonly is off)',
    )
  }
  return warnings
}

/**
 * On a client that the application makes and ends, connected to Redis 6.2 or newer, to a cluster of it, or to what speaks the same.
 * Make it with `disableOfflineQueue: true` (`redis`) or `enableOfflineQueue: false` (`ioredis`): without it, what is asked while Redis
 * is away waits in a queue, and is done when everybody has long been told that it was not.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): ServerStore {
  const { prefix = 'latchkey:', onWarning = (message) => console.warn(`[latchkey] ${message}`) } = options
  if (!/^[\w:.-]*$/.test(prefix)) {
    throw new TypeError('Failed to make a store: "prefix" may hold letters, digits and _ : . - only')
  }
  let hasWarned = false

  const send = (script: string, keys: string[], args: string[]): Promise<unknown> =>
    'evalSha' in client
      ? client.eval(script, { keys, arguments: args })
      : client.eval(script, keys.length, ...keys, ...args)

  /** What Redis says; numbers come as texts where the client was told so. */
  const run = async <Reply>(script: string, keys: string[], ...args: string[]): Promise<Reply> => {
    const reply = (await send(script, keys, args)) as Reply
    if (!hasWarned) {
      hasWarned = true
      // Where it may not be asked, there is nothing to say.
      void check().then(
        (warnings) => warnings.forEach(onWarning),
        () => undefined,
      )
    }
    return reply
  }

  // What stands in braces decides the slot, and no brace within may end it.
  const named = (kind: string, name: string): string =>
    `${prefix}${kind}:{${encodeURIComponent(checkKey(name))}}`
  const row = (key: string) => named('row', key)
  const list = (userId: string) => named('sessions', userId)
  const generation = (userId: string) => named('generation', userId)

  const stored = (reply: [string, string, unknown] | null): Stored | undefined =>
    reply === null ? undefined : { value: reply[0], version: reply[1], now: Number(reply[2]) }

  const check = async (): Promise<string[]> => warningsOf(String(await send(INFO, [`${prefix}info`], [])))

  return {
    check,

    get: async (key) => stored(await run(GET, [row(key)])),

    async put(key, value, { ifVersion, expiresAt, userId }) {
      const until = String(checkWhole('expiresAt', expiresAt))
      const args = [checkValue(value), newVersion(), until, ...(ifVersion === undefined ? [] : [ifVersion])]
      const keys = [row(key)]
      if (userId !== undefined) await run(LIST, [list(userId), generation(userId)], key, until)
      return Number(await run(PUT, keys, ...args)) === 1
    },

    take: async (key) => stored(await run(TAKE, [row(key)])),

    async count(key, windowMs) {
      checkWhole('windowMs', windowMs)
      const keys = [named('count', key)]
      const [count, endsAt, now] = await run<[unknown, unknown, unknown]>(COUNT, keys, String(windowMs))
      return { count: Number(count), endsAt: Number(endsAt), now: Number(now) }
    },

    async sessionsOf(userId, cursor = '0') {
      const [next, ...keys] = await run<[string, ...string[]]>(LISTED, [list(userId)], cursor, PAGE)
      return { keys, cursor: next === '0' ? undefined : next }
    },

    async bumpUser(userId, atLeast) {
      const least = atLeast === undefined ? '' : String(checkWhole('atLeast', atLeast))
      return Number(await run(BUMP, [generation(userId), list(userId)], least))
    },

    async userGeneration(userId) {
      const [found, now] = await run<[unknown, unknown]>(GENERATION, [generation(userId)])
      return { generation: Number(found), now: Number(now) }
    },

    // Redis deletes by itself what has expired.
    sweep: async (limit) => checkWhole('limit', limit) && 0,
  }
}
