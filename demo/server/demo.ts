import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import { createScryptHash } from 'latchkey/testing'
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createClock, createDemoBackend, platformRandom } from '../backend/backend.js'
import { createControl } from '../backend/control.js'
import { Thief } from '../backend/thief.js'
import { openData } from './data.js'
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
  /** Where accounts and sessions are kept, if not in a folder of its own for each port. */
  readonly data?: string | undefined
  /** Serves the sources and follows their changes, instead of a built page. */
  readonly watch: boolean
}

export interface Demo {
  readonly url: string
  /** What it keeps is kept in memory, since this Node has no SQLite. */
  readonly forgets: boolean
  close(): Promise<void>
}

/** So long nobody answers: as long as a small server takes to come back, and long enough to be seen. */
const RESTART_MS = 1500

type Environment = { Bindings: HttpBindings }

/** One origin with everything: the page, the reference backend below it, and what the demo asks the server itself. */
export async function startDemo({ port, watch, data: folder, ...options }: DemoOptions): Promise<Demo> {
  let app = new Hono<Environment>()
  const server = createAdaptorServer({
    overrideGlobalObjects: false,
    fetch: (request, env) => app.fetch(request, env),
  }) as Server
  const at = await listen(server, port)
  const origin = `http://localhost:${at}`
  const passwordHash = createScryptHash(platformRandom, undefined, nodeScrypt)
  // Somebody else's memory: it outlives the server.
  const thief = new Thief()
  /** A server of its own with each call: all that it shares with the one before is what is in the folder. */
  const boot = async () => {
    const clock = createClock()
    const data = await openData(folder ?? `${DATA}/${at}`, clock)
    const demo = await createDemoBackend({ origin, ...options }, passwordHash, clock, data?.kept)
    return { data, backend: demo.backend, control: createControl(demo, thief) }
  }
  const booted = boot()
  const page = await (watch ? servePage(server) : buildPage())
  let running: Awaited<typeof booted> | undefined = await booted
  const forgets = running.data === undefined

  const restart = async (): Promise<void> => {
    running?.data?.close()
    running = undefined
    await new Promise((resolve) => setTimeout(resolve, RESTART_MS))
    running = await boot()
  }

  app = new Hono<Environment>()
    // The cookies are those of localhost, and no other name may lead here.
    .use(async ({ req, redirect }, next) =>
      req.header('host') === new URL(origin).host ? next() : redirect(origin),
    )
    .on(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'], BACKEND_PATHS, async ({ req, env }) => {
      const { incoming, outgoing } = env
      if (running === undefined) return hangUp(outgoing)
      const { backend } = running
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
      return hangUp(outgoing)
    })
    .put('/demo/restart', async ({ req }) => {
      if (forgets || running === undefined) return new Response(null, { status: 409 })
      await restart()
      return running.control.fetch(new Request(new URL('/demo/state', req.url)))
    })
    .all('/demo/*', ({ req, env }) =>
      running === undefined ? hangUp(env.outgoing) : running.control.fetch(req.raw),
    )
    .get('*', ({ req, env }) => page.answer(req.path, env.incoming, env.outgoing))

  return {
    url: origin,
    forgets,
    async close() {
      await page.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      running?.data?.close()
    },
  }
}

const DATA = fileURLToPath(new URL('../../node_modules/.latchkey/demo', import.meta.url))

/** As a server does that is not there. */
function hangUp(outgoing: HttpBindings['outgoing']): Response {
  outgoing.destroy()
  return RESPONSE_ALREADY_SENT
}

const BACKEND_PATHS = ['/auth/*', '/idp/*', '/api/*', '/.well-known/*']
