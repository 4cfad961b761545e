/** One thing a scenario does, and what came of it. */
export interface Step {
  readonly text: string
  readonly state: 'running' | 'done' | 'failed'
  readonly fact?: string | undefined
  readonly milliseconds?: number | undefined
}

/** One thing that should be so, and what was measured. */
export interface Finding {
  readonly text: string
  readonly value: string
  readonly held: boolean
}

/** How a scenario went so far. */
export interface Run {
  readonly state: 'running' | 'held' | 'broken' | 'stopped'
  readonly steps: readonly Step[]
  readonly findings: readonly Finding[]
  /** Why it could not be carried through. */
  readonly problem?: string | undefined
}

const runs = new Map<string, Run>()
const listeners = new Set<() => void>()
let snapshot: ReadonlyMap<string, Run> = new Map()

/** The runs of all scenarios in this tab, by id. */
export const tourRuns = {
  get: (): ReadonlyMap<string, Run> => snapshot,
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
  update(id: string, change: (run: Run) => Run): void {
    runs.set(id, change(runs.get(id) ?? { state: 'running', steps: [], findings: [] }))
    snapshot = new Map(runs)
    for (const listener of listeners) listener()
  },
  begin: (id: string): void => tourRuns.update(id, () => ({ state: 'running', steps: [], findings: [] })),
}
