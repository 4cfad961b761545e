/* Several tabs in session mode. */
import { expect, it } from 'vitest'
import { ANN, BOB, createStage, type Stage } from '../../support/stage.js'

const sid = (stage: Stage): string | undefined =>
  stage.world.cookies().find(({ name }) => name.endsWith('sid'))?.value

const profile = (name: string): RequestInit => ({
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ name }),
})

/** Two more tabs are opened, and all three wake when what they know is too old. Counts from there on. */
async function wakeThree(stage: Stage): Promise<void> {
  await stage.open()
  await stage.open()
  await stage.world.advance(400_000)
  stage.exchanges.length = 0
  await stage.world.goOffline()
  await stage.world.goOnline()
  await stage.world.advance(2000)
}

it('R99 a tab that starts asks the server whom the cookie is for, whoever is signed in in the others', async () => {
  const stage = await createStage()
  await stage.signedIn()
  const others = [await stage.open(), await stage.open(), await stage.open()]
  expect(others.map(({ auth }) => auth.getState().status)).toEqual(Array(3).fill('authenticated'))
  expect(stage.sent('/auth/session')).toHaveLength(3)
  expect((await stage.write(others[2]!, 'x')).value?.status).toBe(200)
})

it('R99 a tab that starts and gets no answer shows nobody, whoever is signed in in the others', async () => {
  const stage = await createStage()
  await stage.signedIn()
  await stage.world.goOffline()
  const tab = await stage.open()
  await stage.world.advance(230_000)
  expect(tab.auth.getState().status).toBe('unknown')
  await stage.world.goOnline()
  await stage.world.advance(1000)
  expect(tab.auth.getState().status).toBe('authenticated')
})

it('one probe per browser: tabs that wake together ask once', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  await wakeThree(stage)
  expect(stage.sent('/auth/session')).toHaveLength(1)
  expect(app.told).toEqual([])
})

it('one probe per browser: who waited for another tab hears it out, however busy the machine is', async () => {
  const stage = await createStage(undefined, {}, { channelDelayMs: [100, 100] })
  await stage.signedIn()
  await wakeThree(stage)
  expect(stage.sent('/auth/session')).toHaveLength(1)
})

it('a logout signs every tab out, and no tab sends anything afterwards', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  const other = await stage.open()
  await stage.run(app.auth.logout())
  expect(other.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  stage.exchanges.length = 0
  expect((await stage.write(other, 'x')).error).toMatchObject({ code: 'session_ended' })
  expect(stage.sent()).toEqual([])
})

it('a login in one tab signs the other in, and another user switches it', async () => {
  const stage = await createStage()
  const app = await stage.open()
  const other = await stage.open()
  await stage.run(app.auth.login(ANN))
  expect(other.auth.getState()).toMatchObject({ status: 'authenticated', user: { id: 'ann' } })
  await stage.run(app.auth.login(BOB))
  expect(other.told).toEqual(['end user-switched', 'switch ann bob'])
  expect((await stage.write(other, 'Bob B.')).value?.status).toBe(200)
  expect([await stage.nameOf('ann'), await stage.nameOf('bob')]).toEqual(['Ann', 'Bob B.'])
})

it('a write that waits while another user signs in elsewhere rejects and is never sent as him', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  const other = await stage.open()
  stage.world.setNetwork({ latencyMs: [100, 200] })
  stage.backend.admin.rotateCsrfKey()
  const write = app.auth.fetch('/api/profile', profile('written by Ann'))
  const login = other.auth.login(BOB)
  const [{ error }] = [await stage.run(write, 5000), await stage.run(login, 5000)]
  expect(error).toMatchObject({ code: 'session_changed' })
  expect([await stage.nameOf('ann'), await stage.nameOf('bob')]).toEqual(['Ann', 'Bob'])
})

it('the end of a session that one tab meets reaches the others with its reason', async () => {
  const stage = await createStage()
  const app = await stage.signedIn()
  const other = await stage.open()
  await stage.backend.admin.ban('ann')
  await stage.run(app.auth.fetch('/api/profile'))
  expect([app.told, other.told]).toEqual([['end refused'], ['end refused']])
})

it('neither the register nor what the tabs say holds the cookie or the CSRF token where it is not shared', async () => {
  const stage = await createStage({ mode: 'session', tabs: { shareToken: false } })
  const app = await stage.signedIn()
  await stage.open()
  expect(stage.sent('/auth/session')).toHaveLength(1)
  await stage.write(app, 'x')
  const csrf = stage.sent('/api/profile')[0]!.headers.get('x-csrf-token')!
  const stored = [...stage.world.stored().values()].join(' ')
  for (const secret of [csrf, sid(stage)!]) expect(stored).not.toContain(secret)
})
