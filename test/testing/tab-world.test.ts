/* Many tabs, one backend and a clock, as somebody uses them who installed the package. */
import { type AuthClient, createAuthClient } from 'latchkey'
import {
  createPageClient,
  createTabWorld,
  createWorld,
  type TabWorld,
  type VirtualTab,
} from 'latchkey/testing'
import { expect, it } from 'vitest'
import { outcome } from '../support/client.js'

const HOUR = 3_600_000
const ANN = { email: 'ann@example.com', password: "ann's password" }

interface Person {
  readonly id: string
}

/** A world in which Ann is signed in, in so many tabs. */
async function signedIn(
  count: number,
): Promise<{ world: TabWorld<Person>; tabs: VirtualTab<AuthClient<Person>>[]; refreshes(): number }> {
  let refreshes = 0
  const world = createTabWorld<Person>({
    onExchange({ url }, phase) {
      if (phase === 'sent' && url.pathname === '/auth/refresh') refreshes++
    },
  })
  await world.backend.admin.addUser({ id: 'ann', ...ANN })
  const tabs = [await world.openTab()]
  await world.settled(tabs[0]!.app!.login(ANN))
  while (tabs.length < count) tabs.push(await world.openTab())
  await world.advance(1000)
  refreshes = 0
  return { world, tabs, refreshes: () => refreshes }
}

const statuses = (tabs: readonly VirtualTab<AuthClient<Person>>[]): unknown[] =>
  tabs.map(({ app }) => app?.getState().status)

it('R89 tabs share one session, and a sign-out in one reaches all', async () => {
  const { world, tabs } = await signedIn(3)
  expect(statuses(tabs)).toEqual(Array(3).fill('authenticated'))
  await world.settled(tabs[1]!.app!.logout())
  await world.advance(10)
  expect(statuses(tabs)).toEqual(Array(3).fill('unauthenticated'))
})

it('R89 R90 a day passes in no time, and costs a refresh per token for five tabs together', async () => {
  const { world, tabs, refreshes } = await signedIn(5)
  const began = performance.now()
  // Asked every hour, as an idle session would end.
  for (let hour = 0; hour < 24; hour++) {
    await world.advance(HOUR - 5 * 60_000)
    await Promise.all(tabs.map(({ app }) => world.settled(app!.getAccessToken())))
    await world.advance(5 * 60_000)
  }
  expect(performance.now() - began).toBeLessThan(15_000)
  expect(statuses(tabs)).toEqual(Array(5).fill('authenticated'))
  // 300 s a token, renewed up to 75 s before its end.
  expect(refreshes()).toBeGreaterThan((24 * HOUR) / 300_000)
  expect(refreshes()).toBeLessThan((24 * HOUR) / 200_000)
})

it('R90 the same seed gives the same run, another one another', async () => {
  const run = async (seed: number): Promise<string> => {
    const world = createTabWorld({ seed })
    await world.backend.admin.addUser({ id: 'ann', ...ANN })
    const [first] = [await world.openTab(), await world.openTab()]
    await world.settled(first.app!.login(ANN))
    await world.advance(HOUR)
    return world.timeline.print()
  }
  const [once, again, other] = [await run(1), await run(1), await run(2)]
  expect(again).toBe(once)
  expect(other).not.toBe(once)
  expect(once).not.toMatch(/eyJ|ann's password/)
})

it('R89 R91 the cookie is HttpOnly for script, and a reload finds the session by it', async () => {
  const { world, tabs } = await signedIn(1)
  expect(world.cookies()).toMatchObject([{ httpOnly: true }])
  expect(JSON.stringify([...world.stored()])).not.toContain(world.cookies()[0]!.value)
  await tabs[0]!.reload()
  await world.advance(1000)
  expect(statuses(tabs)).toEqual(['authenticated'])
})

it('R89 the network and the backend fail when they are told to', async () => {
  const { world, tabs } = await signedIn(2)
  await world.goOffline()
  expect(await world.settled(outcome(tabs[0]!.app!.refresh({ force: true })))).toBe('offline')
  await world.goOnline()
  world.backend.faults.add({ kind: 'status', status: 503, on: 'refresh' })
  await world.advance(600_000)
  expect(statuses(tabs)).toEqual(['authenticated', 'authenticated'])
  world.backend.faults.clear()
  await world.backend.admin.ban('ann')
  await world.advance(2 * 60_000)
  expect(tabs.map(({ app }) => app!.getState())).toEqual(
    Array(2).fill(expect.objectContaining({ status: 'unauthenticated', reason: 'refused' })),
  )
})

it('what never settles is told, and says where to look', async () => {
  const { world, tabs } = await signedIn(1)
  const { app } = tabs[0]!
  await tabs[0]!.freeze()
  await expect(world.settled(app!.refresh({ force: true }), 60_000)).rejects.toThrow(
    'still pending after 60 s. Is its page frozen',
  )
})

it('a rejection comes through as it is', async () => {
  const { world, tabs } = await signedIn(1)
  await expect(world.settled(tabs[0]!.app!.login({ ...ANN, password: 'wrong' }))).rejects.toMatchObject({
    code: 'invalid_credentials',
  })
})

it('R89 a client can stand on a page of any world, with a backend of your own', async () => {
  const world = createWorld({
    boot: (page) => createPageClient<Person>(page, { parseUser: () => ({ id: 'ann' }) }),
    server: () => Promise.resolve(Response.json({ access_token: 'a', expires_in: 60, user: {} })),
  })
  const { app } = await world.openTab()
  expect(await world.settled(app!.ready())).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
})

it('R89 boot hears of everything from the start', async () => {
  const seen: string[] = []
  const world = createTabWorld({ boot: (auth) => void auth.on('diagnostic', ({ type }) => seen.push(type)) })
  await world.openTab()
  expect(seen).toContain('start')
})

it('R89 nothing of it touches the page it runs in', () => {
  expect(createTabWorld().now()).toBe(0)
  expect(createAuthClient().getState().status).toBe('unknown')
})
