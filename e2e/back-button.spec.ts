import { type App, BOB, expect, test } from './fixtures.ts'
import { credentialed, expectAll, lockState, OPTIONS, passEverywhere } from './tabs.ts'

test.beforeEach(({ server }) => {
  server.client = OPTIONS
})

/** Leaves the app for a page without it, so that the browser puts the app into its back/forward cache. */
async function leave({ page, server }: App): Promise<void> {
  await page.evaluate(() => {
    // The first frame that a person sees of the restored page.
    const painted = () => {
      document.body.dataset['painted'] = document.getElementById('status')?.textContent ?? ''
    }
    addEventListener('pageshow', ({ persisted }) => persisted && requestAnimationFrame(painted))
  })
  await page.goto(`${server.origin}/plain`)
}

/** Goes back, and insists that the page was restored rather than loaded again. */
async function goBack(app: App): Promise<{ told: string[]; firstFrame: string | undefined }> {
  const told: string[] = []
  let firstFrame: string | undefined
  await app.page.evaluate(() => void setTimeout(() => history.back()))
  // No locators: for Playwright a restored page of Firefox never ends its navigation.
  await expect(async () => {
    told.push(...(await app.run('told')))
    expect(told).toContain('restored')
    firstFrame = await app.page.evaluate(() => document.body.dataset['painted'])
    expect(firstFrame).toBeDefined()
  }).toPass()
  return { told, firstFrame }
}

test('R39 R25 the back button after a sign-out in another tab finds nobody signed in, and sends nothing of his', async ({
  app,
  server,
  tabs,
}) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  await app.run('told')
  await leave(app)
  const from = server.seen.length
  await other.run('logout')

  const { told } = await goBack(app)
  // Chromium may show a restored page the storage of a moment ago, so the first frame is not asked.
  await expectAll([app], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  told.push(...(await app.run('told')))
  expect(told.filter((one) => one.startsWith('sessionEnd'))).toEqual(['sessionEnd logout-elsewhere ada'])
  expect(told).toContain('unauthenticated')
  expect(await app.fails('fetch', '/api/orders')).toMatchObject({ code: 'session_ended' })
  expect(credentialed(server, from)).toEqual(['/auth/logout'])
})

test('CC-02 R39 with hideOnRestore the back button after a sign-out in another tab shows no private page for one frame', async ({
  app,
  server,
  tabs,
}) => {
  server.client = { ...OPTIONS, hideOnRestore: true }
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  await app.page.evaluate(() => {
    // What can be seen, frame by frame, from the first one on.
    const seen: string[] = []
    const frame = () => {
      const visible = getComputedStyle(document.body).visibility === 'visible'
      seen.push(visible ? (document.getElementById('status')?.textContent ?? '') : 'hidden')
      document.body.dataset['seen'] = JSON.stringify(seen)
      requestAnimationFrame(frame)
    }
    addEventListener('pageshow', ({ persisted }) => persisted && frame())
  })
  await leave(app)
  await other.run('logout')
  await goBack(app)
  await expectAll([app], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  const seen = async (): Promise<string[]> =>
    JSON.parse((await app.page.evaluate(() => document.body.dataset['seen'])) ?? '[]') as string[]
  await expect.poll(async () => (await seen()).at(-1)).toBe('unauthenticated')
  expect((await seen())[0]).toBe('hidden')
  expect((await seen()).filter((one) => one.includes('Ada'))).toEqual([])
})

test('R39 R40 R42 the back button after somebody else signed in shows nobody until it is known who, and him after the clean-up', async ({
  app,
  server,
  tabs,
}) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  await app.run('told')
  await leave(app)
  await other.run('logout')
  await other.run('login', BOB)
  const from = server.seen.length

  const { told } = await goBack(app)
  await expectAll([app], { status: 'authenticated', user: 'bob' })
  told.push(...(await app.run('told')))
  // Storage may reach the page that comes back in two steps: then it learns of the sign-out before it learns of Bob.
  const ends = told.filter((one) => one.startsWith('sessionEnd'))
  expect(ends).toHaveLength(1)
  expect(ends[0]).toMatch(/^sessionEnd (user-switched|logout-elsewhere) ada$/)
  // Until it was known who, nobody was shown.
  expect(told).toContain('unknown')
  expect(told.indexOf(ends[0]!)).toBeLessThan(told.indexOf('Bob is signed in'))
  expect(JSON.parse((await app.run('fetch', '/api/profile')).text)).toMatchObject({ id: 'bob' })
  const bearers = server.seen.slice(from).map(({ headers }) => headers.get('authorization'))
  expect(bearers).not.toContain(`Bearer ${server.tokens[0]}`)
})

test('R25 a page with the client goes into the back/forward cache, and hears the other tabs again when it is back', async ({
  app,
  server,
  tabs,
}) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  await app.run('told')
  await leave(app)
  // Messages to an open channel would throw the page out of the cache.
  await other.run('refresh', true)
  expect(await goBack(app)).toEqual({ told: ['restored'], firstFrame: 'Ada is signed in' })

  const before = server.count('/auth/refresh')
  await other.run('refresh', true)
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(server.last('/api/orders').headers.get('authorization')).toBe(`Bearer ${server.tokens.at(-1)}`)
  expect(server.count('/auth/refresh') - before).toBe(1)
  await other.run('logout')
  await expectAll([app], { status: 'unauthenticated', reason: 'logout-elsewhere' })
})

test('R21 a page left in mid-refresh holds no lock while it is away', async ({ app, server, tabs }) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  await passEverywhere([app, other], 301)
  const held = server.hold('/auth/refresh', 'answer')
  await app.begin('refresh', true)
  await held.arrived
  expect(await lockState(other)).toEqual({ held: 1, pending: 0 })
  await app.page.goto(`${server.origin}/plain`)
  await expect.poll(() => lockState(other)).toEqual({ held: 0, pending: 0 })
  expect((await other.run('fetch', '/api/orders')).status).toBe(200)
  held.release()
  await app.page.evaluate(() => void setTimeout(() => history.back()))
  await expect(async () => app.expectUser('ada')).toPass()
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
})
