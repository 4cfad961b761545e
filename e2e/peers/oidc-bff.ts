/*
 * A small backend for frontend behind an OpenID provider that is not ours: the authorization code with PKCE is exchanged at the
 * server, the provider's tokens stay there, and the browser gets what the contract says, a refresh cookie or a session
 * (docs/backend-contract.md).
 */
import { createHash, randomBytes } from 'node:crypto'
import { getRequestListener } from '@hono/node-server'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose'
import type { Life } from './host.ts'
import { type Account, CLIENT, startProvider } from '../../test/tools/oidc-provider.ts'

export type BffMode = 'token' | 'session'

export interface BffLife extends Life {
  /** What each account is called by now. */
  readonly names: Map<string, string>
  /** The provider's tokens that it holds. */
  tokens(): readonly string[]
}

interface Session {
  readonly id: string
  readonly sub: string
  /** Of the provider; no browser sees them. */
  readonly tokens: { readonly access_token: string; readonly id_token: string } | undefined
}

interface Flow {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
}

interface Metadata {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
}

const secret = (): string => randomBytes(32).toString('base64url')
const cookieOf = (request: Request, name: string): string | undefined =>
  new RegExp(`(?:^|; )${name}=([^;]*)`).exec(request.headers.get('cookie') ?? '')?.[1]
const getJson = async <T>(url: string): Promise<T> => (await fetch(url)).json() as Promise<T>

const error = (status: number, code: string): Response => Response.json({ error: code }, { status })
const seeOther = (location: string, ...cookies: string[]): Response => {
  const headers = new Headers({ Location: location })
  for (const line of cookies) headers.append('Set-Cookie', line)
  return new Response(null, { status: 303, headers })
}

export async function bffLife(origin: string, mode: BffMode): Promise<BffLife> {
  const callback = `${origin}/auth/callback`
  const provider = await startProvider(callback)
  const metadata = await getJson<Metadata>(`${provider.issuer}/.well-known/openid-configuration`)
  const keys = createLocalJWKSet(await getJson<JSONWebKeySet>(metadata.jwks_uri))
  const signingKey = randomBytes(32)
  const names = new Map([
    ['ada', 'Ada'],
    ['bob', 'Bob'],
  ])
  const flows = new Map<string, Flow>()
  /** By the value of the cookie. */
  const sessions = new Map<string, Session>()
  const name = mode === 'token' ? '__Host-refresh' : '__Host-sid'

  const accountOf = ({ sub }: Session): Account => ({ id: sub, name: names.get(sub)! })
  const current = (request: Request): Session | undefined => sessions.get(cookieOf(request, name) ?? '')

  /** As after any sign-in: a new session, in the place of the one whose cookie came along. */
  const signedIn = (request: Request, sub: string, tokens: Session['tokens'], path: string): Response => {
    sessions.delete(cookieOf(request, name) ?? '')
    const value = secret()
    sessions.set(value, { id: secret(), sub, tokens })
    return seeOther(
      path,
      `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=2592000`,
      '__Host-login=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0',
    )
  }

  /** Exchanges the code, and gives who it was for. */
  async function exchange(code: string, { nonce, verifier }: Flow) {
    const answer = await fetch(metadata.token_endpoint, {
      method: 'POST',
      headers: {
        Authorization: `Basic ${btoa(`${encodeURIComponent(CLIENT.id)}:${encodeURIComponent(CLIENT.secret)}`)}`,
      },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: callback,
        code_verifier: verifier,
      }),
    })
    if (!answer.ok) throw new Error(`The provider refused the code: ${await answer.text()}`)
    const tokens = (await answer.json()) as NonNullable<Session['tokens']>
    const { payload } = await jwtVerify(tokens.id_token, keys, {
      issuer: provider.issuer,
      audience: CLIENT.id,
    })
    if (payload['nonce'] !== nonce) throw new Error('The provider answered another question')
    return { sub: payload.sub!, tokens }
  }

  /** Who an API call is from: by the token alone, or by the cookie alone. */
  async function caller(request: Request): Promise<string | undefined> {
    if (mode === 'session') return current(request)?.sub
    const [, token] = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '') ?? []
    if (token === undefined) return undefined
    const verified = await jwtVerify(token, signingKey).catch(() => undefined)
    return verified?.payload.sub
  }

  const routes: Record<string, (request: Request, query: URLSearchParams) => Response | Promise<Response>> = {
    'GET /auth/start'(_request, query) {
      const returnTo = query.get('return_to') ?? '/'
      if (!/^\/(?![/\\])[^\s\\]*$/.test(returnTo)) return error(400, 'invalid_request')
      const id = secret()
      const flow = { state: secret(), nonce: secret(), verifier: secret(), returnTo }
      flows.set(id, flow)
      const url = new URL(metadata.authorization_endpoint)
      url.search = String(
        new URLSearchParams({
          response_type: 'code',
          client_id: CLIENT.id,
          redirect_uri: callback,
          scope: 'openid profile',
          state: flow.state,
          nonce: flow.nonce,
          code_challenge: createHash('sha256').update(flow.verifier).digest('base64url'),
          code_challenge_method: 'S256',
          // Somebody else may sit here than the one whom the provider remembers.
          prompt: 'login',
        }),
      )
      return seeOther(url.href, `__Host-login=${id}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600`)
    },
    async 'GET /auth/callback'(request, query) {
      const id = cookieOf(request, '__Host-login') ?? ''
      const flow = flows.get(id)
      flows.delete(id)
      const isOurs = flow?.state === query.get('state') && query.get('iss') === provider.issuer
      if (!flow || !isOurs) return error(400, 'invalid_request')
      const { sub, tokens } = await exchange(query.get('code') ?? '', flow)
      return signedIn(request, sub, tokens, flow.returnTo)
    },
    // As a link in an e-mail or of an administrator does: the server knows whom it is for.
    'GET /link': (request, query) => signedIn(request, query.get('for')!, undefined, '/'),
    /** As a page of the server does that signs out by itself. */
    'GET /leave'(request) {
      sessions.delete(cookieOf(request, name) ?? '')
      return seeOther('/', `${name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0`)
    },
    'GET /auth/session'(request) {
      const session = current(request)
      return Response.json(session ? { mode, user: accountOf(session), session_id: session.id } : null)
    },
    async 'POST /auth/refresh'(request) {
      if (mode === 'session') return error(404, 'not_found')
      const session = current(request)
      if (!session) return error(401, 'session_expired')
      const token = await new SignJWT({ sid: session.id })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(session.sub)
        .setExpirationTime('5m')
        .sign(signingKey)
      return Response.json({
        access_token: token,
        token_type: 'Bearer',
        expires_in: 300,
        user: accountOf(session),
        session_id: session.id,
      })
    },
    async 'POST /auth/logout'(request) {
      const { session_id: id } = (await request.json()) as { session_id?: string }
      const session = current(request)
      if (!session || (id !== undefined && id !== session.id)) return new Response(null, { status: 204 })
      sessions.delete(cookieOf(request, name) ?? '')
      return new Response(null, {
        status: 204,
        headers: { 'Set-Cookie': `${name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0` },
      })
    },
    async 'GET /api/profile'(request) {
      const sub = await caller(request)
      return sub === undefined ? error(401, 'unauthorized') : Response.json({ id: sub, name: names.get(sub) })
    },
    async 'PUT /api/profile'(request) {
      const sub = await caller(request)
      if (sub === undefined) return error(401, 'unauthorized')
      names.set(sub, ((await request.json()) as { name: string }).name)
      return Response.json({ id: sub, name: names.get(sub) })
    },
  }

  const answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url)
    const route = routes[`${request.method} ${pathname}`]
    if (!route) return error(404, 'not_found')
    const byCookie = pathname.startsWith('/auth/') || mode === 'session'
    // No form and no other site can send it.
    if (request.method !== 'GET' && byCookie && !request.headers.has('x-csrf')) {
      return error(403, 'csrf_header_missing')
    }
    const response = await route(request, searchParams)
    response.headers.set('Cache-Control', 'no-store')
    return response
  }

  const listener = getRequestListener(answer, { overrideGlobalObjects: false })
  return {
    names,
    tokens: () =>
      [...sessions.values()].flatMap(({ tokens }) => (tokens ? [tokens.access_token, tokens.id_token] : [])),
    handle: (request, response) => void listener(request, response),
    expireSessions: () => sessions.clear(),
    close: () => provider.close(),
  }
}
