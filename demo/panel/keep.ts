import type { DiagnosticEntry } from 'latchkey'
import { isEntry } from './entry.js'
import type { DiagnosticLog } from './log.js'

/** What an earlier page of this tab kept. */
export function kept(key: string): readonly DiagnosticEntry[] {
  try {
    const entries: unknown = JSON.parse(sessionStorage.getItem(key) ?? '[]')
    return Array.isArray(entries) ? entries.filter(isEntry) : []
  } catch {
    return []
  }
}

/** Keeps the log over a reload, which is when one wants to know what went before. Entries hold no secret. */
export function keep(key: string, log: DiagnosticLog): void {
  log.subscribe(() => {
    try {
      sessionStorage.setItem(key, JSON.stringify(log.entries()))
    } catch {
      // Where storage is blocked, a reload begins anew.
    }
  })
}
