import { Refusal } from './answers.js'
import { digest, newSecret, sameText } from './secrets.js'
import type { Settings } from './settings.js'
import type { Authorization } from './store.js'

/*
 * The part an identity provider plays in a redirect login: it knows one client, the backend itself, and one
 * redirect address, and hands out codes that work once and only together with the PKCE verifier.
 */

export interface AuthorizationRequest {
  readonly state: string
  readonly challenge: string
  readonly redirectUri: string
}

export interface IdentityProvider {
  /** Takes note of a request; the id goes into the form. */
  begin(request: AuthorizationRequest): Promise<string>
  /** The user of the form has signed in: where to send the browser, code included. */
  complete(id: string, userId: string): Promise<string>
  /** Whose code it is. Works once. */
  redeem(code: string, verifier: string, redirectUri: string): Promise<string>
}

const FORM_MS = 10 * 60_000
const CODE_MS = 60_000

export function createIdentityProvider({ clock, random, store }: Settings): IdentityProvider {
  const { authorizations } = store
  const take = async (secret: string): Promise<Authorization | undefined> => {
    const found = await authorizations.take(digest(secret))
    return found !== undefined && clock.now() < found.expiresAt ? found : undefined
  }

  return {
    async begin(request) {
      const id = newSecret(random)
      await authorizations.set(digest(id), { ...request, expiresAt: clock.now() + FORM_MS })
      return id
    },
    async complete(id, userId) {
      const request = await take(id)
      if (request === undefined) throw new Refusal(400, 'invalid_request')
      const code = newSecret(random)
      await authorizations.set(digest(code), { ...request, userId, expiresAt: clock.now() + CODE_MS })
      const target = new URL(request.redirectUri)
      target.searchParams.set('code', code)
      target.searchParams.set('state', request.state)
      return target.href
    },
    async redeem(code, verifier, redirectUri) {
      const found = await take(code)
      const userId = found?.userId
      if (
        userId === undefined ||
        found?.redirectUri !== redirectUri ||
        !sameText(found.challenge, digest(verifier))
      ) {
        throw new Refusal(400, 'invalid_grant')
      }
      return userId
    },
  }
}
