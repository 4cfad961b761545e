import { expect, it } from 'vitest'
import { sequence } from '../../src/testing/world/random.js'
import { createCountingWorld } from './support.js'

/** Some four hundred random acts in a world of four tabs, with real, truly asynchronous work in the server. */
async function run(seed: number): Promise<string> {
  let count = 0
  const { world, open } = createCountingWorld({
    seed,
    channelDelayMs: [0, 20],
    storageDelayMs: [0, 50],
    async server() {
      await crypto.subtle.digest('SHA-256', new Uint8Array(8))
      await new Promise((resolve) => setImmediate(resolve))
      return Response.json({ n: ++count }, { headers: { 'set-cookie': `__Host-n=${count}; Path=/; Secure` } })
    },
  })
  world.setNetwork({ latencyMs: [1, 300], loseAnswer: 0.1, loseRequest: 0.1, cutAnswer: 0.1, hang: 0.3 })
  const chance = sequence(seed)
  const handles = [await open(), await open(), await open(), await open()]
  for (let step = 0; step < 100; step++) {
    for (const { tab } of handles) {
      const { page } = tab
      const dice = Math.floor(chance() * 12)
      if (page?.running()) {
        if (dice < 3)
          void page.fetch('/count', { method: 'POST', keepalive: dice === 0 }).catch(() => undefined)
        else if (dice === 3)
          void page.ports.locks
            .acquire('l', 500)
            .then((release) => page.ports.clock.after(90, () => release?.()))
        else if (dice === 4) page.ports.shared.write('k', String(chance()))
        else if (dice === 5) page.ports.channels.open('c', () => undefined)?.post(step)
        else if (dice === 6) await tab.freeze()
        else if (dice === 7) await tab.leave()
        else if (dice === 8) await tab.reload()
      } else if (dice > 8) {
        await tab.resume()
        await tab.back()
      }
    }
    await world.advance(Math.floor(chance() * 80))
  }
  await world.advance(60_000)
  return world.timeline.print()
}

it('the same schedule gives the same timeline, to the last line', async () => {
  const [first, again, other] = [await run(3), await run(3), await run(4)]
  expect(first.split('\n').length).toBeGreaterThan(300)
  expect(again).toBe(first)
  expect(other).not.toBe(first)
})
