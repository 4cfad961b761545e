/* Browsers with a profile of their own, where the settings say what becomes of third-party cookies. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext } from '@playwright/test'
import type { BackendOptions } from '../src/testing/backend/options.js'
import { launchOptions } from '../test/tools/browsers.ts'
import { selfSigned } from './certificate.ts'
import { test as base, type TestServer } from './fixtures.ts'
import { startServer } from './server.ts'

interface Fixtures {
  /** Starts a browser that takes any certificate, and blocks third-party cookies or lets them all through. */
  browse: (thirdPartyCookies: 'blocked' | 'allowed') => Promise<BrowserContext>
  /** Starts a server over https under that name. */
  serveAt: (host: `${string}.test`, options?: BackendOptions) => Promise<TestServer>
}

const tls = selfSigned()

export const test = base.extend<Fixtures>({
  browse: async ({ noise }, use) => {
    const ends: (() => Promise<void>)[] = []
    await use(async (thirdPartyCookies) => {
      const directory = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'))
      ends.unshift(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
      const blocked = thirdPartyCookies === 'blocked'
      const settings = { cookie_controls_mode: blocked ? 1 : 0, block_third_party_cookies: blocked }
      await mkdir(join(directory, 'Default'))
      await writeFile(join(directory, 'Default', 'Preferences'), JSON.stringify({ profile: settings }))
      const { args = [], ...options } = launchOptions('chromium')
      const context = await chromium.launchPersistentContext(directory, {
        ...options,
        args: [...args, '--host-resolver-rules=MAP *.test 127.0.0.1'],
        ignoreHTTPSErrors: true,
      })
      ends.unshift(() => context.close())
      noise.listen(context)
      return context
    })
    for (const end of ends) await end()
  },
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern what a fixture needs
  serveAt: async ({}, use) => {
    const servers: TestServer[] = []
    await use(async (host, options) => {
      const server = await startServer(options, { host, tls })
      servers.push(server)
      return server
    })
    await Promise.all(servers.map((server) => server.close()))
  },
})
