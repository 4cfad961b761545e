/* Plays schedules: one at a time, or many by their seeds; a failing one is shrunk and told as a timeline. */
import * as fc from 'fast-check'
import type { Exchange } from '../../src/testing/world/network.js'
import type { Coverage } from './coverage.js'
import type { Bounds, Schedule } from './schedule.js'
import { schedules } from './schedule.js'
import { createStage } from './stage.js'

export interface Run {
  readonly violations: readonly string[]
  readonly coverage: Coverage
  readonly exchanges: readonly Exchange[]
  timeline(): string
}

/** Plays one schedule to its end, or to the first broken promise. */
export async function simulate(schedule: Schedule): Promise<Run> {
  const stage = await createStage(schedule)
  const { referee, world, coverage, ledger } = stage
  for (const step of schedule.steps) {
    if (referee.violations.length > 0) break
    await stage.play(step)
  }
  if (referee.violations.length === 0) await stage.finish()
  const { exchanges } = ledger
  return { violations: referee.violations, coverage, exchanges, timeline: () => world.timeline.print() }
}

export interface Failure {
  readonly seed: number
  readonly schedule: Schedule
  readonly violations: readonly string[]
  readonly timeline: string
}

export interface Exploration {
  readonly runs: number
  readonly coverage: Coverage
  /** Seeds that broke a promise, by what was broken. */
  readonly broken: ReadonlyMap<string, readonly number[]>
}

export interface Seeds extends Bounds {
  readonly first: number
  readonly count: number
  /** Goes on after a broken promise. */
  readonly all?: boolean | undefined
  /** Told of each, while a long run goes on. */
  readonly onBroken?: (seed: number, violation: string | undefined) => void
}

/** Plays the schedules of consecutive seeds, by default until the first that breaks a promise. */
export async function explore({
  first,
  count,
  all = false,
  onBroken,
  ...bounds
}: Seeds): Promise<Exploration> {
  const arbitrary = schedules(bounds)
  const coverage: Coverage = new Map()
  const broken = new Map<string, number[]>()
  let runs = 0
  while (runs < count && (all || broken.size === 0)) {
    const seed = first + runs++
    const run = await simulate(generate(arbitrary, seed))
    for (const [name, times] of run.coverage) coverage.set(name, (coverage.get(name) ?? 0) + times)
    const kind = kindOf(run.violations)
    if (kind === undefined) continue
    broken.set(kind, [...(broken.get(kind) ?? []), seed])
    onBroken?.(seed, run.violations[0])
  }
  return { runs, coverage, broken }
}

/** The one schedule of a seed. */
export function generate(arbitrary: fc.Arbitrary<Schedule>, seed: number): Schedule {
  const [schedule] = fc.sample(arbitrary, { seed, numRuns: 1 })
  if (!schedule) throw new Error('fast-check made no schedule')
  return schedule
}

/** What was broken, without the names of tabs, users and sessions: shrinking must not wander off to something else. */
function kindOf(violations: readonly string[]): string | undefined {
  return violations[0]?.replace(/tab \d+|session [\w-]{4}|\b(ann|bob)\b|\([^)]*\)|\d+/g, '*')
}

/** A few schedules shrink for minutes. What was found by then is small enough to be read. */
const LONGEST_SHRINK_MS = 40_000

/** The smallest schedule found that breaks a promise in the same way as the one of this seed. */
export async function shrink(bounds: Bounds, seed: number): Promise<Failure> {
  const arbitrary = schedules(bounds)
  const original = generate(arbitrary, seed)
  const kind = kindOf((await simulate(original)).violations)
  const property = fc.asyncProperty(
    arbitrary,
    async (schedule) => kindOf((await simulate(schedule)).violations) !== kind,
  )
  const details = await fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: LONGEST_SHRINK_MS })
  const schedule = details.counterexample?.[0] ?? original
  const run = await simulate(schedule)
  return { seed, schedule, violations: run.violations, timeline: run.timeline() }
}

/** A failure, told so that a person can follow it and play it again. */
export function tell({ seed, schedule, violations, timeline }: Failure): string {
  const { steps, ...setting } = schedule
  return [
    `Seed ${seed} breaks a promise:`,
    ...violations.map((violation) => `  ${violation}`),
    '',
    JSON.stringify(setting),
    ...steps.map((step) => `  ${JSON.stringify(step)}`),
    '',
    timeline,
  ].join('\n')
}

/** Plays the seeds; where they break a promise, the first that does is told as a timeline. */
export async function play(seeds: Seeds): Promise<ReadonlyMap<string, number>> {
  const { coverage, broken } = await explore(seeds)
  const [seed] = [...broken.values()].flat()
  if (seed !== undefined) throw new Error(tell(await shrink(seeds, seed)))
  return coverage
}
