import type { BrowserContext } from '@playwright/test'
import { type App, BOB, expect, type Noise, test } from './fixtures.ts'
import { expectAll, liveSessions, passEverywhere } from './tabs.ts'

const withoutLocks = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })
  })

const withoutChannel = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => {
    Object.defineProperty(globalThis, 'BroadcastChannel', { value: undefined })
  })

const withoutStorage = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => {
    for (const name of ['localStorage', 'indexedDB']) {
      Object.defineProperty(globalThis, name, {
        get() {
          throw new DOMException('blocked', 'SecurityError')
        },
      })
    }
  })

/** What the page lacks is said at its start. Whether a substitute is worth a word is not the matter here. */
const allowWarning = (noise: Noise): void => noise.allow(/^warning: \[latchkey\] Not available(?: here)?: /)

/** All tabs need a new token at the same moment. */
async function wakeTogether(tabs: readonly App[]): Promise<void> {
  await passEverywhere(tabs, 301)
  await Promise.all(tabs.map((tab) => tab.run('told')))
  const answers = await Promise.all(tabs.map((tab) => tab.run('fetch', '/api/orders')))
  expect(answers.map(({ status }) => status)).toEqual(tabs.map(() => 200))
}

/** A race ended no session and told nobody of an end. */
async function expectNobodyOut(tabs: readonly App[]): Promise<void> {
  const [{ server }] = tabs as readonly [App]
  await expectAll(tabs, { status: 'authenticated', user: 'ada', connection: 'ok' })
  for (const tab of tabs)
    expect((await tab.run('told')).filter((one) => one.startsWith('session'))).toEqual([])
  expect(server.backend.stats.count('refresh', 'refresh_reused')).toBe(0)
  expect(await liveSessions(server)).toBe(1)
}

test('R01 R02 R22 without locks four tabs that wake together cost at most a refresh each, and nobody is out', async ({
  app,
  server,
  context,
  noise,
  tabs,
}) => {
  noise.expect(/Not available: Web Locks\./)
  await withoutLocks(context)
  await app.signIn()
  const all = [app, ...(await tabs(3))]
  server.backend.stats.reset()
  await wakeTogether(all)
  expect(server.backend.stats.count('refresh')).toBeLessThanOrEqual(4)
  await expectNobodyOut(all)
  await app.run('logout')
  await expectAll(all, { status: 'unauthenticated' })
})

test('R02 R22 R38 without a channel nobody is out by a race, and a sign-out and another user reach all tabs', async ({
  app,
  server,
  context,
  noise,
  tabs,
}) => {
  allowWarning(noise)
  await withoutChannel(context)
  await app.signIn()
  const others = await tabs(3)
  const all = [app, ...others]
  expect(await app.page.evaluate(() => typeof BroadcastChannel)).toBe('undefined')
  await wakeTogether(all)
  await expectNobodyOut(all)

  await app.run('logout')
  await expectAll(others, { status: 'unauthenticated', reason: 'logout-elsewhere' })
  await app.run('login', BOB)
  await expectAll(others, { status: 'authenticated', user: 'bob' })
  expect(await server.backend.admin.listSessions('ada')).toEqual([])
})

// A server that refuses lets one loser through at a time, and a tab tries again once.
for (const [onRace, count] of [
  ['redeliver', 4],
  ['refuse', 2],
] as const) {
  test.describe(() => {
    test.use({ backend: { onRace } })
    test(`R01 R02 R12 R22 with no lock, no channel and no storage, refreshes of ${count} tabs in one moment log nobody out where the server answers a race with ${onRace}`, async ({
      app,
      server,
      context,
      noise,
      tabs,
    }) => {
      allowWarning(noise)
      await Promise.all([withoutLocks(context), withoutChannel(context), withoutStorage(context)])
      await app.signIn()
      const all = [app, ...(await tabs(count - 1))]
      await passEverywhere(all, 301)
      server.backend.stats.reset()
      await Promise.all(all.map((tab) => tab.run('told')))
      const holds = all.map(() => server.hold('/auth/refresh', 'request'))
      const calls = all.map((tab) => tab.run('fetch', '/api/orders'))
      await Promise.all(holds.map(({ arrived }) => arrived))
      for (const { release } of holds) release()
      const answers = await Promise.all(calls)
      expect(answers.map(({ status }) => status)).toEqual(all.map(() => 200))
      const { rotated, redelivered, refresh_raced: raced } = server.backend.stats.all()['refresh'] ?? {}
      expect(rotated).toBeGreaterThanOrEqual(1)
      expect(onRace === 'refuse' ? raced : redelivered).toBeGreaterThanOrEqual(1)
      await expectNobodyOut(all)

      expect(await app.run('logout')).toEqual({ server: 'confirmed', durable: false })
      for (const tab of all.slice(1))
        expect(await tab.fails('refresh', true)).toMatchObject({ name: 'AuthError' })
      await expectAll(all, { status: 'unauthenticated' })
    })
  })
}

test('R105 without AbortSignal.any a stream ends with the abort of its caller, and with the sign-out in another tab', async ({
  app,
  context,
  tabs,
}) => {
  await context.addInitScript(() => void Reflect.deleteProperty(AbortSignal, 'any'))
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  await app.run('stream', '/events')
  await app.run('abortStream')
  expect(await app.run('streamEnd')).toBe('AbortError')
  await app.run('stream', '/events')
  await other.run('logout')
  // Engines differ in which reason a stream that breaks off gives: that of the signal, or their own.
  expect(await app.run('streamEnd')).toMatch(/^(session_changed|AbortError)$/)
})
