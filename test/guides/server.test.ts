import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import Koa from 'koa'
import {
  type AuthServer,
  createAuthServer,
  generateKey,
  koaHandler,
  memoryStore,
  refuse,
} from 'latchkey/server'
import type { FastifyInstance } from 'fastify'
import type { Fence } from '../tools/markdown.ts'
import { CLIENT, signInAt, startProvider } from '../tools/oidc-provider.ts'
import { ROOT } from '../tools/files.ts'
import { copied } from '../tools/consumer.ts'
import { runFence, runnable } from './run.ts'

const guide = readFileSync(join(ROOT, 'docs/server.md'), 'utf8')
const fences = await runnable('docs/server.md')
const fenceWith = (text: string): Fence => fences.find(({ code }) => code.includes(text))!

let listening: Server | undefined
afterEach(() => new Promise((resolve) => (listening === undefined ? resolve(0) : listening.close(resolve))))

const ORIGIN = 'https://app.example.com'
const HEADERS = { 'x-csrf': '1', 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }
const LOGIN = { email: 'ada@example.com', password: 'difference engine' }

it('R118 the Express server of the guide signs in, lets in who has the token, renews and signs out', async () => {
  vi.stubEnv('ORIGIN', ORIGIN)
  vi.stubEnv('AUTH_SECRETS', 's'.repeat(32))
  vi.stubEnv('AUTH_KEY', JSON.stringify(await generateKey()))
  vi.stubEnv('PORT', '0')
  vi.stubEnv('DATABASE', ':memory:')
  listening = (await runFence(fenceWith("from 'express'")))['listening'] as Server
  await vi.waitFor(() => expect(listening?.address()).not.toBeNull())
  const base = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  const send = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(base + path, { method: 'POST', headers: { ...HEADERS, ...headers }, body: JSON.stringify(body) })

  expect((await send('/auth/login', { ...LOGIN, password: 'x' })).status).toBe(401)
  const login = await send('/auth/login', LOGIN)
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const { access_token, session_id } = (await login.json()) as Record<string, string>
  expect((await fetch(`${base}/api/orders`)).status).toBe(401)
  const orders = await fetch(`${base}/api/orders`, { headers: { authorization: `Bearer ${access_token}` } })
  expect(await orders.json()).toEqual(['tea for ada'])
  const renewed = await send('/auth/refresh', {}, { cookie })
  expect(await renewed.json()).toMatchObject({ user: { id: 'ada', name: 'Ada' }, session_id })
  expect((await send('/auth/logout', { session_id }, { cookie })).status).toBe(204)
  expect((await send('/auth/refresh', {}, { cookie })).status).toBe(401)
})

it('R118 the Fastify server of the guide takes a write of who is signed in, and no other', async () => {
  vi.stubEnv('ORIGIN', ORIGIN)
  vi.stubEnv('AUTH_SECRETS', 's'.repeat(32))
  vi.stubEnv('PORT', '0')
  vi.stubEnv('DATABASE', ':memory:')
  const { app } = (await runFence(fenceWith("from 'fastify'"))) as { app: FastifyInstance }
  try {
    const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
    const send = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(base + path, {
        method: 'POST',
        headers: { ...HEADERS, ...headers },
        body: JSON.stringify(LOGIN),
      })
    const login = await send('/auth/login')
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const { csrf_token = '' } = (await login.json()) as Record<string, string>
    expect((await send('/api/orders', { 'x-csrf-token': csrf_token })).status).toBe(401)
    expect((await send('/api/orders', { cookie })).status).toBe(403)
    const answer = await send('/api/orders', { cookie, 'x-csrf-token': csrf_token })
    expect(await answer.json()).toEqual({ ordered: true, by: 'ada' })
    expect((await fetch(`${base}/nowhere`)).status).toBe(404)
  } finally {
    await app.close()
  }
})

it('R118 S43 Koa as the guide has it behind a proxy believes what the proxy says, and not the caller', async () => {
  const [, text = ''] = /new Koa\(\{ ([^}]*) \}\)/.exec(guide) ?? []
  const options: object = Object.fromEntries(
    text
      .split(', ')
      .map((pair) => pair.split(': '))
      .map(([name, value]) => [name, JSON.parse(value!)]),
  )
  const addresses: (string | undefined)[] = []
  const auth = createAuthServer({
    origin: ORIGIN,
    secrets: ['s'.repeat(32)],
    mode: 'session',
    store: memoryStore(),
    signIn: ({ address }) => (addresses.push(address), refuse('invalid_credentials')),
    findUser: (id) => ({ id }),
  })
  listening = new Koa(options).use(koaHandler(auth)).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const base = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  const headers = { ...HEADERS, 'x-forwarded-for': '198.51.100.1, 203.0.113.9' }
  await fetch(`${base}/auth/login`, { method: 'POST', headers, body: JSON.stringify(LOGIN) })
  expect(addresses).toEqual(['203.0.113.9'])
})

it('R118 the routes of the guide for Next.js sign in, let in who is signed in, and render who that is', async () => {
  type Route = (request: Request) => Promise<Response>
  const { POST, listOrders, sessionOf } = (await runFence(fenceWith('[...path]'))) as {
    POST: Route
    listOrders: Route
    sessionOf(headers: Headers): Promise<object>
  }
  const init = { method: 'POST', headers: HEADERS, body: JSON.stringify(LOGIN) }
  const login = await POST(new Request(`${ORIGIN}/auth/login`, init))
  const headers = { 'sec-fetch-site': 'none', cookie: login.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
  const orders = await listOrders(new Request(`${ORIGIN}/api/orders`, { headers }))
  expect(await orders.json()).toEqual(['tea for ada'])
  expect((await listOrders(new Request(`${ORIGIN}/api/orders`))).status).toBe(401)
  expect(await sessionOf(new Headers(headers))).toMatchObject({ user: { id: 'ada', name: 'Ada' } })
  expect(await sessionOf(new Headers({ 'sec-fetch-site': 'cross-site' }))).toEqual({ status: 'unknown' })
})

it('R118 the Hono server of the guide takes a write of who is signed in, and no other', async () => {
  const { default: app } = (await runFence(fenceWith("from 'hono'"))) as {
    default: { request(path: string, init: object): Promise<Response> }
  }
  const send = (path: string, headers: Record<string, string>): Promise<Response> =>
    app.request(ORIGIN + path, {
      method: 'POST',
      headers: { ...HEADERS, ...headers },
      body: JSON.stringify(LOGIN),
    })
  const login = await send('/auth/login', {})
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const { csrf_token = '' } = (await login.json()) as Record<string, string>
  expect((await send('/api/orders', { 'x-csrf-token': csrf_token })).status).toBe(401)
  expect((await send('/api/orders', { cookie })).status).toBe(403)
  const answer = await send('/api/orders', { cookie, 'x-csrf-token': csrf_token })
  expect(await answer.json()).toEqual({ ordered: true, by: 'ada' })
})

it('R118 the server of the guide that signs in with a provider does so at a real one', async () => {
  const provider = await startProvider(`${ORIGIN}/auth/callback/company`)
  try {
    vi.stubEnv('ISSUER', provider.issuer)
    vi.stubEnv('CLIENT_ID', CLIENT.id)
    vi.stubEnv('CLIENT_SECRET', CLIENT.secret)
    const { auth } = (await runFence(fenceWith('linkUser('))) as { auth: AuthServer }
    const go = (url: string, cookie = ''): Promise<Response> =>
      auth.handle(new Request(url, { headers: { cookie } }))
    for (const [email, password, expected] of [
      [LOGIN.email, LOGIN.password, 303],
      // His first sign-in has made it his.
      [LOGIN.email, LOGIN.password, 303],
      ['bob@example.com', 'other secret', 403],
    ] as const) {
      const start = await go(`${ORIGIN}/auth/start?return_to=/orders`)
      const { url } = await signInAt(start.headers.get('location') ?? '', email, password)
      const back = await go(url.href, start.headers.getSetCookie()[0]?.split(';')[0])
      expect([email, back.status]).toEqual([email, expected])
      if (expected === 303) expect(back.headers.get('location')).toBe(`${ORIGIN}/orders`)
    }
    expect(await auth.admin.list('ada')).toHaveLength(2)
  } finally {
    await provider.close()
  }
})

it('R140 the guide says how many lines its server and its page are', () => {
  const { server, page, html } = copied()
  const lines = [server, page, html]
    .flatMap(({ code }) => code.split('\n'))
    .filter((line) => {
      return line.trim() !== '' && !line.trim().startsWith('//')
    })
  expect(guide).toContain(`: ${lines.length} lines of code.`)
  expect(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')).toContain(`React page are ${lines.length} lines`)
})
