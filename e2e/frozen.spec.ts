import type { BrowserContext } from '@playwright/test'
import { registerKey, storedSession } from '../test/support/stored.ts'
import { App, expect, type TestServer } from './fixtures.ts'
import { expectVisibility, test } from './real-tabs.ts'
import { credentialed, expectAll, liveSessions, lockState, OPTIONS, passEverywhere } from './tabs.ts'

/** Two tabs that are signed in, of which the first is hidden, and what freezes it and brings it back. */
async function twoTabs(real: BrowserContext, server: TestServer) {
  server.client = OPTIONS
  const sleeper = new App(await real.newPage(), server)
  await sleeper.signIn()
  const other = new App(await real.newPage(), server)
  await other.open()
  await other.expectUser('ada')
  await other.page.bringToFront()
  await expectVisibility(sleeper.page, 'hidden')
  const events = await sleeper.page.evaluateHandle(() => {
    const seen: string[] = []
    for (const name of ['freeze', 'resume']) document.addEventListener(name, () => seen.push(name))
    return seen
  })
  const cdp = await real.newCDPSession(sleeper.page)
  const turn = async (state: 'frozen' | 'active', event: string): Promise<void> => {
    await cdp.send('Page.setWebLifecycleState', { state })
    // Without the real event the tab would be as awake as before, and the test would show nothing.
    await expect.poll(async () => (await events.jsonValue()).at(-1)).toBe(event)
  }
  return {
    sleeper,
    other,
    freeze: () => turn('frozen', 'freeze'),
    resume: () => turn('active', 'resume'),
  }
}

test('R38 a frozen tab that missed a sign-out is signed out when it wakes, and sends nothing more', async ({
  real,
  server,
}) => {
  const { sleeper, other, freeze, resume } = await twoTabs(real, server)
  await sleeper.run('told')
  await freeze()
  const from = server.seen.length
  expect(await other.run('logout')).toEqual({ server: 'confirmed', durable: true })
  expect(await liveSessions(server)).toBe(0)

  await resume()
  await expectAll([sleeper], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(await sleeper.run('told')).toEqual(['sessionEnd logout-elsewhere ada', 'unauthenticated'])
  expect(await sleeper.fails('fetch', '/api/orders')).toMatchObject({ code: 'session_ended' })
  expect(credentialed(server, from)).toEqual(['/auth/logout'])
})

test('R21 R23 a tab that is frozen in mid-refresh holds no lock, and its late answer changes nothing', async ({
  real,
  server,
}) => {
  const { sleeper, other, freeze, resume } = await twoTabs(real, server)
  await passEverywhere([sleeper, other], 301)
  server.backend.stats.reset()
  const held = server.hold('/auth/refresh', 'answer')
  await sleeper.begin('refresh', true)
  await held.arrived
  expect(await lockState(other)).toEqual({ held: 1, pending: 0 })
  await freeze()
  expect(await lockState(other)).toEqual({ held: 0, pending: 0 })
  expect((await other.run('fetch', '/api/orders')).status).toBe(200)
  expect(await other.run('timeline')).not.toContain('lock.waited')

  held.release()
  await resume()
  await expectAll([sleeper, other], { status: 'authenticated', user: 'ada' })
  expect((await sleeper.run('fetch', '/api/orders')).status).toBe(200)
  expect(await other.run('refresh', true)).toMatchObject({ user: 'ada' })
  expect(server.backend.stats.count('refresh', 'refresh_reused')).toBe(0)
  expect(await liveSessions(server)).toBe(1)
})

test('R10 R38 a refresh that was under way when its tab froze and the person signed out opens nothing on waking', async ({
  real,
  server,
}) => {
  const { sleeper, other, freeze, resume } = await twoTabs(real, server)
  const held = server.hold('/auth/refresh', 'answer')
  await sleeper.begin('refresh', true)
  await held.arrived
  await freeze()
  expect(await other.run('logout')).toEqual({ server: 'confirmed', durable: true })
  held.release()
  await resume()
  await expectAll([sleeper], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  await expect.poll(() => sleeper.run('timeline')).toContain('logout.compensated')
  for (const tab of [sleeper, other]) {
    await tab.page.reload()
    await tab.expectUser(undefined)
  }
  expect(await liveSessions(server)).toBe(0)
})

test('R10 R38 a register written by a tab that woke with the storage of before the sign-out is put right again', async ({
  real,
  server,
}) => {
  const { sleeper, other, freeze, resume } = await twoTabs(real, server)
  const held = server.hold('/auth/refresh', 'answer')
  await sleeper.begin('refresh', true)
  await held.arrived
  // Chromium may show a page that wakes the storage of before, until it writes itself; here it always does.
  await sleeper.page.evaluate((name) => {
    const { getItem, setItem } = Storage.prototype
    const before = localStorage.getItem(name)
    let stale = true
    addEventListener('storage', (event) => stale && event.stopImmediatePropagation(), { capture: true })
    Storage.prototype.getItem = function (key) {
      return stale && key === name ? before : getItem.call(this, key)
    }
    Storage.prototype.setItem = function (key, value) {
      if (key === name) stale = false
      setItem.call(this, key, value)
    }
  }, registerKey(OPTIONS.key))
  await freeze()
  expect(await other.run('logout')).toEqual({ server: 'confirmed', durable: true })
  held.release()
  await resume()
  await expectAll([sleeper], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(storedSession(await other.page.evaluate(() => Object.entries(localStorage)))).toMatchObject({
    isSignedIn: false,
  })
})

test('R06 a tab that crashes in mid-refresh leaves the next one signed in', async ({ app, server, tabs }) => {
  server.client = OPTIONS
  await app.signIn()
  const [next] = (await tabs(1)) as [App]
  await passEverywhere([app, next], 301)
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  const crashed = app.page.waitForEvent('crash')
  const cdp = await app.page.context().newCDPSession(app.page)
  cdp.send('Page.crash').catch(() => {})
  await crashed
  expect((await next.run('fetch', '/api/orders')).status).toBe(200)
  held.release()
  expect(await next.run('refresh', true)).toMatchObject({ user: 'ada' })
  await next.page.reload()
  await next.expectUser('ada')
  expect(server.backend.stats.count('refresh', 'refresh_reused')).toBe(0)
})
