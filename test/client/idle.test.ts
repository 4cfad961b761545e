/* Idle limits from end to end: what a renewal says about whoever is, or is not, at the page. */
import { expect, it } from 'vitest'
import { djangoRestAuth } from '../../src/presets.js'
import { FakeBrowser, json, type Kit, signedIn } from '../support/kit.js'
import { createStage } from './session-support.js'

const MINUTE = 60_000
const bodies = (kit: Kit, path = '/auth/refresh') => kit.sent(path).map(({ body }) => body)

async function renewed(kit: Kit): Promise<unknown> {
  await kit.auth.refresh({ force: true })
  return bodies(kit).at(-1)
}

it('R107 a renewal says that it is in the background where nobody has used the page since the last one', async () => {
  const kit = await signedIn()
  await kit.clock.advance(6000)
  expect(await renewed(kit)).toEqual({ background: true })
  await kit.clock.advance(6000)
  for (const use of [() => kit.act(), () => kit.auth.touch()]) {
    use()
    await kit.clock.advance(1000)
    expect(await renewed(kit)).toBe('')
    await kit.clock.advance(6000)
    expect(await renewed(kit)).toEqual({ background: true })
    await kit.clock.advance(6000)
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

it('R107 nothing is listened to after dispose, and touch does nothing then', async () => {
  const kit = await signedIn()
  kit.auth.dispose()
  expect(kit.openListeners()).toBe(0)
  const stored = new Map(kit.browser.storage)
  await kit.clock.advance(MINUTE)
  kit.auth.touch()
  expect(kit.browser.storage).toEqual(stored)
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

it('R107 the renewal of a page that was just loaded is somebody', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token', idleMs: 15 * MINUTE })
  await stage.signedIn()
  await stage.world.advance(6000)
  await stage.world.tabs[0]!.reload()
  await stage.world.advance(1000)
  const [restore] = stage.sent('/auth/refresh')
  expect(restore!.body ?? '').toBe('')
})
