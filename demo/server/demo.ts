import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import { createScryptHash, type ReferenceBackend } from 'latchkey/testing'
import type { Server } from 'node:http'
import { createDemoBackend, platformRandom } from '../backend/backend.js'
import { createControl } from '../backend/control.js'
import { Thief } from '../backend/thief.js'
import { listen } from './listen.js'
import { nodeScrypt } from './node-scrypt.js'
import { buildPage, servePage } from './page.js'

export interface DemoOptions {
  /** Where to begin to look for a free port. */
  readonly port: number
  /** How long an access token lives. */
  readonly tokenSeconds: number
  /** See `DemoState`. */
  readonly insecureCookies: boolean
  /** Serves the sources and follows their changes, instead of a built page. */
  readonly watch: boolean
}

export interface Demo {
  readonly url: string
  readonly backend: ReferenceBackend
  close(): Promise<void>
}

type Environment = { Bindings: HttpBindings }

/** One origin with everything: the page, the reference backend below it, and what the demo asks the server itself. */
export async function startDemo({ port, watch, ...options }: DemoOptions): Promise<Demo> {
  let app = new Hono<Environment>()
  const server = createAdaptorServer({
    overrideGlobalObjects: false,
    fetch: (request, env) => app.fetch(request, env),
  }) as Server
  const origin = `http://localhost:${await listen(server, port)}`
  const passwordHash = createScryptHash(platformRandom, undefined, nodeScrypt)
  const [demo, page] = await Promise.all([
    createDemoBackend({ origin, ...options }, passwordHash),
    watch ? servePage(server) : buildPage(),
  ])

  const { backend } = demo
  const thief = new Thief()
  const control = createControl(demo, thief)

  app = new Hono<Environment>()
    // The cookies are those of localhost, and no other name may lead here.
    .use(async ({ req, redirect }, next) =>
      req.header('host') === new URL(origin).host ? next() : redirect(origin),
    )
    .on(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'], BACKEND_PATHS, async ({ req, env }) => {
      const { incoming, outgoing } = env
      const lines: string[] = []
      const answer = await backend.handle(req.raw, {
        address: incoming.socket.remoteAddress,
        setCookie: (line) => lines.push(line),
      })
      thief.watch(req.path, req.header('cookie'), lines)
      if (answer.type !== 'error') {
        for (const line of lines) answer.headers.append('Set-Cookie', line)
        return answer
      }
      outgoing.destroy()
      return RESPONSE_ALREADY_SENT
    })
    .all('/demo/*', ({ req }) => control.fetch(req.raw))
    .get('*', ({ req, env }) => page.answer(req.path, env.incoming, env.outgoing))

  return {
    url: origin,
    backend,
    async close() {
      await page.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const BACKEND_PATHS = ['/auth/*', '/idp/*', '/api/*', '/.well-known/*']
