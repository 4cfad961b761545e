/* A server that others wrote, on a port of its own, with the test pages beside it. It can be restarted. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { buildAssets } from '../assets.ts'
import { appPage, contentSecurityPolicy } from '../documents.ts'
import type { PageOptions } from '../pages/main.ts'

/** What one life of the server is: what answers requests, and a way to end its sessions as if their time were over. */
export interface Life {
  /** An app of Express is one. */
  readonly handle: RequestListener
  readonly expireSessions: () => void | Promise<void>
  /** Ends what else it has started. */
  readonly close?: () => Promise<void>
}

export interface Peer {
  readonly origin: string
  /** Method, path and status of each request for anything but pages and scripts, in the order of their answers. */
  readonly seen: string[]
  /** Reports of browsers that found the policy violated. */
  readonly violations: string[]
  expireSessions(): Promise<void>
  /** Ends all connections and forgets all that was kept in memory, and is back on the same port. */
  restart(): Promise<void>
  close(): Promise<void>
}

export async function startPeer(
  client: PageOptions,
  live: (origin: string) => Life | Promise<Life>,
): Promise<Peer> {
  const assets = await buildAssets()
  const seen: string[] = []
  const violations: string[] = []
  const policy = contentSecurityPolicy({ connect: [...(client.allowedOrigins ?? [])], workers: false })

  const pages = express.Router()
  pages.get('/', (_request, response) => {
    response.set('Content-Security-Policy', policy).send(appPage(client))
  })
  pages.get('/favicon.ico', (_request, response) => void response.sendStatus(404))
  pages.get('/assets/:name', (request, response) => {
    response.type('text/javascript').send(assets.get(request.path))
  })
  pages.post('/csp-report', express.text({ type: () => true }), (request, response) => {
    violations.push(String(request.body))
    response.sendStatus(204)
  })

  let life: Life
  let server: Server
  const listen = async (port: number): Promise<number> => {
    server = createServer()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const address = server.address() as AddressInfo
    life = await live(`http://localhost:${address.port}`)
    const whole = express().use(pages)
    whole.use((request, response, next) => {
      const { method, path } = request
      const writeHead = response.writeHead.bind(response) as (...given: unknown[]) => typeof response
      // Noted before the browser can know of it, so that no test counts an answer too late.
      response.writeHead = (...given: unknown[]) => {
        seen.push(`${method} ${path} ${String(given[0])}`)
        return writeHead(...given)
      }
      next()
    })
    server.on(
      'request',
      whole.use((request, response) => life.handle(request, response)),
    )
    return address.port
  }
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
    server.closeAllConnections()
    await closed
    await life.close?.()
  }
  const port = await listen(0)
  return {
    origin: `http://localhost:${port}`,
    seen,
    violations,
    expireSessions: async () => life.expireSessions(),
    async restart() {
      await close()
      await listen(port)
    },
    close,
  }
}
