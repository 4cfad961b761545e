import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import express from 'express'
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import {
  type OnEvent,
  createAuthServer,
  done,
  expressHandler,
  memoryStore,
  nodeHandler,
  type AuthServer,
} from 'latchkey/server'
import { ORIGIN } from './support.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  return () => vi.useRealTimers()
})

const createAuth = (origin = ORIGIN, onEvent?: OnEvent): AuthServer =>
  createAuthServer({
    store: memoryStore(),
    secrets: ['s'.repeat(32)],
    origin,
    mode: 'session',
    signIn: () => done({ id: 'ada' }),
    findUser: (id) => ({ id }),
    onEvent,
  })

async function untilItWaits(): Promise<void> {
  for (let turn = 0; vi.getTimerCount() === 0 && turn < 100_000; turn++) await setImmediate()
}

it.each([
  ['never ends', 0],
  ['comes a byte a second', 9],
])(
  'R146 a body that %s is given up after ten seconds, with 408, and the server asks for no more of it',
  async (_name, drips) => {
    const cancel = vi.fn<() => void>()
    let send = (): void => undefined
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (send = () => controller.enqueue(Uint8Array.of(32))),
      cancel,
    })
    const headers = { 'sec-fetch-site': 'same-origin', 'x-csrf': '1', 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    const answering = createAuth().handle(new Request(`${ORIGIN}/auth/login`, init))
    await untilItWaits()
    for (let i = 0; i < drips; i++) {
      send()
      await vi.advanceTimersByTimeAsync(1000)
    }
    await vi.advanceTimersByTimeAsync(9999 - drips * 1000)
    expect(cancel).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    const answer = await answering
    expect([answer.status, answer.headers.get('connection')]).toEqual([408, 'close'])
    expect(await answer.json()).toMatchObject({ error: 'request_timeout' })
    expect(cancel).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  },
)

it.each<[string, (auth: AuthServer) => RequestListener]>([
  ['node:http', (auth) => (request, response) => void nodeHandler(auth)(request, response)],
  ['Express', (auth) => express().use(expressHandler(auth))],
])('R146 at %s the caller whose body never ends hears 408 and is cut off', async (_name, mount) => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  server.on('request', mount(createAuth(origin)))
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.setEncoding('utf8').on('data', (text: string) => (heard += text))
  const lines = [
    'POST /auth/login HTTP/1.1',
    'Host: x',
    `Origin: ${origin}`,
    'X-CSRF: 1',
    'Content-Length: 90',
  ]
  socket.write([...lines, 'Content-Type: application/json', '', '{"email":'].join('\r\n'))
  await untilItWaits()
  vi.advanceTimersByTime(10_000)
  await once(socket, 'close')
  expect(heard).toMatch(/^HTTP\/1\.1 408 /)
  expect(heard).toContain('"error":"request_timeout"')
})

it('R146 one that breaks off is refused, and is no fault of the server', async () => {
  const onEvent = vi.fn<() => void>()
  const auth = createAuth(ORIGIN, onEvent)
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error('ECONNRESET')) })
  const headers = { 'sec-fetch-site': 'same-origin', 'x-csrf': '1', 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
  expect((await auth.handle(new Request(`${ORIGIN}/auth/login`, init))).status).toBe(400)
  expect(onEvent).not.toHaveBeenCalledWith(expect.objectContaining({ type: 'fault' }))
})
