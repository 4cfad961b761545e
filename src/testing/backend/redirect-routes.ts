import type { Hono } from 'hono/tiny'
import { Refusal, refused, seeOther } from '../../server/answers.js'
import type { Services } from '../../server/server.js'
import { requireKnownSource } from '../../server/checks.js'
import type { Environment, Exchange } from '../../server/exchange.js'
import { ENDPOINTS } from './endpoints.js'
import { signIn } from '../../server/grants.js'
import type { IdentityProvider } from './identity-provider.js'
import type { RedirectLogin } from './redirect-login.js'
import type { BackendSettings } from './settings.js'
import { html, signInFailedPage, signInPage, styleSheet } from './pages.js'

/**
 * The calls of a redirect login, all of them navigations: the app's side of it, and the identity provider's.
 */
export function addRedirectRoutes(
  app: Hono<Environment>,
  { sessions, access, cookies, credentials, checkSignIn }: Services,
  {
    settings,
    redirectLogin,
    provider,
  }: { settings: BackendSettings; redirectLogin: RedirectLogin; provider: IdentityProvider },
): void {
  const appOriginOf = (exchange: Exchange): string => settings.appOrigin ?? exchange.origin

  app.get(ENDPOINTS.start, async ({ req, env: { exchange } }) => {
    const { cookie, location } = await redirectLogin.start(
      req.query('return_to'),
      exchange.origin,
      await credentials.sessionIds(exchange),
    )
    exchange.cookies.push(...cookies.setLogin(cookie))
    return seeOther(location)
  })

  app.get(ENDPOINTS.callback, async ({ req, env: { exchange } }) => {
    exchange.cookies.push(...cookies.deleteLogin())
    try {
      const { user, returnTo, replaces } = await redirectLogin.finish({
        cookie: cookies.login(exchange.header('cookie')),
        code: req.query('code'),
        state: req.query('state'),
        origin: exchange.origin,
      })
      const { cookie, session, now } = await signIn(settings, sessions, access, user.id, {
        at: await settings.store.userGeneration(user.id),
        userAgent: exchange.header('user-agent') ?? '',
        limits: {},
        isNative: false,
        replaces,
        tweaks: exchange.tweaks,
      })
      exchange.cookies.push(...cookies.setCredential(session.mode, cookie, session, now))
      return seeOther(returnTo)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      exchange.outcome = error.code
      const appOrigin = appOriginOf(exchange)
      return html(signInFailedPage(appOrigin), error.status, {}, appOrigin)
    }
  })

  app.get(ENDPOINTS.provider, ({ req, env: { exchange } }) => {
    const request = req.query('request')
    if (request === undefined) return refused(new Refusal(400, 'invalid_request'))
    return html(signInPage(appOriginOf(exchange), request), 200, {}, appOriginOf(exchange))
  })

  app.post(ENDPOINTS.provider, async ({ req, env: { exchange } }) => {
    requireKnownSource(settings, exchange)
    const form = new URLSearchParams(await req.text())
    const [request, email, password] = ['request', 'email', 'password'].map((name) => form.get(name) ?? '')
    try {
      const { userId } = await checkSignIn({ body: { email, password }, address: exchange.address })
      // Only who knows the password learns that the account is closed.
      if ((await settings.users.find(userId))?.disabled === true) throw new Refusal(403, 'user_disabled')
      return seeOther(await provider.complete(request ?? '', userId))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      exchange.outcome = error.code
      const appOrigin = appOriginOf(exchange)
      const problem = PROBLEMS[error.code]
      const body =
        problem === undefined
          ? signInFailedPage(appOrigin)
          : signInPage(appOrigin, request ?? '', email, problem)
      return html(body, error.status, error.headers, appOrigin)
    }
  })

  app.get(ENDPOINTS.style, () => styleSheet())
}

const PROBLEMS: Readonly<Record<string, string>> = {
  invalid_credentials: 'The e-mail address or the password is wrong.',
  user_disabled: 'This account is closed.',
  too_many_attempts: 'Too many attempts. Wait a few minutes, then try again.',
}
