import ky, { type KyInstance, type Options } from 'ky'
import type { AuthClient } from './client.js'

/**
 * A ky instance whose requests are sent through the client: it waits for a token, and answers a 401 by one refresh and one
 * replay. ky's own retries count what is left: a network fault or one of its retry codes (401 is not among them), so a
 * request makes at most `2 × (retry.limit + 1)` network attempts, and at most two wherever ky does not retry.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { createApi } from 'latchkey/ky'
 * const auth = createAuthClient()
 * const api = createApi(auth, { prefix: '/api' })
 * const orders = await api.get('orders').json()
 */
export function createApi(auth: Pick<AuthClient<never>, 'fetch'>, options: Options = {}): KyInstance {
  return ky.create({ ...options, fetch: (input, init) => auth.fetch(input, init) })
}
