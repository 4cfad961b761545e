import type { RequestContext } from '../../server/exchange.js'
import type { BackendClock } from '../../server/ports.js'
import { createHandle, createServices } from '../../server/server.js'
import { createAdmin, type Admin } from './admin.js'
import { addApiRoutes } from './api.js'
import { createFaults, type Faults } from './faults.js'
import type { BackendOptions } from './options.js'
import { addRedirectRoutes } from './redirect-routes.js'
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
 * The server of `latchkey/server` to test against: with people of its own, an identity provider, a small API, faults and
 * statistics. State lives in memory unless a store is handed in.
 */
export function createReferenceBackend(options: BackendOptions = {}): ReferenceBackend {
  const settings = resolveOptions(options)
  const services = createServices(settings)
  const stats = createStats()
  const { faults, run } = createFaults(settings, stats, services.csrf)

  return {
    clock: settings.clock,
    admin: createAdmin(settings, services),
    faults,
    stats,
    handle: createHandle(services, {
      routes(app) {
        addRedirectRoutes(app, services, settings)
        addApiRoutes(app, settings, services.authenticate)
      },
      around: (exchange, process) =>
        run(exchange, async () => {
          const answer = await process()
          stats.record(exchange.endpoint, exchange.outcome)
          return answer
        }),
    }),
  }
}
