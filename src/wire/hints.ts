/* What a developer is told once, of what no error says. */
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import type { Loaded } from './explain.js'

const refused = new WeakSet<Context>()

/** The server said no to a logout, and will say it again until somebody changes something: said once. */
export function logoutRefused(context: Context, { endpoint, said }: Reply): void {
  if (refused.has(context)) return
  refused.add(context)
  const why =
    endpoint === 'logout'
      ? 'Does it want the access token (`logoutProof: "bearer"`), the cookie alone (`logoutProof: "cookie"`), or a CSRF token (`session.csrf`)?'
      : 'The cookie, or what it buys, is not that of the session that is to be ended.'
  context.warn(
    'logout.refused',
    `The logout is not done: ${said}. The session lives on at the server, and the logout is tried again every ten minutes, at the next start and when the page comes back. ${why}`,
  )
}

const strays = new WeakMap<Context, Set<string>>()

/** A request went out without the credential, and that may not be what was meant: said once for each origin. */
export function strayed(context: Context, { origin }: URL, status: number, { isDevelopment }: Loaded): void {
  const { options, ports } = context
  const refused = status === 401
  // Such as that of a blob.
  if (!refused && origin !== new URL(ports.page.url()!).origin) return
  const known = strays.get(context) ?? new Set()
  strays.set(context, known)
  const matter = `${refused} ${origin}`
  if (known.has(matter)) return
  known.add(matter)
  const message = refused
    ? `${origin} answered 401 to a request that went without the credential: it is neither the origin of \`baseUrl\` nor one of \`allowedOrigins\`. Name it there if it may receive the credential`
    : `A relative URL went to ${origin}, without the credential: it is relative to the page, as for fetch, and \`baseUrl\` is at ${options.baseUrl!.origin}. Give the whole URL, or name ${origin} in \`allowedOrigins\``
  context.note('request.foreign', { url: origin, status, message })
  if (isDevelopment(context)) console.warn(`[latchkey] ${message}`)
}

/** Said once, when the ids begin to count as absent. */
export function renamed(context: Context): void {
  context.warn(
    'session.renamed',
    'Each renewal names another `session_id`. It has to stay the same as long as the session lives; until then it counts as absent',
  )
}

/** Said once: a life of seconds is mostly a wrong unit. */
export function shortLived(context: Context, lifetime: number): void {
  context.warn(
    'token.short',
    `The access token lives for ${lifetime / 1000} s, so that it is renewed at each use and not ahead of it. \`expires_in\` counts seconds; five to fifteen minutes (300 to 900) are usual`,
  )
}

const reported = new WeakSet<Context>()

/** The cookie that should hold the CSRF token is not there for script: said once. */
export function csrfMissing(context: Context, cookie: string): void {
  if (reported.has(context)) return
  reported.add(context)
  context.warn(
    'csrf.missing',
    `The CSRF cookie "${cookie}" cannot be read on this page: it must not be HttpOnly, its Path must be "/", and its Domain must cover this host`,
  )
}
