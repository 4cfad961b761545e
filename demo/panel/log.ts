import type { AuthClient, DiagnosticEntry } from 'latchkey'

const KEPT = 200

/** Where the decisions of a client can be heard. */
export type DiagnosticSource = Pick<AuthClient<never>, 'on'>

/** Keeps what the `diagnostic` event says, so that a panel that opens later shows what came before it. */
export class DiagnosticLog {
  #entries: readonly DiagnosticEntry[] = []
  readonly #listeners = new Set<() => void>()

  /** Hears a client out; more than one can feed the same log. Returns what stops it. */
  follow(source: DiagnosticSource): () => void {
    return source.on('diagnostic', (entry) => this.add(entry))
  }

  /** For entries that come another way, such as from another tab. */
  add(entry: DiagnosticEntry): void {
    this.#entries = [...this.#entries, entry].slice(-KEPT)
    for (const listener of this.#listeners) listener()
  }

  /** The oldest first; the same array until something is added. */
  readonly entries = (): readonly DiagnosticEntry[] => this.#entries

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
