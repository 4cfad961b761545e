/* A world with a small server of its own: POST /count answers `{n}` and sets the cookie `__Host-n` to n. */
import { createWorld } from '../../src/testing/world/world.js'
import type { World, WorldOptions } from '../../src/testing/world/world.js'
import type { VirtualPage } from '../../src/testing/world/page.js'
import type { VirtualTab } from '../../src/testing/world/tab.js'

export interface CountingWorld {
  readonly world: World<VirtualPage>
  /** The cookie header of each request, in the order of arrival at the server. */
  readonly seen: string[]
  /** Opens a tab and hands out its page. */
  open(options?: Parameters<World<VirtualPage>['openTab']>[0]): Promise<Handle>
  cookie(): string | undefined
}

export interface Handle {
  readonly tab: VirtualTab<VirtualPage>
  readonly page: VirtualPage
  /** Sends POST /count. What became of it is in the list: `ok n`, or the name of the error. */
  post(init?: RequestInit): string[]
  /** Asks for the lock `l`; the list says what became of it. */
  lock(waitMs?: number): { log: string[]; release: () => void }
}

export function createCountingWorld(options: Partial<WorldOptions<VirtualPage>> = {}): CountingWorld {
  const seen: string[] = []
  let count = 0
  const world = createWorld<VirtualPage>({
    boot: (page) => page,
    async server(request) {
      seen.push(request.headers.get('cookie') ?? '')
      count++
      return Response.json(
        { n: count },
        { headers: { 'set-cookie': `__Host-n=${count}; Path=/; Secure; HttpOnly; SameSite=Strict` } },
      )
    },
    ...options,
  })
  return {
    world,
    seen,
    cookie: () => world.cookies()[0]?.value,
    async open(tabOptions) {
      const tab = await world.openTab(tabOptions)
      const page = tab.page
      if (!page) throw new Error('no page')
      return { tab, page, post: (init) => post(page, init), lock: (waitMs) => lock(page, waitMs) }
    },
  }
}

function post(page: VirtualPage, init: RequestInit = {}): string[] {
  const log: string[] = []
  page.fetch('/count', { method: 'POST', ...init }).then(
    async (response) => {
      const { n } = (await response.json()) as { n: number }
      log.push(`ok ${n}`)
    },
    (error: unknown) => void log.push(error instanceof Error ? error.name : String(error)),
  )
  return log
}

function lock(page: VirtualPage, waitMs = 60_000): { log: string[]; release: () => void } {
  const log: string[] = []
  const handle = { log, release: (): void => undefined }
  void page.ports.locks.acquire('l', waitMs).then((release) => {
    log.push(release ? 'granted' : 'not granted')
    if (release) handle.release = release
  })
  return handle
}
