import type { AuthClient, DiagnosticEntry } from 'latchkey'

const KEPT = 150

/** Entries of two tabs come out of order by less. By more, a clock was put back, and what comes last is the newest. */
const DISORDER_MS = 5000

/** Where the decisions of a client can be heard. */
export type DiagnosticSource = Pick<AuthClient<never>, 'on'>

/** Keeps what the `diagnostic` event says, so that a panel that opens later shows what came before it. */
export class DiagnosticLog {
  #entries: readonly DiagnosticEntry[]
  readonly #listeners = new Set<() => void>()

  constructor(entries: readonly DiagnosticEntry[] = []) {
    this.#entries = entries
  }

  /** Hears a client out; more than one can feed the same log. Returns what stops it. */
  follow(source: DiagnosticSource): () => void {
    return source.on('diagnostic', (entry) => this.add(entry))
  }

  /** For entries that come another way, such as from another tab. */
  add(entry: DiagnosticEntry): void {
    const entries = [...this.#entries]
    const before = entries.findLastIndex(({ at }) => at <= entry.at || at - entry.at > DISORDER_MS)
    entries.splice(before + 1, 0, entry)
    this.#set(entries.slice(-KEPT))
  }

  clear(): void {
    this.#set([])
  }

  /** The oldest first; the same array until something is added. */
  readonly entries = (): readonly DiagnosticEntry[] => this.#entries

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #set(entries: readonly DiagnosticEntry[]): void {
    this.#entries = entries
    for (const listener of this.#listeners) listener()
  }
}
