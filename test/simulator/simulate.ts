/* Plays schedules: one at a time, or many by their seeds; a failing one is shrunk and told as a timeline. */
import * as fc from 'fast-check'
import type { Coverage } from './coverage.js'
import type { Bounds, Schedule } from './schedule.js'
import { schedules } from './schedule.js'
import { createStage } from './stage.js'

export interface Run {
  readonly violations: readonly string[]
  readonly coverage: Coverage
  timeline(): string
}

/** Plays one schedule to its end, or to the first broken promise. */
export async function simulate(schedule: Schedule): Promise<Run> {
  const stage = await createStage(schedule)
  const { referee, world, coverage } = stage
  for (const step of schedule.steps) {
    if (referee.violations.length > 0) break
    await stage.play(step)
  }
  if (referee.violations.length === 0) await stage.finish()
  return { violations: referee.violations, coverage, timeline: () => world.timeline.print() }
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
  readonly failure: Failure | undefined
}

export interface Seeds extends Bounds {
  readonly first: number
  readonly count: number
}

/** Plays the schedules of consecutive seeds, until the first that breaks a promise; that one is shrunk. */
export async function explore({ first, count, ...bounds }: Seeds): Promise<Exploration> {
  const arbitrary = schedules(bounds)
  const coverage: Coverage = new Map()
  for (let seed = first; seed < first + count; seed++) {
    const schedule = generate(arbitrary, seed)
    const run = await simulate(schedule)
    for (const [name, times] of run.coverage) coverage.set(name, (coverage.get(name) ?? 0) + times)
    if (run.violations.length > 0) {
      const failure = await shrink(arbitrary, seed, kindOf(run.violations))
      return { runs: seed - first + 1, coverage, failure }
    }
  }
  return { runs: count, coverage, failure: undefined }
}

/** The one schedule of a seed. */
export function generate(arbitrary: fc.Arbitrary<Schedule>, seed: number): Schedule {
  const [schedule] = fc.sample(arbitrary, { seed, numRuns: 1 })
  if (!schedule) throw new Error('fast-check made no schedule')
  return schedule
}

/** Which promise was broken: shrinking must not wander off to another one. */
function kindOf(violations: readonly string[]): string {
  return violations[0]?.slice(0, 2) ?? ''
}

async function shrink(arbitrary: fc.Arbitrary<Schedule>, seed: number, kind: string): Promise<Failure> {
  const breaks = async (schedule: Schedule): Promise<boolean> =>
    kindOf((await simulate(schedule)).violations) === kind
  const property = fc.asyncProperty(arbitrary, async (schedule) => !(await breaks(schedule)))
  const details = await fc.check(property, { seed, numRuns: 1 })
  const schedule = details.counterexample?.[0] ?? generate(arbitrary, seed)
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
