/* A backend that names another session id at each renewal, and tabs that share no token. */
import { expect, it, vi } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { createKit, FakeBrowser, grant, json, type Kit } from '../../support/kit.js'
import { createHub } from '../../support/hub.js'

/** Two tabs, of which the first renews. */
async function renamed(options: AuthClientOptions, nameOf: (count: number) => string) {
  const hub = createHub()
  const browser = new FakeBrowser()
  const ports = { channels: hub.channels }
  const all = { tabs: { shareToken: false }, ...options }
  const kit = createKit(all, { browser, ports })
  let count = 0
  const route = (tab: Kit): void => {
    tab.on('/auth/session', () => json(null))
    tab.on('/auth/login', () => grant(1, { session_id: 's1' }))
    tab.on('/auth/logout', () => new Response(null, { status: 204 }))
    tab.on('/auth/refresh', () => grant(++count + 1, { session_id: nameOf(count) }))
  }
  route(kit)
  await kit.auth.login({})
  const tab = createKit(all, { browser, clock: kit.clock, ports })
  route(tab)
  await tab.auth.ready()
  await kit.clock.advance(1000)
  void kit.auth.refresh({ force: true }).catch(() => {})
  await kit.clock.advance(10_000)
  return { kit, tab, browser, renewals: () => count }
}

it('R102 two tabs that share no token come to rest: two renewals more than were asked for, and the ids count as absent', async () => {
  const { kit, tab, renewals } = await renamed({}, (count) => `s${count + 1}`)
  expect(renewals()).toBeLessThanOrEqual(4)
  for (const { auth } of [kit, tab]) expect(auth.getState()).toMatchObject({ status: 'authenticated' })
  const { length } = kit.requests
  await kit.clock.advance(60_000)
  expect(kit.requests).toHaveLength(length)
})

it('R102 what does not tell sessions apart is not sent: a logout goes by the cookie', async () => {
  const { kit } = await renamed({}, (count) => `s${count + 1}`)
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toEqual([{ scope: 'current' }])
})

it('R102 it is said once, to a developer', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  await renamed({ development: true }, (count) => `s${count + 1}`)
  await vi.waitFor(() => expect(warn.mock.calls.flat().join()).toContain('names another `session_id`'))
  const said = warn.mock.calls.flat().filter((text) => String(text).includes('session_id'))
  expect(said).toHaveLength(1)
})

it('R102 one new id is another sign-in, and the ids count as before', async () => {
  const { kit, tab } = await renamed({}, () => 's2')
  for (const { auth } of [kit, tab]) expect(auth.getState()).toMatchObject({ sessionId: 's2' })
})

it('R102 whoever signs in anew has ids again', async () => {
  const { kit } = await renamed({}, (count) => `s${count + 1}`)
  await kit.auth.logout()
  await kit.auth.login({})
  expect(kit.auth.getState()).toMatchObject({ sessionId: 's1' })
})

it('R102 who has signed in twice within a minute elsewhere has ids again, once a renewal names the same one as before', async () => {
  const { kit } = await renamed({}, (count) => `s${count + 1}`)
  expect(kit.auth.getState()).toMatchObject({ sessionId: undefined })
  kit.on('/auth/refresh', () => grant(9, { session_id: 's9' }))
  await kit.auth.refresh({ force: true })
  expect(kit.auth.getState()).toMatchObject({ sessionId: undefined })
  await kit.auth.refresh({ force: true })
  expect(kit.auth.getState()).toMatchObject({ sessionId: 's9' })
})
