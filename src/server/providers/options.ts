import type { Additions, Services } from '../server.js'
import type { Endpoint } from '../settings.js'
import { attemptKeysOf } from './attempts.js'
import type { LinkUser, LoginProvider } from './provider.js'
import { addProviderRoutes } from './routes.js'

/** What `createAuthServer` is told about sign-in at providers. */
export interface ProviderOptions {
  /**
   * Providers that people may sign in at, by the names that they have in paths: `{ google: oidc(…) }` is begun at `/auth/start?provider=google`, and comes back
   * to `/auth/callback/google`, which is what the provider is to be told of. Default: none.
   */
  providers?: Readonly<Record<string, LoginProvider>> | undefined
  /** Says which user it is that a provider has vouched for: `done(user)`, or `refuse(code)`. Needed with `providers`, since an address is no proof. */
  linkUser?: LinkUser | undefined
  /** Scheme, host and port that a sign-in at a provider lands at: one of `allowedOrigins`. Default: `origin`. */
  appOrigin?: string | undefined
}

interface Given extends ProviderOptions {
  readonly origin: string
  readonly secrets: readonly string[]
  readonly allowedOrigins?: readonly string[] | undefined
  readonly basePath?: string | undefined
  readonly cookies?: { readonly insecureCookies?: boolean | undefined } | undefined
}

const baseOf = ({ basePath = '/auth' }: Given): string => basePath
const isPosted = ({ responseMode }: LoginProvider): boolean => responseMode === 'form_post'

/** The calls that providers need, by name. */
export function providerEndpoints(options: Given): Readonly<Record<string, Endpoint>> {
  const { providers = {} } = options
  const entries = Object.entries(providers)
  if (entries.length === 0) return {}
  const callbacks = entries.map(([name, provider]) => {
    const methods = isPosted(provider) ? 'GET, POST' : 'GET'
    return [`callback/${name}`, { path: `${baseOf(options)}/callback/${name}`, methods }] as const
  })
  return { start: { path: `${baseOf(options)}/start`, methods: 'GET' }, ...Object.fromEntries(callbacks) }
}

export function withProviders(services: Services, options: Given): Additions {
  const { providers = {}, linkUser, appOrigin, secrets } = options
  const base = baseOf(options)
  if (linkUser === undefined || Object.keys(providers).length === 0) return {}
  return {
    routes: (app) =>
      addProviderRoutes(app, services, {
        providers: new Map(Object.entries(providers)),
        linkUser,
        keys: attemptKeysOf(secrets),
        appOrigin,
        startPath: `${base}/start`,
        callbackPath: (name) => `${base}/callback/${name}`,
        // An app may have pages of its own beside these, such as /auth/signin.
        own: Object.values(services.settings.endpoints).map(({ path }) => path),
      }),
  }
}

/** Of what was given, no type may have been looked at. */
export function checkProviders(options: Given, demand: (valid: boolean, sentence: string) => void): void {
  const { providers = {}, linkUser, appOrigin, origin, allowedOrigins = [], cookies } = options
  demand(
    typeof providers === 'object' && providers !== null,
    '"providers" must name them: { google: oidc(…) }.',
  )
  for (const [name, provider] of Object.entries(providers)) {
    demand(
      /^[a-z\d][a-z\d-]{0,31}$/.test(name),
      `"providers" has "${name}": a name stands in a path, so it must be of small letters, digits and hyphens.`,
    )
    demand(
      typeof provider?.begin === 'function' && typeof provider.finish === 'function',
      `"providers.${name}" must be a provider: oidc({ issuer, clientId, clientSecret }) of latchkey/oidc.`,
    )
    demand(
      [undefined, 'query', 'form_post'].includes(provider.responseMode),
      `"providers.${name}" must have "query" or "form_post" for its responseMode.`,
    )
    demand(
      !isPosted(provider) || cookies?.insecureCookies !== true,
      `"providers.${name}" posts from its own site, and no browser keeps a cookie for that without Secure: leave out "insecureCookies", or use responseMode "query".`,
    )
  }
  demand(
    typeof linkUser === 'function' || (linkUser === undefined && Object.keys(providers).length === 0),
    '"linkUser" must be a function that says which user has signed in at a provider: done(user) or refuse(code).',
  )
  demand(
    appOrigin === undefined || appOrigin === origin || allowedOrigins.includes(appOrigin),
    '"appOrigin" must be "origin" or one of "allowedOrigins".',
  )
}
