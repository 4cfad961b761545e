import { endpointsAt } from '../../server/exchange.js'

/** The calls of the reference backend: those of the server, a sign-in by redirect, and a small API. */
export const BACKEND_ENDPOINTS = {
  ...endpointsAt('/auth'),
  start: { path: '/auth/start', methods: 'GET' },
  callback: { path: '/auth/callback', methods: 'GET' },
  provider: { path: '/idp/login', methods: 'GET, POST' },
  style: { path: '/idp/style.css', methods: 'GET' },
  orders: { path: '/api/orders', methods: 'GET' },
  profile: { path: '/api/profile', methods: 'GET, PUT' },
  users: { path: '/api/admin/users', methods: 'GET' },
} as const

/** Name of an endpoint in faults and statistics; `other` is what is not there. */
export type Endpoint = keyof typeof BACKEND_ENDPOINTS | 'other'

export const ENDPOINTS = Object.fromEntries(
  Object.entries(BACKEND_ENDPOINTS).map(([name, { path }]) => [name, path]),
) as { readonly [K in keyof typeof BACKEND_ENDPOINTS]: (typeof BACKEND_ENDPOINTS)[K]['path'] }
