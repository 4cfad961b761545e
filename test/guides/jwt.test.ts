/* The middleware of docs/jwt.md, as it stands there, in the frameworks it is for. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type RequestHandler } from 'express'
import createFastify, { type onRequestAsyncHookHandler } from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import type { TokenVerifier, VerifiedToken } from 'latchkey/jwt'
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { createKit, sign } from '../jwt/support.ts'
import { runFence, runnable } from './run.ts'

type Middleware<Handler> = (tokens: TokenVerifier, scope?: string) => Handler
type Send = (headers: Record<string, string>) => Promise<Response>

const fences = await runnable('docs/jwt.md')

async function fence(text: string): Promise<Record<string, unknown>> {
  const [found, ...rest] = fences.filter(({ code }) => code.includes(text))
  expect(rest).toEqual([])
  return runFence(found!)
}

let kit: Awaited<ReturnType<typeof createKit>>
beforeAll(async () => {
  kit = await createKit()
})

async function onExpress(): Promise<Send> {
  const allow = (await fence(`from 'express'`))['allow'] as Middleware<RequestHandler>
  const app = express()
  app.get('/orders', allow(kit.tokens, 'orders:read'), (_, response) => {
    response.json((response.locals['caller'] as VerifiedToken).claims.sub)
  })
  const server = await new Promise<Server>((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server))
  })
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  const { port } = server.address() as AddressInfo
  return (headers) =>
    fetch(`http://127.0.0.1:${port}/orders`, { headers: { ...headers, Connection: 'close' } })
}

async function onHono(): Promise<Send> {
  type Env = { Variables: { caller: VerifiedToken } }
  const allow = (await fence(`from 'hono/factory'`))['allow'] as Middleware<MiddlewareHandler<Env>>
  const app = new Hono<Env>()
  app.get('/orders', allow(kit.tokens, 'orders:read'), (context) =>
    context.json(context.get('caller').claims.sub),
  )
  return async (headers) => app.request('/orders', { headers })
}

async function onFastify(): Promise<Send> {
  const allow = (await fence(`from 'fastify'`))['allow'] as Middleware<onRequestAsyncHookHandler>
  const app = createFastify()
  onTestFinished(async () => app.close())
  app.decorateRequest('caller')
  app.get('/orders', { onRequest: allow(kit.tokens, 'orders:read') }, (request, reply) => {
    void reply.send(JSON.stringify(request.getDecorator<VerifiedToken>('caller').claims.sub))
  })
  return async (headers) => {
    const { statusCode: status, headers: answered, body } = await app.inject({ url: '/orders', headers })
    return new Response(body, { status, headers: answered as Record<string, string> })
  }
}

async function onFetch(): Promise<Send> {
  const { handle } = (await fence('function handle')) as { handle: (request: Request) => Promise<Response> }
  vi.stubGlobal('fetch', async () => Response.json({ keys: [kit.key.jwk] }))
  vi.setSystemTime(kit.clock.now())
  onTestFinished(() => void vi.useRealTimers())
  return (headers) => handle(new Request('https://api.example.com/orders', { headers }))
}

/** The handler of the first fence answers with more than the name of the caller. */
const expected = (start: () => Promise<Send>): unknown =>
  start === onFetch ? { orders: [], of: 'ada' } : 'ada'

const PLACES = { Express: onExpress, Hono: onHono, Fastify: onFastify, fetch: onFetch }

it('all code of the guide runs here', async () => {
  expect(fences).toHaveLength(Object.keys(PLACES).length + 1)
  expect(await fence('isRevoked')).toHaveProperty('tokens')
})

it.each(['express', 'hono/factory', 'fastify'])(
  'R134 the middleware for %s is ten lines at the most',
  (from) => {
    const { code } = fences.find((one) => one.code.includes(`from '${from}'`))!
    const lines = code.split('\n').filter((line) => line.trim() !== '' && !/^(?:import|\/\*\*)/.test(line))
    expect(lines.length).toBeLessThanOrEqual(10)
  },
)

it.each(Object.entries(PLACES))(
  'R134 the middleware for %s lets good tokens in, and answers others with the challenge',
  async (_name, start) => {
    const send = await start()
    const of = async (token?: string) => {
      const answer = await send(token === undefined ? {} : { Authorization: `Bearer ${token}` })
      const body: unknown = await answer.json()
      return [answer.status, answer.headers.get('WWW-Authenticate'), body]
    }
    const invalid = { error: 'invalid_token', error_description: 'The access token is not good here' }
    expect(await of(await sign(kit.key))).toEqual([200, null, expected(start)])
    expect(await of()).toEqual([401, 'Bearer realm="api"', { error: 'missing_token' }])
    expect(await of(await sign(kit.key, { aud: 'x' }))).toEqual([
      401,
      `Bearer realm="api", error="invalid_token", error_description="${invalid.error_description}"`,
      invalid,
    ])
    expect(await of(await sign(kit.key, { scope: 'profile' }))).toEqual([
      403,
      'Bearer realm="api", error="insufficient_scope", scope="orders:read"',
      { error: 'insufficient_scope', scope: 'orders:read' },
    ])
  },
)
