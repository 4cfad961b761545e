import type { DiagnosticEntry } from 'latchkey'
import { sentenceOf } from './sentences.js'

/** What one line of the timeline shows: how an act stands, and the tabs that did it, in the order in which they did. */
export interface Row {
  readonly key: number
  readonly entry: DiagnosticEntry
  /** What it began with, where that was said. */
  readonly begun: DiagnosticEntry | undefined
  readonly tabs: readonly string[]
  /** How often they did, all in all. */
  readonly times: number
}

/** What is done again within that time is done for one reason. */
const TOGETHER_MS = 1500

const actOf = ({ type, tab }: DiagnosticEntry): string => `${tab} ${type.split('.')[0]}`

/** A token is taken over once, whatever it was needed for. */
const ADOPTED = 'refresh.adopted'

const likeness = ({ type, cause, code, status, reason, generation, url }: DiagnosticEntry): string =>
  [type, type === ADOPTED || cause, code, status, reason, generation, url].join(' ')

/**
 * One line for each act: what began it gives way to how it ended, and what is done many times at once, in one tab or in
 * several, is said once. The oldest first.
 */
export function rowsOf(entries: readonly DiagnosticEntry[]): readonly Row[] {
  const rows: Row[] = []
  const running = new Map<string, number>()
  for (const entry of entries) {
    const act = actOf(entry)
    const open = running.get(act)
    const runs = sentenceOf(entry).tone === 'running'
    const like = runs || open !== undefined ? undefined : alike(rows, entry)
    const key = open ?? like?.key ?? rows.length
    const begun = runs ? entry : rows[open ?? -1]?.begun
    if (like && entry.type === ADOPTED && like.tabs.includes(entry.tab)) continue
    const tabs = new Set(like?.tabs).add(entry.tab)
    rows[key] = { key, entry: like?.entry ?? entry, begun, tabs: [...tabs], times: (like?.times ?? 0) + 1 }
    if (runs) running.set(act, key)
    else running.delete(act)
  }
  return rows
}

/** A line that says the same and is not older than a moment. */
function alike(rows: readonly Row[], entry: DiagnosticEntry): Row | undefined {
  return rows
    .slice(-4)
    .findLast((row) => entry.at - row.entry.at < TOGETHER_MS && likeness(row.entry) === likeness(entry))
}
