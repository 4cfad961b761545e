import type { Stage } from './stage.js'

/** A failure that people know, and how it is staged. */
export interface Scenario {
  readonly id: string
  readonly title: string
  /** What usually happens, and why. */
  readonly usual: string
  /** What happens here instead. */
  readonly here: string
  /** Why it cannot be shown without a server; undefined where it can. */
  readonly needsServer?: string
  run(stage: Stage): Promise<void>
}

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`

/** Answers of a load in words: "20 × 200". */
export function answersOf(loaded: {
  readonly statuses: Readonly<Record<number, number>>
  readonly errors: Readonly<Record<string, number>>
}): string {
  const parts = [...Object.entries(loaded.statuses), ...Object.entries(loaded.errors)]
  return (
    parts.map(([name, times]) => (times === 1 ? name : `${times}\u00a0×\u00a0${name}`)).join(', ') || 'none'
  )
}
