/* The public client in a document, with nothing of it replaced but the network. */
import { createAuthClient } from 'latchkey'
import { http as http3 } from 'msw'
import { http as http2 } from 'msw-2'
import { setupServer as setupServer2 } from 'msw-2/node'
import { setupServer as setupServer3 } from 'msw/node'
import { afterEach, expect, it } from 'vitest'
import { createBackendHandlers } from '../../src/testing/msw.js'
import { ADA, createTestBackend, type TestBackend } from '../server/support.js'

let close = (): void => {}
afterEach(() => close())

type Start = (backend: TestBackend, origin: string) => { listen(): void; close(): void }

const VERSIONS: readonly [name: string, start: Start][] = [
  ['MSW 2', (backend, origin) => setupServer2(...createBackendHandlers(backend, { http: http2, origin }))],
  ['MSW 3', (backend, origin) => setupServer3(...createBackendHandlers(backend, { http: http3, origin }))],
]

it.each(VERSIONS)(
  'R61 R91 BBA-01 %s: a page signs in, works past the end of its token, reloads and signs out, and stores no token',
  async (_, start) => {
    const backend = await createTestBackend({ cookies: { insecureCookies: true } })
    const server = start(backend, location.origin)
    server.listen()
    close = () => server.close()

    const auth = createAuthClient<{ id: string }>({ development: false })
    expect(await auth.ready()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
    expect(await auth.login(ADA)).toMatchObject({ status: 'authenticated', user: { id: 'ada' } })
    const tokens = [await auth.getAccessToken()]
    expect((await auth.fetch('/api/orders')).status).toBe(200)
    // The server's clock alone moves: what the page believes to be good is refused with 401.
    backend.time.advance(301_000)
    expect(await (await auth.fetch(new URL('/api/orders?page=2', location.href))).json()).toMatchObject({
      page: 2,
    })
    tokens.push(await auth.getAccessToken())
    expect(backend.stats.all()['refresh']).toMatchObject({ rotated: 1 })
    auth.dispose()

    const reloaded = createAuthClient<{ id: string }>({ development: false })
    expect(await reloaded.ready()).toMatchObject({ status: 'authenticated', user: { id: 'ada' } })
    expect((await reloaded.fetch(new Request(new URL('/api/profile', location.href)))).status).toBe(200)
    tokens.push(await reloaded.getAccessToken())
    expect(new Set(tokens).size).toBe(3)

    const stores = JSON.stringify([
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      document.cookie,
      location.href,
      name,
    ])
    for (const token of tokens) expect(stores).not.toContain(token)
    // The register, when somebody used a page last, and until when a tab holds a token.
    expect(Object.keys(localStorage)).toHaveLength(3)
    expect(await reloaded.logout()).toEqual({ server: 'confirmed', durable: true })
    await expect(reloaded.fetch('/api/orders')).rejects.toMatchObject({ code: 'login_required' })
    reloaded.dispose()
  },
)
