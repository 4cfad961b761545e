import type { DiagnosticEntry } from 'latchkey'
import { auth } from './auth.js'

export const STEPS = ['sign-in', 'renewal', 'reload', 'outage', 'sign-out'] as const
export type Step = (typeof STEPS)[number]

const KEY = 'latchkey-demo:steps'

let done: ReadonlySet<Step> = new Set(restored())
let disturbed = false
const listeners = new Set<() => void>()

/** What the visitor has tried in this tab. */
export const steps = {
  get: (): ReadonlySet<Step> => done,
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
}

function mark(step: Step): void {
  if (done.has(step)) return
  done = new Set([...done, step])
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...done]))
  } catch {
    // Where storage is blocked, a reload forgets what was tried.
  }
  for (const listener of listeners) listener()
}

function restored(): Step[] {
  try {
    const names: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
    return STEPS.filter((step) => Array.isArray(names) && names.includes(step))
  } catch {
    return []
  }
}

auth.on('diagnostic', (entry) => {
  const step = stepOf(entry)
  if (step) mark(step)
})

function stepOf({ type, cause, reason }: DiagnosticEntry): Step | undefined {
  if (type === 'login.done') return 'sign-in'
  if (type === 'session.ended' && reason === 'logout') return 'sign-out'
  if (type === 'refresh.failed') disturbed = true
  if (type !== 'refresh.done' && type !== 'refresh.adopted') return undefined
  if (cause === 'redirect') return 'sign-in'
  if (disturbed) {
    disturbed = false
    return 'outage'
  }
  return cause === 'start' ? 'reload' : 'renewal'
}
