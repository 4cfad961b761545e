import { expect, it } from 'vitest'
import { type AuthClient, createClientWith } from '../../../src/client.js'
import { createWorld } from '../../../src/testing/world/world.js'
import { beginLogin } from '../../support/client.js'
import {
  ANN,
  createKit,
  grant,
  json,
  type Kit,
  leftSignedOut,
  refusal,
  signedIn,
  settle,
} from '../../support/kit.js'
import { BOB, createStage } from '../../support/stage.js'
import { isRow, owed, storeAsTab, storedSession, WHICHEVER } from '../../support/stored.js'
import { anotherTab } from '../../support/tabs.js'

const DAY = 86_400_000
const DONE = () => new Response(null, { status: 204 })
const DOWN = () => json({}, { status: 503 })
const ended = (kit: Kit) =>
  kit.sent('/auth/logout').map(({ body }) => (body as { session_id?: string }).session_id)
const expiries = (auth: AuthClient) =>
  auth.getDiagnostics().filter(({ type }) => type === 'logout.expired').length

/** A page of a backend whose sessions have no id. */
async function nameless(): Promise<Kit> {
  const kit = createKit()
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/login', () => grant(1, { session_id: undefined }))
  kit.on('/auth/logout', DOWN)
  await kit.auth.ready()
  await kit.auth.login({})
  return kit
}

/** The next page of the browser, when the server is there again. */
async function nextPage({ browser, clock }: Kit): Promise<Kit> {
  const next = createKit({}, { browser, clock })
  next.on('/auth/logout', DONE)
  next.on('/auth/session', () => json(null))
  await next.auth.ready()
  return next
}

it.each(['stays', 'is closed, too'])(
  'R110 R37 a session is ended although its page is gone and another one, which %s, has renewed it in just that moment',
  async (other) => {
    const stage = await createStage(
      { mode: 'token' },
      { mode: 'token' },
      { storageDelayMs: [100, 100], channelDelayMs: [100, 100] },
    )
    const { world, backend } = stage
    const leaving = await stage.signedIn()
    const renewing = await stage.open()
    const [left, stays] = world.tabs
    world.setNetwork({ latencyMs: [20, 20] })
    backend.faults.add({ kind: 'status', status: 503, on: 'logout' })
    void renewing.auth.refresh({ force: true })
    await world.advance(10)
    void leaving.auth.logout()
    await left!.close()
    await world.advance(1000)
    expect(renewing.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
    expect(owed(stage)).toHaveLength(1)
    backend.faults.clear()
    if (other !== 'stays') {
      await stays!.close()
      const next = await stage.open()
      await world.advance(1000)
      expect(next.auth.getState().status).toBe('unauthenticated')
    }
    await world.advance(60_000)
    expect(owed(stage)).toEqual([])
    expect(await (await stage.outside('GET', '/auth/session')).json()).toBeNull()
  },
)

it('R110 two tabs that owe a session each do not write over each other', async () => {
  const kit = await signedIn()
  const other = await anotherTab(kit, { isRestored: true })
  const { login, answer } = await beginLogin(kit)
  await other.signsOut(DOWN)
  other.closes()
  // What that tab has written has not reached this one yet.
  kit.ports.shared.keys = () => []
  kit.on('/auth/logout', DOWN)
  answer(grant(2, { session_id: 's2' }))
  expect(await login).not.toBe('resolved')
  expect(owed(kit)).toEqual(['s1', 's2'])
})

it('R110 at most eight sessions are kept, and the one that gives way is reported', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  for (let number = 2; number <= 8; number++) storeAsTab(kit, { owed: [`s${number}`] })
  expect([owed(kit).length, expiries(kit.auth)]).toEqual([8, 0])
  storeAsTab(kit, { owed: ['s9'] })
  expect(owed(kit)).toEqual(['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9'])
  expect(expiries(kit.auth)).toBe(1)
})

it('R110 a session is still to be ended on the thirtieth day, and later no more, which is reported', async () => {
  for (const [days, sent] of [
    [29.9, 1],
    [30.1, 0],
  ] as const) {
    const kit = await signedIn()
    kit.on('/auth/logout', DOWN)
    await kit.auth.logout()
    kit.auth.dispose()
    kit.clock.sleep(days * DAY)
    const next = await nextPage(kit)
    expect([next.sent('/auth/logout').length, owed(kit).length, expiries(next.auth)]).toEqual([
      sent,
      0,
      1 - sent,
    ])
  }
})

it('R110 a page that stays open for longer gives up, too', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  kit.clock.sleep(31 * DAY)
  kit.signal('wake')
  await kit.clock.advance(600_000)
  const { length } = kit.sent('/auth/logout')
  expect([owed(kit).length, expiries(kit.auth)]).toEqual([0, 1])
  await kit.clock.advance(3_600_000)
  expect(kit.sent('/auth/logout')).toHaveLength(length)
})

it('R110 where there is no room for one more row a logout without a session id is sent, and repeated', async () => {
  const kit = await nameless()
  const { write } = kit.ports.shared
  kit.ports.shared.write = (key, value) => !(value && isRow(key)) && write(key, value)
  await kit.auth.logout()
  expect(owed(kit)).toEqual([])
  expect(kit.sent('/auth/logout')).toHaveLength(1)
  kit.on('/auth/logout', DONE)
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/logout')).toHaveLength(2)
  await kit.clock.advance(600_000)
  expect(kit.sent('/auth/logout')).toHaveLength(2)
})

it('R110 such a page still sees what another tab owes', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DONE)
  const { write } = kit.ports.shared
  kit.ports.shared.write = (key, value) => !(value && isRow(key)) && write(key, value)
  await kit.auth.logout()
  kit.ports.shared.write = write
  storeAsTab(kit, { owed: ['s2'] })
  await kit.clock.advance(60_000)
  expect(ended(kit)).toEqual(['s1', 's2'])
})

it('R110 RV-05 an application that empties the storage right behind a logout without a session id does not keep it from being sent', async () => {
  const kit = await nameless()
  kit.on('/auth/logout', DONE)
  const call = kit.auth.logout()
  kit.browser.storage.clear()
  expect(await call).toMatchObject({ server: 'confirmed' })
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('R110 RV-05 what the application empties behind its logout is written again', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  kit.browser.storage.clear()
  kit.signal('suspend')
  expect(owed(kit)).toEqual(['s1'])
  kit.auth.dispose()
  expect(ended(await nextPage(kit))).toEqual(['s1'])
})

it('R110 rows without anything else are a logout, too: the sessions are ended, and a page that cannot do so is there in time', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  kit.auth.dispose()
  for (const key of kit.browser.storage.keys()) if (!isRow(key)) kit.browser.storage.delete(key)
  const { browser, clock } = kit
  const next = createKit({}, { browser, clock })
  next.on('/auth/logout', DOWN)
  next.on('/auth/session', () => json({ mode: 'token', user: ANN, session_id: 's1' }))
  next.on('/auth/refresh', () => grant(1))
  void next.auth.ready()
  await clock.advance(5000)
  expect(next.auth.getState().status).toBe('unauthenticated')
  next.on('/auth/logout', DONE)
  await clock.advance(60_000)
  expect(owed(kit)).toEqual([])
  expect(next.auth.getState().status).toBe('unauthenticated')
})

it('R110 whoever signs in pays for all that was owed, also what another page keeps in memory', async () => {
  const kit = await signedIn()
  const other = await anotherTab(kit)
  // What this page stores does not reach it in time.
  other.kit.ports.shared.keys = () => []
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  expect(owed(kit)).toEqual(['s1'])
  await other.signsIn({ session_id: 's2' })
  expect(owed(kit)).toEqual([])
})

it('R110 R43 that one is ended here does not take away that another tab wants all sessions ended since', async () => {
  const kit = await signedIn()
  let answer = DOWN
  kit.on('/auth/logout', () => answer())
  await kit.auth.logout()
  // Another tab logs out of all, and is gone before this one is told.
  answer = () => {
    const watchers = [...kit.browser.watchers]
    kit.browser.watchers.clear()
    storeAsTab(kit, { owed: ['s1'], scope: 'all' })
    watchers.forEach((changed) => kit.browser.watchers.add(changed))
    answer = DONE
    return DONE()
  }
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/logout').at(-1)!.body).toEqual({ session_id: 's1', scope: 'all' })
  expect(owed(kit)).toEqual([])
})

it('R110 one without an id is for the cookie of its own sign-out alone', async () => {
  const kit = await nameless()
  await kit.auth.logout()
  expect(owed(kit)).toEqual([WHICHEVER])
  const before = kit.sent('/auth/logout').length
  storeAsTab(kit, { isSignedIn: true })
  storeAsTab(kit, {})
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/logout')).toHaveLength(before)
  expect(owed(kit)).toEqual([])
})

it.each([1, 31])(
  'R110 R09 what is newly owed %i days after the last sign-out is as old as it is, and not expired',
  async (days) => {
    const browser = await leftSignedOut()
    const kit = createKit({}, { browser })
    kit.clock.sleep(days * DAY)
    kit.on('/auth/session', () => json(null))
    kit.on('/auth/logout', DOWN)
    const ready = kit.auth.ready()
    await kit.clock.advance(5000)
    await ready
    const { login, answer } = await beginLogin(kit)
    await kit.clock.advance(60_000)
    // Too late: whoever asked was told that it failed.
    answer(grant(2, { session_id: 's2' }))
    await kit.clock.advance(1000)
    kit.signal('wake')
    expect(await login).not.toBe('resolved')
    expect(owed(kit)).toEqual(['s2'])
    kit.auth.dispose()
    const next = await nextPage(kit)
    expect(ended(next)).toEqual(['s2'])
    expect(expiries(next.auth)).toBe(0)
  },
)

it('R110 R36 a logout whose row finds no room does not say that it survives a reload', async () => {
  const kit = await nameless()
  const { write } = kit.ports.shared
  Object.assign(kit.ports.shared, {
    write: (key: string, value: string | null) => !(value && isRow(key)) && write(key, value),
  })
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: false })
})

it('R110 two sign-outs one soon after the other, without ids: no tab takes the later row for the earlier', async () => {
  const J = (body: unknown) => json(body)
  for (let seed = 1; seed <= 8; seed++) {
    const server = { alive: false, down: false }
    const world = createWorld<{ auth: AuthClient }>({
      seed,
      pageUrl: 'https://app.example/',
      storageDelayMs: [0, 50],
      channelDelayMs: [0.5, 2],
      async server(request) {
        const who = { access_token: 't', token_type: 'Bearer', expires_in: 300, user: ANN }
        switch (new URL(request.url).pathname) {
          case '/auth/login':
            server.alive = true
            return J(who)
          case '/auth/refresh':
            return server.alive ? J(who) : refusal()
          case '/auth/session':
            return J(server.alive ? { mode: 'token', user: ANN } : null)
          case '/auth/logout':
            if (server.down) return DOWN()
            server.alive = false
            return DONE()
          default:
            return J({})
        }
      },
      boot(page) {
        const auth = createClientWith({ fetch: page.fetch, development: false }, page.ports)
        void auth.ready()
        return { auth }
      },
    })
    const { app } = await world.openTab()
    await world.advance(1000)
    void app!.auth.login({})
    await world.advance(2000)
    await world.openTab()
    await world.advance(1000)
    server.down = true
    void app!.auth.logout()
    await world.advance(5)
    void app!.auth.logout()
    await world.advance(3000)
    server.down = false
    await world.advance(120_000)
    expect(server.alive, `seed ${seed}`).toBe(false)
  }
})

it('R110 R38 a page without a channel that has written over the register of a logout finds its row', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' }, { storageDelayMs: [100, 100] })
  const { world, backend } = stage
  Object.assign(world.capabilities, { channel: false })
  const leaving = await stage.signedIn()
  const renewing = await stage.open()
  const [left] = world.tabs
  world.setNetwork({ latencyMs: [20, 20] })
  backend.faults.add({ kind: 'status', status: 503, on: 'logout' })
  void renewing.auth.refresh({ force: true })
  await world.advance(10)
  void leaving.auth.logout()
  await left!.close()
  await world.advance(3_600_000)
  expect(renewing.auth.getState().status).toBe('unauthenticated')
})

it('R110 R38 a page that wakes in an emptied storage puts nobody else out of it', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' })
  const { world, backend } = stage
  const old = await stage.signedIn()
  const other = await stage.open()
  const [first, second] = world.tabs
  backend.faults.add({ kind: 'status', status: 503, on: 'logout' })
  await stage.run(old.auth.logout())
  await first!.freeze()
  backend.faults.clear()
  await stage.run(other.auth.login(BOB), 5000)
  world.clearStorage()
  await world.advance(1000)
  await world.goOffline()
  await first!.resume()
  await world.advance(1000)
  expect(storedSession(stage)).toMatchObject({ isSignedIn: true })
  await second!.reload()
  await world.advance(5000)
  await world.goOnline()
  await world.advance(60_000)
  expect(second!.app!.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it('R37 R50 a second logout does not forget a session without an id that is still to be ended', async () => {
  const kit = await signedIn()
  const { login, answer } = await beginLogin(kit)
  kit.on('/auth/logout', DOWN)
  void kit.auth.logout()
  // Somebody is signed in, and nobody can say who.
  answer(grant(9, { user: {}, session_id: undefined }))
  await login
  await settle()
  expect(owed(kit)).toEqual(['s1', WHICHEVER])
  void kit.auth.logout()
  await kit.clock.advance(1000)
  expect(owed(kit)).toEqual(['s1', WHICHEVER])
  const before = kit.sent('/auth/logout').length
  kit.on('/auth/logout', DONE)
  await kit.clock.advance(600_000)
  expect(ended(kit).slice(before)).toEqual(['s1', undefined])
  expect(owed(kit)).toEqual([])
})

it('R110 RV-05 nor does an application that removes the rows alone keep a logout from being sent', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', DOWN)
  await kit.auth.logout()
  // This page has read back what it has written.
  kit.signal('wake')
  await settle()
  const before = kit.sent('/auth/logout').length
  for (const key of kit.browser.storage.keys()) if (isRow(key)) kit.browser.storage.delete(key)
  for (const changed of kit.browser.watchers) changed()
  kit.on('/auth/logout', DONE)
  await kit.clock.advance(60_000)
  expect(ended(kit).slice(before)).toEqual(['s1'])
})

it('R110 one without an id that is there before its register stays', async () => {
  const kit = await nameless()
  kit.on('/auth/logout', DONE)
  await kit.auth.logout()
  const sent = kit.sent('/auth/logout').length
  const { read } = kit.ports.shared
  const before = new Map(kit.browser.storage)
  kit.ports.shared.read = (key) => before.get(key) ?? read(key)
  storeAsTab(kit, { owed: [WHICHEVER] })
  expect(owed(kit)).toEqual([WHICHEVER])
  kit.ports.shared.read = read
  for (const changed of kit.browser.watchers) changed()
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/logout')).toHaveLength(sent + 1)
  expect(owed(kit)).toEqual([])
})

it('R110 one without an id that has found no room is not for the cookie of a later sign-out either', async () => {
  const kit = await nameless()
  const { write } = kit.ports.shared
  kit.ports.shared.write = (key, value) => !(value && isRow(key)) && write(key, value)
  await kit.auth.logout()
  const before = kit.sent('/auth/logout').length
  const watchers = [...kit.browser.watchers]
  kit.browser.watchers.clear()
  storeAsTab(kit, { isSignedIn: true })
  watchers.forEach((changed) => kit.browser.watchers.add(changed))
  storeAsTab(kit, {})
  kit.on('/auth/logout', DONE)
  await kit.clock.advance(60_000)
  expect(kit.sent('/auth/logout')).toHaveLength(before)
})
