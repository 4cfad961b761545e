/*
 * How many round trips lie between a navigation and the first answer that only a signed-in person gets: real servers that note when each
 * request came and when it was answered, and a real browser.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright'
import type { Hooks } from './start-page.ts'

/** Long enough that what is sent without waiting for an answer comes before it. */
const ANSWER_MS = 100

interface Exchange {
  readonly line: string
  readonly came: number
  answered: number
}

export interface Starts {
  /** The requests of one start, in the order in which they came, and how many of them had to wait for another's answer. */
  readonly lines: readonly string[]
  readonly trips: number
}

/** The longest row of requests of which each came when the one before it had been answered. */
function tripsOf(exchanges: readonly Exchange[]): number {
  const depths = new Map<Exchange, number>()
  for (const one of exchanges) {
    const before = exchanges.filter(({ answered }) => answered <= one.came).map((other) => depths.get(other)!)
    depths.set(one, 1 + Math.max(0, ...before))
  }
  return Math.max(...depths.values())
}

/** A page, its script and a backend that keeps its word; every answer takes its time. */
async function serve(script: string, log: Exchange[], maxAge: () => number): Promise<[Server, string]> {
  const server = createServer((request, response) => {
    const exchange = { line: `${request.method} ${request.url}`, came: performance.now(), answered: Infinity }
    log.push(exchange)
    setTimeout(() => {
      exchange.answered = performance.now()
      answer(request, response, script, maxAge())
    }, ANSWER_MS)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return [server, `http://localhost:${(server.address() as AddressInfo).port}`]
}

function answer(
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
  script: string,
  maxAge: number,
): void {
  const send = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (headers.origin !== undefined) {
    response.setHeader('access-control-allow-origin', headers.origin)
    response.setHeader('access-control-allow-credentials', 'true')
    response.setHeader('access-control-allow-headers', 'authorization, content-type, x-csrf')
    response.setHeader('access-control-max-age', String(maxAge))
  }
  const [path] = url.split('?')
  const grant = { access_token: 'token', expires_in: 300, user: { id: 'ann' }, session_id: 's' }
  const isKnown = headers.cookie?.includes('refresh=') === true
  if (method === 'OPTIONS') response.writeHead(204).end()
  else if (path === '/')
    response
      .setHeader('content-type', 'text/html')
      .end(
        '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/start-page.js"></script>',
      )
  else if (path === '/start-page.js') response.setHeader('content-type', 'text/javascript').end(script)
  else if (path === '/auth/login') {
    response.setHeader('set-cookie', 'refresh=1; Path=/auth; HttpOnly; SameSite=Lax')
    send(200, grant)
  } else if (path === '/auth/refresh' && isKnown) send(200, grant)
  else if (path === '/auth/session' && isKnown)
    send(200, { user: { id: 'ann' }, session_id: 's', mode: 'token' })
  else if (path === '/api/orders' && headers.authorization !== undefined) send(200, [])
  else send(401, { error: 'session_expired' })
}

/** Who was here before opens the page anew, on the page's origin or with a backend on another. */
export async function measureStart(
  browser: Browser,
  script: string,
  how: { readonly across: boolean; readonly preflightsKept: boolean; readonly storageKept: boolean },
): Promise<Starts> {
  const log: Exchange[] = []
  const maxAge = () => (how.preflightsKept ? 7200 : 0)
  const [home, origin] = await serve(script, log, maxAge)
  const [apart, elsewhere] = await serve(script, log, maxAge)
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    const open = (page: Page) => page.goto(`${origin}/${how.across ? `?api=${elsewhere}` : ''}`)
    const first = () => page.evaluate(() => (globalThis as unknown as { bench: Hooks }).bench.first)
    await open(page)
    await first()
    await page.evaluate(async () => void (await (globalThis as unknown as { bench: Hooks }).bench.login()))
    // The preflights of the first request are known from now on, where they are kept.
    await open(page)
    await first()
    if (!how.storageKept) await page.evaluate(() => localStorage.clear())
    await page.goto('about:blank')
    log.length = 0
    await open(page)
    if ((await first()) !== 200) throw new Error('nobody was signed in')
    const lines = log.map(({ line }) => line.replace(/\?.*/, ''))
    return { lines, trips: tripsOf(log) }
  } finally {
    await context.close()
    home.close()
    apart.close()
  }
}
