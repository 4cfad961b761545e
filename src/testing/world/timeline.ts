/*
 * What happened, in order, for a person to follow. Secrets are shown as short names (`token 3`), the same for the same
 * value, so that one sees which credential went where and no credential stands in the text.
 */

/** One thing that happened in a virtual world. */
export interface TimelineEntry {
  /** Milliseconds since the world began. */
  readonly at: number
  /** Who did it: `tab 1`, `server`, `world`. */
  readonly who: string
  readonly what: string
}

/** The record of a virtual world. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[]
  note(who: string, what: string): void
  /** The short name of a secret. */
  alias(kind: string, secret: string): string
  print(): string
}

export function createTimeline(now: () => number): Timeline {
  const entries: TimelineEntry[] = []
  const aliases = new Map<string, Map<string, string>>()
  return {
    entries,
    note: (who, what) => void entries.push({ at: now(), who, what }),
    alias(kind, secret) {
      const known = aliases.get(kind) ?? new Map<string, string>()
      aliases.set(kind, known)
      const name = known.get(secret) ?? `${kind} ${known.size + 1}`
      known.set(secret, name)
      return name
    },
    print: () =>
      entries
        .map(({ at, who, what }) => `${formatSeconds(at).padStart(12)}  ${who.padEnd(8)}${what}`)
        .join('\n'),
  }
}

function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`
}
