import { Refusal } from './answers.js'
import type { IdentityProvider } from './identity-provider.js'
import { safeReturnTo } from './return-to.js'
import { digest, newSecret, sameText } from './secrets.js'
import type { Settings } from './settings.js'
import type { User } from './store.js'

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

export const LOGIN_SECONDS = 600

/** The code grant with PKCE, by the backend as the client: the page never sees code, verifier or state. */
export function createRedirectLogin(
  { clock, random, store, appOrigin }: Settings,
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
      await store.logins.set(digest(cookie), {
        state,
        verifier,
        returnTo,
        replaces,
        expiresAt: clock.now() + LOGIN_SECONDS * 1000,
      })
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
      const login = cookie === undefined ? undefined : await store.logins.take(digest(cookie))
      if (
        login === undefined ||
        code === undefined ||
        state === undefined ||
        clock.now() >= login.expiresAt ||
        !sameText(state, login.state)
      ) {
        throw new Refusal(400, 'invalid_request', { description: 'No sign-in of this browser fits' })
      }
      const user = await store.user(await provider.redeem(code, login.verifier, callback(origin)))
      if (user === undefined) throw new Refusal(400, 'invalid_grant')
      if (user.disabled) throw new Refusal(403, 'user_disabled')
      const target = new URL(login.returnTo, appOrigin ?? origin)
      return { user, returnTo: target.href, replaces: login.replaces }
    },
  }
}
