/*
 * What a call through the client costs over the plain call, in one run in one real browser: `npm run bench`. Ratios and
 * figures to look at, never a test: a shared machine is no stopwatch. What is counted against a slow server and in an
 * outage comes out of virtual time and is the same in each run.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { launchOptions } from '../test/tools/browsers.ts'
import { measureOutages, measureSlowness } from './outages.ts'
import type { Measured } from './page.ts'
import { measureTabs } from './tabs.ts'

const TABS = 10
const ROUNDS = 50
const OUTAGES = 20

const median = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)]!

const bundle = await build({
  entryPoints: ['bench/page.ts', 'bench/tabs-page.ts'],
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
  const name = url === '/' ? '/page' : url
  response.end(
    script ?? `<!doctype html><title>bench</title><script type="module" src="${name}.js"></script>`,
  )
})
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const browser = await chromium.launch(launchOptions('chromium'))
try {
  const page = await browser.newPage()
  await page.goto(`http://localhost:${port}/`)
  const result = await page.evaluate(() =>
    (globalThis as unknown as { measure(): Promise<Measured> }).measure(),
  )
  const { plain, authenticated, refreshes, parallel, waiting } = result
  console.log(`browser                      Chromium ${browser.version()}`)
  console.log(`plain call, stubbed network  ${plain.toFixed(1)} µs`)
  console.log(`auth.fetch, token fresh      ${authenticated.toFixed(1)} µs`)
  console.log(
    `on top of it                 ${(authenticated - plain).toFixed(1)} µs (aim 20 µs), × ${(authenticated / plain).toFixed(1)}`,
  )
  console.log(`${parallel} calls, token spent     ${refreshes} refresh${refreshes === 1 ? '' : 'es'}`)
  for (const { calls, simple, authenticated } of waiting) {
    const name = `${calls} calls wait`.padEnd(29)
    console.log(
      `${name}${authenticated.toFixed(0)} ms, × ${(authenticated / simple).toFixed(1)} of a simple client's ${simple.toFixed(0)} ms`,
    )
  }
  const [few, many] = waiting.map(({ calls, authenticated }) => authenticated / calls) as [number, number]
  console.log(`each of many over of few      × ${(many / few).toFixed(2)} (linear is 1)`)
  await page.close()

  const { bare, signOut } = await measureTabs(browser, `http://localhost:${port}/tabs-page`, TABS, ROUNDS)
  const row = (sorted: readonly number[]) =>
    `median ${median(sorted).toFixed(2)} ms, worst ${sorted.at(-1)!.toFixed(2)} ms`
  console.log(`bare message to ${TABS - 1} tabs      ${row(bare)}`)
  console.log(`logout until all signed out  ${row(signOut)}`)
  console.log(
    `logout over bare message     × ${(median(signOut) / median(bare)).toFixed(2)} at the median (goal × 3), ${ROUNDS} rounds`,
  )
} finally {
  await browser.close()
  server.close()
}

const fast = await measureSlowness(50)
const slow = await measureSlowness(12_000)
console.log(
  `12 s an answer, half an hour ${slow.requests} refreshes, × ${(slow.requests / fast.requests).toFixed(2)} of the ${fast.requests} at 50 ms an answer (goal: two more)`,
)
console.log(`flips of \`connection\`        ${slow.flips} at 12 s, ${fast.flips} at 50 ms (goal 0)`)
for (const tabs of [1, 5]) {
  const name = `outage, ${tabs} tab${tabs === 1 ? '' : 's'}`
  const used = await measureOutages(tabs, true, OUTAGES)
  const idle = await measureOutages(tabs, false, OUTAGES)
  const found = ({ found }: typeof used) =>
    `${(found.at(-1)! / 1000).toFixed(1)} s at the worst, ${(median(found) / 1000).toFixed(1)} s at the median`
  console.log(
    `${`${name}, used`.padEnd(29)}${used.worst} requests in the worst minute (goal 12), × ${(used.worst / idle.worst).toFixed(1)} of ${idle.worst} where nobody calls (goal 6)`,
  )
  console.log(
    `${'  return to first answer'.padEnd(29)}${found(used)} (goal 6 s), where nobody calls ${found(idle)}; ${OUTAGES} outages`,
  )
}
