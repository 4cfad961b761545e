import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve, type ServerType } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { afterEach, expect, it } from 'vitest'
import { createTestBackend, type TestBackend } from './support.ts'

const servers: ServerType[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

async function listen(backend: TestBackend): Promise<string> {
  const server = await new Promise<ServerType>((resolve) => {
    const made = serve(
      {
        port: 0,
        hostname: '127.0.0.1',
        overrideGlobalObjects: false,
        async fetch(request, { incoming, outgoing }) {
          const answer = await backend.handle(request, { address: incoming.socket.remoteAddress })
          if (answer.type !== 'error') return answer
          ;(outgoing as ServerResponse).destroy()
          return RESPONSE_ALREADY_SENT
        },
      },
      () => resolve(made),
    )
  })
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const post = (url: string, cookie: string, body?: object): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: {
      'x-csrf': '1',
      origin: new URL(url).origin,
      cookie,
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  })

it('BBA-10 over a real HTTP server the cookie is set, rotated and deleted', async () => {
  const origin = await listen(await createTestBackend())
  const signedIn = await post(`${origin}/auth/login`, '', {
    email: 'ada@example.com',
    password: 'difference engine',
  })
  expect(signedIn.status).toBe(200)
  expect(signedIn.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      /^__Host-refresh=[\w.-]{112}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    ),
  ])
  expect(signedIn.headers.get('date')).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''

  const refreshed = await post(`${origin}/auth/refresh`, cookie)
  expect(refreshed.status).toBe(200)
  const { access_token, session_id } = (await refreshed.json()) as {
    access_token: string
    session_id: string
  }
  const orders = await fetch(`${origin}/api/orders`, { headers: { authorization: `Bearer ${access_token}` } })
  expect(orders.status).toBe(200)

  const out = await post(`${origin}/auth/logout`, cookie, { session_id })
  expect([out.status, out.headers.getSetCookie()[0]]).toEqual([204, expect.stringContaining('Max-Age=0')])
})

it('ERR-07 a lost answer is a cut connection', async () => {
  const backend = await createTestBackend()
  const origin = await listen(backend)
  backend.faults.add({ kind: 'lost-answer', times: 1 })
  await expect(fetch(`${origin}/auth/session`)).rejects.toThrow(TypeError)
  expect(await (await fetch(`${origin}/auth/session`)).json()).toBeNull()
})

it('OW-23 the address of the socket is what is throttled', async () => {
  const origin = await listen(await createTestBackend({ throttle: { perAddress: 1 } }))
  const attempt = (email: string): Promise<Response> =>
    post(`${origin}/auth/login`, '', { email, password: 'x' })
  expect((await attempt('a@example.com')).status).toBe(401)
  expect((await attempt('b@example.com')).status).toBe(429)
})

it('BBA-10 over a real HTTP server an exchange sets one cookie and deletes the other', async () => {
  const backend = await createTestBackend({ mode: 'session' })
  const origin = await listen(backend)
  const signedIn = await post(`${origin}/auth/login`, '', {
    email: 'ada@example.com',
    password: 'difference engine',
  })
  const sid = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  expect(sid).toMatch(/^__Host-sid=[\w.-]{112}$/)
  backend.admin.setMode('both', 'token')
  const exchanged = await post(`${origin}/auth/refresh`, sid)
  expect(exchanged.headers.getSetCookie()).toEqual([
    '__Host-sid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    expect.stringMatching(/^__Host-refresh=[\w.-]{112}; /),
  ])
})
