/* Tabs that share no tokens still share what they are told. */
import { expect, it } from 'vitest'
import { createStage } from '../../support/stage.js'

it('R13 tabs that queue for the lock hear of a failure before they ask, also where they share no tokens', async () => {
  const stage = await createStage(
    { mode: 'token', tabs: { shareToken: false } },
    { mode: 'token' },
    { channelDelayMs: [5, 5] },
  )
  await stage.signedIn()
  for (let tab = 1; tab < 5; tab++) await stage.open()
  await stage.world.advance(5000)
  stage.respond = (_, { pathname }) =>
    pathname === '/auth/refresh'
      ? new Response('', { status: 503, headers: { 'retry-after': '60' } })
      : undefined
  await stage.world.goOffline()
  await stage.world.advance(400_000)
  const before = stage.sent('/auth/refresh').length
  await stage.world.goOnline()
  await stage.world.advance(3000)
  expect(stage.sent('/auth/refresh').length - before).toBe(1)
})
