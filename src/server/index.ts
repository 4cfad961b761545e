import { Hono } from 'hono/tiny'
import { createAccess } from './access.js'
import { createAdmin, type Admin } from './admin.js'
import { json, Refusal, refused } from './answers.js'
import { addApiRoutes } from './api.js'
import { addAuthRoutes, type Services } from './auth-routes.js'
import { createAuthenticate } from './callers.js'
import { createCookies } from './cookies.js'
import { createCredentials } from './credentials.js'
import { createCsrf } from './csrf.js'
import { beginExchange, ENDPOINTS, METHODS, type Environment, type RequestContext } from './exchange.js'
import { createFaults, type Faults } from './faults.js'
import { finish, preflight } from './headers.js'
import { createIdentityProvider } from './identity-provider.js'
import type { BackendOptions } from './options.js'
import { createPasswordCheck } from './passwords.js'
import type { BackendClock } from './ports.js'
import { createRedirectLogin } from './redirect-login.js'
import { addRedirectRoutes } from './redirect-routes.js'
import { createRefresh } from './refresh.js'
import { createRotation } from './rotation.js'
import { addSessionRoutes } from './session-routes.js'
import { createSessions } from './sessions.js'
import { resolveOptions } from './settings.js'
import { createStats, type Stats } from './stats.js'

export interface ReferenceBackend {
  /**
   * Answers one request. Never rejects; a network error, which only faults make, is a response of type
   * `error`: the mount turns it into a cut connection.
   */
  handle(request: Request, context?: RequestContext): Promise<Response>
  /** The time it goes by. */
  readonly clock: BackendClock
  readonly admin: Admin
  readonly faults: Faults
  readonly stats: Stats
}

/**
 * A backend that speaks the wire of Latchkey and shows how its server side is done. State lives in memory by
 * default; it is made to be tested against and read, not to be deployed.
 */
export function createReferenceBackend(options: BackendOptions = {}): ReferenceBackend {
  const settings = resolveOptions(options)
  const stats = createStats()
  const cookies = createCookies(settings)
  const csrf = createCsrf(settings, cookies)
  const { faults, run } = createFaults(settings, stats, csrf)
  const sessions = createSessions(settings)
  const access = createAccess(settings, sessions)
  const provider = createIdentityProvider(settings)
  const credentials = createCredentials(settings, cookies, sessions)
  const rotation = createRotation(settings)
  const parts = { access, sessions, credentials, cookies, csrf, rotation }
  const services: Services = {
    settings,
    ...parts,
    authenticate: createAuthenticate(settings, parts),
    checkPassword: createPasswordCheck(settings),
    redirectLogin: createRedirectLogin(settings, provider),
    refresh: createRefresh(settings, sessions, access, rotation),
  }

  const app = new Hono<Environment>()
  addAuthRoutes(app, services)
  addSessionRoutes(app, services)
  addRedirectRoutes(app, services, provider)
  addApiRoutes(app, settings, services.authenticate)
  // Whatever a known path was not asked for above: refresh, logout and sign-in by GET above all.
  for (const [name, path] of Object.entries(ENDPOINTS)) {
    app.all(path, () => {
      throw new Refusal(405, 'method_not_allowed', {
        headers: { Allow: METHODS[name as keyof typeof ENDPOINTS] },
      })
    })
  }
  app.all('*', () => {
    throw new Refusal(404, 'not_found')
  })
  app.onError((error, { env: { exchange } }) => {
    exchange.outcome = error instanceof Refusal ? error.code : 'server_error'
    if (!(error instanceof Refusal)) return json({ error: 'server_error' }, 500)
    if (error.deletes !== undefined) exchange.cookies.push(...cookies.deleteCredential(error.deletes))
    return refused(error)
  })

  return {
    clock: settings.clock,
    admin: createAdmin(settings, sessions, csrf),
    faults,
    stats,
    async handle(request, context = {}) {
      const exchange = beginExchange(request, context, settings.origin)
      const answer =
        request.method === 'OPTIONS'
          ? preflight(settings, exchange)
          : await run(exchange, async () => {
              const processed = await app.fetch(request, { exchange })
              stats.record(exchange.endpoint, exchange.outcome)
              return processed
            })
      if (answer.type === 'error') return answer
      finish(settings, exchange, answer)
      const setCookie = context.setCookie ?? ((value: string) => answer.headers.append('Set-Cookie', value))
      for (const value of exchange.cookies) setCookie(value)
      return answer
    },
  }
}
