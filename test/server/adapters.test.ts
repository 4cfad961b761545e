import { createServer, request as askRaw, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { bodyParser } from '@koa/bodyparser'
import express, { type Express } from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import { afterEach, expect, it } from 'vitest'
import {
  createAuthServer,
  done,
  expressHandler,
  fastifyHook,
  koaHandler,
  memoryStore,
  nodeHandler,
  refuse,
  requestOf,
  scryptPasswords,
  sendResponse,
  type AuthServer,
  type SignInRequest,
} from 'latchkey/server'
import { ROOT } from '../tools/files.ts'
import { SID, VALUE } from './support.ts'

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

async function listen(make: (origin: string) => Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.on('request', make(origin)!)
  return origin
}

const seen: SignInRequest[] = []
const createAuth = (origin: string): AuthServer =>
  createAuthServer({
    store: memoryStore(),
    secrets: ['s'.repeat(32)],
    origin,
    mode: 'session',
    signIn(request) {
      seen.push(request)
      return request.body['password'] === 'x' ? done({ id: 'ada' }) : refuse('invalid_credentials')
    },
    findUser: (id) => ({ id }),
  })

const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'x-csrf': '1', origin: new URL(url).origin, 'content-type': 'application/json', ...headers },
    body,
  })
const LOGIN = JSON.stringify({ email: 'ada', password: 'x' })

const APPS: [string, (app: Express, auth: AuthServer) => void][] = [
  ['at the root', (app, auth) => app.use(expressHandler(auth))],
  ['behind express.json()', (app, auth) => app.use(express.json(), expressHandler(auth))],
  [
    'behind all parsers',
    (app, auth) => app.use(express.json(), express.urlencoded(), express.text(), expressHandler(auth)),
  ],
  ['under its path', (app, auth) => app.use('/auth', expressHandler(auth))],
  [
    'in a router in a router',
    (app, auth) => app.use('/', express.Router().use('/auth', expressHandler(auth))),
  ],
  ['behind raw()', (app, auth) => app.use(express.raw({ type: '*/*' }), expressHandler(auth))],
]

it.each(APPS)(
  'R117 S44 S46 S47 Express %s signs in, goes on for what is not ours, and nothing hangs',
  async (_name, mount) => {
    const origin = await listen((at) => {
      const app = express()
      mount(app, createAuth(at))
      app.get('/orders', (_request, response) => void response.json([]))
      return app
    })
    const answer = await post(`${origin}/auth/login`, LOGIN)
    expect(answer.status).toBe(200)
    const [sid = '', hint] = answer.headers.getSetCookie()
    expect(sid.slice(SID.length + 1, sid.indexOf(';'))).toMatch(VALUE)
    // The origin says what is secure, and not the connection.
    expect(sid).toContain('; Secure')
    expect(hint).toMatch(/^signed_in=1;/)
    const session = await fetch(`${origin}/auth/session`, { headers: { cookie: sid.split(';')[0] ?? '' } })
    expect(await session.json()).toMatchObject({ user: { id: 'ada' } })
    expect(
      (await post(`${origin}/auth/login`, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }))
        .status,
    ).toBe(415)
    expect((await fetch(`${origin}/orders`)).status).toBe(200)
    expect((await fetch(`${origin}/nowhere`)).status).toBe(404)
    expect((await fetch(`${origin}/auth/login`)).status).toBe(405)
    expect((await fetch(`${origin}//auth/login`)).status).toBe(404)
  },
)

it('R117 S46 S47 Fastify signs in before its parsers, goes on for what is not ours, and sends what a call has done to its cookie', async () => {
  const app = fastify()
  let auth: AuthServer | undefined
  // Where it listens is known after its hooks are.
  app.addHook('onRequest', async (request, reply) => fastifyHook(auth!)(request, reply))
  app.post('/orders', async ({ raw }) => {
    const caller = await auth!.authenticate(requestOf(auth!, raw))
    return caller.ok ? caller.finish(Response.json({ by: caller.user.id })) : caller.response
  })
  try {
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    auth = createAuth(origin)
    const answer = await post(`${origin}/auth/login?x=1`, LOGIN)
    const { csrf_token = '' } = (await answer.json()) as Record<string, string>
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    await auth.admin.renew('ada')
    const order = await post(`${origin}/orders`, '{}', { cookie, 'x-csrf-token': csrf_token })
    expect(await order.json()).toEqual({ by: 'ada' })
    expect(order.headers.getSetCookie().map((line) => line.split('=', 1)[0])).toEqual([SID, 'signed_in'])
    expect((await post(`${origin}/orders`, '{}', { cookie })).status).toBe(403)
    expect((await post(`${origin}/auth/login`, 'a=b', { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await fetch(`${origin}/nowhere`)).status).toBe(404)
    expect((await fetch(`${origin}/auth/login`)).status).toBe(405)
    expect(seen.at(-1)?.address).toBe('127.0.0.1')
  } finally {
    await app.close()
  }
})

it.each([false, true])(
  'R117 S46 S47 Koa signs in, behind a parser: %s, goes on for what is not ours, and believes a proxy it was told of',
  async (isParsed) => {
    const origin = await listen((at) => {
      const app = new Koa({ proxy: true, maxIpsCount: 1 })
      const auth = createAuth(at)
      if (isParsed) app.use(bodyParser())
      app.use(koaHandler(auth))
      app.use(async (context) => {
        if (context.path !== '/orders') return
        const caller = await auth.authenticate(requestOf(auth, context.req))
        context.respond = false
        await sendResponse(
          context.res,
          caller.ok ? await caller.finish(Response.json({ by: caller.user.id })) : caller.response,
        )
      })
      const handle = app.callback()
      return (request, response) => void handle(request, response)
    })
    const answer = await post(`${origin}/auth/login?x=1`, LOGIN, { 'x-forwarded-for': 'x, 203.0.113.9' })
    expect(answer.status).toBe(200)
    expect(seen.at(-1)?.address).toBe('203.0.113.9')
    const { csrf_token = '' } = (await answer.json()) as Record<string, string>
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const order = await post(`${origin}/orders`, '{}', { cookie, 'x-csrf-token': csrf_token })
    expect(await order.json()).toEqual({ by: 'ada' })
    expect((await post(`${origin}/orders`, '{}', { cookie })).status).toBe(403)
    expect((await fetch(`${origin}/nowhere`)).status).toBe(404)
    expect((await fetch(`${origin}/auth/login`)).status).toBe(405)
  },
)

it('R117 bare node:http is served, and a body larger than 64 kB is refused without being read to its end', async () => {
  const origin = await listen((at) => {
    const handle = nodeHandler(createAuth(at))
    return (request, response) => {
      void handle(request, response).then((isOurs) => isOurs || response.writeHead(404).end())
    }
  })
  expect((await post(`${origin}/auth/login`, LOGIN)).status).toBe(200)
  expect((await fetch(`${origin}/orders`)).status).toBe(404)
  const large = await post(`${origin}/auth/login`, JSON.stringify({ password: 'x'.repeat(1 << 20) })).catch(
    () => undefined,
  )
  expect([400, undefined]).toContain(large?.status)
  expect(
    (await post(`${origin}/auth/login`, LOGIN, { host: 'evil.example', 'x-forwarded-host': 'evil.example' }))
      .status,
  ).toBe(200)
})

it.each<[number | undefined, string | undefined, string | undefined]>([
  [undefined, undefined, '127.0.0.1'],
  [undefined, '203.0.113.9', undefined],
  [0, '203.0.113.9', '127.0.0.1'],
  [1, '203.0.113.9', '203.0.113.9'],
  [1, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  [2, '198.51.100.1, 203.0.113.9, 10.0.0.1', '203.0.113.9'],
  [2, '10.0.0.1', undefined],
])(
  'R117 S43 with %s trusted proxies and X-Forwarded-For %s the address is %s',
  async (trustedProxies, forwarded, address) => {
    const origin = await listen((at) => {
      const handle = nodeHandler(createAuth(at), { trustedProxies })
      return (request, response) => void handle(request, response)
    })
    seen.length = 0
    await post(`${origin}/auth/login`, LOGIN, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded })
    expect(seen.map((request) => request.address)).toEqual([address])
  },
)

it.each<[boolean, string | undefined, string | undefined]>([
  [false, undefined, '127.0.0.1'],
  [false, '203.0.113.9', undefined],
  [true, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
])(
  'R117 S43 Express with "trust proxy" %s and X-Forwarded-For %s gives the address %s',
  async (trusts, forwarded, address) => {
    const origin = await listen((at) => {
      const app = express()
      if (trusts) app.set('trust proxy', 1)
      return app.use(expressHandler(createAuth(at)))
    })
    seen.length = 0
    await post(`${origin}/auth/login`, LOGIN, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded })
    expect(seen.map((request) => request.address)).toEqual([address])
  },
)

it.each<[object, string | undefined, string | undefined]>([
  [{}, undefined, '127.0.0.1'],
  [{}, '203.0.113.9', undefined],
  // Koa gives the first one then, which is what the caller himself has written.
  [{ proxy: true }, '198.51.100.1, 203.0.113.9', undefined],
  [{ proxy: true }, undefined, '127.0.0.1'],
  [{ proxy: true, maxIpsCount: 1 }, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  [{ proxy: true, proxyIpHeader: 'X-Real-IP' }, '198.51.100.1', '203.0.113.7'],
])(
  'R117 S43 new Koa(%j) and X-Forwarded-For %s gives the address %s',
  async (options, forwarded, address) => {
    const origin = await listen((at) => {
      const handle = new Koa(options).use(koaHandler(createAuth(at))).callback()
      return (request, response) => void handle(request, response)
    })
    seen.length = 0
    const headers =
      forwarded === undefined ? {} : { 'x-forwarded-for': forwarded, 'x-real-ip': '203.0.113.7' }
    await post(`${origin}/auth/login`, LOGIN, headers)
    expect(seen.map((request) => request.address)).toEqual([address])
  },
)

it('R117 S53 the server and the testing kit bundle for browsers and the edge, without a module of Node', async () => {
  for (const entry of ['server', 'testing']) {
    const { metafile } = await build({
      entryPoints: [`${ROOT}/src/${entry}/index.ts`],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      metafile: true,
    })
    expect(Object.keys(metafile.inputs).filter((path) => /^(?:node:|\(disabled\))|node:/.test(path))).toEqual(
      [],
    )
  }
})

it('R117 scryptPasswords hashes in Node, and the decoy fits no password', async () => {
  const passwords = scryptPasswords({ cost: { N: 1024, r: 8, p: 1 }, atOnce: 2 })
  const stored = await passwords.hash('difference engine')
  const tries = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => passwords.verify(i === 3 ? 'difference engine' : 'x', stored)),
  )
  expect(tries.filter(Boolean)).toHaveLength(1)
  expect(await passwords.verify('', passwords.decoy)).toBe(false)
})

/** Of each framework one whose own routes ask for the caller. */
const GUARDS: [string, (auth: AuthServer) => RequestListener][] = [
  [
    'bare node:http',
    (auth) => {
      const handle = nodeHandler(auth)
      const serve = async (...[request, response]: Parameters<RequestListener>): Promise<void> => {
        if (await handle(request, response)) return
        const caller = await auth.authenticate(requestOf(auth, request))
        await sendResponse(response, caller.ok ? new Response() : caller.response)
      }
      return (request, response) => void serve(request, response)
    },
  ],
  [
    'Express',
    (auth) =>
      // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 hears of what it rejects with
      express().use(expressHandler(auth), async (request, response) => {
        const caller = await auth.authenticate(requestOf(auth, request))
        await sendResponse(response, caller.ok ? new Response() : caller.response)
      }),
  ],
  [
    'Koa',
    (auth) => {
      const app = new Koa().use(koaHandler(auth)).use(async (context) => {
        const caller = await auth.authenticate(requestOf(auth, context.req))
        context.status = caller.ok ? 204 : caller.response.status
      })
      const handle = app.callback()
      return (request, response) => void handle(request, response)
    },
  ],
]

it.each(GUARDS)(
  'R151 S46 %s answers a method and an address that no Request can have, and its process goes on',
  async (_name, create) => {
    const origin = await listen((at) => create(createAuth(at)))
    const { port } = new URL(origin)
    const statuses: (number | undefined)[] = []
    for (const [method, path] of [
      ['TRACE', '/api/orders'],
      ['TRACE', '/auth/session'],
      ['GET', 'http://elsewhere.example/api/orders'],
      ['PUT', '*'],
      ['GET', '/api/orders'],
    ] as const) {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const sent = askRaw({ host: '127.0.0.1', port, method, path }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        sent.on('error', reject).end()
      })
      statuses.push(status)
    }
    expect(statuses).toEqual([401, 400, 401, 401, 401])
  },
)

it('R151 S64 cookies that the application has put on an answer before go out beside ours', async () => {
  const origin = await listen((at) =>
    express()
      .use((_request, response, next) => {
        response.clearCookie('connect.sid').cookie('lang', 'en')
        next()
      })
      .use(expressHandler(createAuth(at))),
  )
  const names = (await post(`${origin}/auth/login`, LOGIN)).headers
    .getSetCookie()
    .map((line) => line.split('=', 1)[0])
  expect(names).toEqual(['connect.sid', 'lang', SID, 'signed_in', '__Host-device'])
})

it('R151 an answer that streams arrives as it is made, and is given up with who goes away', async () => {
  let cancel = (): void => undefined
  const cancelled = new Promise<void>((resolve) => (cancel = resolve))
  const origin = await listen(() => (_request, response) => {
    const events = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('data: hello\n\n')),
      cancel,
    })
    void sendResponse(response, new Response(events))
  })
  const away = new AbortController()
  const { body } = await fetch(origin, { signal: away.signal })
  const { value } = await body!.getReader().read()
  expect(new TextDecoder().decode(value)).toBe('data: hello\n\n')
  away.abort()
  await cancelled
})

it('R151 an answer that streams is made no faster than it is read', async () => {
  let made = 0
  const endless = new ReadableStream(
    { pull: (controller) => controller.enqueue(new Uint8Array(1 << 20).fill(made++)) },
    { highWaterMark: 0 },
  )
  const origin = await listen(() => (_request, response) => {
    void sendResponse(response, new Response(endless))
    response.once('drain', () => response.destroy())
  })
  const { body } = await fetch(origin)
  await expect(new Response(body).arrayBuffer()).rejects.toThrow()
  expect(made).toBeLessThan(5)
})

it('R151 a stream that fails half-way ends the connection, and one that fails at once is an error of the call', async () => {
  const failing = (first: boolean): Response => {
    let pulls = 0
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (first || pulls++ > 0) controller.error(new Error('lost'))
          else controller.enqueue(new Uint8Array(10))
        },
      }),
    )
  }
  const origin = await listen(() => (request, response) => {
    sendResponse(response, failing(request.url === '/first')).catch(() => response.writeHead(500).end())
  })
  expect((await fetch(`${origin}/first`)).status).toBe(500)
  await expect(fetch(`${origin}/half`).then((half) => half.text())).rejects.toThrow()
})

it('R151 S69 whatever a body or a signer of others fails with, also what is no error, the call is answered', async () => {
  const auth = createAuth('https://app.test')
  const headers = { origin: 'https://app.test', 'x-csrf': '1', 'content-type': 'application/json' }
  const body = new ReadableStream({ pull: (controller) => controller.error('gone away') })
  const init = { method: 'POST', headers, body, duplex: 'half' }
  expect([400, 500]).toContain((await auth.handle(new Request('https://app.test/auth/login', init))).status)

  const app = fastify()
  let failing: AuthServer | undefined
  app.addHook('onRequest', async (request, reply) => fastifyHook(failing!)(request, reply))
  try {
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    failing = createAuthServer({
      store: memoryStore(),
      secrets: ['s'.repeat(32)],
      origin,
      keys: {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- as key services do
        sign: () => Promise.reject({ code: 'ThrottlingException' }),
        verify: () => undefined,
        keys: () => ({ keys: [] }),
        rotate: () => Promise.resolve(),
      },
      signIn: () => done({ id: 'ada' }),
      findUser: (id) => ({ id }),
    })
    expect((await post(`${origin}/auth/login`, LOGIN)).status).toBe(500)
  } finally {
    app.server.closeAllConnections()
    await app.close()
  }
})

it('R151 S46 a POST without a body is one behind the parser of Express 4 too, which leaves {}', async () => {
  const origin = await listen((at) =>
    express()
      .use((request, _response, next) => {
        request.body = {}
        next()
      })
      .use(expressHandler(createAuth(at))),
  )
  const headers = { origin, 'x-csrf': '1' }
  const answer = await fetch(`${origin}/auth/logout`, { method: 'POST', headers })
  expect(answer.status).toBe(204)
})
