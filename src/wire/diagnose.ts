import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import type { Verdict } from './answers.js'
import { corsCause, fieldsOf, type Loaded } from './explain.js'

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
