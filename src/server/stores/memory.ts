import { checkKey, checkValue, checkWhole } from './checks.js'
import type { ServerStore } from './store.js'

export interface MemoryStoreOptions {
  /** What tells the time, in ms since 1970; by default the machine's. */
  readonly clock?: { now(): number } | undefined
}

interface Row {
  readonly value: string
  readonly version: string
  readonly expiresAt: number
  readonly userId: string | undefined
}

const PAGE = 100

/** For tests, and for one process that may forget everything when it ends. */
export function memoryStore({ clock = Date }: MemoryStoreOptions = {}): ServerStore {
  const rows = new Map<string, Row>()
  const counters = new Map<string, { count: number; endsAt: number }>()
  const listed = new Map<string, Set<string>>()
  const generations = new Map<string, number>()
  let writes = 0

  const alive = (key: string, now: number): Row | undefined => {
    const row = rows.get(checkKey(key))
    return row !== undefined && row.expiresAt > now ? row : undefined
  }

  const remove = (key: string): void => {
    const userId = rows.get(key)?.userId
    rows.delete(key)
    if (userId === undefined) return
    const keys = listed.get(userId)
    keys?.delete(key)
    if (keys?.size === 0) listed.delete(userId)
  }

  return {
    async get(key) {
      const now = clock.now()
      const row = alive(key, now)
      return row && { value: row.value, version: row.version, now }
    },

    async put(key, value, { ifVersion, expiresAt, userId }) {
      const before = alive(key, clock.now())
      checkWhole('expiresAt', expiresAt)
      checkValue(value)
      if (before?.version !== ifVersion) return false
      const owner = userId === undefined ? before?.userId : checkKey(userId)
      remove(key)
      rows.set(key, { value, version: String(++writes), expiresAt, userId: owner })
      if (owner !== undefined) listed.set(owner, (listed.get(owner) ?? new Set()).add(key))
      return true
    },

    async take(key) {
      const now = clock.now()
      const row = alive(key, now)
      if (row === undefined) return undefined
      remove(key)
      return { value: row.value, version: row.version, now }
    },

    async count(key, windowMs) {
      checkWhole('windowMs', windowMs)
      const now = clock.now()
      const before = counters.get(checkKey(key))
      const after =
        before !== undefined && before.endsAt > now
          ? { count: before.count + 1, endsAt: before.endsAt }
          : { count: 1, endsAt: now + windowMs }
      counters.set(key, after)
      return { ...after, now }
    },

    async sessionsOf(userId, cursor = '') {
      const now = clock.now()
      const keys = [...(listed.get(checkKey(userId)) ?? [])]
        .filter((key) => key > cursor && alive(key, now) !== undefined)
        .sort()
      const page = keys.slice(0, PAGE)
      return { keys: page, cursor: keys.length > PAGE ? page.at(-1) : undefined }
    },

    async bumpUser(userId, atLeast) {
      const before = generations.get(checkKey(userId)) ?? 0
      const generation =
        atLeast === undefined
          ? Math.max(before + 1, Math.floor(clock.now()))
          : Math.max(before, checkWhole('atLeast', atLeast))
      generations.set(userId, generation)
      return generation
    },

    async userGeneration(userId) {
      return { generation: generations.get(checkKey(userId)) ?? 0, now: clock.now() }
    },

    async sweep(limit) {
      checkWhole('limit', limit)
      const now = clock.now()
      let swept = 0
      for (const [key, { expiresAt }] of rows) {
        if (swept === limit) return swept
        if (expiresAt > now) continue
        remove(key)
        swept++
      }
      for (const [key, { endsAt }] of counters) {
        if (swept === limit) return swept
        if (endsAt > now) continue
        counters.delete(key)
        swept++
      }
      return swept
    },
  }
}
