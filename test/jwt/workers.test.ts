/* Where no request may await what another one has begun: each reads for itself, and unknown keys cause no flood all the same. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createKey, createKit, DAY, type Key, SECOND, sign, START, verdict, warm } from './support.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

it.each(['WebSocketPair', 'EdgeRuntime'])(
  'R132 S53 where a request may not await what another one began, each reads for itself: %s',
  async (name) => {
    vi.stubGlobal(name, 'there')
    const { key, server, clock, tokens, said } = await createKit()
    const token = await sign(key, { exp: START / 1000 + 86_400 })
    // The first request is cancelled, and its fetch with it: it never settles.
    server.answer = () => new Promise<Response>(() => {})
    void verdict(tokens, token)
    await vi.advanceTimersByTimeAsync(0)
    server.answer = 'keys'
    expect(await Promise.all([verdict(tokens, token), verdict(tokens, token)])).toEqual(['good', 'good'])
    expect(server.asked).toHaveLength(3)
    // What such a runtime would cancel behind the answer is awaited.
    server.answer = 'error'
    clock.advance(600 * SECOND)
    expect(await verdict(tokens, token)).toBe('good')
    clock.advance(SECOND)
    let answer: (response: Response) => void = () => {}
    server.answer = () => new Promise((resolve) => (answer = resolve))
    const checked = verdict(tokens, token)
    // Long enough for it to be checked, were it not waiting.
    const other = await createKit()
    for (let n = 0; n < 20; n++) await verdict(other.tokens, await sign(other.key))
    expect(await Promise.race([checked, Promise.resolve('waiting')])).toBe('waiting')
    answer(Response.json({ keys: [key.jwk] }))
    expect([await checked, said('keys.loaded').length]).toEqual(['good', 3])
  },
)

it.each([
  ['puts no old key back', (key: Key) => Response.json({ keys: [key.jwk] })],
  ['is no outage where it is an error', () => new Response(null, { status: 502 })],
])('R131 an answer that was overtaken by a later one %s', async (_name, late) => {
  vi.stubGlobal('WebSocketPair', 'there')
  const { key, server, said, tokens } = await createKit()
  const next = await createKey('two')
  let answerFirst: (response: Response) => void = () => {}
  server.answer = () => new Promise((resolve) => (answerFirst = resolve))
  const first = verdict(tokens, await sign(key))
  await vi.advanceTimersByTimeAsync(0)
  server.answer = 'keys'
  server.keys = [next]
  expect(await verdict(tokens, await sign(next))).toBe('good')
  answerFirst(late(key))
  expect(await first).toBe('unknown_key')
  expect(await verdict(tokens, await sign(next))).toBe('good')
  expect(said('keys.failed')).toEqual([])
})

it('R132 JWT-13 tokens of unknown keys cause one reading while it is under way, too, and known ones wait for nothing', async () => {
  vi.stubGlobal('WebSocketPair', 'there')
  const { clock, server, tokens, next, of, check } = await warm()
  const strange = await of(next)
  let answer: (response: Response) => void = () => {}
  server.answer = () => new Promise((resolve) => (answer = resolve))
  clock.advance(30 * SECOND)
  const first = verdict(tokens, strange)
  const others = await Promise.all(Array.from({ length: 50 }, () => verdict(tokens, strange)))
  expect([new Set(others), await check()]).toEqual([new Set(['unknown_key']), 'good'])
  expect(server.asked).toHaveLength(1)
  answer(Response.json({ keys: [next.jwk] }))
  expect(await first).toBe('good')
})

it('R132 S52 of readings that fail together one counts, so that the address is asked again soon', async () => {
  vi.stubGlobal('WebSocketPair', 'there')
  const { key, server, clock, tokens, said } = await createKit()
  const token = await sign(key)
  server.answer = 'error'
  const verdicts = await Promise.all(Array.from({ length: 6 }, () => verdict(tokens, token)))
  expect(new Set(verdicts)).toEqual(new Set(['keys_unreachable']))
  expect(said('keys.failed')).toEqual([
    { type: 'keys.failed', error: expect.any(Error), retryAt: START + SECOND, goodUntil: undefined },
  ])
  server.answer = 'keys'
  clock.advance(SECOND)
  // None is known yet, so that each must ask.
  expect(await Promise.all([verdict(tokens, token), verdict(tokens, token)])).toEqual(['good', 'good'])
})

it('R132 S52 behind an outage and a quiet time no known key counts unasked, though a request that asks was cancelled', async () => {
  vi.stubGlobal('WebSocketPair', 'there')
  const { clock, server, next, check } = await warm()
  server.answer = 'error'
  clock.advance(600 * SECOND)
  expect(await check()).toBe('good')
  clock.advance(DAY / 2)
  server.answer = () => new Promise<Response>(() => {})
  void check()
  server.answer = 'keys'
  server.keys = [next]
  expect(await check()).toBe('unknown_key')
})
