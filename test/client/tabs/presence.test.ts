/* A new tab beside one that holds a token: it knows that the other one is there, and does not guess from its silence. */
import { expect, it } from 'vitest'
import { ANN, createStage } from '../../support/stage.js'

/** Ann is signed in in one tab; messages take that long, as where the machine is busy. */
async function busy(channelDelayMs: readonly [number, number]) {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' }, { channelDelayMs })
  const first = await stage.open()
  expect((await stage.run(first.auth.login(ANN))).error).toBeUndefined()
  return stage
}

it('R109 a new tab asks for no token where another one holds it, however long that takes to say so', async () => {
  const stage = await busy([40, 90])
  const { auth } = await stage.open()
  expect(auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(stage.sent('/auth/refresh')).toHaveLength(0)
  // What says so is a time, and no secret.
  const notes = [...stage.world.stored()].filter(([key]) => key.endsWith(':held'))
  expect(notes).toEqual([[expect.any(String), expect.stringMatching(/^\d{13}$/)]])
})

it('R109 it waits for nobody where the tab that held it is gone', async () => {
  const stage = await busy([40, 90])
  await stage.world.tabs[0]!.close()
  const { auth } = await stage.open()
  const [sent] = stage.sent('/auth/refresh')
  expect(auth.getState()).toMatchObject({ status: 'authenticated' })
  expect(sent).toBeDefined()
})

it('R109 a page that is left lets go of what it holds, so that every browser may keep it', async () => {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' }, { engine: 'firefox' })
  const first = await stage.open()
  await stage.run(first.auth.login(ANN))
  const [tab] = stage.world.tabs
  const { page } = tab!
  await tab!.leave()
  await tab!.back()
  expect(tab!.page).toBe(page)
  await stage.world.advance(1000)
  // And says so again when it is back.
  stage.exchanges.length = 0
  await stage.open()
  expect(stage.sent('/auth/refresh')).toHaveLength(0)
})
