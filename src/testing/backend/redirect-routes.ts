import type { Hono } from 'hono/tiny'
import { Refusal, refused, seeOther } from '../../server/answers.js'
import { readForm, requireKnownSource } from '../../server/checks.js'
import type { Environment, Exchange } from '../../server/exchange.js'
import { failedPage } from '../../server/providers/pages.js'
import { addProviderRoutes } from '../../server/providers/routes.js'
import type { Services } from '../../server/server.js'
import { done, refuse } from '../../server/sign-in.js'
import { ENDPOINTS } from './endpoints.js'
import { createIdentityProvider } from './identity-provider.js'
import { html, signInPage, styleSheet } from './pages.js'
import type { BackendSettings } from './settings.js'

/**
 * The calls of a redirect login, all of them navigations: the app's side of it, and the identity provider's.
 */
export function addRedirectRoutes(
  app: Hono<Environment>,
  services: Services,
  settings: BackendSettings,
): void {
  const { appOrigin, users } = settings
  const provider = createIdentityProvider(settings, ENDPOINTS.provider)
  const appOriginOf = (exchange: Exchange): string => appOrigin ?? exchange.origin

  addProviderRoutes(app, services, {
    providers: new Map([['idp', provider]]),
    async linkUser({ subject }) {
      const user = await users.find(subject)
      return user === undefined ? refuse('invalid_grant', 400) : done(user)
    },
    keys: settings.attemptKeys,
    appOrigin,
    startPath: ENDPOINTS.start,
    callbackPath: () => ENDPOINTS.callback,
    own: ['/auth', '/idp'],
  })

  app.get(ENDPOINTS.provider, ({ req, env: { exchange } }) => {
    const request = req.query('request')
    if (request === undefined) return refused(new Refusal(400, 'invalid_request'))
    return html(signInPage(appOriginOf(exchange), request), 200, {}, appOriginOf(exchange))
  })

  app.post(ENDPOINTS.provider, async ({ req, env: { exchange } }) => {
    requireKnownSource(settings, exchange)
    const form = await readForm(req.raw, settings)
    const [request, email, password] = ['request', 'email', 'password'].map((name) => form.get(name) ?? '')
    const { address, hiddenBehind } = exchange
    try {
      const { userId } = await services.checkSignIn({ body: { email, password }, address, hiddenBehind })
      // Only who knows the password learns that the account is closed.
      if ((await users.find(userId))?.disabled === true) throw new Refusal(403, 'user_disabled')
      return seeOther(await provider.complete(request ?? '', userId))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { status, code, headers } = error
      exchange.outcome = code
      const app = appOriginOf(exchange)
      const problem = PROBLEMS[code]
      if (problem === undefined) return failedPage({ status, code, headers, again: undefined, app })
      return html(signInPage(app, request ?? '', email, problem), status, headers, app)
    }
  })

  app.get(ENDPOINTS.style, () => styleSheet())
}

const PROBLEMS: Readonly<Record<string, string>> = {
  invalid_credentials: 'The e-mail address or the password is wrong.',
  user_disabled: 'This account is closed.',
  too_many_attempts: 'Too many attempts. Wait a few minutes, then try again.',
}
