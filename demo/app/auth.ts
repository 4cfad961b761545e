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
  hint: { cookie: HINT_COOKIE },
  retry: { cap: 8000 },
  hideOnRestore: true,
  // Where the server is mocked, it is inside the page around this one.
  ...(isStatic && isWindow ? { fetch: (input, init) => window.parent.fetch(input, init) } : {}),
})

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
