/* Answers that go on after their headers, over a real connection. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { linked } from '../../../src/plumbing/waiting.js'
import { type Kit, settle, signedIn } from '../../support/kit.js'
import { failure } from '../../support/client.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const { any } = AbortSignal
let server: Server
let origin: string

beforeAll(async () => {
  server = createServer(({ url }, response) => {
    if (url === '/nothing') return void response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: first\n\n')
    if (url === '/short') response.end()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
afterEach(() => void Object.assign(AbortSignal, { any }))

/** Ann is signed in, and the streams come from the server. */
async function connected(how: string): Promise<Kit> {
  if (how === 'without') Reflect.deleteProperty(AbortSignal, 'any')
  const kit = await signedIn()
  for (const route of ['/events', '/short', '/nothing'])
    kit.on(route, ({ path, init }) => fetch(origin + path, { signal: init.signal ?? null }))
  return kit
}

const rest = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> => {
  while (!(await reader.read()).done);
}

const HOW = ['with', 'without']

it.each(HOW)('R105 a stream ends with the sign-out, %s AbortSignal.any', async (how) => {
  const { auth } = await connected(how)
  const { body } = await auth.fetch('/events')
  const reader = body!.getReader()
  await reader.read()
  const end = failure(rest(reader))
  await auth.logout()
  expect(await end).toMatchObject({ code: 'session_changed' })
})

it.each(HOW)('R105 an abort of the caller ends a stream, %s AbortSignal.any', async (how) => {
  const { auth } = await connected(how)
  const controller = new AbortController()
  const { body } = await auth.fetch('/events', { signal: controller.signal })
  const reader = body!.getReader()
  await reader.read()
  const end = failure(rest(reader))
  controller.abort()
  expect(await end).toMatchObject({ name: 'AbortError' })
})

it('R105 without AbortSignal.any it is kept where a reader is all that is left of the answer', async () => {
  Reflect.deleteProperty(AbortSignal, 'any')
  const controller = new AbortController()
  const ask = async () => {
    const [joined, release] = linked(controller.signal)
    const response = await fetch(`${origin}/events`)
    release(response)
    return { joined, reader: response.body!.getReader() }
  }
  const { joined, reader } = await ask()
  for (let round = 0; round < 5; round++) {
    collectGarbage()
    await settle()
  }
  controller.abort('over')
  expect(joined.reason).toBe('over')
  await reader.cancel()
})

it.each(['/short', '/nothing', '/events'])(
  'R26 without AbortSignal.any nothing is left of an answer that nobody can read any more: %s',
  async (path) => {
    Reflect.deleteProperty(AbortSignal, 'any')
    const { signal } = new AbortController()
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    const ask = async () => {
      const [joined, release] = linked(signal)
      const response = await fetch(origin + path)
      release(response)
      if (path === '/short') await response.text()
      if (path === '/nothing') expect(remove).toHaveBeenCalledOnce()
      else expect(remove).not.toHaveBeenCalled()
      return joined.aborted
    }
    expect(await ask()).toBe(false)
    expect(add).toHaveBeenCalledOnce()
    await vi.waitUntil(async () => {
      collectGarbage()
      await settle()
      return remove.mock.calls.length > 0
      // As long as a busy machine takes to collect.
    }, 20_000)
    expect(remove.mock.calls).toEqual(add.mock.calls)
  },
)

it.each(['text/event-stream; charset=utf-8', 'application/x-ndjson'])(
  'R62 an isUnauthorized that reads bodies holds no %s up, and one that reads the status is asked about it',
  async (type) => {
    const asked: number[] = []
    const kit = await signedIn({
      async isUnauthorized(response) {
        asked.push(response.status)
        return response.status === 419 || (await response.text()).includes('UNAUTHENTICATED')
      },
    })
    kit.on('/events', ({ path, init }, count) =>
      fetch(origin + path, { signal: init.signal ?? null }).then(
        ({ body }) =>
          new Response(body, { status: count === 1 ? 419 : 200, headers: { 'content-type': type } }),
      ),
    )
    // The clock stands still: what waits for a body that does not end would wait for ever.
    const { status, body } = await kit.auth.fetch('/events')
    expect([status, asked]).toEqual([200, [419, 200]])
    const reader = body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: first\n\n')
    const end = failure(rest(reader))
    await kit.auth.logout()
    expect(await end).toMatchObject({ code: 'session_changed' })
  },
)
