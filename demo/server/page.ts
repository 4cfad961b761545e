import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import type { Rolldown } from 'vite'
import { build, createServer } from 'vite'
import { viteConfig } from '../vite.js'

/** Answers every path that the backend does not. */
export interface Page {
  answer(path: string, incoming: IncomingMessage, outgoing: ServerResponse): Response
  close(): Promise<void>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** As strict as a page can be that shows itself in frames: own files only, nothing inline, and no text that becomes script. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'self'",
  "require-trusted-types-for 'script'",
].join('; ')

/** The page as one would deploy it, built into memory. */
export async function buildPage(): Promise<Page> {
  const built = (await build({
    ...viteConfig,
    build: { ...viteConfig.build, write: false },
  })) as Rolldown.RolldownOutput
  const files = new Map(
    built.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]),
  )
  return {
    answer(path) {
      const name = path === '/' ? '/index.html' : path
      const content = files.get(name)
      if (content === undefined) return new Response('Not found', { status: 404 })
      return new Response(content as BodyInit, {
        headers: {
          'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
          'Cache-Control': name.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-cache',
          'Content-Security-Policy': POLICY,
          'Cross-Origin-Opener-Policy': 'same-origin',
          'Referrer-Policy': 'no-referrer',
          'X-Content-Type-Options': 'nosniff',
        },
      })
    },
    close: () => Promise.resolve(),
  }
}

/** The page straight from its sources, which follows every change. Its policy is loose: Vite puts scripts into the page. */
export async function servePage(server: Server): Promise<Page> {
  const vite = await createServer({
    ...viteConfig,
    server: { ...viteConfig.server, middlewareMode: true, hmr: { server } },
  })
  return {
    answer(_path, incoming, outgoing) {
      vite.middlewares(incoming, outgoing)
      return RESPONSE_ALREADY_SENT
    },
    close: () => vite.close(),
  }
}
