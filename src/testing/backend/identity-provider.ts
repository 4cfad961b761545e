import { Refusal } from '../../server/answers.js'
import { digest, newSecret, sameText } from '../../server/secrets.js'
import type { BackendSettings } from './settings.js'

/*
 * The part an identity provider plays in a redirect login: it knows one client, the backend itself, and one
 * redirect address, and hands out codes that work once and only together with the PKCE verifier.
 */

export interface AuthorizationRequest {
  readonly state: string
  readonly challenge: string
  readonly redirectUri: string
}

/** What was asked for, and once the user has signed in, the code for it. */
interface Authorization extends AuthorizationRequest {
  readonly userId?: string
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

export function createIdentityProvider({ clock, random, store }: BackendSettings): IdentityProvider {
  const keep = (secret: string, authorization: Authorization, ms: number): Promise<boolean> =>
    store.put(`authorization:${digest(secret)}`, JSON.stringify(authorization), {
      expiresAt: Math.ceil(clock.now()) + ms,
    })
  const take = async (secret: string): Promise<Authorization | undefined> => {
    const found = await store.take(`authorization:${digest(secret)}`)
    return found && (JSON.parse(found.value) as Authorization)
  }

  return {
    async begin(request) {
      const id = newSecret(random)
      await keep(id, request, FORM_MS)
      return id
    },
    async complete(id, userId) {
      const request = await take(id)
      if (request === undefined) throw new Refusal(400, 'invalid_request')
      const code = newSecret(random)
      await keep(code, { ...request, userId }, CODE_MS)
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
