/*
 * `npm run simulate -- --seeds 10000 --tabs 5`: plays that many schedules and says how fast, what they met, and, where a
 * promise broke, how. Options: --mode session|mixed for backends with cookie sessions, --seeds, --first, --tabs (the most), --fewest, --steps, --all to go on
 * after a failure, --setting '{"locks":false}' for what all schedules have in common, and --pinned to play the pinned
 * schedules instead; --exchanges lets the application sign up and act as somebody else, too.
 *
 * `npm run simulate -- --mutant '<name>'`: looks for a schedule that tells this mutant from the client in at least --worlds
 * of 8 worlds, shrinks it and prints it for the list of mutants; --promise P2 for that promise alone.
 */
import { parseArgs } from 'node:util'
import { type Counter, COUNTERS, EXCHANGE_COUNTERS, SESSION_COUNTERS } from './coverage.js'
import { hunt, literal } from './hunt.js'
import { MUTANTS } from './mutants.js'
import { mutate } from './mutate.js'
import { PINNED } from './pinned.js'
import type { Bounds, Setting } from './schedule.js'
import { WHOLE } from './schedule.js'
import { explore, shrink, simulate, tell } from './simulate.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    tabs: { type: 'string', default: '5' },
    fewest: { type: 'string', default: '1' },
    steps: { type: 'string', default: '40' },
    all: { type: 'boolean', default: false },
    pinned: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    promise: { type: 'string' },
    mode: { type: 'string', default: 'token' },
    exchanges: { type: 'boolean', default: false },
    setting: { type: 'string', default: '{}' },
    worlds: { type: 'string', default: '5' },
  },
})
// What the client says about missing capabilities would drown the result.
console.warn = () => undefined

if (values.pinned) {
  for (const { claim, schedule } of PINNED) {
    const { violations } = await simulate(schedule)
    console.log(violations.length > 0 ? `BROKEN  ${claim}\n        ${violations[0]}` : `kept    ${claim}`)
  }
  process.exit()
}

const bounds: Bounds = {
  tabs: [Number(values.fewest), Number(values.tabs)],
  steps: Number(values.steps),
  mode: values.mode as Bounds['mode'],
  exchanges: values.exchanges,
  setting: JSON.parse(values.setting) as Partial<Setting>,
}
const began = performance.now()

if (values.mutant !== undefined) {
  const mutant = MUTANTS.find(({ name }) => name === values.mutant)
  if (!mutant)
    throw new Error(`There is no such mutant; there are:\n${MUTANTS.map(({ name }) => name).join('\n')}`)
  const prey = { simulate: await mutate(mutant), promise: values.promise }
  const kill = await hunt(prey, {
    ...bounds,
    first: Number(values.first),
    count: Number(values.seeds),
    worlds: Number(values.worlds),
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  if (kill) {
    console.log(
      `${kill.violation}\nafter ${kill.runs} seeds, ${seconds} s; killed in ${kill.killed} of 8 worlds`,
    )
    console.log(literal(kill.schedule, WHOLE))
  } else console.log(`survives ${values.seeds} seeds, ${seconds} s`)
  process.exit(kill ? 0 : 1)
}
const { runs, coverage, broken } = await explore({
  ...bounds,
  first: Number(values.first),
  count: Number(values.seeds),
  all: values.all,
  onBroken: (seed, violation) => console.error(`seed ${seed}: ${violation}`),
})
const seconds = (performance.now() - began) / 1000
for (const [kind, seeds] of broken) {
  console.log(`${seeds.length} × ${kind}\n    seeds ${seeds.slice(0, 12).join(', ')}`)
}
const [seed] = [...broken.values()].flat()
if (seed !== undefined) console.log(`\n${tell(await shrink(bounds, seed))}\n`)
console.log(`${runs} seeds in ${seconds.toFixed(1)} s (${(runs / seconds).toFixed(1)} a second)`)
const counters: readonly Counter[] = values.exchanges
  ? EXCHANGE_COUNTERS
  : values.mode === 'token'
    ? COUNTERS
    : [...COUNTERS, ...SESSION_COUNTERS]
for (const counter of counters) console.log(`  ${counter.padEnd(34)}${coverage.get(counter) ?? 0}`)
const violations = [...broken.values()].flat().length
console.log(`${violations} of ${runs} seeds break a promise`)
process.exitCode = violations > 0 ? 1 : 0
