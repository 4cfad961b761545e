/*
 * What a call costs, in processor time of the page's own thread: on a shared machine a stopwatch measures the others. What is compared is
 * run in turn, each after a garbage collection, and the median counts. Work of helper threads, such as concurrent marking, is not in it.
 */
import type { CDPSession, Page } from 'playwright'
import type { Hooks } from './page.ts'

const ROUNDS = 11
const CALLS = 4000

export interface Requests {
  /** Microseconds of a call. */
  readonly plain: number
  readonly request: number
  readonly authenticated: number
  readonly parallel: number
  readonly refreshes: number
  readonly waiting: readonly Waiting[]
}

export interface Waiting {
  readonly calls: number
  /** Microseconds of each. */
  readonly simple: number
  readonly authenticated: number
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

async function threadTime(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'ThreadTime')!.value * 1e6
}

export async function measureRequests(page: Page): Promise<Requests> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable')
  await page.waitForFunction(() => 'bench' in globalThis)

  const inPage = <Name extends keyof Hooks>(name: Name, given: Parameters<Hooks[Name]>) =>
    page.evaluate(
      ([name, given]) => {
        const { bench } = globalThis as unknown as { bench: Record<string, (...all: unknown[]) => unknown> }
        return bench[name]!(...given)
      },
      [name, given] as const,
    )

  async function inTurn<Run extends string>(
    runs: readonly Run[],
    calls: number,
    rounds: number,
    start: (run: Run) => Promise<unknown>,
  ): Promise<Record<Run, number>> {
    const times = Object.fromEntries(runs.map((run) => [run, [] as number[]])) as Record<Run, number[]>
    // The first round warms up.
    for (let round = 0; round <= rounds; round++)
      for (const run of runs) {
        await devtools.send('HeapProfiler.collectGarbage')
        const before = await threadTime(devtools)
        await start(run)
        const took = ((await threadTime(devtools)) - before) / calls
        if (round > 0) times[run].push(took)
      }
    return Object.fromEntries(runs.map((run) => [run, median(times[run])])) as Record<Run, number>
  }

  const parallel = 1000
  const refreshes = Number(await inPage('spent', [parallel]))
  const single = await inTurn(['plain', 'request', 'authenticated'], CALLS, ROUNDS, (run) =>
    inPage('run', [run, CALLS]),
  )
  const waiting: Waiting[] = []
  for (const calls of [2000, 20_000])
    waiting.push({
      calls,
      ...(await inTurn(['simple', 'authenticated'], calls, 5, (run) => inPage('burst', [run, calls]))),
    })
  return { ...single, parallel, refreshes, waiting }
}
