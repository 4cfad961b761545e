/** A request that waits until the test lets it go on. */
export interface Hold {
  /** Resolves when the request is there; for an answer, when it has been processed. */
  readonly arrived: Promise<void>
  release(): void
}

export type Held = 'request' | 'answer'

interface Waiting extends Hold {
  readonly path: string
  readonly what: Held
  arrive(): void
  readonly released: Promise<void>
}

export class Holds {
  readonly #waiting = new Set<Waiting>()
  readonly #all: Waiting[] = []

  /** Holds the next request for that path before it is processed, or its answer after. */
  add(path: string, what: Held): Hold {
    let arrive = (): void => {}
    let release = (): void => {}
    const arrived = new Promise<void>((resolve) => (arrive = resolve))
    const released = new Promise<void>((resolve) => (release = resolve))
    const waiting: Waiting = { path, what, arrived, released, arrive, release }
    this.#waiting.add(waiting)
    this.#all.push(waiting)
    return waiting
  }

  /** Where a request comes to that may be held. */
  async pass(path: string, what: Held): Promise<void> {
    const found = [...this.#waiting].find((one) => one.path === path && one.what === what)
    if (found === undefined) return
    this.#waiting.delete(found)
    found.arrive()
    await found.released
  }

  releaseAll(): void {
    for (const { release } of this.#all) release()
  }
}
