/** Runs work under a key one after the other, in the order it was asked for. */
export type Exclusively = <T>(key: string, work: () => Promise<T>) => Promise<T>

export function createMutex(): Exclusively {
  const last = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const before = last.get(key)
    const mine = before === undefined ? work() : before.then(work)
    const settled = mine.catch(() => undefined)
    last.set(key, settled)
    try {
      return await mine
    } finally {
      if (last.get(key) === settled) last.delete(key)
    }
  }
}
