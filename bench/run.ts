/*
 * What a call through the client costs over the plain call, in one run in one real browser: `npm run bench`, or a part of it, such as
 * `npm run bench -- --only heap`. Ratios and figures to look at, never a test: a shared machine is no stopwatch. What is counted
 * against a slow server, in an outage and at a start is the same in each run. `npm run bench -- server` measures the server instead.
 */
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright'
import { launchOptions } from '../test/tools/browsers.ts'
import type { Weights } from './heap.ts'
import { measureOutages, measureSlowness } from './outages.ts'
import { measureRequests } from './requests.ts'
import { measureStart } from './start.ts'
import { measureTabs } from './tabs.ts'

const TABS = 10
const ROUNDS = 50
const OUTAGES = 20

const median = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)]!

/** Label and figures of a row. */
const row = (name: string, figures: string) => console.log(`${name.padEnd(29)}${figures}`)

async function requests(browser: Browser, origin: string): Promise<void> {
  const page = await browser.newPage()
  await page.goto(`${origin}/page`)
  const { plain, request, authenticated, refreshes, parallel, waiting } = await measureRequests(page)
  await page.close()
  const more = authenticated - plain
  row('browser', `Chromium ${browser.version()}`)
  row('plain call, stubbed network', `${plain.toFixed(1)} µs`)
  row('a Request with a signal', `${request.toFixed(1)} µs, of the platform alone`)
  row('auth.fetch, token fresh', `${authenticated.toFixed(1)} µs`)
  row(
    '  on top of the plain call',
    `${more.toFixed(1)} µs (aim 15), × ${(more / request).toFixed(1)} of a Request`,
  )
  row(`${parallel} calls, token spent`, `${refreshes} refresh${refreshes === 1 ? '' : 'es'}`)
  for (const { calls, simple, authenticated } of waiting) {
    const times = (authenticated / simple).toFixed(1)
    row(
      `${calls} calls wait`,
      `${authenticated.toFixed(1)} µs each (aim 20), × ${times} of a simple client's ${simple.toFixed(1)} µs`,
    )
  }
  const [few, many] = waiting.map(({ authenticated }) => authenticated) as [number, number]
  row('each of many over of few', `× ${(many / few).toFixed(2)} (linear is 1)`)
}

async function tabs(browser: Browser, origin: string): Promise<void> {
  const { bare, signOut } = await measureTabs(browser, `${origin}/tabs-page`, TABS, ROUNDS)
  const figures = (sorted: readonly number[]) =>
    `median ${median(sorted).toFixed(2)} ms, worst ${sorted.at(-1)!.toFixed(2)} ms`
  row(`bare message to ${TABS - 1} tabs`, figures(bare))
  row('logout until all signed out', figures(signOut))
  row(
    'logout over bare message',
    `× ${(median(signOut) / median(bare)).toFixed(2)} at the median (goal × 3), ${ROUNDS} rounds`,
  )
}

async function start(browser: Browser, script: string): Promise<void> {
  const kept = { across: false, preflightsKept: false, storageKept: true }
  const cases = [
    ['start, same origin', ' (aim 4)', kept],
    ['start, across origins', ' (aim 5)', { ...kept, across: true }],
    ['  with preflights kept', '', { ...kept, across: true, preflightsKept: true }],
    ['  with nothing in storage', '', { ...kept, storageKept: false }],
  ] as const
  for (const [name, aim, how] of cases) {
    const { lines, trips } = await measureStart(browser, script, how)
    row(name, `${trips} round trips${aim}: ${lines.join(', ')}`)
  }
}

function heap(): void {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--import', './test/tools/source.ts', 'bench/heap.ts'],
    { encoding: 'utf8' },
  )
  if (!stdout) throw new Error(stderr)
  const { made, started } = JSON.parse(stdout) as Weights
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`
  row('heap of a client, made', `${kib(made)} (aim 4 KiB)`)
  row('  and signed in', kib(started))
}

async function inBrowser(): Promise<void> {
  const bundle = await build({
    entryPoints: ['bench/page.ts', 'bench/tabs-page.ts', 'bench/start-page.ts'],
    bundle: true,
    format: 'esm',
    write: false,
    outdir: '/',
    logLevel: 'error',
  })
  const scripts = new Map(bundle.outputFiles.map(({ path, text }) => [path, text]))
  const server = createServer(({ url = '/' }, response) => {
    const script = scripts.get(url)
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
    response.end(
      script ?? `<!doctype html><title>bench</title><script type="module" src="${url}.js"></script>`,
    )
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const browser = await chromium.launch(launchOptions('chromium'))
  try {
    if (isWanted('requests')) await requests(browser, origin)
    if (isWanted('tabs')) await tabs(browser, origin)
    if (isWanted('start')) await start(browser, scripts.get('/start-page.js')!)
  } finally {
    await browser.close()
    server.close()
  }
}

async function outages(): Promise<void> {
  const fast = await measureSlowness(50)
  const slow = await measureSlowness(12_000)
  console.log(
    `12 s an answer, half an hour ${slow.requests} refreshes, × ${(slow.requests / fast.requests).toFixed(2)} of the ${fast.requests} at 50 ms an answer (goal: two more)`,
  )
  console.log(`flips of \`connection\`        ${slow.flips} at 12 s, ${fast.flips} at 50 ms (goal 0)`)
  for (const count of [1, 5]) {
    const name = `outage, ${count} tab${count === 1 ? '' : 's'}`
    const used = await measureOutages(count, true, OUTAGES)
    const idle = await measureOutages(count, false, OUTAGES)
    const found = ({ found }: typeof used) =>
      `${(found.at(-1)! / 1000).toFixed(1)} s at the worst, ${(median(found) / 1000).toFixed(1)} s at the median`
    console.log(
      `${`${name}, used`.padEnd(29)}${used.worst} requests in the worst minute (goal 12), × ${(used.worst / idle.worst).toFixed(1)} of ${idle.worst} where nobody calls (goal 6)`,
    )
    console.log(
      `${'  return to first answer'.padEnd(29)}${found(used)} (goal 6 s), where nobody calls ${found(idle)}; ${OUTAGES} outages`,
    )
  }
}

const { values, positionals } = parseArgs({
  options: { only: { type: 'string' } },
  allowPositionals: true,
})
if (positionals[0] === 'server') {
  const { benchServer } = await import('./server/run.ts')
  await benchServer()
  process.exit()
}

const PARTS = ['requests', 'tabs', 'start', 'heap', 'outages'] as const
const { only } = values
const isWanted = (...parts: readonly (typeof PARTS)[number][]) =>
  only === undefined || parts.some((part) => part === only)
if (!isWanted(...PARTS)) throw new Error(`--only is one of ${PARTS.join(', ')}`)
if (isWanted('requests', 'tabs', 'start')) await inBrowser()
if (isWanted('heap')) heap()
if (isWanted('outages')) await outages()
