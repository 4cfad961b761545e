import { Hono } from 'hono'
import type { Fault, ReferenceBackend } from 'latchkey/testing'
import type { Counts, DemoState } from '../shared/demo-api.js'
import type { DemoBackendOptions } from './backend.js'

/** The calls of the app's script. Navigations go through, so that nobody ends on an error page of the browser. */
const UNREACHABLE: Fault = {
  kind: 'unreachable',
  on: ['login', 'refresh', 'session', 'sessions', 'logout', 'orders', 'profile', 'users'],
}

/**
 * What the page asks the server for besides the app: what it counted, and to drop connections or to answer again. Other
 * sites cannot: PUT and DELETE need a preflight, which nobody here answers.
 */
export function createControl(backend: ReferenceBackend, options: DemoBackendOptions): Hono {
  const { tokenSeconds, insecureCookies } = options
  let restore: (() => void) | undefined
  const state = (): DemoState => ({
    tokenSeconds,
    insecureCookies,
    reachable: restore === undefined,
    counts: countsOf(backend),
  })

  return new Hono()
    .use(async (context, next) => {
      await next()
      context.header('Cache-Control', 'no-store')
    })
    .get('/state', (context) => context.json(state()))
    .put('/reachable', (context) => {
      restore?.()
      restore = undefined
      return context.json(state())
    })
    .delete('/reachable', (context) => {
      restore ??= backend.faults.add(UNREACHABLE)
      return context.json(state())
    })
}

function countsOf({ stats }: ReferenceBackend): Counts {
  const endpoints = Object.values(stats.all())
  const dropped = endpoints.reduce((sum, outcomes) => sum + (outcomes['fault:unreachable'] ?? 0), 0)
  return {
    signIns: stats.count('login', 'ok') + stats.count('callback', 'ok'),
    renewals: stats.count('refresh', 'rotated') + stats.count('refresh', 'redelivered'),
    apiRequests: stats.count('orders', 'ok') + stats.count('profile', 'ok') + stats.count('users', 'ok'),
    signOuts: stats.count('logout', 'ok'),
    dropped,
  }
}
