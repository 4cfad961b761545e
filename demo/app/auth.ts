import { createAuthClient } from 'latchkey'
import { createApi } from 'latchkey/ky'
import { createAuthContext } from 'latchkey/react'
import { HINT_COOKIE } from '../shared/demo-api.js'
import { isStatic, isWindow } from './place.js'

export interface User {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly roles: readonly string[]
}

/** The one client of this page. A back-off of 8 s at most, so that nobody waits long for the end of an outage they made. */
export const auth = createAuthClient<User>({
  parseUser,
  // As the server wants it, which is changed by a switch of the lab: with tokens, or with a cookie session.
  mode: 'auto',
  session: { csrf: { header: 'X-CSRF-Token' } },
  hint: { cookie: HINT_COOKIE },
  retry: { cap: 8000 },
  hideOnRestore: true,
  // The lab shows which request it was; no path of the shop is a secret.
  diagnosticPath: (path) => path,
  ...(isStatic ? { fetch: mocked } : {}),
})

/**
 * Where the server is mocked, it is inside this page, or the one around it. Firefox hands no `keepalive` request to a
 * service worker, and a mock that goes away with the page has no use for one.
 */
function mocked(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
  return (isWindow ? window.parent : window).fetch(input, { ...init, keepalive: false })
}

/** All data of the shop comes this way. One retry of ky, so that an outage is shown soon. */
export const api = createApi(auth, { prefix: '/api', retry: 1 })

/** Provider and hooks of `latchkey/react` that know the user of this shop. */
export const { AuthProvider, useAuth, useUser, useSessionEnd, RequireAuth, SignedIn } =
  createAuthContext<typeof auth>()

function parseUser(value: unknown): User {
  const user = value as User
  const valid = typeof user.id === 'string' && typeof user.name === 'string' && Array.isArray(user.roles)
  if (!valid) throw new TypeError('The user in the answer has no id, name or roles')
  return user
}
