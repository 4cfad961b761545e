/* npm's oidc-provider with the sign-in page that it leaves to its user, on a port of its own. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import OidcProvider, { type Adapter, type AdapterPayload, type Configuration } from 'oidc-provider'

export interface Account {
  readonly id: string
  readonly name: string
}

/** With the passwords that they have at our own servers of the tests. */
const accounts = [
  { id: 'ada', name: 'Ada', email: 'ada@example.com', password: 'difference engine' },
  { id: 'bob', name: 'Bob', email: 'bob@example.com', password: 'other secret' },
]

export const CLIENT = { id: 'shop', secret: 'of the shop, in these tests' }

export interface Provider {
  readonly issuer: string
  /** Signs with a new key from now on. The old one is published no more. */
  rotate(): Promise<void>
  /** What people were sent there with. */
  readonly asked: URLSearchParams[]
  /** Of each request. */
  readonly paths: string[]
  /** What it says otherwise of everybody, in ID tokens or as user info. */
  readonly says: Record<string, object>
  /** Every token that it has given out. */
  readonly tokens: string[]
  /** While it is set, every answer is that. */
  answerWith(status: number | undefined): void
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

/** Its client comes back to one of these addresses. */
export async function startProvider(...redirectUris: string[]): Promise<Provider> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Another host than that of the app, so that the way to the sign-in page and back crosses sites.
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const adapter = createStorage()
  const tokens: string[] = []
  const asked: URLSearchParams[] = []
  const paths: string[] = []
  const says: Record<string, object> = {}
  let fault: number | undefined
  const create = async (): Promise<OidcProvider> => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const made = new OidcProvider(issuer, configure({ ...(await exportJWK(privateKey)), alg: 'ES256' }))
    made.use(async (context, next) => {
      paths.push(context.path)
      if (context.method === 'GET' && context.path === '/auth')
        asked.push(new URLSearchParams(context.querystring))
      await next()
      const { access_token: access, id_token: id } = (context.body ?? {}) as Record<
        string,
        string | undefined
      >
      tokens.push(...[access, id].flatMap((token) => token ?? []))
    })
    return made
  }
  const configure = (key: JWK): Configuration => ({
    adapter,
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: redirectUris,
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['of these tests'] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    ttl: { Interaction: 600, Grant: 3600, Session: 3600, AccessToken: 300, IdToken: 300 },
    interactions: { url: (_context, { uid }) => `/sign-in/${uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: (use) => {
        const { name, email } = accounts.find((one) => one.id === id)!
        return { sub: id, name, email, email_verified: true, ...says[use] }
      },
    }),
    /** Nobody is asked what the shop may know. */
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client!.clientId,
        accountId: oidc.session!.accountId!,
      })
      grant.addOIDCScope('openid profile email')
      await grant.save()
      return grant
    },
  })
  let provider = await create()

  const signIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = await formOf(request)
    const found = accounts.find(
      ({ email, password }) => email === form.get('email') && password === form.get('password'),
    )
    if (!found) return void response.writeHead(401).end()
    await provider.interactionFinished(request, response, { login: { accountId: found.id } })
  }
  server.on('request', (request, response) => {
    if (fault !== undefined) return void response.writeHead(fault).end()
    if (!request.url?.startsWith('/sign-in/')) return void provider.callback()(request, response)
    if (request.method === 'POST') return void signIn(request, response)
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(signInPage)
  })

  return {
    issuer,
    asked,
    paths,
    says,
    tokens,
    answerWith: (status) => void (fault = status),
    async rotate() {
      provider = await create()
    },
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Signs in there as a browser does that follows from the address to begin at: gives the answer that leads back, and what it is posted with. */
export async function signInAt(
  start: string,
  email: string,
  password: string,
): Promise<{ url: URL; form: URLSearchParams }> {
  const jar = new Map<string, string>()
  const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    return answer
  }
  const page = new URL((await ask(start)).headers.get('location') ?? '', start).href
  const posted = await ask(page, { method: 'POST', body: new URLSearchParams({ email, password }) })
  const back = await ask(new URL(posted.headers.get('location') ?? '', start).href)
  const location = back.headers.get('location')
  if (location !== null) return { url: new URL(location), form: new URLSearchParams() }
  const html = await back.text()
  const fields = html.matchAll(/name="(\w+)" value="([^"]*)"/g)
  return {
    url: new URL(/action="([^"]*)"/.exec(html)?.[1] ?? ''),
    form: new URLSearchParams([...fields].map(([, name = '', value = '']) => [name, value])),
  }
}
