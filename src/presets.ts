/*
 * Options for backends that others wrote: `createAuthClient({ ...laravelSanctum, baseUrl })`. Each says what it takes from
 * the documentation of that project, and what remains. None was tried against the real thing unless it says so.
 */
import type { AnswerFields } from './options/answers.js'
import type { AuthClientOptions, Refusal } from './options/types.js'

type Fields = Record<string, unknown>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Backends whose session endpoint answers with the user itself. */
const userItself = (body: unknown): AnswerFields | undefined => (isFields(body) ? { user: body } : undefined)

/** Every 401 of the session endpoint is its word that nobody is signed in. */
const ANY_401: readonly Refusal[] = [{ status: 401, reason: 'expired' }]

/**
 * Django with its own sessions, or REST framework's `SessionAuthentication`. Tried in a browser against Django 3.2.25
 * with REST framework 3.14.0 (e2e/django.spec.ts).
 *
 * From Django's documentation: the readable cookie `csrftoken` goes into the header `X-CSRFToken`, a refusal is a 403, and
 * the cookie changes with each sign-in, so that the client asks who is signed in before it writes with a new one. Django has
 * no JSON sign-in of its own. Yours is assumed at the paths of the contract, with `ensure_csrf_cookie` on
 * the session view, which answers `{"user": …}`, and `null` or 401 for nobody. `CSRF_USE_SESSIONS` and `CSRF_COOKIE_HTTPONLY` must be
 * off.
 *
 * What remains: reads of a tab in which nobody has noticed another sign-in are answered for the new user. A 403 with another cause
 * costs one look at the session, and a read is sent a second time, at most once a minute for each URL.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { django } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...django, baseUrl: 'https://app.example.com' })
 */
export const django = {
  mode: 'session',
  session: {
    idHeader: false,
    csrf: { cookie: 'csrftoken', header: 'X-CSRFToken', refusals: [{ status: 403 }] },
  },
  // REST framework gives it to nobody, too, as long as its first authentication class is that of sessions.
  isUnauthorized: ({ status }) => status === 403,
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * Django REST framework with SimpleJWT and dj-rest-auth, the refresh token in an HttpOnly cookie: token mode. Tried in a browser
 * against SimpleJWT 5.2.2 below views that answer as dj-rest-auth documents (e2e/django.spec.ts), not against dj-rest-auth itself.
 *
 * From the documentation of dj-rest-auth: `USE_JWT`, `JWT_AUTH_HTTPONLY` and `JWT_AUTH_REFRESH_COOKIE` are set, its URLs are below
 * `/dj-rest-auth/`, login and refresh answer with `access`, and the view at `user/` with the user. `JWT_AUTH_COOKIE` should be
 * unset, since the access token goes into the header, and `SESSION_LOGIN` off: the session that it makes besides wants CSRF tokens.
 *
 * What remains: `ROTATE_REFRESH_TOKENS` with `BLACKLIST_AFTER_ROTATION` knows no grace, so a lost answer ends the session.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { djangoRestAuth } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...djangoRestAuth, baseUrl: 'https://app.example.com' })
 */
export const djangoRestAuth = {
  mode: 'token',
  // Its view blacklists the token of the refresh cookie, and refuses an access token that has expired.
  logoutProof: 'cookie',
  endpoints: {
    login: '/dj-rest-auth/login/',
    refresh: '/dj-rest-auth/token/refresh/',
    logout: '/dj-rest-auth/logout/',
    // It goes by the access token, and says nothing of the cookie.
    session: false,
    user: '/dj-rest-auth/user/',
  },
  parseAnswer(body, call) {
    if (call === 'user') return userItself(body)
    return isFields(body) ? { accessToken: body['access'] as string, user: body['user'] } : undefined
  },
  getUserId: (user) => (user as { pk: number }).pk,
  markBackground: false,
  refusals: [{ status: 401, code: 'token_not_valid', reason: 'expired' }],
} satisfies AuthClientOptions

/**
 * Laravel with Sanctum's SPA authentication. Tried by hand, in a browser, against the cookie, session and CSRF middleware of
 * Laravel 8.83.26, with routes in the place of those of Sanctum and Fortify.
 *
 * From Laravel's documentation: `/sanctum/csrf-cookie` sets the readable cookie `XSRF-TOKEN`, which goes, decoded, into
 * `X-XSRF-TOKEN`; a refusal is a 419; the app and the API share a top-level domain, and the app's is among
 * `SANCTUM_STATEFUL_DOMAINS`. `/login` and `/logout` are those of Fortify or Breeze, which answer JSON calls without the user;
 * `/api/user` answers with him, and with 401 for nobody.
 *
 * What remains: the cookie changes with every answer, so that nothing tells a tab that stood still before its next write that
 * somebody else signed in on a page of the server. Such a write is sent as him.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { laravelSanctum } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...laravelSanctum, baseUrl: 'https://app.example.com' })
 */
export const laravelSanctum = {
  mode: 'session',
  endpoints: { login: '/login', logout: '/logout', session: '/api/user', csrf: '/sanctum/csrf-cookie' },
  staticHeader: ['X-Requested-With', 'XMLHttpRequest'],
  session: {
    idHeader: false,
    csrf: { cookie: 'XSRF-TOKEN', header: 'X-XSRF-TOKEN', rotates: true, refusals: [{ status: 419 }] },
  },
  parseAnswer: (body, call) => (call === 'session' ? userItself(body) : {}),
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * Rails with its session cookie. Tried by hand, in a browser, against Action Pack 6.1.7.10.
 *
 * From the Rails guides: `csrf_meta_tags` puts the token into the page, and it goes into `X-CSRF-Token`. Rails has no JSON sign-in
 * of its own. Yours is assumed at the paths of the contract. Sign-in and session answer with `{"user": …, "csrf_token":
 * form_authenticity_token}`, the session also for nobody, with the user `null`: `reset_session` makes the token of the page
 * worthless, and the next sign-in wants one. `rescue_from ActionController::InvalidAuthenticityToken` answers 403 `{"error":
 * "csrf_failed"}`: the 422 it would be is a failed validation elsewhere.
 *
 * What remains: reads of a tab in which nobody has noticed another sign-in are answered for the new user. Writes are refused,
 * because their token is of the session before.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { rails } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...rails, baseUrl: 'https://app.example.com' })
 */
export const rails = {
  mode: 'session',
  // The sign-in wants a token, too, and not that of a session which has ended since the page was loaded.
  endpoints: { csrf: '/auth/session' },
  session: { idHeader: false, csrf: { meta: 'csrf-token', header: 'X-CSRF-Token' } },
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * Spring Security with its session cookie. Not tried against the real thing.
 *
 * From its documentation: `csrf.spa()` of version 7, or `CookieCsrfTokenRepository.withHttpOnlyFalse()` with a request handler that
 * loads the deferred token and takes it unmasked from the header, sets the readable cookie `XSRF-TOKEN`, which goes into
 * `X-XSRF-TOKEN`; a refusal is a 403, to nobody only if `DispatcherType.ERROR` is permitted; the cookie is taken away with each
 * sign-in and sign-out, and the next answer brings another. Assumed are `HttpStatusEntryPoint(UNAUTHORIZED)` in place of the redirect to a sign-in page,
 * `HttpStatusReturningLogoutSuccessHandler` at `/logout`, a sign-in at `/login` that takes JSON, and the user at `/user`.
 *
 * What remains: reads of a tab in which nobody has noticed another sign-in are answered for the new user.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { springSecurity } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...springSecurity, baseUrl: 'https://app.example.com' })
 */
export const springSecurity = {
  mode: 'session',
  endpoints: { login: '/login', logout: '/logout', session: '/user' },
  session: {
    idHeader: false,
    csrf: { cookie: 'XSRF-TOKEN', header: 'X-XSRF-TOKEN', refusals: [{ status: 403 }] },
  },
  parseAnswer: (body, call) => (call === 'session' ? userItself(body) : {}),
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * ASP.NET Core with the Identity API endpoints, by cookie. Not tried against the real thing.
 *
 * From Microsoft's documentation: `MapIdentityApi` serves `/login?useCookies=true`, which answers without the user, and
 * `/manage/info`, which answers with the e-mail address, and with 401 for nobody; `/logout` is the endpoint that the same page
 * shows how to add. With antiforgery for script the readable cookie `XSRF-TOKEN` goes into `X-XSRF-TOKEN`, which has to be its
 * `HeaderName`, and a refusal is a 400. Its tokens are made for one user, so a write with that of another is refused.
 *
 * What remains: a 400 with another cause costs one look at the session, at most once a minute for each URL.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { aspNetIdentity } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...aspNetIdentity, baseUrl: 'https://app.example.com' })
 */
export const aspNetIdentity = {
  mode: 'session',
  endpoints: { login: '/login?useCookies=true', logout: '/logout', session: '/manage/info' },
  session: {
    idHeader: false,
    csrf: { cookie: 'XSRF-TOKEN', header: 'X-XSRF-TOKEN', refusals: [{ status: 400 }] },
  },
  parseAnswer: (body, call) => (call === 'session' ? userItself(body) : {}),
  getUserId: (user) => (user as { email: string }).email,
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * A backend for frontend in the manner of Duende.BFF. Not tried against the real thing.
 *
 * From its documentation: `/bff/user` answers with a list of claims, and with 401 or 200 `null` for nobody, and `slide=false` keeps the question
 * from prolonging the session; `/bff/login` is where to go to sign in, with `returnUrl`; calls carry `X-CSRF: 1`. The user has
 * the claims as members.
 *
 * What remains: its logout is a navigation to the claim `bff:logout_url`. Go there instead of calling `logout()`, or add a
 * `POST /bff/sign-out` that ends the cookie.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { bff } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...bff, baseUrl: 'https://app.example.com' })
 */
export const bff = {
  mode: 'session',
  endpoints: { session: '/bff/user?slide=false', start: '/bff/login', logout: '/bff/sign-out' },
  returnToParameter: 'returnUrl',
  staticHeader: ['X-CSRF', '1'],
  session: { idHeader: false, csrf: 'static-header' },
  parseAnswer(body) {
    if (!Array.isArray(body)) return undefined
    const claims = body.filter(isFields).map(({ type, value }) => [String(type), value] as const)
    const user: Fields = Object.fromEntries(claims)
    return {
      user,
      sessionId: user['sid'] as string | undefined,
      sessionExpiresIn: user['bff:session_expires_in'] as number | undefined,
    }
  },
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * Express with express-session and a CSRF middleware. Tried in a browser against Express 5.3.0, express-session 1.19.0 and
 * csrf-sync 4.2.1 (e2e/express-session.spec.ts).
 *
 * The token goes into `x-csrf-token`, and a refusal is an error with the status 403 and the code `EBADCSRFTOKEN`, which your
 * error handler is assumed to answer as `{"error": "EBADCSRFTOKEN"}`. Sign-in, sign-out and session check are yours, at the
 * paths of the contract. The session check answers `{"user": …, "csrf_token": …}`, with the user `null` for nobody, so that the
 * sign-in finds a token, too; put its route before the middleware, and all that writes after it. At the sign-in call
 * `req.session.regenerate`, and answer as the session check does.
 *
 * What remains: reads of a tab in which nobody has noticed another sign-in are answered for the new user, unless you compare
 * `X-Session-Id` (docs/backend-contract.md). Every request prolongs a session in the store, the session check like all others.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { expressSession } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...expressSession, baseUrl: 'https://app.example.com' })
 */
export const expressSession = {
  mode: 'session',
  // The middleware wants a token from the sign-in, too.
  endpoints: { csrf: '/auth/session' },
  session: {
    csrf: {
      header: 'x-csrf-token',
      refusals: [
        { status: 403, code: 'EBADCSRFTOKEN' },
        { status: 403, code: 'csrf_failed' },
      ],
    },
  },
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * Fastify with `@fastify/session` and `@fastify/csrf-protection`. Tried in a browser against Fastify 5.12.8,
 * `@fastify/session` 11.1.3 and `@fastify/csrf-protection` 8.0.2 (e2e/fastify-session.spec.ts).
 *
 * The token is that of `reply.generateCsrf()` and goes into `x-csrf-token`; a refusal is a 403 with the code
 * `FST_CSRF_INVALID_TOKEN` or `FST_CSRF_MISSING_SECRET`, as Fastify answers errors unless you say otherwise. Sign-in, sign-out and
 * session check are yours, at the paths of the contract. The session check answers `{"user": …, "csrf_token": …}`, with the user
 * `null` for nobody, so that the sign-in finds a token, too. Routes that write, the sign-in and the sign-out as well, have
 * `onRequest: fastify.csrfProtection`. At the sign-in call `request.session.regenerate()`, and answer as the session check does.
 *
 * What remains: reads of a tab in which nobody has noticed another sign-in are answered for the new user, unless you compare
 * `X-Session-Id` (docs/backend-contract.md). Every request prolongs a session, the session check like all others
 * (`rolling`), and one by a cookie whose session is over deletes the cookie, however late its answer comes.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { fastifySession } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...fastifySession, baseUrl: 'https://app.example.com' })
 */
export const fastifySession = {
  mode: 'session',
  // The protection wants a token from the sign-in, too.
  endpoints: { csrf: '/auth/session' },
  session: {
    csrf: {
      header: 'x-csrf-token',
      refusals: [
        { status: 403, code: 'FST_CSRF_INVALID_TOKEN' },
        { status: 403, code: 'FST_CSRF_MISSING_SECRET' },
      ],
    },
  },
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * better-auth with e-mail and password, at `/api/auth`. Tried in a browser against better-auth 1.7.25 on its memory adapter
 * (e2e/better-auth.spec.ts).
 *
 * `get-session` answers with `{session, user}`, and with `null` for nobody; `disableRefresh` keeps the question from prolonging
 * the session, and `disableCookieCache` has it answered by the store, where `session.cookieCache` would go on naming a user
 * whose session is over. Writes are protected by a look at the `Origin` (`trustedOrigins`), so that there is no token. The
 * session's own token in the answers is left where it is: the cookie is the credential.
 *
 * What remains: your own API has to look at the `Origin` of its writes, too, and requests of a tab in which nobody has noticed
 * another sign-in are answered for the new user.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { betterAuth } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...betterAuth, baseUrl: 'https://app.example.com' })
 */
export const betterAuth = {
  mode: 'session',
  endpoints: {
    login: '/api/auth/sign-in/email',
    logout: '/api/auth/sign-out',
    session: '/api/auth/get-session?disableRefresh=true&disableCookieCache=true',
  },
  session: { idHeader: false, csrf: 'static-header' },
  parseAnswer(body) {
    if (!isFields(body)) return undefined
    const { user, session } = body
    return { user, sessionId: isFields(session) ? (session['id'] as string) : undefined }
  },
  refusals: ANY_401,
} satisfies AuthClientOptions

/**
 * Auth.js (NextAuth) at `/api/auth`. Tried in a browser against `@auth/express` 0.12.3 with the credentials provider
 * (e2e/auth-js.spec.ts).
 *
 * From its documentation: `session` answers with `{user, expires}`, and with `null` or `{}` for nobody; `csrf` hands out the token,
 * which its own calls want as `csrfToken` in the body; `signin` is where to go to sign in, with `callbackUrl`. `login()` is for the
 * credentials provider. `user.id` has to be put into the session by the `session` callback; without it the e-mail address says who it is.
 *
 * What remains: `session` prolongs the session, so tabs that ask keep it alive. Your own API is protected by nothing but
 * the cookie's SameSite, so it has to look at the `Origin` of its writes.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { authJs } from 'latchkey/presets'
 * const auth = createAuthClient<{ name: string }>({ ...authJs, baseUrl: 'https://app.example.com' })
 */
export const authJs = {
  mode: 'session',
  endpoints: {
    login: '/api/auth/callback/credentials',
    logout: '/api/auth/signout',
    session: '/api/auth/session',
    csrf: '/api/auth/csrf',
    start: '/api/auth/signin',
  },
  returnToParameter: 'callbackUrl',
  // Its calls answer with JSON instead of a redirect.
  staticHeader: ['X-Auth-Return-Redirect', '1'],
  session: { idHeader: false, csrf: { field: 'csrfToken' } },
  parseAnswer(body, call) {
    if (!isFields(body)) return undefined
    const { user = null, csrfToken } = body
    return call === 'session' ? { user } : { csrfToken: csrfToken as string | undefined }
  },
  getUserId(user) {
    const { id, email } = user as { id?: string; email?: string }
    return id ?? email
  },
  errorCode(body) {
    const url = isFields(body) && typeof body['url'] === 'string' ? body['url'] : ''
    return /[?&]error=CredentialsSignin\b/.test(url) ? 'invalid_credentials' : undefined
  },
  refusals: ANY_401,
} satisfies AuthClientOptions
