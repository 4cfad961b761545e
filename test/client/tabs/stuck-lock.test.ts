/* Twenty hidden tabs, and a lock that nobody gives back: their timers fire a second apart, all at once. */
import { expect, it } from 'vitest'
import { ANN, createStage } from '../../support/stage.js'
import { storedName } from '../../support/stored.js'
import { outcome } from '../../support/client.js'

/** Twenty hidden tabs of Ann want a token, and a page that stands still holds the lock. */
async function crowd(fault?: { readonly kind: 'status'; readonly status: number }) {
  const stage = await createStage({ mode: 'token' }, { mode: 'token' }, { channelDelayMs: [1, 5] })
  const holder = await stage.open()
  expect((await stage.run(holder.auth.login(ANN))).error).toBeUndefined()
  for (let number = 0; number < 20; number++) await stage.open()
  const [, ...tabs] = stage.world.tabs
  for (const tab of stage.world.tabs) await tab.hide()
  await stage.world.advance(400_000)
  const name = storedName(stage)
  const held = await stage.run(holder.page.ports.locks.acquire(name, 10_000))
  expect(held.value).toBeTypeOf('function')
  if (fault) stage.backend.faults.add({ ...fault, on: 'refresh' })
  stage.world.setNetwork({ latencyMs: [20, 60] })
  const before = stage.sent('/auth/refresh').length
  const calls = tabs.map(({ app }) => outcome(app!.auth.getAccessToken()))
  await stage.world.advance(60_000)
  return { calls, sent: stage.sent('/auth/refresh').slice(before) }
}

it('R104 twenty hidden tabs whose lock is stuck send a few refreshes, and not one each in one millisecond', async () => {
  const { calls, sent } = await crowd()
  expect(sent.length).toBeGreaterThan(0)
  expect(sent.length).toBeLessThanOrEqual(4)
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['resolved']))
})

it('R104 nor where the server is down', async () => {
  const { sent } = await crowd({ kind: 'status', status: 503 })
  expect(sent.length).toBeLessThanOrEqual(4)
})
