import { Refusal } from '../../server/answers.js'
import type { LoginProvider } from '../../server/providers/provider.js'
import { digest, newSecret, sameText } from '../../server/secrets.js'
import { refuse } from '../../server/sign-in.js'
import type { BackendSettings } from './settings.js'

/*
 * The part an identity provider plays in a redirect login: it knows one client, the backend itself, and one
 * redirect address, and hands out codes that work once and only together with the PKCE verifier.
 */

/** What was asked for, and once the user has signed in, the code for it. */
interface Authorization {
  readonly state: string
  readonly challenge: string
  readonly redirectUri: string
  readonly userId?: string
}

export interface IdentityProvider extends LoginProvider {
  /** The user of the form has signed in: where to send the browser, code included. */
  complete(id: string, userId: string): Promise<string>
}

const FORM_MS = 10 * 60_000
const CODE_MS = 60_000

export function createIdentityProvider(
  { clock, random, store, issuer }: BackendSettings,
  formPath: string,
): IdentityProvider {
  const keep = (secret: string, authorization: Authorization, ms: number): Promise<boolean> =>
    store.put(`authorization:${digest(secret)}`, JSON.stringify(authorization), {
      expiresAt: Math.ceil(clock.now()) + ms,
    })
  const take = async (secret: string): Promise<Authorization | undefined> => {
    const found = await store.take(`authorization:${digest(secret)}`)
    return found && (JSON.parse(found.value) as Authorization)
  }

  return {
    async begin({ state, codeChallenge: challenge, redirectUri }) {
      const id = newSecret(random)
      await keep(id, { state, challenge, redirectUri }, FORM_MS)
      const form = new URL(formPath, redirectUri)
      // The id goes into the form.
      form.searchParams.set('request', id)
      return form
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
    async finish({ parameters, codeVerifier, redirectUri }) {
      const code = parameters.get('code')
      const found = code === null ? undefined : await take(code)
      const isFor = found?.redirectUri === redirectUri && sameText(found.challenge, digest(codeVerifier))
      if (found?.userId === undefined || !isFor) return refuse('invalid_grant', 400)
      return { issuer, subject: found.userId, claims: {} }
    },
  }
}
