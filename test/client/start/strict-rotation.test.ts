/* A page that is reloaded in the middle of a refresh, at a server that forgives nothing. */
import { expect, it } from 'vitest'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { createStage, type Person } from '../../support/stage.js'
import { storedName } from '../../support/stored.js'
import { outcome } from '../../support/client.js'

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
