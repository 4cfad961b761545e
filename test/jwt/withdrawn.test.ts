/* A withdrawn key stops counting, whatever went wrong before: an outage, a host that freezes, a clock that gives no number. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createKey, createKit, DAY, type Key, SECOND, sign, START, verdict, warm } from './support.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Known keys are old, and the address has failed once. */
async function blip(options: Parameters<typeof warm>[0] = {}) {
  const kit = await warm(options)
  kit.server.answer = 'error'
  kit.clock.advance(600 * SECOND)
  expect(await kit.check()).toBe('good')
  return kit
}

it.each([
  ['a minute', {}, 60],
  ['nearly a day', {}, 86_000],
  [
    'as long as keys may be old, where that is shorter than the cool-down',
    { maxAge: 10, coolDown: 3600 },
    12,
  ],
])(
  'R131 S52 behind a failure and a quiet time of %s the address is asked before a known key counts',
  async (_name, options, quiet) => {
    const { clock, server, next, check } = await blip(options)
    server.answer = 'keys'
    server.keys = [next]
    clock.advance(quiet * SECOND)
    expect(await Promise.all([check(), check()])).toEqual(['unknown_key', 'unknown_key'])
  },
)

it('R131 S52 a failure that a clock which was set back puts into the future says nothing either', async () => {
  const { clock, server, next, check } = await blip()
  server.answer = 'keys'
  server.keys = [next]
  clock.advance(-DAY)
  expect(await check()).toBe('unknown_key')
})

it('R131 S52 a reading behind the answer that the host slept through is no failure: the next call asks, and waits', async () => {
  const { clock, server, said, next, check } = await blip()
  server.answer = 'hang'
  clock.advance(5 * SECOND)
  expect(await check()).toBe('good')
  // The host thaws for the next call, and what is overdue comes first.
  clock.advance(20 * SECOND)
  await vi.advanceTimersByTimeAsync(3 * SECOND)
  server.answer = 'keys'
  server.keys = [next]
  expect([await check(), said('keys.failed').length]).toEqual(['unknown_key', 1])
})

it('R131 S52 whoever waited for a reading that was slept through asks once more', async () => {
  const { clock, server, next, check } = await warm()
  server.answer = 'hang'
  clock.advance(600 * SECOND)
  const before = check()
  await vi.advanceTimersByTimeAsync(0)
  clock.advance(3600 * SECOND)
  server.answer = 'keys'
  server.keys = [next]
  const after = check()
  await vi.advanceTimersByTimeAsync(3 * SECOND)
  expect([await before, await after, server.asked.length]).toEqual(['unknown_key', 'unknown_key', 2])
})

it('R131 S52 where all readings were slept through a token is 503 and not 401', async () => {
  const { key, clock, server, tokens } = await createKit()
  server.answer = 'hang'
  const token = await sign(key, { exp: START / 1000 + 86_400 })
  const checked = verdict(tokens, token)
  for (const _ of ['first', 'second']) {
    await vi.advanceTimersByTimeAsync(0)
    clock.advance(3600 * SECOND)
    await vi.advanceTimersByTimeAsync(3 * SECOND)
  }
  expect(await checked).toBe('keys_unreachable')
  server.answer = 'keys'
  expect(await verdict(tokens, token)).toBe('good')
})

it('R131 S52 keys that were too old when their answer was read are no reason for 401', async () => {
  const { key, clock, server, tokens } = await createKit()
  server.answer = () => {
    clock.advance(2 * DAY)
    return Response.json({ keys: [key.jwk] })
  }
  const token = await sign(key, { exp: START / 1000 + 7 * 86_400 })
  expect(await verdict(tokens, token)).toBe('keys_unreachable')
  server.answer = 'keys'
  expect(await verdict(tokens, token)).toBe('good')
})

const none = async (): Promise<Key[]> => []
const unusable = async (): Promise<Key[]> => [await createKey('one', 'PS256')]

it.each([
  ['an empty list', none],
  ['a list without a key that can be used', unusable],
])(
  'R131 S52 an issuer that publishes %s has withdrawn its keys: nobody is let in, and nobody signed out',
  async (_name, serve) => {
    const { key, clock, server, said, check } = await warm()
    server.keys = await serve()
    clock.advance(600 * SECOND)
    const withdrawnAt = clock.now()
    expect(await check()).toBe('keys_unreachable')
    expect(said('keys.failed')).toEqual([
      { type: 'keys.failed', error: expect.any(Error), retryAt: withdrawnAt + SECOND, goodUntil: undefined },
    ])
    for (let step = 0; step < 60; step++) {
      clock.advance(SECOND)
      expect(await check()).toBe('keys_unreachable')
    }
    expect(server.asked.map((time) => (time - withdrawnAt) / SECOND)).toEqual([0, 1, 3, 7, 15, 31])
    // Nor does an outage bring back what was withdrawn.
    server.answer = 'error'
    clock.advance(30 * SECOND)
    expect(await check()).toBe('keys_unreachable')
    server.answer = 'keys'
    server.keys = [key]
    clock.advance(30 * SECOND)
    expect(await check()).toBe('good')
  },
)

it.each(['warm', 'cold'])(
  'R131 S52 a clock that gives no number for a while freezes nothing: %s',
  async (start) => {
    const { clock, server, next, check, tokens, of } = await warm()
    const kit = start === 'warm' ? { clock, server, tokens } : await createKit()
    const now = kit.clock.time
    kit.clock.time = Number.NaN
    expect(await verdict(kit.tokens, await of(next))).not.toBe('good')
    kit.clock.time = now
    kit.server.keys = [next]
    expect(await verdict(kit.tokens, await of(next))).toBe('good')
    expect(await check()).toBe(start === 'warm' ? 'unknown_key' : 'good')
  },
)
