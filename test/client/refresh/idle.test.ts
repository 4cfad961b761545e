/* Idle limits from end to end: what a renewal says about whoever is, or is not, at the page. */
import { gate } from '../../support/client.js'
import { expect, it, vi } from 'vitest'
import { djangoRestAuth } from '../../../src/presets.js'
import { createKit, FakeBrowser, grant, json, type Kit, signedIn } from '../../support/kit.js'
import { createStage } from '../../support/stage.js'

const MINUTE = 60_000
const bodies = (kit: Kit, path = '/auth/refresh') => kit.sent(path).map(({ body }) => body)

async function renewed(kit: Kit): Promise<unknown> {
  await kit.auth.refresh({ force: true })
  return bodies(kit).at(-1)
}

it('R107 a renewal says that it is in the background where nobody has used the page since the last one', async () => {
  const kit = await signedIn()
  for (const use of [() => kit.act(), () => kit.auth.touch()]) {
    await kit.clock.advance(6000)
    use()
    await kit.clock.advance(1000)
    expect(await renewed(kit)).toBe('')
  }
  for (let i = 0; i < 3; i++) {
    await kit.clock.advance(6000)
    expect(await renewed(kit)).toEqual({ background: true })
  }
})

it('R107 a call of the application is nobody', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', () => json([]))
  await kit.clock.advance(6000)
  await kit.auth.fetch('/api/orders')
  await kit.auth.getAccessToken()
  expect(await renewed(kit)).toEqual({ background: true })
})

it('R107 whoever uses another tab, or loads a page there, is at all of them', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { auth } = await stage.signedIn()
  const renewal = async () => {
    await stage.run(auth.refresh({ force: true }), 6000)
    return stage.sent('/auth/refresh').at(-1)!.body ?? ''
  }
  expect(await renewal()).toBe('{"background":true}')
  const other = await stage.open()
  expect(await renewal()).toBe('')
  expect(await renewal()).toBe('{"background":true}')
  other.page.act()
  expect(await renewal()).toBe('')
})

it('R107 where nothing can be stored nobody is said to be away', async () => {
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const kit = await signedIn({}, { browser })
  await kit.clock.advance(100_000)
  expect(await renewed(kit)).toBe('')
})

it('R107 to backends of others nothing is said, unless they know it', async () => {
  const own = await signedIn({
    parseAnswer: (body) => ({
      accessToken: (body as { access_token: string }).access_token,
      user: { id: 'ann' },
    }),
  })
  await own.clock.advance(6000)
  expect(await renewed(own)).toBe('')
  const told = await signedIn({
    parseAnswer: () => ({ accessToken: 't', user: { id: 'ann' } }),
    markBackground: true,
  })
  await told.clock.advance(6000)
  expect(await renewed(told)).toEqual({ background: true })
  expect(djangoRestAuth.markBackground).toBe(false)
})

it('R107 whoever comes back after renewals that said nobody is there is told to the server at once, and once', async () => {
  const kit = await signedIn()
  kit.act()
  await kit.clock.advance(20 * MINUTE)
  expect(bodies(kit).at(-1)).toEqual({ background: true })
  const before = bodies(kit).length
  for (let i = 0; i < 20; i++) {
    kit.act()
    await kit.clock.advance(1000)
  }
  expect(bodies(kit).slice(before)).toEqual([''])
})

it('R107 TMO-03 a page that is scrolled without end writes once in five seconds', async () => {
  const kit = await signedIn()
  const write = vi.spyOn(kit.ports.shared, 'write')
  await kit.clock.advance(5000)
  for (let i = 0; i < 1190; i++) {
    kit.act()
    if (i % 6 === 0) await kit.clock.advance(50)
  }
  expect(write).toHaveBeenCalledTimes(2)
})

it('R107 nothing is listened to after dispose, and touch does nothing then', async () => {
  const kit = await signedIn()
  kit.auth.dispose()
  expect(kit.openListeners()).toBe(0)
  const stored = new Map(kit.browser.notes)
  expect(stored.size).toBe(1)
  await kit.clock.advance(MINUTE)
  kit.auth.touch()
  expect(kit.browser.notes).toEqual(stored)
})

it('R107 R44 with tokens a page that nobody touches asks on, and ends with the idle limit of the server', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token', idleMs: 15 * MINUTE })
  const { auth, told } = await stage.signedIn()
  await stage.world.advance(40 * MINUTE)
  expect(told).toEqual(['end expired'])
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'expired' })
  expect(stage.sent('/auth/refresh').length).toBeLessThan(8)
})

it('R107 with tokens a page that somebody uses now and then, without any call, lives on for hours', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token', idleMs: 15 * MINUTE })
  const { auth, told } = await stage.signedIn()
  // Each at another distance from the renewals.
  for (let i = 0; i < 20; i++) {
    await stage.world.advance(14 * MINUTE - i * 7000)
    stage.world.tabs[0]!.page!.act()
    await stage.world.advance(1000)
  }
  expect(told).toEqual([])
  expect(auth.getState()).toMatchObject({ status: 'authenticated' })
})

it('R107 TMO-03 whoever uses one tab keeps all of them signed in, and all end when he goes', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token', idleMs: 15 * MINUTE })
  const one = await stage.signedIn()
  const other = await stage.open()
  const both = () => [one, other].map(({ auth }) => auth.getState())
  for (let i = 0; i < 12; i++) {
    await stage.world.advance(10 * MINUTE)
    other.page.act()
  }
  expect([one.told, other.told]).toEqual([[], []])
  expect(both()).toMatchObject([{ status: 'authenticated' }, { status: 'authenticated' }])
  await stage.world.advance(40 * MINUTE)
  expect([one.told, other.told]).toEqual([['end expired'], ['end expired']])
  expect(both()).toMatchObject([{ reason: 'expired' }, { reason: 'expired' }])
})

it('R107 the renewal of a page that was just loaded is somebody, and the next one nobody', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token', idleMs: 15 * MINUTE })
  await stage.signedIn()
  await stage.world.advance(6000)
  await stage.world.tabs[0]!.reload()
  await stage.world.advance(1000)
  await stage.world.advance(5 * MINUTE)
  expect(stage.sent('/auth/refresh').map(({ body }) => body ?? '')).toEqual(['', '{"background":true}'])
})

it('R107 where a cookie is the credential, use of the page asks nothing: the server sees the calls', async () => {
  const stage = await createStage()
  const { auth, page } = await stage.signedIn()
  for (let i = 0; i < 2; i++) {
    await stage.run(auth.refresh({ force: true }), 10_000)
    page.act()
    await stage.world.advance(1000)
  }
  expect(stage.sent().map(({ url }) => url.pathname)).toEqual(['/auth/session', '/auth/session'])
})

it('R107 a visitor leaves no trace of his use, and nobody is asked about', async () => {
  const kit = createKit()
  const { answer, open } = gate()
  kit.on('/auth/session', () => answer)
  kit.auth.touch()
  void kit.auth.ready()
  await kit.clock.advance(1000)
  kit.act()
  open(json(null))
  await kit.clock.advance(6000)
  kit.act()
  kit.auth.touch()
  expect([...kit.browser.notes.keys()]).toEqual([])
  expect(kit.requests.map(({ path }) => path)).toEqual(['/auth/session'])
})

it('R107 whoever comes back while a renewal for nobody is on its way is told behind it', async () => {
  const kit = await signedIn()
  await kit.clock.advance(20 * MINUTE)
  const { answer, open } = gate()
  kit.on('/auth/refresh', (_request, count) => (bodies(kit).length === before + 1 ? answer : grant(count)))
  const before = bodies(kit).length
  void kit.auth.refresh({ force: true })
  await kit.clock.advance(100)
  kit.act()
  await kit.clock.advance(100)
  open(grant(99))
  await kit.clock.advance(1000)
  expect(bodies(kit).slice(before)).toEqual([{ background: true }, ''])
})

it('R107 whoever loads a page that takes over the token of another tab is told of with the next renewal, which costs none', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  await stage.signedIn()
  await stage.world.advance(14 * MINUTE)
  expect(stage.sent('/auth/refresh').at(-1)!.body).toBe('{"background":true}')
  stage.exchanges.length = 0
  const { page } = await stage.open()
  await stage.world.advance(3 * MINUTE)
  const sent = () => stage.sent().map(({ url, body }) => [url.pathname, body ?? ''])
  const toldOf = [
    ['/auth/session', ''],
    ['/auth/refresh', ''],
  ]
  expect(sent()).toEqual(toldOf)
  page.act()
  await stage.world.advance(1000)
  expect(sent()).toEqual(toldOf)
  await stage.world.advance(8 * MINUTE)
  expect(sent()).toEqual([...toldOf, ['/auth/refresh', ''], ['/auth/refresh', '{"background":true}']])
})

it('R107 whoever uses the page that he has just loaded is told to the server at once, and once', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token', idleMs: 15 * MINUTE })
  const { told } = await stage.signedIn()
  await stage.world.advance(14 * MINUTE)
  stage.exchanges.length = 0
  const { auth, page } = await stage.open()
  for (let i = 0; i < 3; i++) {
    page.act()
    await stage.world.advance(1000)
  }
  expect(stage.sent('/auth/refresh').map(({ body }) => body ?? '')).toEqual([''])
  await stage.world.advance(14 * MINUTE)
  expect(told).toEqual([])
  expect(auth.getState()).toMatchObject({ status: 'authenticated' })
})
