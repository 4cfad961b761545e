import type { DiagnosticEntry } from 'latchkey'
import { sentenceOf } from './sentences.js'

/** What one line of the timeline shows: the last entry of an act, and when it began. */
export interface Row {
  readonly key: number
  readonly entry: DiagnosticEntry
}

const actOf = ({ type, tab }: DiagnosticEntry): string => `${tab} ${type.split('.')[0]}`

/** One line for each act: what began it gives way to how it ended. The oldest first. */
export function rowsOf(entries: readonly DiagnosticEntry[]): readonly Row[] {
  const rows: Row[] = []
  const running = new Map<string, number>()
  for (const entry of entries) {
    const act = actOf(entry)
    const begun = running.get(act)
    const row = { key: begun ?? rows.length, entry }
    rows[row.key] = row
    if (sentenceOf(entry).tone === 'running') running.set(act, row.key)
    else running.delete(act)
  }
  return rows
}
