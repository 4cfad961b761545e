/* The code of docs/testing.md that is for Playwright, run by a Playwright of its own, as it stands there. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { TestAuth } from '../src/testing/index.js'
import { ROOT } from '../test/tools/files.ts'
import { fencesOf } from '../test/tools/markdown.ts'
import { mustRun } from '../test/tools/steps.ts'
import { expect, test } from './fixtures.ts'

const page = (script: string): string =>
  `<!doctype html><output></output><script type="module" src="/assets/${script}"></script>`

const SHOW = `document.querySelector('output').value`

/** The pages that the guide speaks of: one with the real client, one with the test auth in its place. */
const PAGES = {
  'app.js': `import { createAuthClient } from 'latchkey'
    createAuthClient().subscribe((state) => {
      ${SHOW} = state.status === 'authenticated' ? state.user.name + ' is signed in' : state.status
    })`,
  'test.js': `import { createTestAuth } from 'latchkey/testing'
    globalThis.testAuth = createTestAuth({ user: { id: 'ada' }, allowInProduction: true })
    testAuth.subscribe(({ status, reason }) => { ${SHOW} = reason ? 'You were signed out: ' + reason : status })`,
}

async function buildSite(folder: string): Promise<void> {
  for (const [name, contents] of Object.entries(PAGES)) {
    await build({
      stdin: { contents, resolveDir: ROOT },
      define: { 'process.env.NODE_ENV': '"production"' },
      bundle: true,
      format: 'esm',
      outfile: join(folder, 'assets', name),
      logLevel: 'error',
    })
  }
  await writeFile(join(folder, 'index.html'), page('app.js'))
  await writeFile(join(folder, 'test.html'), page('test.js'))
}

test('R89 the Playwright recipes of the guide run against a real server', async ({ server }, { project }) => {
  test.setTimeout(90_000)
  // Below the root, so that it finds its packages.
  const folder = await mkdtemp(join(ROOT, 'e2e/.guide-'))
  try {
    await buildSite(join(folder, 'site'))
    server.site = join(folder, 'site')
    const guide = await readFile(join(ROOT, 'docs/testing.md'), 'utf8')
    const recipes = fencesOf('docs/testing.md', guide).filter(({ code }) => code.includes('@playwright/test'))
    expect(recipes).toHaveLength(2)
    for (const { line, code } of recipes) await writeFile(join(folder, `line-${line}.spec.ts`), code)
    const { baseURL, launchOptions } = { ...project.use, baseURL: server.origin }
    const config = { testDir: '.', outputDir: 'results', reporter: 'line', use: { baseURL, launchOptions } }
    await writeFile(join(folder, 'playwright.config.ts'), `export default ${JSON.stringify(config)}`)
    const { output } = await mustRun('playwright', ['test', '-c', join(folder, 'playwright.config.ts')])
    expect(output).toContain('2 passed')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('R89 a test auth that an init script leaves in the page lives without a network', async ({
  page,
  server,
}) => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { createTestAuth } from 'latchkey/testing'
        globalThis.testAuth = createTestAuth({ user: { id: 'ada' }, fetch: () => Response.json(['tea']) })`,
      resolveDir: ROOT,
    },
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'error',
  })
  await page.addInitScript({ content: outputFiles[0]!.text })
  await page.goto(`${server.origin}/plain`)
  const seen = await page.evaluate(async () => {
    const { testAuth: auth } = globalThis as unknown as { testAuth: TestAuth }
    const orders = (await (await auth.fetch('/orders')).json()) as unknown
    const statuses = [auth.getState().status]
    auth.signOutElsewhere()
    statuses.push(auth.getState().status)
    return { orders, statuses, stored: localStorage.length + sessionStorage.length + document.cookie.length }
  })
  expect(seen).toEqual({ orders: ['tea'], statuses: ['authenticated', 'unauthenticated'], stored: 0 })
  // The browser itself asks for the icon of a page.
  expect(server.seen.map(({ path }) => path).filter((path) => path !== '/favicon.ico')).toEqual(['/plain'])
})
