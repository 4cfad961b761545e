/* What is repaired is repaired once: tabs and clients do not answer each other's repairs for ever. */
import { expect, it } from 'vitest'
import { createClientWith } from '../../../src/client.js'
import { ANN, createStage } from '../../support/stage.js'
import { NO_LOCKS } from '../../support/client.js'

it('R01 tabs whose storage lags behind the channel do not repair for ever', async () => {
  const lag = { storageDelayMs: [60, 60], channelDelayMs: [0.2, 2] } as const
  const stage = await createStage({ mode: 'token' }, { mode: 'token' }, lag)
  const { auth } = await stage.signedIn()
  for (let tab = 1; tab < 5; tab++) await stage.open()
  await stage.world.advance(5000)
  stage.world.setNetwork({ latencyMs: [5, 10] })
  const before = stage.sent('/auth/refresh').length
  await stage.run(
    auth.refresh({ force: true }).then(() => auth.refresh({ force: true })),
    30_000,
  )
  expect(stage.sent('/auth/refresh').length - before).toBe(2)
})

it.each([400, 1000, 3000])(
  'R01 two live clients of one page do not repair for ever, also without locks: %i ms',
  async (roundTripMs) => {
    const stage = await createStage({ mode: 'token' }, { mode: 'token' })
    const { page } = await stage.open()
    const options = { fetch: page.fetch, development: false, mode: 'token', key: 'x' } as const
    const make = () => createClientWith(options, { ...page.ports, locks: NO_LOCKS })
    const [first, second] = [make(), make()]
    await stage.run(first.login(ANN))
    await stage.run(second.ready(), 5000)
    stage.world.setNetwork({ latencyMs: [roundTripMs / 2, roundTripMs / 2] })
    const before = stage.sent('/auth/refresh').length
    for (const client of [first, second, first]) {
      void client.refresh({ force: true }).catch(() => {})
      await stage.world.advance(roundTripMs * 0.7)
    }
    await stage.world.advance(90_000)
    expect(stage.sent('/auth/refresh').length - before).toBe(3)
  },
)
