import { test as base, expect, type BrowserContext, type Frame, type Page } from '@playwright/test'
import type { BackendOptions } from '../src/testing/backend/options.js'
import type { Fault, Hooks } from './pages/main.ts'
import { ADA, REFRESH_COOKIE, startServer, type TestServer } from './server.ts'

export { ADA, BOB, REFRESH_COOKIE, type TestServer } from './server.ts'
export { expect }

type Value<Name extends keyof Hooks> = Awaited<ReturnType<Hooks[Name]>>

/** One tab with the app in it. */
export class Tab {
  readonly page: Page
  readonly origin: string
  readonly #frame: Page | Frame

  constructor(page: Page, origin: string, frame: Page | Frame = page) {
    this.page = page
    this.origin = origin
    this.#frame = frame
  }

  async open(path = '/', origin = this.origin): Promise<void> {
    await this.page.goto(origin + path)
  }

  /** Calls the client in the page. */
  async run<Name extends keyof Hooks>(name: Name, ...args: Parameters<Hooks[Name]>): Promise<Value<Name>> {
    const result = await this.#frame.evaluate(([name, args]) => window.run(name, args), [name, args] as const)
    if ('fault' in result)
      throw new Error(`${name}: ${result.fault.code ?? result.fault.name}: ${result.fault.message}`)
    return result.value as Value<Name>
  }

  /** Calls the client in the page, and expects a rejection. */
  async fails<Name extends keyof Hooks>(name: Name, ...args: Parameters<Hooks[Name]>): Promise<Fault> {
    const result = await this.#frame.evaluate(([name, args]) => window.run(name, args), [name, args] as const)
    if (!('fault' in result)) throw new Error(`${name} did not fail: ${JSON.stringify(result.value)}`)
    return result.fault
  }

  /** Calls the client in the page and does not wait for what comes of it. */
  async begin<Name extends keyof Hooks>(name: Name, ...args: Parameters<Hooks[Name]>): Promise<void> {
    await this.#frame.evaluate(([name, args]) => void window.run(name, args), [name, args] as const)
  }

  /** The start has settled, and this is who is signed in. */
  async expectUser(user: string | undefined): Promise<void> {
    const status = user === undefined ? 'unauthenticated' : 'authenticated'
    expect(await this.run('ready')).toMatchObject({ status, connection: 'ok' })
    expect((await this.run('state')).user).toBe(user)
  }
}

/** One whose backend is the reference backend. */
export class App extends Tab {
  readonly server: TestServer

  constructor(page: Page, server: TestServer, frame?: Frame) {
    super(page, server.origin, frame)
    this.server = server
  }

  /** Signs in, and counts from then on. */
  async signIn(credentials = ADA): Promise<void> {
    await this.open()
    await this.run('login', credentials)
    this.server.seen.length = 0
    this.server.backend.stats.reset()
  }

  /** Puts the clock of the page forward, as sleep does, and that of the backend: no timer fires for it. */
  async pass(seconds: number): Promise<void> {
    this.server.advance(seconds * 1000)
    await this.page.evaluate(putForward, seconds * 1000)
  }
}

/** Runs in a page. */
export function putForward(milliseconds: number): void {
  const { now } = Date
  Date.now = () => now() + milliseconds
}

/**
 * Runs in a page before its scripts: makes the moment long that the client waits for another tab, since machines that run tests
 * are loaded. What is tested is that the other tab answers, not how fast.
 */
export function beUnhurried(): void {
  const { setTimeout } = globalThis
  const patient = (run: () => void, delay = 0) => setTimeout(run, delay > 0 && delay < 40 ? 5000 : delay)
  globalThis.setTimeout = patient as typeof setTimeout
}

/** The refresh cookie in the jar of the browser, which script cannot see. */
export async function cookieOf(context: BrowserContext, name = REFRESH_COOKIE): Promise<string | undefined> {
  return (await context.cookies()).find((cookie) => cookie.name === name)?.value
}

/** What a page must never do: uncaught errors, unhandled rejections, errors and warnings on the console. */
export class Noise {
  readonly #heard: string[] = []
  readonly #expected: RegExp[] = []
  readonly #allowed: RegExp[] = []

  listen(context: BrowserContext): void {
    context.on('weberror', (error) => this.#heard.push(`uncaught: ${String(error.error())}`))
    context.on('console', (message) => {
      const type = message.type()
      // The browser's own list of answers above 399 and of cut connections; servers of these tests give plenty.
      const listed = message.text().startsWith('Failed to load resource: ')
      if ((type === 'error' || type === 'warning') && !listed) this.#heard.push(`${type}: ${message.text()}`)
    })
  }

  /** Says that this test makes such noise. It has to. */
  expect(pattern: RegExp): void {
    this.#expected.push(pattern)
  }

  /** Says that this test may make such noise, for what one browser reports and the other does not. */
  allow(pattern: RegExp): void {
    this.#allowed.push(pattern)
  }

  heard(pattern: RegExp): string[] {
    return this.#heard.filter((text) => pattern.test(text))
  }

  check(): void {
    const known = [...this.#expected, ...this.#allowed]
    const unexpected = this.#heard.filter((text) => !known.some((pattern) => pattern.test(text)))
    expect(unexpected, 'noise of the pages').toEqual([])
    const silent = this.#expected.filter((pattern) => this.heard(pattern).length === 0)
    expect(silent, 'noise that was expected and did not come').toEqual([])
  }
}

interface Fixtures {
  /** Options of the backend, for `test.use`. */
  backend: BackendOptions
  /** Starts one more server, of another origin. */
  serve: (options?: BackendOptions) => Promise<TestServer>
  server: TestServer
  app: App
  /** Opens so many more tabs of the same browser with the app in them, and waits until each knows who is signed in. */
  tabs: (count: number) => Promise<App[]>
  noise: Noise
}

export const test = base.extend<Fixtures>({
  backend: [{}, { option: true }],
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern what a fixture needs
  serve: async ({}, use) => {
    const servers: TestServer[] = []
    await use(async (options) => {
      const server = await startServer(options)
      servers.push(server)
      return server
    })
    const violations = servers.flatMap((server) => server.violations)
    await Promise.all(servers.map((server) => server.close()))
    expect(violations, 'violations of the content security policy').toEqual([])
  },
  server: async ({ serve, backend }, use) => {
    await use(await serve(backend))
  },
  app: async ({ page, server }, use) => {
    await use(new App(page, server))
  },
  tabs: async ({ context, server }, use) => {
    const open = async (): Promise<App> => {
      const tab = new App(await context.newPage(), server)
      await tab.open()
      await tab.run('ready')
      return tab
    }
    await use((count) => Promise.all(Array.from({ length: count }, open)))
  },
  noise: [
    async ({ context }, use) => {
      const noise = new Noise()
      noise.listen(context)
      await use(noise)
      noise.check()
    },
    { auto: true },
  ],
})
