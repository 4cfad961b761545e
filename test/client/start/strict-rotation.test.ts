/* A page that is reloaded in the middle of a refresh, at a server that forgives nothing. */
import { expect, it } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { FakeLocks, gate, outcome, silence } from '../../support/client.js'
import { createKit, grant, leftSignedIn, ManualClock } from '../../support/kit.js'
import { createStage, type Person } from '../../support/stage.js'
import { storedName } from '../../support/stored.js'

/** Ann's only page asks for a new token, which is under way for 400 ms, and is reloaded before it is answered. */
async function reloaded(options: AuthClientOptions<Person>) {
  const stage = await createStage(
    { mode: 'token', ...options },
    { mode: 'token', graceMs: 0, undeliveredGraceMs: 0 },
  )
  const first = await stage.signedIn()
  stage.world.setNetwork({ latencyMs: [400, 400] })
  void first.auth.refresh({ force: true }).catch(() => {})
  await stage.world.advance(500)
  const [tab] = stage.world.tabs
  await tab!.reload()
  return { stage, tab: tab! }
}

it('R103 with `rotation: "strict"` a page that was reloaded in mid-refresh waits for the answer, and its user stays', async () => {
  const { stage, tab } = await reloaded({ rotation: 'strict', refreshGrace: 13 })
  await stage.world.advance(5000)
  expect(tab.app!.auth.getState()).toMatchObject({ status: 'unknown' })
  await stage.world.advance(5000)
  expect(tab.app!.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
  expect(stage.sent('/auth/refresh')).toHaveLength(2)
})

it('R103 without it he is signed out there: the spent cookie is shown once more', async () => {
  const { stage, tab } = await reloaded({})
  await stage.world.advance(10_000)
  expect(tab.app!.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R103 a tab that waits for another one goes on as soon as that is answered', async () => {
  const stage = await createStage(
    { mode: 'token', rotation: 'strict' },
    { mode: 'token', graceMs: 0, undeliveredGraceMs: 0 },
  )
  const first = await stage.signedIn()
  const other = await stage.open()
  stage.world.setNetwork({ latencyMs: [400, 400] })
  const forced = [first, other].map(({ auth }) => outcome(auth.refresh({ force: true })))
  await stage.world.advance(3000)
  expect(await Promise.all(forced)).toEqual(['resolved', 'resolved'])
  expect(stage.sent('/auth/refresh')).toHaveLength(2)
  // The note is gone with the answer.
  expect([...stage.world.stored().keys()].filter((key) => key.endsWith(':asked'))).toEqual([])
})

it('R103 a note that nobody can have written holds nobody', async () => {
  const stage = await createStage({ mode: 'token', rotation: 'strict' }, { mode: 'token', graceMs: 0 })
  const first = await stage.signedIn()
  const name = storedName(stage)
  for (const spoilt of ['soon', '', '9'.repeat(40), String(stage.world.serverTime() + 86_400_000)]) {
    first.page.ports.shared.write(`${name}:asked`, spoilt)
    const call = await stage.run(first.auth.refresh({ force: true }), 1000)
    expect(call.value).toMatchObject({ status: 'authenticated' })
  }
})

it.each(['strict', 'grace'] as const)(
  'R103 a page is reloaded while its request is lost, and three other windows need a token, too: nobody is signed out (%s)',
  async (rotation) => {
    const stage = await createStage(
      { mode: 'token', rotation },
      { mode: 'token', graceMs: 0, undeliveredGraceMs: 0 },
      { storageDelayMs: [1, 5] },
    )
    const first = await stage.signedIn()
    const others = [await stage.open(), await stage.open(), await stage.open()]
    await stage.world.sleep(3_600_000)
    stage.world.setNetwork({ loseRequest: 1, hang: 1 })
    stage.exchanges.length = 0
    void outcome(first.auth.getAccessToken())
    await stage.world.advance(1000)
    await stage.world.tabs[0]!.reload()
    stage.world.setNetwork({ latencyMs: [50, 200] })
    const calls = others.map(({ auth }) => outcome(auth.getAccessToken()))
    await stage.world.advance(100_000)
    expect(await Promise.all(calls)).toEqual(['resolved', 'resolved', 'resolved'])
    expect((await stage.run(others[0]!.auth.refresh({ force: true }), 5000)).error).toBeUndefined()
  },
)

it.each([100, 300, 1000])(
  'R103 R22 without locks, too: eight windows wake over a slow network, %i ms, and one of them asks a strict server',
  async (latency) => {
    const stage = await createStage(
      { mode: 'token', rotation: 'strict' },
      { mode: 'token', graceMs: 0, undeliveredGraceMs: 0 },
      { storageDelayMs: [1, 5] },
    )
    stage.world.capabilities.locks = false
    const first = await stage.signedIn()
    for (let number = 1; number < 8; number++) await stage.open()
    stage.world.setNetwork({ latencyMs: [latency, latency] })
    await stage.world.advance(5000)
    await stage.world.sleep(3_600_000)
    await stage.world.advance(20_000)
    expect((await stage.run(first.auth.refresh({ force: true }), 20_000)).error).toBeUndefined()
  },
)

/** A page that was loaded while the refresh of the one before is under way, which nobody answers. */
async function waiting() {
  const browser = await leftSignedIn()
  const clock = new ManualClock()
  const page = () =>
    createKit({ rotation: 'strict' }, { browser, clock, ports: { locks: new FakeLocks(clock) } })
  const old = page()
  old.on('/auth/refresh', silence)
  void old.auth.ready()
  await clock.advance(100)
  expect(old.sent('/auth/refresh')).toHaveLength(1)
  const kit = page()
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  kit.on('/auth/login', () => grant(40))
  kit.on('/auth/refresh', (_request, count) => grant(count + 50))
  void kit.auth.ready()
  await clock.advance(1000)
  expect(kit.sent('/auth/refresh')).toHaveLength(0)
  return kit
}

it('R103 neither a sign-out nor a sign-in waits with a page that waits', async () => {
  const kit = await waiting()
  const out = outcome(kit.auth.logout())
  await kit.clock.advance(500)
  expect(kit.sent('/auth/logout')).toHaveLength(1)
  expect(await out).toBe('resolved')
  const login = outcome((await waiting()).auth.login({}))
  await kit.clock.advance(12_000)
  expect(await login).toBe('resolved')
})

it('R103 R05 a client that is made anew in mid-refresh takes the answer when it is there', async () => {
  const browser = await leftSignedIn()
  const kit = createKit({ rotation: 'strict' }, { browser })
  const { answer, open } = gate()
  kit.on('/auth/refresh', () => answer)
  void kit.auth.ready()
  await kit.clock.advance(100)
  kit.auth.dispose()
  const next = kit.another()
  void next.ready()
  await kit.clock.advance(300)
  open(grant(5))
  await kit.clock.advance(1000)
  expect(next.getState()).toMatchObject({ status: 'authenticated' })
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
})
