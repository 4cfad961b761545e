/*
 * What a call through the client costs over the plain call, in one run in one real browser: `npm run bench`. Ratios and
 * figures to look at, never a test: a shared machine is no stopwatch.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { launchOptions } from '../test/tools/browsers.ts'
import type { Measured } from './page.ts'

const bundle = await build({
  entryPoints: ['bench/page.ts'],
  bundle: true,
  format: 'iife',
  write: false,
  logLevel: 'error',
})
const script = bundle.outputFiles[0]!.text
const server = createServer((request, response) => {
  const isScript = request.url === '/page.js'
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
  response.end(isScript ? script : '<!doctype html><title>bench</title><script src="/page.js"></script>')
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
  const { plain, authenticated, refreshes, parallel } = result
  console.log(`browser                      Chromium ${browser.version()}`)
  console.log(`plain call, stubbed network  ${plain.toFixed(1)} µs`)
  console.log(`auth.fetch, token fresh      ${authenticated.toFixed(1)} µs`)
  console.log(
    `on top of it                 ${(authenticated - plain).toFixed(1)} µs (aim 20 µs), × ${(authenticated / plain).toFixed(1)}`,
  )
  console.log(`${parallel} calls, token spent     ${refreshes} refresh${refreshes === 1 ? '' : 'es'}`)
} finally {
  await browser.close()
  server.close()
}
