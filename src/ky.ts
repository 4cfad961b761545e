import ky, { type KyInstance, type Options } from 'ky'
import type { AuthClient } from './client.js'

type AuthRequestInit = NonNullable<Parameters<AuthClient['fetch']>[1]>

/** Options of ky, except `fetch`, and whether requests act for the user. */
export type ApiOptions = Omit<Options, 'fetch'> & Pick<AuthRequestInit, 'auth'>

/**
 * A ky instance whose requests go through the client; those made from it with `extend` do, too. It waits for a token, and
 * answers a 401 by one refresh and one replay. Retries do not multiply: ky repeats what it repeats without the client
 * (network faults and its status codes, 401 is none of them, and never an `AuthError`), and a replay comes once in a
 * whole call. So a call makes at most `retry.limit + 2` network attempts: four by default, two where ky does not retry,
 * as with POST. `timeout` spans the waiting, the refresh and the replay of one try.
 *
 * Rejects with an `AuthError` for all that concerns signing in, and with ky's own errors for the rest.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { createApi } from 'latchkey/ky'
 * const auth = createAuthClient()
 * const api = createApi(auth, { prefix: '/api' })
 * const orders = await api.get('orders').json<{ id: string }[]>()
 */
export function createApi(auth: Pick<AuthClient, 'fetch'>, options: ApiOptions = {}): KyInstance {
  return ky.create(options).extend({
    fetch: (input, init) => auth.fetch(input, init),
    hooks: {
      init: [
        (call) => {
          // Members that ky does not know come with every try of the call.
          let replays = 1
          Object.assign(call, { replay: () => replays-- > 0 } satisfies AuthRequestInit)
        },
      ],
    },
  })
}
