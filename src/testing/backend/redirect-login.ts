import { Refusal } from '../../server/answers.js'
import type { IdentityProvider } from './identity-provider.js'
import { safeReturnTo } from './return-to.js'
import { digest, newSecret, sameText } from '../../server/secrets.js'
import { LOGIN_SECONDS } from '../../server/cookies.js'
import type { BackendSettings } from './settings.js'
import type { User } from './users.js'

export interface RedirectLogin {
  /** Begins one: the value of its cookie, and where to send the browser. */
  start(
    returnTo: string | undefined,
    origin: string,
    replaces: readonly string[],
  ): Promise<{ cookie: string; location: string }>
  /** Ends it, whatever comes out: the transaction and the code work once. */
  finish(answer: {
    cookie: string | undefined
    code: string | undefined
    state: string | undefined
    origin: string
  }): Promise<{ user: User; returnTo: string; replaces: readonly string[] }>
}

/** One that has begun, found by the hash of its cookie. */
interface LoginTransaction {
  readonly state: string
  readonly verifier: string
  readonly returnTo: string
  /** The sessions this browser had when it left: SameSite=Strict keeps their cookies from the way back. */
  readonly replaces: readonly string[]
}

/** The code grant with PKCE, by the backend as the client: the page never sees code, verifier or state. */
export function createRedirectLogin(
  { clock, random, store, users, appOrigin }: BackendSettings,
  provider: IdentityProvider,
): RedirectLogin {
  const callback = (origin: string): string => new URL('/auth/callback', origin).href

  return {
    async start(wanted, origin, replaces) {
      const returnTo = safeReturnTo(wanted ?? '/')
      if (returnTo === undefined) {
        throw new Refusal(400, 'invalid_request', { description: 'return_to must be a path of the app' })
      }
      const [cookie, state, verifier] = [newSecret(random), newSecret(random), newSecret(random)]
      const login: LoginTransaction = { state, verifier, returnTo, replaces }
      const expiresAt = Math.ceil(clock.now()) + LOGIN_SECONDS * 1000
      await store.put(`login:${digest(cookie)}`, JSON.stringify(login), { expiresAt })
      // A SHA-256 in base64url is just what PKCE calls S256.
      const request = await provider.begin({
        state,
        challenge: digest(verifier),
        redirectUri: callback(origin),
      })
      const location = new URL('/idp/login', origin)
      location.searchParams.set('request', request)
      return { cookie, location: location.href }
    },

    async finish({ cookie, code, state, origin }) {
      const taken = cookie === undefined ? undefined : await store.take(`login:${digest(cookie)}`)
      const login = taken && (JSON.parse(taken.value) as LoginTransaction)
      if (login === undefined || code === undefined || state === undefined || !sameText(state, login.state)) {
        throw new Refusal(400, 'invalid_request', { description: 'No sign-in of this browser fits' })
      }
      const user = await users.find(await provider.redeem(code, login.verifier, callback(origin)))
      if (user === undefined) throw new Refusal(400, 'invalid_grant')
      if (user.disabled) throw new Refusal(403, 'user_disabled')
      const target = new URL(login.returnTo, appOrigin ?? origin)
      return { user, returnTo: target.href, replaces: login.replaces }
    },
  }
}
