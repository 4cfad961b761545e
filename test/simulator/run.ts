/*
 * `npm run simulate -- --seeds 10000 --tabs 5`: plays that many schedules and says how fast, what they met, and, where a
 * promise broke, how. Options: --seeds, --first, --tabs (the most), --fewest, --steps.
 */
import { parseArgs } from 'node:util'
import { COUNTERS } from './coverage.js'
import { explore, tell } from './simulate.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    tabs: { type: 'string', default: '5' },
    fewest: { type: 'string', default: '1' },
    steps: { type: 'string', default: '40' },
  },
})
// What the client says about missing capabilities would drown the result.
console.warn = () => undefined

const began = performance.now()
const { runs, coverage, failure } = await explore({
  first: Number(values.first),
  count: Number(values.seeds),
  tabs: [Number(values.fewest), Number(values.tabs)],
  steps: Number(values.steps),
})
const seconds = (performance.now() - began) / 1000
if (failure) console.log(tell(failure), '\n')
console.log(`${runs} seeds in ${seconds.toFixed(1)} s (${(runs / seconds).toFixed(1)} a second)`)
for (const counter of COUNTERS) console.log(`  ${counter.padEnd(28)}${coverage.get(counter) ?? 0}`)
console.log(failure ? '1 violation' : '0 violations')
process.exitCode = failure ? 1 : 0
