import { Hono } from 'hono/tiny'
import { createAccess, type Access } from './access.js'
import { json, Refusal, refused } from './answers.js'
import { addAuthRoutes } from './auth-routes.js'
import { createAuthenticate, type Authenticate } from './callers.js'
import { createCookies, type Cookies } from './cookies.js'
import { createCredentials, type Credentials } from './credentials.js'
import { createCsrf, type Csrf } from './csrf.js'
import { createDevices, type Devices } from './devices.js'
import { beginExchange, type Environment, type Exchange, type RequestContext } from './exchange.js'
import { finish, preflight } from './headers.js'
import { createRefresh, type Refreshed, type RefreshRequest } from './refresh.js'
import { createRotation } from './rotation.js'
import { addSessionRoutes } from './session-routes.js'
import { createSessions, type Sessions } from './sessions.js'
import type { Settings } from './settings.js'
import { createSignInCheck, type CheckSignIn } from './sign-in.js'

/** The parts of a server, for its routes. */
export interface Services {
  readonly settings: Settings
  readonly sessions: Sessions
  readonly access: Access
  readonly cookies: Cookies
  readonly credentials: Credentials
  readonly csrf: Csrf
  readonly authenticate: Authenticate
  readonly devices: Devices
  readonly checkSignIn: CheckSignIn
  readonly refresh: (request: RefreshRequest) => Promise<Refreshed>
}

/** What a backend that is more than the server adds to it. */
export interface Additions {
  routes?(app: Hono<Environment>): void
  /** Is around each call but preflights. */
  around?(exchange: Exchange, process: () => Promise<Response>): Promise<Response>
}

export type Handle = (request: Request, context?: RequestContext) => Promise<Response>

export function createServices(settings: Settings): Services {
  const cookies = createCookies(settings)
  const csrf = createCsrf(settings, cookies)
  const sessions = createSessions(settings)
  const access = createAccess(settings, sessions)
  const credentials = createCredentials(settings, cookies, sessions)
  const rotation = createRotation(settings)
  const devices = createDevices(settings)
  const parts = { access, sessions, credentials, cookies, csrf, rotation }
  return {
    settings,
    ...parts,
    authenticate: createAuthenticate(settings, parts),
    devices,
    checkSignIn: createSignInCheck(settings, devices),
    refresh: createRefresh(settings, sessions, access, rotation),
  }
}

export function createHandle(services: Services, additions: Additions = {}): Handle {
  const { settings } = services
  const app = new Hono<Environment>()
  addAuthRoutes(app, services)
  addSessionRoutes(app, services)
  additions.routes?.(app)
  // Whatever a known path was not asked for above: refresh, logout and sign-in by GET above all.
  for (const { path, methods } of Object.values(settings.endpoints)) {
    app.all(path, () => {
      throw new Refusal(405, 'method_not_allowed', { headers: { Allow: methods } })
    })
  }
  app.all('*', () => {
    throw new Refusal(404, 'not_found')
  })
  app.onError((error, { env: { exchange } }) => refusalOf(error, exchange, services))

  const around = additions.around ?? ((_exchange, process) => process())
  return async (request, context = {}) => {
    const exchange = beginExchange(request, context, settings)
    const answer =
      request.method === 'OPTIONS'
        ? preflight(settings, exchange)
        : await around(exchange, async () => {
            try {
              return await app.fetch(request, { exchange })
            } catch (error) {
              // Hono answers errors alone, and what a body or a signer of others fails with may be none.
              return refusalOf(error, exchange, services)
            }
          })
    if (answer.type === 'error') return answer
    finish(settings, exchange, answer)
    const setCookie = context.setCookie ?? ((value: string) => answer.headers.append('Set-Cookie', value))
    for (const value of services.cookies.withFormer(exchange.cookies, exchange.header('cookie')))
      setCookie(value)
    return answer
  }
}

export function refusalOf(
  error: unknown,
  exchange: Exchange,
  { settings, cookies }: Pick<Services, 'settings' | 'cookies'>,
): Response {
  const isRefusal = error instanceof Refusal
  if (!isRefusal) settings.emit({ type: 'fault', error })
  exchange.outcome = isRefusal ? error.code : 'server_error'
  // Who cannot be answered keeps the cookie that he has.
  if (!isRefusal || error.status >= 500) exchange.cookies = []
  if (!isRefusal) return json({ error: 'server_error' }, 500)
  if (error.deletes !== undefined && !exchange.isNative)
    exchange.cookies.push(...cookies.deleteCredential(error.deletes))
  return refused(error)
}
