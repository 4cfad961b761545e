/* The address of the keys is away, slow, lies, or the clock jumps: known keys stay good, and nobody is signed out by it. */
import { isTokenError } from 'latchkey/jwt'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  createKey,
  createKit,
  DAY,
  type Key,
  MINUTE,
  SECOND,
  sign,
  START,
  verdict,
  warm,
  withBearer,
} from './support.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

it('R131 S52 however many tokens come first, the keys are read once', async () => {
  const { tokens, key, server, said } = await createKit()
  const token = await sign(key)
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => verdict(tokens, token)))
  expect(new Set(verdicts)).toEqual(new Set(['good']))
  expect(server.asked).toHaveLength(1)
  expect(vi.getTimerCount()).toBe(0)
  expect(said('keys.loaded')).toEqual([{ type: 'keys.loaded', kids: ['one'] }])
})

it('R131 S52 keys are read again when they are as old as allowed, and not before', async () => {
  const { clock, server, check } = await warm()
  clock.advance(600 * SECOND - 1)
  expect(await check()).toBe('good')
  expect(server.asked).toEqual([])
  clock.advance(1)
  expect(await Promise.all([check(), check(), check()])).toEqual(['good', 'good', 'good'])
  expect(server.asked).toHaveLength(1)
})

it('R131 S52 a key that was withdrawn is worth nothing once the known ones are as old as allowed', async () => {
  const { clock, server, next, check } = await warm()
  server.keys = [next]
  clock.advance(600 * SECOND)
  expect(await check()).toBe('unknown_key')
})

it('R131 JWT-13 tokens of unknown keys cause one reading for each cool-down', async () => {
  const { clock, server, tokens, next, of } = await warm()
  const strange = await of(next)
  for (let step = 0; step < 120; step++) {
    expect(await verdict(tokens, strange)).toBe('unknown_key')
    clock.advance(SECOND)
  }
  expect(server.asked).toHaveLength(3)
})

it('R131 S52 a new key is found at once where the cool-down is over', async () => {
  const { clock, server, tokens, next, of } = await warm()
  server.keys = [...server.keys, next]
  clock.advance(30 * SECOND)
  expect(await verdict(tokens, await of(next))).toBe('good')
})

it.each(['error', 'refuse', 'hang'] as const)(
  'R131 S52 tokens of known keys stay good for a day while the address is away (%s), and an event says so',
  async (answer) => {
    const { clock, server, said, check } = await warm()
    server.answer = answer
    clock.advance(600 * SECOND)
    const first = check()
    await vi.advanceTimersByTimeAsync(3 * SECOND)
    expect(await first).toBe('good')
    expect(said('keys.failed')).toEqual([
      {
        type: 'keys.failed',
        error: expect.any(Error),
        retryAt: clock.now() + SECOND,
        goodUntil: START + 600 * SECOND + DAY,
      },
    ])
    for (let passed = 0; passed < DAY - 30 * MINUTE; passed += 30 * MINUTE) {
      clock.advance(30 * MINUTE)
      const checked = check()
      await vi.advanceTimersByTimeAsync(3 * SECOND)
      expect(await checked).toBe('good')
    }
    clock.time = START + 600 * SECOND + DAY
    const last = check()
    await vi.advanceTimersByTimeAsync(3 * SECOND)
    expect(await last).toBe('keys_unreachable')
    server.answer = 'keys'
    clock.advance(30 * SECOND)
    expect(await check()).toBe('good')
  },
)

it('R131 S52 nobody waits for an address that is known to be away, as long as calls come', async () => {
  const { clock, server, check } = await warm()
  server.answer = 'hang'
  clock.advance(600 * SECOND)
  const first = check()
  await vi.advanceTimersByTimeAsync(3 * SECOND)
  expect(await first).toBe('good')
  for (let passed = 0; passed < 60 * MINUTE; passed += 30 * SECOND) {
    clock.advance(30 * SECOND)
    // No timer runs here.
    expect(await check()).toBe('good')
    await vi.advanceTimersByTimeAsync(3 * SECOND)
  }
  expect(server.asked.length).toBeGreaterThan(100)
})

it('R131 S52 a token of an unknown key is 503 while the address is away, and says when to come again', async () => {
  const { clock, server, tokens, next, of } = await warm()
  const strange = await of(next)
  server.answer = 'error'
  clock.advance(30 * SECOND)
  const caller = await tokens.authenticate(withBearer(strange))
  if (caller.ok) throw new Error('It was let in')
  expect([caller.response.status, caller.response.headers.get('Retry-After')]).toEqual([503, '1'])
  expect(caller.response.headers.has('WWW-Authenticate')).toBe(false)
  expect(await caller.response.json()).toEqual({ error: 'temporarily_unavailable' })
  expect(isTokenError(caller.error) && caller.error.retryAfter).toBe(1)
  // Once it answers, the same token is known to be nobody's.
  server.answer = 'keys'
  clock.advance(SECOND)
  expect(await verdict(tokens, strange)).toBe('unknown_key')
})

it('R131 S52 where it was never reached every token is 503, and failures cool down as successes do', async () => {
  const { clock, key, server, tokens } = await createKit()
  server.answer = 'refuse'
  const token = await sign(key, { exp: START / 1000 + 86_400 })
  for (let step = 0; step < 600; step++) {
    expect(await verdict(tokens, token)).toBe('keys_unreachable')
    clock.advance(SECOND)
  }
  const waits = server.asked.map((time, at) => (time - (server.asked[at - 1] ?? START)) / SECOND)
  expect(waits.slice(0, 8)).toEqual([0, 1, 2, 4, 8, 16, 30, 30])
  expect(server.asked.length).toBeLessThan(26)
  server.answer = 'keys'
  clock.advance(30 * SECOND)
  expect(await verdict(tokens, token)).toBe('good')
})

it('R131 S52 an address that hangs holds a token of an unknown key for the timeout, and many of them with one request', async () => {
  const { clock, server, tokens, next, of } = await warm({ timeout: 2 })
  const strange = await of(next)
  server.answer = 'hang'
  clock.advance(30 * SECOND)
  const all = Promise.all(Array.from({ length: 20 }, () => verdict(tokens, strange)))
  await vi.advanceTimersByTimeAsync(2 * SECOND - 1)
  const early = await Promise.race([all, Promise.resolve('waiting')])
  expect(early).toBe('waiting')
  await vi.advanceTimersByTimeAsync(1)
  expect(new Set(await all)).toEqual(new Set(['keys_unreachable']))
  expect(server.asked).toHaveLength(1)
})

const body = (make: (other: Key) => BodyInit | null, init?: ResponseInit) => (other: Key) =>
  new Response(make(other), init)
const keysOf = ({ jwk }: Key): string => JSON.stringify({ keys: [jwk] })

it.each([
  ['no JSON', body(() => '<html>')],
  ['no keys', body(() => '{}')],
  ['keys that are no list', body(() => '{"keys":{}}')],
  ['nothing but nonsense in the list', body(() => '{"keys":[null,1,"a",{},[]]}')],
  ['an error that looks like keys', body(keysOf, { status: 500 })],
  [
    'keys behind a redirect',
    body(keysOf, { status: 302, headers: { Location: 'https://evil.example/jwks' } }),
  ],
  ['keys in a page that is too long', body((other) => keysOf(other) + ' '.repeat(262_144))],
  ['204', body(() => null, { status: 204 })],
  ['a page without end', body(() => endless())],
  ['bytes that are no text', body(() => Uint8Array.of(0xff))],
])('R131 S52 an answer that holds no keys takes none away: %s', async (_name, answer) => {
  const { clock, server, said, next, check } = await warm()
  server.answer = () => answer(next)
  clock.advance(600 * SECOND)
  expect(await check()).toBe('good')
  expect(said('keys.failed')).toHaveLength(1)
})

const endless = (): ReadableStream<Uint8Array> =>
  new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x20)) })

it('R131 JWT-08 keys that cannot be trusted or used are passed over, and the others count', async () => {
  const { key, server, tokens } = await createKit()
  const [leaked, encrypting, signing] = await Promise.all(
    ['leaked', 'enc', 'ops'].map((kid) => createKey(kid)),
  )
  const { d } = (await crypto.subtle.exportKey('jwk', leaked!.privateKey)) as { d: string }
  const odd = [
    { ...leaked!, jwk: { ...leaked!.jwk, d } },
    { ...encrypting!, jwk: { ...encrypting!.jwk, use: 'enc' } },
    { ...signing!, jwk: { ...signing!.jwk, key_ops: ['encrypt'] } },
  ]
  const broken = { ...key, kid: 'broken', jwk: { ...key.jwk, kid: 'broken', x: 'AAAA' } }
  const nonsense = { ...key, jwk: {} }
  server.keys = [...odd, broken, nonsense, key, { ...leaked!, jwk: { ...leaked!.jwk, kid: 'one' } }]
  for (const one of [...odd, broken]) expect(await verdict(tokens, await sign(one))).toBe('unknown_key')
  // The first of a name is the one that counts.
  expect(await verdict(tokens, await sign(key))).toBe('good')
})

it('R131 S52 a clock that was set back freezes nothing', async () => {
  const { clock, server, next, check, tokens, of } = await warm()
  server.keys = [...server.keys, next]
  clock.advance(-2 * DAY)
  // A day behind, the new key is found at once, and what was withdrawn is withdrawn in time.
  const early = await sign(next, { exp: clock.now() / 1000 + 900 })
  expect(await verdict(tokens, early)).toBe('good')
  server.keys = [next]
  clock.advance(600 * SECOND)
  expect(await check()).toBe('unknown_key')
  expect(await verdict(tokens, await of(next))).toBe('good')
})

it('R131 S52 a clock that was set back in an outage makes keys no younger, and attempts go on', async () => {
  const { clock, server, check } = await warm({ outageLimit: 60 })
  server.answer = 'error'
  clock.advance(600 * SECOND)
  expect(await check()).toBe('good')
  clock.advance(-2 * DAY)
  server.asked.length = 0
  expect(await check()).toBe('good')
  await vi.advanceTimersByTimeAsync(0)
  expect(server.asked).toHaveLength(1)
  clock.advance(60 * SECOND)
  expect(await check()).toBe('keys_unreachable')
})

it('R131 JWT-13 a set of more keys than any issuer has is none', async () => {
  const { key, server, tokens } = await createKit()
  const copies = Array.from({ length: 100 }, (_, at) => ({ ...key, jwk: { ...key.jwk, kid: `copy-${at}` } }))
  server.keys = [key, ...copies]
  expect(await verdict(tokens, await sign(key))).toBe('keys_unreachable')
})

it('R131 S52 keys that grow old sooner than unknown ones cool down are read when they are old', async () => {
  const { clock, server, next, check } = await warm({ maxAge: 10, coolDown: 3600 })
  server.keys = [next]
  clock.advance(10 * SECOND)
  expect(await check()).toBe('unknown_key')
})

it('R131 a clock that was set forward asks anew, and nothing else', async () => {
  const { clock, server, check } = await warm()
  clock.advance(5 * DAY)
  expect(await check()).toBe('good')
  expect(server.asked).toHaveLength(1)
})

const FULL = new Error('full disk')

it.each<[name: string, act: () => unknown]>([
  [
    'throws',
    () => {
      throw FULL
    },
  ],
  // Left alone, it would end a process of Node.
  ['rejects', () => Promise.reject(FULL)],
])('R131 a listener that %s fails no call', async (_name, act) => {
  const complaint = vi.spyOn(console, 'error').mockImplementation(() => {})
  const { key, tokens } = await createKit({ onEvent: () => act() })
  expect(await verdict(tokens, await sign(key))).toBe('good')
  expect(complaint).toHaveBeenCalledWith(expect.stringContaining('listener'), FULL)
})
