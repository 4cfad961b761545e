/** Runs in the page: the real client, and the first request of an application that waits for nothing. */
import { createAuthClient } from '../src/index.js'

const api = new URLSearchParams(location.search).get('api') ?? location.origin
const auth = createAuthClient({ baseUrl: api, development: false })
const orders = () => auth.fetch(`${api}/api/orders`).then(({ status }) => status)

const hooks = { login: () => auth.login({}), first: orders().catch(() => 0) }
Object.assign(globalThis, { bench: hooks })
export type Hooks = typeof hooks
