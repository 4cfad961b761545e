/* npm's oidc-provider with the sign-in page that it leaves to its user, on a port of its own. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import OidcProvider, { type Adapter, type AdapterPayload } from 'oidc-provider'
import { ADA, BOB } from '../server.ts'

export interface Account {
  readonly id: string
  readonly name: string
}

const accounts = [
  { id: 'ada', name: 'Ada', ...ADA },
  { id: 'bob', name: 'Bob', ...BOB },
]

export const CLIENT = { id: 'shop', secret: 'of the shop, in these tests' }

export interface Provider {
  readonly issuer: string
  close(): Promise<void>
}

/** What it stores, in memory; the one that it brings says on the console that nobody should use it. */
function createStorage(): (kind: string) => Adapter {
  const stored = new Map<string, AdapterPayload>()
  return (kind) => {
    const keyOf = (id: string) => `${kind}:${id}`
    const first = (matches: (payload: AdapterPayload) => boolean) =>
      [...stored].find(([key, payload]) => key.startsWith(keyOf('')) && matches(payload))?.[1]
    return {
      upsert: async (id, payload) => void stored.set(keyOf(id), payload),
      find: async (id) => stored.get(keyOf(id)),
      findByUid: async (uid) => first((payload) => payload.uid === uid),
      findByUserCode: async (code) => first((payload) => payload.userCode === code),
      consume: async (id) => void (stored.get(keyOf(id))!.consumed = Math.floor(Date.now() / 1000)),
      destroy: async (id) => void stored.delete(keyOf(id)),
      async revokeByGrantId(grant) {
        const isOfIt = (key: string, payload: AdapterPayload) =>
          key.startsWith(keyOf('')) && payload.grantId === grant
        for (const [key, payload] of stored) if (isOfIt(key, payload)) stored.delete(key)
      },
    }
  }
}

const signInPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sign in</title></head>
<body>
<form method="post">
<label>E-mail <input name="email" type="email"></label>
<label>Password <input name="password" type="password"></label>
<button>Sign in</button>
</form>
</body>
</html>
`

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const part of request) text += String(part)
  return new URLSearchParams(text)
}

/** Its client comes back to that address. */
export async function startProvider(redirectUri: string): Promise<Provider> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Another host than that of the app, so that the way to the sign-in page and back crosses sites.
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const provider = new OidcProvider(issuer, {
    adapter: createStorage(),
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirectUri],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256' }] },
    cookies: { keys: ['of these tests'] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    ttl: { Interaction: 600, Grant: 3600, Session: 3600, AccessToken: 300, IdToken: 300 },
    interactions: { url: (_context, { uid }) => `/sign-in/${uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: accounts.find((one) => one.id === id)?.name }),
    }),
    /** Nobody is asked what the shop may know. */
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client!.clientId,
        accountId: oidc.session!.accountId!,
      })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
  })

  const signIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = await formOf(request)
    const found = accounts.find(
      ({ email, password }) => email === form.get('email') && password === form.get('password'),
    )
    if (!found) return void response.writeHead(401).end()
    await provider.interactionFinished(request, response, { login: { accountId: found.id } })
  }
  const handle = provider.callback()
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/sign-in/')) return void handle(request, response)
    if (request.method === 'POST') return void signIn(request, response)
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(signInPage)
  })

  return {
    issuer,
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
