/* One sign-in, a dashboard that the server renders by the cookie, and two APIs of other origins that check tokens by themselves. */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { createTokenVerifier, type TokenVerifier } from '../src/jwt/index.js'
import {
  createAuthServer,
  done,
  generateKey,
  keySet,
  memoryStore,
  nodeHandler,
  refuse,
  requestOf,
} from '../src/server/index.js'
import { ADA } from './fixtures.ts'
import { expect, openTab, test } from './peers/fixtures.ts'

interface Api {
  readonly origin: string
  readonly asked: (string | undefined)[]
  /** From then on it lets in whoever has a token of this issuer for it. */
  believe(issuer: string): void
  close(): Promise<void>
}

async function startApi(audience: string): Promise<Api> {
  const asked: (string | undefined)[] = []
  let tokens: TokenVerifier | undefined
  let app = ''
  const server = createServer((request: IncomingMessage, response) => {
    const cors = {
      'Access-Control-Allow-Origin': app,
      'Access-Control-Allow-Headers': 'authorization',
      'Access-Control-Expose-Headers': 'WWW-Authenticate',
    }
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value)
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    asked.push(request.headers.cookie)
    void tokens?.authenticate(request, { scope: 'orders:read' }).then(async (caller) => {
      const answer = caller.ok ? Response.json({ audience, by: caller.claims.sub }) : caller.response
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.end(await answer.text())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    asked,
    believe(issuer) {
      app = issuer
      tokens = createTokenVerifier({ issuer, audience, jwks: `${issuer}/.well-known/jwks.json` })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** `latchkey/jwt` for a page, which calls it `jwt`. */
async function verifierForPages(): Promise<string> {
  const entryPoints = [fileURLToPath(new URL('../src/jwt/index.ts', import.meta.url))]
  const { outputFiles } = await build({
    entryPoints,
    bundle: true,
    format: 'iife',
    globalName: 'jwt',
    write: false,
  })
  return outputFiles[0]!.text
}

test('R116 R132 one sign-in serves a dashboard by cookie and two APIs of different audiences on other origins, and no third one', async ({
  start,
  page,
}) => {
  const [orders, mail, foreign] = await Promise.all(
    ['https://orders.example', 'https://mail.example', 'https://foreign.example'].map(startApi),
  )
  const apis = [orders!, mail!, foreign!]
  try {
    const key = await generateKey()
    const allowedOrigins = apis.map(({ origin }) => origin)
    const peer = await start({ mode: 'token', development: false, allowedOrigins }, (origin) => {
      const auth = createAuthServer({
        origin,
        secrets: [randomBytes(32).toString('base64')],
        keys: keySet({ sign: key }),
        audience: ['https://orders.example', 'https://mail.example'],
        store: memoryStore(),
        signIn: ({ body }) =>
          body['password'] === ADA.password ? done({ id: 'ada' }) : refuse('invalid_credentials'),
        findUser: (id) => ({ id, scopes: ['orders:read'], profile: { name: 'Ada' } }),
      })
      const handle = nodeHandler(auth)
      for (const api of apis) api.believe(origin)
      return {
        async handle(request, response) {
          if (await handle(request, response)) return
          const session = await auth.session(requestOf(auth, request))
          response.end(
            session.status === 'authenticated'
              ? `dashboard of ${String(session.user['id'])}`
              : session.status,
          )
        },
        expireSessions: () => undefined,
      }
    })
    const tab = await openTab(page, peer)
    await tab.run('login', ADA)
    for (const [api, audience] of [
      [orders!, 'https://orders.example'],
      [mail!, 'https://mail.example'],
    ] as const) {
      const answer = await tab.run('fetch', `${api.origin}/orders`)
      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { audience, by: 'ada' }])
      // The session's cookie is of the site that signs in, and goes nowhere else.
      expect(api.asked.filter((cookie) => cookie?.includes('refresh'))).toEqual([])
    }
    expect((await tab.run('fetch', `${foreign!.origin}/orders`)).status).toBe(401)
    expect((await tab.run('state')).status).toBe('authenticated')

    // A page can check a token as well, by the keys that the server publishes.
    const checked = await page.evaluate<unknown[]>(`(async () => {
      ${await verifierForPages()}
      const answer = await fetch('/auth/refresh', { method: 'POST', headers: { 'X-CSRF': '1' } })
      const { access_token: token } = await answer.json()
      const issuer = location.origin
      const check = async (audience, token) => {
        const tokens = jwt.createTokenVerifier({ issuer, audience, jwks: issuer + '/.well-known/jwks.json' })
        return tokens.verify(token).then(({ claims }) => claims.sub, ({ reason }) => reason)
      }
      const [head, claims, signature] = token.split('.')
      return [
        await check('https://orders.example', token),
        await check('https://foreign.example', token),
        await check('https://orders.example', [head, claims, (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)].join('.')),
      ]
    })()`)
    expect(checked).toEqual(['ada', 'audience', 'signature'])

    await page.goto(`${peer.origin}/dashboard`)
    await expect(page.locator('body')).toHaveText('dashboard of ada')

    const after = await openTab(page, peer)
    await after.expectUser('ada')
    await after.run('logout')
    await page.goto(`${peer.origin}/dashboard`)
    await expect(page.locator('body')).toHaveText('unauthenticated')
  } finally {
    await Promise.all(apis.map((api) => api.close()))
  }
})
