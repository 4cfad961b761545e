import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { mustRun } from '../test/tools/steps.ts'
import { expect, test as base } from './fixtures.ts'
import { play } from './tour.ts'

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** What `npm run demo:static` builds, in a folder of a host that can do nothing but hand out files. */
const test = base.extend<object, { site: string }>({
  site: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern what a fixture needs
    async ({}, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'latchkey-static-'))
      const script = ['--import', './test/tools/source.ts', 'demo/static/build.ts', '--out', folder]
      await mustRun(process.execPath, script)
      const server = createServer((request, response) => {
        const path = (request.url ?? '/').replace(/^\/lab\//, '/').replace(/\?.*$/, '')
        const name = path === '/' ? '/index.html' : path
        readFile(join(folder, name)).then(
          (content) =>
            response.setHeader('Content-Type', TYPES[extname(name)] ?? 'image/svg+xml').end(content),
          () => response.writeHead(404).end(),
        )
      })
      await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
      await use(`http://localhost:${(server.address() as AddressInfo).port}/lab/`)
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true })
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

test('the lab without a server says what a mock cannot show, and plays the rest of the tour in one page', async ({
  page,
  site,
}) => {
  await page.goto(site)
  await expect(page.getByText('This copy has no server')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Sign in on the hosted page' })).toHaveCount(0)
  await play(page, 'A storm of 401s')
  await expect(page.getByRole('banner').getByRole('status')).toHaveText('Signed in as Ann Baker')
  await page.getByRole('button', { name: 'Still signed in behind the back button' }).click()
  await expect(page.getByText('Not in this copy. A mock lives inside this page')).toBeVisible()
})
