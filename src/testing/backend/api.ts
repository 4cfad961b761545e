import type { Hono } from 'hono/tiny'
import { json, Refusal } from '../../server/answers.js'
import type { Authenticate } from '../../server/callers.js'
import { readJson } from '../../server/checks.js'
import type { Environment } from '../../server/exchange.js'
import { ENDPOINTS } from './endpoints.js'
import { requireScope } from '../../server/scopes.js'
import type { BackendSettings } from './settings.js'
import { publicUser } from './users.js'

const ORDERS = 23
const PAGE_SIZE = 5
const GOODS = ['Brass key', 'Door bell', 'Hinge', 'Padlock', 'Letter box', 'Door mat', 'Lantern']

/** A small protected API: it asks who calls and what he may, and not how he proved it. */
export function addApiRoutes(
  app: Hono<Environment>,
  settings: BackendSettings,
  authenticate: Authenticate,
): void {
  const { users } = settings
  app.get(ENDPOINTS.orders, async ({ req, env: { exchange } }) => {
    const caller = await authenticate(exchange)
    requireScope(caller, 'orders')
    const pages = Math.ceil(ORDERS / PAGE_SIZE)
    const page = Number(req.query('page') ?? 1)
    if (!Number.isInteger(page) || page < 1 || page > pages) throw new Refusal(400, 'invalid_request')
    const orders = Array.from({ length: ORDERS }, (_, index) => ({
      id: `${caller.userId}-${index + 1}`,
      item: GOODS[index % GOODS.length],
      quantity: (index % 4) + 1,
    }))
    return json({
      orders: orders.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
      page,
      pages,
      total: ORDERS,
    })
  })

  app.get(ENDPOINTS.profile, async ({ env: { exchange } }) => {
    const caller = await authenticate(exchange)
    requireScope(caller, 'profile')
    const user = await users.find(caller.userId)
    if (user === undefined) throw new Refusal(404, 'not_found')
    return json(publicUser(user))
  })

  app.put(ENDPOINTS.profile, async ({ req, env: { exchange } }) => {
    const caller = await authenticate(exchange)
    requireScope(caller, 'profile')
    const { name } = await readJson(req.raw, settings)
    const user = await users.find(caller.userId)
    if (user === undefined) throw new Refusal(404, 'not_found')
    if (typeof name !== 'string' || name.trim() === '' || name.length > 100) {
      throw new Refusal(400, 'invalid_request', { description: 'Send {"name"} of 1 to 100 characters' })
    }
    const changed = { ...user, name: name.trim() }
    await users.save(changed)
    return json(publicUser(changed))
  })

  app.get(ENDPOINTS.users, async ({ env: { exchange } }) => {
    const caller = await authenticate(exchange)
    requireScope(caller, 'admin')
    return json((await users.all()).map((user) => ({ ...publicUser(user), disabled: user.disabled })))
  })
}
