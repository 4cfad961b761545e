import { App, expect, putForward, test, type TestServer } from './fixtures.ts'

/** Whom each renewal so far was for. */
const renewals = (server: TestServer): string[] =>
  server.seen
    .filter(({ path }) => path === '/auth/refresh')
    .map(({ body }) => (body.toString() === '{"background":true}' ? 'nobody' : 'somebody'))

test('R107 with tokens a page that nobody touches ends with the idle limit, however often the app calls; a key and the load of a page put it off', async ({
  page,
  context,
  serve,
}) => {
  const server = await serve({ idleMs: 15 * 60_000 })
  const app = new App(page, server)
  await app.signIn()
  await app.run('told')
  let passed = 0
  /** Four minutes go by, and the page is looked at, which is no use of it. */
  const goBy = async () => {
    passed += 240
    await app.pass(240)
    await page.evaluate(() => dispatchEvent(new Event('focus')))
  }
  /** The same so often, with a call of the app each time. */
  const leaveAlone = async (times: number) => {
    server.seen.length = 0
    for (let i = 0; i < times; i++) {
      await goBy()
      await app.run('hasToken')
      expect((await app.run('fetch', '/api/orders')).status).toBe(200)
    }
    expect(renewals(server)).toEqual(Array.from({ length: times }, () => 'nobody'))
  }

  await leaveAlone(3)
  await page.keyboard.press('Shift')
  await expect.poll(() => renewals(server).at(-1)).toBe('somebody')

  await leaveAlone(2)
  const other = new App(await context.newPage(), server)
  await other.page.addInitScript(putForward, passed * 1000)
  await other.open()
  await other.expectUser('ada')
  await other.page.close()
  await goBy()
  await expect.poll(() => renewals(server)).toEqual(['nobody', 'nobody', 'somebody'])

  await leaveAlone(3)
  expect(await app.run('told')).toEqual([])
  await goBy()
  await expect.poll(() => app.run('state')).toMatchObject({ reason: 'expired' })
  expect(await app.run('told')).toEqual(['sessionEnd expired ada', 'unauthenticated'])
  expect(server.backend.stats.count('refresh', 'idle_timeout')).toBe(1)
})
