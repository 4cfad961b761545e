import type { AuthErrorCode } from '../errors.js'
import type { AnswerFields, AnswerOf } from '../options/answers.js'
import type { Verdict } from './answers.js'
import type { Context } from '../plumbing/context.js'
import type { LOADED } from './development.js'
import type { Reply } from '../plumbing/reply.js'

/** Whether the cookie comes back to the server, as far as script can tell. */
export interface Diagnosis {
  /**
   * `returned`: the server knows the session by its cookie. `missing`: the cookie was not stored or is not sent. `rejected`: a
   * cookie was sent, and the server refused it. `unknown`: no answer that says so.
   */
  readonly cookie: 'returned' | 'missing' | 'rejected' | 'unknown'
  /** What to look at, the likeliest first; empty where the cookie comes back, or nothing is known. */
  readonly causes: readonly string[]
}

/** What is loaded anyway. Given, since an import from here would cut every bundle of the client in two, which packs worse. */
export type Loaded = typeof LOADED

/** Reads what the session endpoint answered to the cookie alone, and says what is wrong where it is not recognised. */
export async function diagnose(
  context: Context,
  reply: Reply | Verdict | undefined,
  loaded: Loaded,
): Promise<Diagnosis> {
  const isVerdict = reply && 'kind' in reply
  const cookie = isVerdict ? judgeVerdict(reply) : judge(context, reply)
  if (!isVerdict && cookie === 'returned') recognising.add(context)
  if (!isVerdict && reply?.fault !== undefined) {
    const cause = await corsCause(context, reply.endpoint, loaded)
    return { cookie, causes: cause === undefined ? [] : [cause] }
  }
  if (cookie === 'returned' || cookie === 'unknown') return { cookie, causes: [] }
  const causes = cookie === 'missing' ? missingCauses(context, loaded) : [REJECTED]
  const name = context.state.mode === 'session' ? 'session' : 'refresh'
  const message = `The ${name} cookie is ${cookie}: the next reload will sign the user out. Look at, in this order: ${causes.join(' · ')}`
  context.note('cookie.missing', { message })
  if (context.state.phase === 'in') console.warn(`[latchkey] ${message}`)
  return { cookie, causes }
}

/** Pages whose session endpoint has named a user by the cookie: there alone its "nobody" says that a refresh cookie is gone. */
const recognising = new WeakSet<Context>()

/**
 * Says so where the server still knows the session by its cookie after it has confirmed the logout. Where the session endpoint cannot
 * say it of tokens, a refresh does, which shows nobody.
 */
export async function verifyLogout(
  context: Context,
  reply: Reply | undefined,
  sessionId: string | undefined,
  tryRefresh: () => Promise<Verdict | undefined>,
): Promise<void> {
  const isOut = () => context.state.phase === 'out'
  if (!isOut()) return
  const isSession = (context.options.mode ?? context.state.mode) === 'session'
  let now: string | undefined
  if (judge(context, reply) === 'returned') now = fieldsOf(context, reply?.body, 'session')?.sessionId
  else if (isSession || recognising.has(context)) return
  else {
    const verdict = await tryRefresh()
    if (verdict?.kind !== 'granted' || !isOut()) return
    now = verdict.grant.identity.sessionId
  }
  if (sessionId !== undefined && now !== undefined && now !== sessionId) return
  const message =
    'The logout was confirmed, and the cookie still signs the user in. Look at, in this order: does the server end the session itself, and does it delete the cookie with the same name, Path, Domain and Partitioned it was set with?'
  context.warn('logout.ineffective', message)
}

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

/** A refresh: to a cookie that was not sent many servers answer as to one that they do not accept. */
function judgeVerdict({ kind }: Verdict): Diagnosis['cookie'] {
  if (kind === 'granted') return 'returned'
  return kind === 'refused' ? 'missing' : 'unknown'
}

function judge(context: Context, reply: Reply | undefined): Diagnosis['cookie'] {
  if (!reply || reply.fault !== undefined) return 'unknown'
  if (context.options.refusals.some(({ status, code }) => status === reply.status && code === reply.code))
    return 'rejected'
  if (reply.status === 401) return 'missing'
  if (reply.status !== 200 || reply.body === undefined) return 'unknown'
  if (reply.body === null) return 'missing'
  const fields = fieldsOf(context, reply.body, 'session')
  if (!fields) return 'unknown'
  return fields.user === undefined || fields.user === null ? 'missing' : 'returned'
}

const REJECTED =
  'the server got a cookie that it does not accept: is there an older cookie of the same name with another Path or Domain, or did the server restart?'

function missingCauses(context: Context, { baseUrl, isLoopback }: Loaded): string[] {
  // A sandboxed page has no address, and is of no site.
  const page = new URL(context.ports.page.url() ?? 'about:blank')
  const base = baseUrl(context)!
  const { refresh, session } = context.options.endpoints
  const causes: string[] = []
  if (context.ports.page.embedded()) {
    causes.push(
      'third-party frame: browsers block or partition cookies there. Set them with "SameSite=None; Secure; Partitioned", or ask with `document.requestStorageAccess()` when the person clicks, and then call `refresh({ force: true })`',
    )
  }
  if (!isSameSite(page, base)) {
    causes.push(
      `third-party cookie: ${page.host || 'this page'} and ${base.host} look like different sites, and browsers block cookies there. Serve the API from a subdomain of the app's domain, or through a proxy`,
      'SameSite: Strict and Lax cookies are never sent to another site',
    )
  }
  if (base.protocol === 'http:' && !isLoopback(base.hostname))
    causes.push('Secure: the cookie is not stored over http. Use https')
  causes.push(
    context.state.mode === 'session'
      ? 'Path: it must cover the session endpoint and the API. "Path=/" does'
      : `Path: it must cover ${[refresh, session].filter(Boolean).join(' and ')}. "Path=/" does`,
    'Set-Cookie: is it in the answer of the login at all, with a name and a Domain that fit this host?',
  )
  if (base.protocol === 'http:' && isLoopback(base.hostname)) {
    causes.push(
      'Secure: Safari does not store Secure and __Host- cookies on http://localhost. Use https, or a development cookie without them',
    )
  }
  if (page.origin !== base.origin) {
    causes.push(
      'CORS: Access-Control-Allow-Credentials must be true, with the exact origin, on every auth endpoint, and the call must be made with credentials',
    )
  }
  return causes
}

/** A guess without the public suffix list: the same host, or the same last two labels. */
function isSameSite(page: URL, base: URL): boolean {
  if (page.protocol !== base.protocol) return false
  if (page.hostname === base.hostname) return true
  if (/^[\d.]+$|:|localhost$/.test(base.hostname)) return false
  const site = (host: string) => host.split('.').slice(-2).join('.')
  return site(page.hostname) === site(base.hostname)
}

const PAGE =
  'the answer is not what the contract says. Check the endpoint, what is in between, and that a mock is started'

const UNKNOWN_REFUSAL =
  'the answer is no refusal that the client knows. Where it says that nobody is signed in, name it in `refusals`'

/** Says more of an error than the sentence of its code, where the answer shows more; never a value of the answer. */
export async function explain(
  context: Context,
  reply: Reply,
  code: AuthErrorCode,
  loaded: Loaded,
): Promise<string | undefined> {
  if (code === 'network') return corsCause(context, reply.endpoint, loaded)
  if (code !== 'invalid_response') return undefined
  if (reply.page) return PAGE
  return [400, 401].includes(reply.status) ? UNKNOWN_REFUSAL : missingMember(context, reply)
}

function fieldsOf(context: Context, body: unknown, call: AnswerOf): AnswerFields | undefined {
  try {
    return context.options.parseAnswer(body, call)
  } catch {
    return undefined
  }
}

const PROBE_MS = 2000

/** Script is not told of CORS; but a server that answers where nothing is asked of it is up. */
async function corsCause(
  context: Context,
  endpoint: Reply['endpoint'],
  { endpointUrl, within }: Loaded,
): Promise<string | undefined> {
  const { options, ports } = context
  const url = new URL(endpointUrl(context, endpoint)!)
  const page = new URL(ports.page.url()!).origin
  if (url.origin === page) return undefined
  const init = { mode: 'no-cors', credentials: 'omit', cache: 'no-store' } as const
  const answer = await within(ports.clock, PROBE_MS, options.fetch(url.href, init)).catch(() => undefined)
  if (!answer) return undefined
  const [header] = options.staticHeader
  return `probably CORS: ${url.origin} is up, and this page may not read its answer. It has to send Access-Control-Allow-Origin: ${page} and Access-Control-Allow-Credentials: true with every answer of ${url.pathname}, and to allow the headers ${header} and Content-Type in the one to OPTIONS`
}

const ALIASES = {
  access_token: /^(access|id|auth|api)?_?(token|jwt)$|^access$/i,
  user: /^(user|profile|account|me|data|current_?user)$/i,
}

/** Which member the answer lacks, and under which name it may have come. */
function missingMember(context: Context, { body, endpoint }: Reply): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const fields = fieldsOf(context, body, endpoint as AnswerOf)
  const isSession = context.options.mode === 'session' || endpoint === 'session' || endpoint === 'csrf'
  const wanted = isSession || fields?.accessToken !== undefined ? 'user' : 'access_token'
  const [found] = membersOf(body).filter((path) => ALIASES[wanted].test(path.replace(/^.*\./, '')))
  const came = found === undefined || found === wanted ? '' : `; did it come as \`${found}\`?`
  return `the answer has no \`${wanted}\`${came || '.'} See \`parseAnswer\``
}

/** Names of its members and of theirs. */
const membersOf = (body: object): string[] =>
  Object.entries(body).flatMap(([name, value]: [string, unknown]) => [
    name,
    ...(typeof value === 'object' && value !== null
      ? Object.keys(value).map((inner) => `${name}.${inner}`)
      : []),
  ])

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
