import type { JSHandle, Page } from '@playwright/test'
import { ADA, App, BOB, expect, test, type TestServer } from './fixtures.ts'
import { expectAll, liveSessions, lockState, NAME, OPTIONS, passEverywhere } from './tabs.ts'

test.beforeEach(({ server }) => {
  server.client = OPTIONS
})

interface Heard {
  readonly register: { readonly state: 'in' | 'out'; readonly epoch: readonly [number, string] }
}

/** A page of the same origin without the client, as foreign code may be there. */
async function foreignPage(page: Page, { origin }: TestServer): Promise<Page> {
  await page.goto(`${origin}/plain`)
  return page
}

/** Everything that goes over the channel of the clients. */
const listen = (foreign: Page): Promise<JSHandle<Heard[]>> =>
  foreign.evaluateHandle((name) => {
    const heard: Heard[] = []
    const channel = new BroadcastChannel(name)
    channel.addEventListener('message', ({ data }: MessageEvent<Heard>) => heard.push(data))
    return heard
  }, NAME)

for (const shareToken of [true, false]) {
  test(`R24 R28 each change is told to the tabs in one message, with the token only where shareToken says so: ${shareToken}`, async ({
    app,
    server,
    context,
  }) => {
    server.client = { ...OPTIONS, tabs: { shareToken } }
    const foreign = await foreignPage(await context.newPage(), server)
    await app.open()
    await app.expectUser(undefined)
    await app.run('told')
    const heard = await listen(foreign)
    const messages = async (): Promise<string[]> => {
      const all = await heard.evaluate((heard) => heard.splice(0))
      const text = JSON.stringify(all)
      const shared = server.tokens.filter((token) => text.includes(token))
      expect(shared).toEqual(shareToken && text.includes('"in"') ? [server.tokens.at(-1)] : [])
      return all.map(({ register }) => register.state)
    }
    await app.run('login', ADA)
    await expect.poll(messages).toEqual(['in'])
    await app.run('refresh', true)
    await expect.poll(messages).toEqual(['in'])
    await app.run('login', BOB)
    await expect.poll(messages).toEqual(['in'])
    await app.run('logout')
    await expect.poll(messages).toEqual(['out'])
    expect(await app.run('told')).toEqual([
      'Ada is signed in',
      'sessionEnd user-switched ada',
      'Bob is signed in',
      'userSwitch ada bob',
      'sessionEnd logout bob',
      'unauthenticated',
    ])
  })
}

test('R28 R24 messages that are malformed, foreign, of another version or of another session change nothing', async ({
  app,
  server,
  context,
}) => {
  const foreign = await foreignPage(await context.newPage(), server)
  await app.open()
  const heard = await listen(foreign)
  await app.run('login', ADA)
  await expect.poll(() => heard.evaluate((heard) => heard.length)).toBe(1)
  await app.run('told')
  server.seen.length = 0
  await foreign.evaluate((name) => {
    const channel = new BroadcastChannel(name)
    const forge = (data: unknown) => channel.postMessage(data)
    const later = [Date.now() + 1_000_000, 'z'] as const
    for (const junk of [null, undefined, 1, 'out', [], {}, new Date(), { v: 1 }, { v: 1, from: 'x' }])
      forge(junk)
    const out = { state: 'out', epoch: later, reason: 'logout', generation: 0 }
    for (const v of [0, 1, 3, '2', undefined]) forge({ v, from: 'x', register: out })
    for (const epoch of [
      undefined,
      [],
      [-1, 'z'],
      [1e300, 'z'],
      ['1', 'z'],
      [Date.now() + 1000, 'z'.repeat(100)],
    ]) {
      forge({ v: 2, from: 'x', register: { ...out, epoch } })
    }
    forge({ v: 2, register: out })
    forge({ v: 2, from: 'x', register: { ...out, reason: 'nonsense' } })
    forge({ v: 2, from: 'x', register: { ...out, state: 'unheard-of' } })
    forge({ v: 2, from: 'x', register: { ...out, epoch: [1, 'a'] } })
    forge(new Uint8Array(1_000_000))
  }, NAME)
  const [own] = await heard.evaluate((heard) => heard.splice(0))
  await foreign.evaluate(
    ([name, own]) => {
      const shared = {
        token: 'forged',
        subject: 'ada',
        rawUser: { id: 'ada', name: 'Eve' },
        issuedAt: Date.now(),
        lifetime: 300_000,
      }
      const head = { v: 2, from: 'x' }
      const register = { ...own!.register, generation: 1, sessionId: 'another' }
      const channel = new BroadcastChannel(name)
      channel.postMessage({ ...head, register: { ...register, generation: 2 }, shared })
      channel.postMessage({ ...head, register, shared: { ...shared, token: 'with space' } })
      channel.postMessage({ ...head, register, shared: { ...shared, lifetime: -1 } })
      channel.postMessage({ ...head, register, shared: { ...shared, subject: 'bob' } })
      // The answer to this one comes behind all the others.
      channel.postMessage({ ...head, register: own!.register, ask: true })
    },
    [NAME, own] as const,
  )
  await expect
    .poll(() => heard.evaluate((heard) => heard.some(({ register }) => register.state === 'in')))
    .toBe(true)
  expect(await app.run('told')).toEqual([])
  expect(server.seen.filter(({ path }) => path.startsWith('/auth'))).toEqual([])
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  expect(server.seen.map(({ headers }) => headers.get('authorization'))).not.toContain('Bearer forged')
  expect(await app.run('state')).toMatchObject({ status: 'authenticated', user: 'ada' })
})

test('R18 a lock that foreign code holds for ever keeps a call waiting, but not for ever', async ({
  app,
  server,
  context,
  tabs,
}) => {
  server.client = { ...OPTIONS, timeouts: { lock: 500, request: 8000 } }
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  const foreign = await foreignPage(await context.newPage(), server)
  await foreign.evaluate(
    (name) =>
      new Promise<void>((granted) => {
        void navigator.locks.request(name, () => {
          granted()
          return new Promise(() => {})
        })
      }),
    NAME,
  )
  await passEverywhere([app, other], 301)
  expect(await lockState(app)).toEqual({ held: 1, pending: 0 })
  const answers = await Promise.all([app, other].map((tab) => tab.run('fetch', '/api/orders')))
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(await app.run('timeline')).toContain('lock.waited')
  expect(await lockState(app)).toEqual({ held: 1, pending: 0 })
  await expectAll([app, other], { status: 'authenticated', user: 'ada', connection: 'ok' })
  expect(server.backend.stats.count('refresh', 'refresh_reused')).toBe(0)
})

test('R20 a lock that is stolen in mid-refresh is nobody’s error, and each answer is committed once', async ({
  app,
  server,
  context,
  tabs,
}) => {
  await app.signIn()
  const [other] = (await tabs(1)) as [App]
  const foreign = await foreignPage(await context.newPage(), server)
  await passEverywhere([app, other], 301)
  await Promise.all([app.run('told'), other.run('told')])
  const before = [(await app.run('timeline')).length, (await other.run('timeline')).length]
  const held = server.hold('/auth/refresh', 'answer')
  const first = app.run('fetch', '/api/orders')
  await held.arrived
  await foreign.evaluate((name) => navigator.locks.request(name, { steal: true }, () => {}), NAME)
  expect((await other.run('fetch', '/api/orders')).status).toBe(200)
  held.release()
  expect((await first).status).toBe(200)
  for (const [index, tab] of [app, other].entries()) {
    expect(await tab.run('told')).toEqual([])
    const timeline = (await tab.run('timeline')).slice(before[index])
    expect(timeline.filter((type) => type === 'refresh.sent')).toHaveLength(1)
    expect(timeline.filter((type) => type === 'refresh.done')).toHaveLength(1)
  }
  expect(await other.run('refresh', true)).toMatchObject({ user: 'ada' })
  expect(await app.run('refresh', true)).toMatchObject({ user: 'ada' })
  expect(server.backend.stats.count('refresh', 'refresh_reused')).toBe(0)
  expect(await liveSessions(server)).toBe(1)
})

test('R27 two copies of the package on one page and one in another tab cost one refresh, and all end together', async ({
  app,
  server,
  page,
  tabs,
}) => {
  const [outside] = (await tabs(1)) as [App]
  await outside.run('login', ADA)
  await page.goto(`${server.origin}/frame`)
  await page.evaluate(() => {
    const second = document.createElement('iframe')
    second.src = '/'
    second.title = 'Second'
    document.body.append(second)
  })
  await expect.poll(() => page.frames().length).toBe(3)
  const [, ...frames] = page.frames()
  await Promise.all(frames.map((frame) => frame.waitForFunction(() => 'run' in window)))
  const copies = frames.map((frame) => new App(page, server, frame))
  await Promise.all(copies.map((copy) => copy.expectUser('ada')))
  await Promise.all(copies.map((copy) => copy.run('told')))

  server.backend.stats.reset()
  await outside.run('refresh', true)
  const all = [outside, ...copies]
  const answers = await Promise.all(all.map((copy) => copy.run('fetch', '/api/orders')))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  const sent = server.seen.filter(({ path }) => path === '/api/orders')
  await copies[0]!.run('logout')
  await expectAll([outside, copies[1]!], { status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(sent).toHaveLength(3)
  expect(server.backend.stats.count('refresh')).toBe(1)
  expect(await app.page.title()).toBe('Frame')
})

test('R27 clients with different keys share neither events nor lock nor what is stored', async ({
  app,
  server,
  tabs,
}) => {
  await app.signIn()
  server.client = { ...OPTIONS, key: 'admin' }
  const [admin] = (await tabs(1)) as [App]
  await admin.expectUser('ada')
  await Promise.all([app.run('told'), admin.run('told')])
  const held = server.hold('/auth/refresh', 'answer')
  await admin.begin('refresh', true)
  await held.arrived
  expect(await lockState(app)).toEqual({ held: 0, pending: 0 })
  held.release()
  await expect.poll(() => admin.run('timeline')).toContain('refresh.done')
  expect(await app.run('timeline')).not.toContain('tabs.resync')

  await app.run('logout')
  expect(await admin.run('told')).toEqual([])
  expect(await admin.run('state')).toMatchObject({ status: 'authenticated' })
  expect(await admin.page.evaluate(() => Object.keys(localStorage).toSorted())).toEqual([
    'latchkey:admin:active',
    'latchkey:admin:held',
    'latchkey:admin:register',
    'latchkey:shop:active',
    'latchkey:shop:register',
  ])
  // The session was one and the same, so the server says so in the end.
  expect(await admin.fails('refresh', true)).toMatchObject({ name: 'AuthError' })
  await expectAll([admin], { status: 'unauthenticated' })
})
