import type { DiagnosticEntry } from 'latchkey'

const MEMBERS: Readonly<Record<keyof DiagnosticEntry, 'string' | 'number'>> = {
  type: 'string',
  at: 'number',
  tab: 'string',
  cause: 'string',
  code: 'string',
  status: 'number',
  reason: 'string',
  generation: 'number',
  milliseconds: 'number',
  jitter: 'number',
  url: 'string',
  scope: 'string',
  message: 'string',
}

const REQUIRED = ['type', 'at', 'tab'] as const

/** Whether something that came from outside has the shape of an entry, and nothing more in it. */
export function isEntry(value: unknown): value is DiagnosticEntry {
  if (typeof value !== 'object' || value === null) return false
  return (
    REQUIRED.every((name) => name in value) &&
    Object.entries(value).every(
      ([name, member]) =>
        Object.hasOwn(MEMBERS, name) &&
        (member === undefined || typeof member === MEMBERS[name as keyof DiagnosticEntry]),
    )
  )
}
