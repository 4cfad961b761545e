/* What the hooks promise, in a browser, with a development build of React, against a real server. */
import type { Page } from '@playwright/test'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { createAuthClient } from '../src/index.js'
import { reactPage } from './documents.ts'
import { ADA, expect, test, type TestServer } from './fixtures.ts'
import type { ReactHooks, ReactSettings } from './pages/react.ts'
import { App, type User } from './pages/react-app.ts'

const PLAIN: ReactSettings = { client: { development: false, key: 'react' }, strict: false }
const STRICT: ReactSettings = { ...PLAIN, strict: true }
const ADA_SESSION = { user: { id: 'ada', name: 'Ada' }, mode: 'token' } as const

type Result<Name extends keyof ReactHooks> = Awaited<ReturnType<ReactHooks[Name]>>

async function run<Name extends keyof ReactHooks>(
  page: Page,
  name: Name,
  ...args: Parameters<ReactHooks[Name]>
): Promise<Result<Name>> {
  const value = await page.evaluate(
    ([name, args]) => (window.react[name] as (...args: unknown[]) => unknown)(...args),
    [name, args] as const,
  )
  return value as Result<Name>
}

const seen = (page: Page): Promise<Result<'seen'>> => run(page, 'seen')

/** Opens the page of React, as whoever is signed in. */
async function open(page: Page, server: TestServer, settings: ReactSettings, markup?: string): Promise<void> {
  server.documents.set('/react', reactPage(settings, markup))
  server.seen.length = 0
  await page.goto(`${server.origin}/react`)
}

/** What a server renders for the page, in this process. */
const render = ({ strict, session }: ReactSettings): string =>
  renderToString(
    createElement(App, { client: createAuthClient<User>(), strict, session, renders: {}, told: [] }),
  )

test.beforeEach(async ({ page, server }) => {
  await open(page, server, PLAIN)
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  expect(await run(page, 'login', ADA)).toBe('done')
})

test('R05 R76 R77 in StrictMode a reload costs one refresh and never shows the sign-in page; a hundred refreshes render nothing', async ({
  page,
  server,
}) => {
  const held = server.hold('/auth/refresh', 'answer')
  await open(page, server, STRICT)
  await held.arrived
  await expect(page.getByText('One moment')).toBeVisible()
  held.release()
  await expect(page.getByText('Ada', { exact: true })).toBeVisible()
  expect((await seen(page)).texts).toEqual(['', 'unknown okOne moment', 'authenticated okAdafunction'])
  expect(server.count('/auth/refresh')).toBe(1)

  await page.getByLabel('Draft').fill('half-written')
  const draft = await page.getByLabel('Draft').elementHandle()
  const { renders } = await seen(page)
  await run(page, 'refresh', 100)
  expect(server.count('/auth/refresh')).toBe(101)
  expect(await seen(page)).toMatchObject({ renders, told: [] })
  expect(await draft?.evaluate((input: HTMLInputElement) => input.isConnected && input.value)).toBe(
    'half-written',
  )
})

test('R76 nobody is sent to sign in while the server cannot say who is there, and who is denied is denied once', async ({
  page,
  server,
  context,
}) => {
  server.backend.faults.add({ kind: 'status', status: 503, on: 'refresh' })
  await open(page, server, STRICT)
  await expect(page.getByText('unknown degraded')).toBeVisible()
  expect(await seen(page)).toMatchObject({ told: [] })
  server.backend.faults.clear()
  await expect(page.getByText('authenticated ok', { exact: true })).toBeVisible()

  const second = await context.newPage()
  await second.goto(`${server.origin}/react`)
  await expect(second.getByText('authenticated ok', { exact: true })).toBeVisible()
  await run(second, 'logout')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  expect((await seen(page)).told).toEqual(['ended logout-elsewhere Ada', 'denied logout-elsewhere'])
  expect((await seen(second)).told).toEqual(['ended logout Ada', 'denied logout'])
})

for (const [what, settings, shown] of [
  ['without a word of the server', { ...STRICT, hydrate: 'at-once' }, 'unknown okOne moment'],
  ['of a client that knows before', { ...STRICT, hydrate: 'first' }, 'unknown okOne moment'],
  [
    'with a session from the server',
    { ...STRICT, hydrate: 'at-once', session: ADA_SESSION },
    'authenticated okAdafunction',
  ],
] as const satisfies readonly (readonly [string, ReactSettings, string])[]) {
  test(`R81 hydration ${what} shows what the server rendered, without a warning, and costs one refresh`, async ({
    page,
    server,
  }) => {
    await open(page, server, settings, render(settings))
    await expect(page.getByText('authenticated ok', { exact: true })).toBeVisible()
    await expect.poll(() => server.count('/auth/refresh')).toBe(1)
    const { texts, recovered, kept, told } = await seen(page)
    // Warnings of React fail every test here.
    expect([recovered, told]).toEqual([[], []])
    expect(texts).toEqual([...new Set([shown, 'authenticated okAdafunction'])])
    expect(kept).toBe('session' in settings)
  })
}

test('R76 with Suspense its fallback stands in until it is known who is signed in, for one refresh', async ({
  page,
  server,
}) => {
  const held = server.hold('/auth/refresh', 'answer')
  await open(page, server, { ...STRICT, extra: 'suspense' })
  await held.arrived
  await expect(page.getByText('suspended')).toBeVisible()
  held.release()
  await expect(page.getByText('ready: authenticated')).toBeVisible()
  expect(server.count('/auth/refresh')).toBe(1)
})

test('R27 a client that is swapped is let go without an end of its session; one that is disposed of leaves the page alive', async ({
  page,
  server,
}) => {
  await open(page, server, STRICT)
  await page.getByLabel('Draft').fill('of Ada')
  await run(page, 'swap')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  expect((await seen(page)).told).toEqual(['denied none'])
  await run(page, 'back')
  await expect(page.getByText('authenticated ok', { exact: true })).toBeVisible()
  // What was typed belonged to what was shown before.
  await expect(page.getByLabel('Draft')).toHaveValue('')
  expect(server.count('/auth/refresh')).toBe(1)

  await run(page, 'dispose')
  expect(await run(page, 'request')).toBe('disposed')
  await expect(page.getByText('authenticated ok', { exact: true })).toBeVisible()
  await run(page, 'swap')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  expect((await seen(page)).told).toEqual(['denied none', 'denied none'])
})

test('a selector that throws is told on the console, and the page lives', async ({ page, server, noise }) => {
  noise.expect(/^uncaught: Error: Failed to select from the auth state: .* threw on "unknown"/)
  noise.allow(/Failed to select|Cannot read properties/)
  await open(page, server, { ...PLAIN, client: { key: 'react' }, extra: 'throws' })
  await expect(page.locator('#throws')).toHaveText('Ada')
  await run(page, 'logout')
  await expect(page.locator('#throws')).toHaveText('nothing')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})
