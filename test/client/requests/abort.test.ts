import { expect, it } from 'vitest'
import { createKit, grant, json, type Kit, refusal, settle, signedIn } from '../../support/kit.js'
import { failure, gate } from '../../support/client.js'

/** The token has ended, and its renewal waits for the test. */
async function renewing(): Promise<{ kit: Kit; renewal: ReturnType<typeof gate> }> {
  const kit = await signedIn()
  kit.visible = false
  kit.signal('hidden')
  await kit.clock.advance(300_000)
  const renewal = gate()
  kit.on('/auth/refresh', () => renewal.answer)
  kit.on('/api/orders', () => json({}))
  return { kit, renewal }
}

it('R58 an abort while a request waits rejects it at once, and it is never sent', async () => {
  const { kit, renewal } = await renewing()
  const controller = new AbortController()
  const aborted = failure(kit.auth.fetch('/api/orders', { signal: controller.signal }))
  const other = kit.auth.fetch('/api/orders?other')
  await settle()
  controller.abort()
  // Without the clock and without the answer of the refresh.
  expect(await aborted).toMatchObject({ name: 'AbortError' })
  // The refresh it shared goes on for the others.
  renewal.open(grant(2))
  expect((await other).status).toBe(200)
  expect(kit.sent('/api/orders').map(({ url }) => url)).toEqual(['https://app.example.com/api/orders?other'])
  expect(kit.sent('/auth/refresh').at(-1)?.init.signal?.aborted).toBe(false)
  expect(await kit.auth.getAccessToken()).toBe('token-2')
})

it('R58 an abort during the start rejects at once, and the start goes on', async () => {
  const kit = createKit()
  const answer = gate()
  kit.on('/auth/refresh', () => answer.answer)
  const controller = new AbortController()
  const reason = new Error('changed my mind')
  const request = failure(kit.auth.fetch('/api/orders', { signal: controller.signal }))
  await settle()
  controller.abort(reason)
  expect(await request).toBe(reason)
  answer.open(grant(1))
  expect(await kit.auth.ready()).toMatchObject({ status: 'authenticated' })
  expect(kit.sent('/api/orders')).toHaveLength(0)
})

it('R58 a request that is aborted from the beginning is not sent and renews nothing', async () => {
  const { kit } = await renewing()
  const before = kit.requests.length
  const error = await failure(kit.auth.fetch('/api/orders', { signal: AbortSignal.abort() }))
  expect(error).toMatchObject({ name: 'AbortError' })
  await settle()
  expect(kit.requests).toHaveLength(before)
})

it('R58 an abort while a request runs reaches its fetch', async () => {
  const kit = await signedIn()
  const answer = gate()
  kit.on('/api/orders', () => answer.answer)
  const controller = new AbortController()
  const request = failure(kit.auth.fetch('/api/orders', { signal: controller.signal }))
  await settle()
  controller.abort()
  expect(await request).toMatchObject({ name: 'AbortError' })
  expect(kit.sent('/api/orders')[0]?.init.signal?.aborted).toBe(true)
})

it('R58 an abort after a 401, while the token is renewed, rejects, and nothing is replayed', async () => {
  const kit = await signedIn()
  const renewal = gate()
  kit.on('/auth/refresh', () => renewal.answer)
  kit.on('/api/orders', () => refusal('expired'))
  const controller = new AbortController()
  const request = failure(kit.auth.fetch('/api/orders', { signal: controller.signal }))
  await settle()
  expect(kit.sent('/auth/refresh')).toHaveLength(2)
  controller.abort()
  expect(await request).toMatchObject({ name: 'AbortError' })
  renewal.open(grant(2))
  await settle()
  expect(kit.sent('/api/orders')).toHaveLength(1)
  expect(await kit.auth.getAccessToken()).toBe('token-2')
})

it('R58 an abort reaches the replay, too', async () => {
  const kit = await signedIn()
  const second = gate()
  kit.on('/api/orders', (_request, count) => (count === 1 ? refusal('expired') : second.answer))
  const controller = new AbortController()
  const request = failure(kit.auth.fetch('/api/orders', { signal: controller.signal }))
  await settle()
  expect(kit.sent('/api/orders')).toHaveLength(2)
  controller.abort()
  expect(await request).toMatchObject({ name: 'AbortError' })
  expect(kit.sent('/api/orders')[1]?.init.signal?.aborted).toBe(true)
})

it('R58 the signal of a Request counts, that of the init replaces it, and null takes it away', async () => {
  const { kit, renewal } = await renewing()
  const [first, second] = [new AbortController(), new AbortController()]
  const request = (): Request => new Request('https://app.example.com/api/orders', { signal: first.signal })
  const own = failure(kit.auth.fetch(request()))
  const replaced = failure(kit.auth.fetch(request(), { signal: second.signal }))
  const none = kit.auth.fetch(request(), { signal: null })
  const undefinedSignal = failure(kit.auth.fetch(request(), { signal: undefined as never }))
  await settle()
  first.abort()
  expect([await own, await undefinedSignal]).toMatchObject([{ name: 'AbortError' }, { name: 'AbortError' }])
  second.abort(new Error('second'))
  expect(await replaced).toMatchObject({ message: 'second' })
  renewal.open(grant(2))
  expect((await none).status).toBe(200)
  expect(kit.sent('/api/orders')).toHaveLength(1)
})

it('R58 a time limit covers waiting, refresh and replay together', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => new Promise<Response>(() => {}))
  kit.on('/api/orders', () => refusal('expired'))
  const error = await failure(kit.auth.fetch('/api/orders', { signal: AbortSignal.timeout(20) }))
  expect(error).toMatchObject({ name: 'TimeoutError' })
})

it('R58 an abort of one getAccessToken rejects that one alone', async () => {
  const { kit, renewal } = await renewing()
  const controller = new AbortController()
  const one = failure(kit.auth.getAccessToken({ signal: controller.signal }))
  const two = kit.auth.getAccessToken()
  await settle()
  controller.abort()
  expect(await one).toMatchObject({ name: 'AbortError' })
  renewal.open(grant(2))
  expect(await two).toBe('token-2')
})
