/*
 * One server of one test: the reference backend over real HTTP on a port of its own, the pages that use it, and what a
 * test wants to know and to decide about requests on the way.
 */
import { readFileSync } from 'node:fs'
import type { Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve, type ServerType } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { AuthClientOptions } from '../src/index.js'
import { createReferenceBackend, type ReferenceBackend } from '../src/testing/backend/index.js'
import type { BackendOptions } from '../src/testing/backend/options.js'
import { createCheapHash } from '../src/server/password.js'
import { buildAssets } from './assets.ts'
import { Holds, type Held, type Hold } from './holds.ts'
import { appPage, contentSecurityPolicy, framePage, plainPage, type Policy } from './documents.ts'

export const ADA = { email: 'ada@example.com', password: 'difference engine' }
export const BOB = { email: 'bob@example.com', password: 'other secret' }
export const REFRESH_COOKIE = '__Host-refresh'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body: Buffer
}

export interface TestServer {
  /** `http://localhost:<port>`, or what the place says. */
  readonly origin: string
  readonly port: number
  readonly backend: ReferenceBackend
  /** All requests so far, those for pages and scripts included. */
  readonly seen: Seen[]
  /** Access tokens handed out, and values of refresh cookies set, the newest last. */
  readonly tokens: string[]
  readonly secrets: string[]
  /** Reports of browsers that found the policy violated. */
  readonly violations: string[]
  /** Options of the client in the pages. By default without the check after a login, which is one more request. */
  client: AuthClientOptions
  policy: Policy
  /** Changes each Set-Cookie on its way out. */
  rewriteCookie: (line: string) => string
  /** False: the backend does not look at where a request comes from, only at its Origin. */
  fetchMetadata: boolean
  /** Where the sign-in page is, if not on this host. */
  providerOrigin: string | undefined
  /** How many of the next requests for `/echo` get a 401. */
  rejections: number
  /** Script of the service worker at `/worker.js`. */
  worker: string
  /** More pages, by their path. */
  readonly documents: Map<string, string>
  /** Folder of a built app that is served in the place of the test pages. */
  site: string | undefined
  count(path: string): number
  /** The newest request for that path. */
  last(path: string): Seen
  /** Holds the next request for that path before it is processed, or its answer after. */
  hold(path: string, what: Held): Hold
  /** Puts the clock of the backend forward. */
  advance(milliseconds: number): void
  close(): Promise<void>
}

const html = (body: string, headers: Record<string, string> = {}): Response =>
  new Response(body, { headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers } })

const script = (body: string): Response =>
  new Response(body, {
    // A sandboxed frame has no origin of its own, and modules are fetched with CORS.
    headers: { 'Content-Type': 'text/javascript; charset=utf-8', 'Access-Control-Allow-Origin': '*' },
  })

/** Cross-origin reads for any page: what these paths hand out is nobody's secret. */
function withCors(request: Request, response: Response): Response {
  response.headers.set('Access-Control-Allow-Origin', request.headers.get('origin') ?? '*')
  response.headers.set('Access-Control-Allow-Credentials', 'true')
  response.headers.set('Access-Control-Allow-Headers', 'authorization, content-type')
  response.headers.set('Access-Control-Expose-Headers', 'www-authenticate')
  return response
}

/** Where a server is, if not at `http://localhost`. */
export interface Place {
  readonly host: string
  /** Key and certificate, in PEM. */
  readonly tls: { readonly key: string; readonly cert: string }
}

export async function startServer(options: BackendOptions = {}, place?: Place): Promise<TestServer> {
  const assets = await buildAssets()
  let offset = 0
  const holds = new Holds()

  const siteFileFor = (pathname: string, policy: Record<string, string>): Response | undefined => {
    if (test.site === undefined) return undefined
    const document = pathname === '/' ? '/index.html' : /^\/[\w-]+\.html$/.exec(pathname)?.[0]
    if (document !== undefined) return html(readFileSync(join(test.site, document), 'utf8'), policy)
    const asset = /^\/assets\/[\w.-]+\.js$/.exec(pathname)?.[0]
    return asset === undefined ? undefined : script(readFileSync(join(test.site, asset), 'utf8'))
  }

  const documentFor = ({ pathname, searchParams }: URL): Response | undefined => {
    const policy = { 'Content-Security-Policy': contentSecurityPolicy(test.policy) }
    const file = siteFileFor(pathname, policy)
    if (file) return file
    const document = test.documents.get(pathname)
    if (document !== undefined) return html(document, policy)
    switch (pathname) {
      case '/':
      case '/orders':
        return html(appPage(test.client), policy)
      case '/plain':
        return html(plainPage(searchParams.get('to') ?? '/'))
      case '/frame':
        return html(framePage(searchParams.get('sandbox') ?? undefined), policy)
      case '/worker.js':
        return script(test.worker)
      default: {
        const asset = assets.get(pathname)
        return asset === undefined ? undefined : script(asset)
      }
    }
  }

  /** A small API beside the backend's: `/echo` takes any body, `/go` sends elsewhere, `/events` never ends. */
  const apiFor = (request: Request, { pathname, searchParams }: URL): Response | undefined => {
    if (pathname === '/events') {
      const first = new TextEncoder().encode('data: first\n\n')
      const body = new ReadableStream({ start: (events) => events.enqueue(first) })
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
    }
    if (pathname !== '/echo' && pathname !== '/go') return undefined
    if (request.method === 'OPTIONS') return withCors(request, new Response(null, { status: 204 }))
    if (pathname === '/go') {
      const Location = searchParams.get('to') ?? '/'
      return withCors(request, new Response(null, { status: 307, headers: { Location } }))
    }
    if (test.rejections > 0) {
      test.rejections--
      const headers = { 'WWW-Authenticate': 'Bearer error="invalid_token"' }
      return withCors(request, new Response(null, { status: 401, headers }))
    }
    return withCors(request, new Response('heard'))
  }

  const note = async (response: Response, pathname: string): Promise<void> => {
    if (pathname !== '/auth/login' && pathname !== '/auth/refresh') return
    if (response.headers.get('content-type') !== 'application/json') return
    const { access_token: token } = (await response.clone().json()) as { access_token?: string }
    if (token !== undefined) test.tokens.push(token)
  }

  const askBackend = async (request: Request, url: URL, address: string | undefined): Promise<Response> => {
    await holds.pass(url.pathname, 'request')
    const cookies: string[] = []
    const answer = await test.backend.handle(request, {
      address,
      headers: test.fetchMetadata ? {} : { 'sec-fetch-site': 'same-site' },
      setCookie: (line) => cookies.push(test.rewriteCookie(line)),
    })
    await note(answer, url.pathname)
    for (const line of cookies) {
      const value = /^(?:__Host-)?refresh=([^;]+)/.exec(line)?.[1]
      if (value !== undefined) test.secrets.push(value)
    }
    await holds.pass(url.pathname, 'answer')
    if (answer.type === 'error') return answer
    for (const line of cookies) answer.headers.append('Set-Cookie', line)
    const location = answer.headers.get('location')
    if (url.pathname === '/auth/start' && location !== null && test.providerOrigin !== undefined) {
      answer.headers.set('location', location.replace(test.origin, test.providerOrigin))
    }
    return answer
  }

  const answer = async (request: Request, address: string | undefined): Promise<Response> => {
    const url = new URL(request.url)
    if (url.pathname === '/csp-report') {
      test.violations.push(await request.text())
      return new Response(null, { status: 204 })
    }
    const { method, headers } = request
    const found = method === 'GET' ? documentFor(url) : undefined
    const body =
      found || method === 'GET' ? Buffer.alloc(0) : Buffer.from(await request.clone().arrayBuffer())
    test.seen.push({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(headers),
      body,
    })
    return found ?? apiFor(request, url) ?? askBackend(request, url, address)
  }

  const server = await new Promise<ServerType>((resolve) => {
    const made = serve(
      {
        port: 0,
        hostname: '127.0.0.1',
        overrideGlobalObjects: false,
        ...(place && { createServer: createTlsServer, serverOptions: place.tls }),
        async fetch(request, { incoming, outgoing }) {
          const response = await answer(request, incoming.socket.remoteAddress)
          if (response.type !== 'error') return response
          ;(outgoing as ServerResponse).destroy()
          return RESPONSE_ALREADY_SENT
        },
      },
      () => resolve(made),
    )
  })
  const { port } = server.address() as AddressInfo
  const origin = place ? `https://${place.host}:${port}` : `http://localhost:${port}`

  const test: TestServer = {
    origin,
    port,
    backend: createReferenceBackend({
      passwordHash: createCheapHash(),
      clock: { now: () => Date.now() + offset },
      appOrigin: origin,
      ...options,
    }),
    seen: [],
    tokens: [],
    secrets: [],
    violations: [],
    client: { development: false },
    policy: { connect: [], workers: false },
    rewriteCookie: (line) => line,
    fetchMetadata: true,
    providerOrigin: undefined,
    rejections: 0,
    worker: '',
    documents: new Map(),
    site: undefined,
    count: (path) => test.seen.filter((one) => one.path === path && one.method !== 'OPTIONS').length,
    last(path) {
      const found = test.seen.filter((one) => one.path === path && one.method !== 'OPTIONS').at(-1)
      if (found === undefined) throw new Error(`No request for ${path} arrived`)
      return found
    },
    hold: (path, what) => holds.add(path, what),
    advance: (milliseconds) => void (offset += milliseconds),
    async close() {
      holds.releaseAll()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        ;(server as Server).closeAllConnections()
      })
    },
  }
  await test.backend.admin.addUser({ id: 'ada', name: 'Ada', roles: ['admin'], ...ADA })
  await test.backend.admin.addUser({ id: 'bob', name: 'Bob', ...BOB })
  return test
}
