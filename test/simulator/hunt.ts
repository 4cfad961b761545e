/* The search for a schedule on which a mutant breaks a promise that the client keeps. */
import * as fc from 'fast-check'
import type { Bounds, Schedule } from './schedule.js'
import { schedules } from './schedule.js'
import { generate, simulate } from './simulate.js'

export interface Prey {
  readonly simulate: typeof simulate
  /** Looks for this broken promise only. */
  readonly promise: string | undefined
}

export interface Hunt extends Bounds {
  readonly first: number
  readonly count: number
  /** In how many of the worlds below it shall be killed. */
  readonly worlds: number
}

export interface Kill {
  /** How many seeds it took. */
  readonly runs: number
  readonly schedule: Schedule
  readonly violation: string
  /** How often it is killed, of the worlds below. */
  readonly killed: number
}

/** Other worlds with the same steps: what is kept in one only is kept by luck. */
const WORLDS = Array.from({ length: 8 }, (_, seed) => seed)

/** Plays seeds until one tells the mutant from the client in enough worlds, and shrinks that one. */
export async function hunt(prey: Prey, plan: Hunt): Promise<Kill | undefined> {
  const { first, count, worlds, ...bounds } = plan
  const arbitrary = schedules(bounds)
  let best: Kill | undefined
  for (let runs = 1; runs <= count && (best?.killed ?? -1) < worlds; runs++) {
    const seed = first + runs - 1
    const violation = await tells(prey, generate(arbitrary, seed))
    if (violation === undefined) continue
    const property = fc.asyncProperty(
      arbitrary,
      async (schedule) => kindOf(await tells(prey, schedule)) !== kindOf(violation),
    )
    const { counterexample } = await fc.check(property, { seed, numRuns: 1 })
    const schedule = counterexample?.[0] ?? generate(arbitrary, seed)
    let killed = 0
    for (const world of WORLDS) {
      const [broken] = (await prey.simulate({ ...schedule, seed: world })).violations
      if (broken?.slice(0, 2) === violation.slice(0, 2)) killed++
    }
    if (killed > (best?.killed ?? -1)) {
      best = { runs, schedule, violation: (await tells(prey, schedule)) ?? violation, killed }
    }
  }
  return best
}

/** What the mutant breaks on a schedule on which the client keeps everything, whatever the dice of the world. */
async function tells(prey: Prey, schedule: Schedule): Promise<string | undefined> {
  const [violation] = (await prey.simulate(schedule)).violations
  if (violation === undefined || !violation.startsWith(prey.promise ?? '')) return undefined
  for (const seed of [schedule.seed, ...WORLDS]) {
    if ((await simulate({ ...schedule, seed })).violations.length > 0) return undefined
  }
  return violation
}

/** The violation without the names of tabs, users and sessions. */
function kindOf(violation: string | undefined): string | undefined {
  return violation?.replace(/tab \d+|session [\w-]{4}|\b(ann|bob)\b|\([^)]*\)|\d+/g, '*')
}

/** A schedule as the list of mutants has it: what is not as in a whole browser, and the steps. */
export function literal({ steps, ...setting }: Schedule, usual: Partial<Schedule>): string {
  const special = Object.entries(setting).filter(([key, value]) => usual[key as keyof Schedule] !== value)
  const object = (entries: readonly [string, unknown][]): string =>
    `{ ${entries.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ')} }`
  return [
    'of(',
    `  ${object(special)},`,
    ...steps.map((step) => `  ${object(Object.entries(step))},`),
    ')',
  ].join('\n')
}
