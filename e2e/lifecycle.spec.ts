import { App, expect } from './fixtures.ts'
import { expectVisibility, test } from './real-tabs.ts'

test('R78 ten times away to another tab and back cause no event and no request', async ({ real, server }) => {
  const app = new App(await real.newPage(), server)
  const other = await real.newPage()
  await app.page.bringToFront()
  await app.signIn()
  await app.run('told')
  const timeline = await app.run('timeline')
  const switches = await app.page.evaluateHandle(() => {
    const seen: string[] = []
    for (const name of ['focus', 'blur']) addEventListener(name, () => seen.push(name))
    document.addEventListener('visibilitychange', () => seen.push(document.visibilityState))
    return seen
  })
  server.seen.length = 0
  for (let round = 0; round < 10; round++) {
    await other.bringToFront()
    await expectVisibility(app.page, 'hidden')
    await app.page.bringToFront()
    await expectVisibility(app.page, 'visible')
  }
  const seen = await switches.jsonValue()
  expect(seen.filter((one) => one === 'visible')).toHaveLength(10)
  expect(seen.filter((one) => one === 'hidden')).toHaveLength(10)
  expect(await app.run('told')).toEqual([])
  expect(await app.run('timeline')).toEqual(timeline)
  expect(server.seen).toEqual([])
})

test('R31 R29 a tab that comes back shortly before its token expires renews it at once, and a hidden one does not', async ({
  real,
  server,
}) => {
  const app = new App(await real.newPage(), server)
  const other = await real.newPage()
  await app.page.bringToFront()
  await app.signIn()
  await other.bringToFront()
  await expectVisibility(app.page, 'hidden')
  await app.pass(270)
  expect(server.count('/auth/refresh')).toBe(0)
  await app.page.bringToFront()
  await expect.poll(() => server.count('/auth/refresh')).toBe(1)
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(server.backend.stats.all()).toMatchObject({ orders: { ok: 1 }, refresh: { rotated: 1 } })
})

test('R78 the focus that goes into a frame and back causes no event and no request', async ({
  app,
  server,
  page,
}) => {
  await app.signIn()
  await page.evaluate(() => {
    const frame = document.createElement('iframe')
    frame.title = 'Inner'
    frame.src = '/plain'
    document.body.append(frame)
  })
  const inner = page.frameLocator('iframe').getByRole('heading')
  await expect(inner).toBeVisible()
  await app.run('told')
  const focused = await page.evaluateHandle(() => {
    const seen: string[] = []
    for (const name of ['focus', 'blur']) addEventListener(name, () => seen.push(name))
    return seen
  })
  server.seen.length = 0
  for (let round = 0; round < 10; round++) {
    await inner.click()
    await page.getByRole('heading', { name: 'App' }).click()
  }
  expect(await focused.jsonValue()).toEqual(Array.from({ length: 10 }, () => ['blur', 'focus']).flat())
  expect(await app.run('told')).toEqual([])
  expect(server.seen).toEqual([])
})

test('R29 a page that comes back out of the back/forward cache renews its expired token before the next call', async ({
  app,
  server,
  page,
}) => {
  await app.signIn()
  await app.pass(301)
  await page.goto(`${server.origin}/plain`)
  await page.evaluate(() => void setTimeout(() => history.back()))
  await expect(async () => expect(await app.run('told')).toContain('restored')).toPass()

  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(server.backend.stats.all()).toMatchObject({ orders: { ok: 1 }, refresh: { rotated: 1 } })
  expect(server.backend.stats.count('orders')).toBe(1)
  expect(await app.run('logout')).toEqual({ server: 'confirmed', durable: true })
})
