import { createAuthClient } from 'latchkey'
import { createApi } from 'latchkey/ky'
import { DiagnosticLog } from '../panel/log.js'
import { HINT_COOKIE } from '../shared/demo-api.js'

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
})

/** All data of the shop comes this way. One retry of ky, so that an outage is shown soon. */
export const api = createApi(auth, { prefix: '/api', retry: 1 })

/** Hears everything from the start on; the timeline shows it. */
export const log = new DiagnosticLog()
log.follow(auth)

function parseUser(value: unknown): User {
  const user = value as User
  const valid = typeof user.id === 'string' && typeof user.name === 'string' && Array.isArray(user.roles)
  if (!valid) throw new TypeError('The user in the answer has no id, name or roles')
  return user
}
