/*
 * localStorage of one origin: a writer sees its own value at once, other tabs a little later, each key in one order for
 * all. The `storage` event comes with the visibility, in other pages only, and only where the value changed.
 */
import type { VirtualTime } from './time.js'

/** A page as the storage sees it. */
export interface StorageUser {
  /** The number of its tab. */
  readonly tab: number
  /** Runs the listener as an event of the page. */
  storageChanged(changed: () => void): void
}

interface Write {
  readonly value: string | null
  readonly tab: number
  readonly visibleAt: number
}

export interface OriginStorage {
  read(key: string, user: StorageUser): string | null
  write(key: string, value: string | null, user: StorageUser | undefined): void
  keys(prefix: string, user: StorageUser): readonly string[]
  watch(prefix: string, user: StorageUser, changed: () => void): () => void
  /** Removes everything, as a person does in the settings. */
  clear(): void
  /** What is stored, key by key. */
  all(): ReadonlyMap<string, string>
}

/** The writer of what no tab wrote. */
const NOBODY = -1

export function createOriginStorage(time: VirtualTime, delayMs: () => number): OriginStorage {
  const writes = new Map<string, Write[]>()
  const watchers = new Set<{
    readonly prefix: string
    readonly user: StorageUser
    readonly changed: () => void
  }>()

  function write(key: string, value: string | null, user: StorageUser | undefined): void {
    const delay = user ? delayMs() : 0
    const history = (writes.get(key) ?? []).slice(-20)
    const before = history.at(-1)
    // A later value never shows before an earlier one.
    const visibleAt = Math.max(before?.visibleAt ?? 0, time.now() + delay)
    writes.set(key, [...history, { value, tab: user?.tab ?? NOBODY, visibleAt }])
    if ((before?.value ?? null) === value) return
    for (const watcher of watchers) {
      if (!key.startsWith(watcher.prefix) || watcher.user === user) continue
      time.at(visibleAt - time.now(), () => {
        if (watchers.has(watcher)) watcher.user.storageChanged(watcher.changed)
      })
    }
  }

  function read(key: string, user: StorageUser): string | null {
    const seen = writes.get(key)?.filter((one) => one.tab === user.tab || one.visibleAt <= time.now())
    return seen?.at(-1)?.value ?? null
  }

  return {
    read,
    write,
    keys: (prefix, user) =>
      [...writes.keys()].filter((key) => key.startsWith(prefix) && read(key, user) !== null),
    watch(prefix, user, changed) {
      const watcher = { prefix, user, changed }
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    clear() {
      for (const key of writes.keys()) write(key, null, undefined)
    },
    all: () =>
      new Map(
        [...writes].flatMap(([key, history]) => {
          const value = history.at(-1)?.value ?? null
          return value === null ? [] : [[key, value] as const]
        }),
      ),
  }
}
