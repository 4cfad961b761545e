/** Hands a fault of the application's own callback to where its faults go, without letting it into ours. */
export function report(error: unknown): void {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error)
  else console.error(error)
}

/** Calls every listener, also when one of them throws. Whoever adds one gets what removes it. */
export class Listeners<Value> {
  /** Made with the first: of most kinds nobody ever wants to hear. */
  #listeners: Set<{ readonly call: (value: Value) => unknown }> | undefined

  get size(): number {
    return this.#listeners?.size ?? 0
  }

  add(call: (value: Value) => unknown): () => void {
    // An object of its own, so that the same function added twice is called twice and removed once.
    const entry = { call }
    const listeners = (this.#listeners ??= new Set())
    listeners.add(entry)
    return () => void listeners.delete(entry)
  }

  /** The promises of the listeners that returned one, of whatever library; they never reject. */
  emit(value: Value): Promise<unknown>[] {
    const pending: Promise<unknown>[] = []
    for (const entry of [...(this.#listeners ?? [])]) {
      if (!this.#listeners!.has(entry)) continue
      try {
        const result = entry.call(value) as Partial<PromiseLike<unknown>> | null | undefined
        if (typeof result?.then === 'function') pending.push(Promise.resolve(result).catch(report))
      } catch (error) {
        report(error)
      }
    }
    return pending
  }

  clear(): void {
    this.#listeners?.clear()
  }
}
