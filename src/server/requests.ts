import { Refusal } from './answers.js'
import { beginExchange, type RequestContext } from './exchange.js'
import { judge } from './families.js'
import { finish } from './headers.js'
import { requireScope } from './scopes.js'
import { digest } from './secrets.js'
import { refusalOf, type Services } from './server.js'
import { publicUser } from './users.js'

/** Who calls. */
export interface Caller {
  readonly ok: true
  readonly user: { readonly id: string; readonly scopes: readonly string[] }
  readonly session: { readonly id: string }
  /** The answer with what the call has done to the cookie. Give it every answer to this call. */
  finish(response: Response): Promise<Response>
}

export type Authenticated = Caller | { readonly ok: false; readonly response: Response }

export type RenderedSession =
  | {
      readonly status: 'authenticated'
      /** What a page may know of him, as in the answer of the session check. */
      readonly user: Readonly<Record<string, unknown>>
      readonly sessionId: string
    }
  | { readonly status: 'unauthenticated' }
  | { readonly status: 'unknown' }

export interface RequestChecks {
  authenticate(
    request: Request,
    options?: { readonly scope?: string | undefined; readonly context?: RequestContext | undefined },
  ): Promise<Authenticated>
  session(request: Request): Promise<RenderedSession>
}

/** What an application asks about its own requests. */
export function createRequestChecks(services: Services): RequestChecks {
  const { settings, sessions, cookies, credentials } = services

  return {
    async authenticate(request, { scope, context = {} } = {}) {
      const exchange = beginExchange(request, context, settings)
      try {
        const { userId, sessionId, scopes } = await services.authenticate(exchange)
        if (scope !== undefined) requireScope({ scopes }, scope)
        return {
          ok: true,
          user: { id: userId, scopes },
          session: { id: sessionId },
          async finish(response) {
            if (exchange.cookies.length === 0) return response
            // Whoever has signed out meanwhile gets no cookie behind it.
            const found = await sessions.find(sessionId).catch(() => undefined)
            if (found === undefined || found.over !== undefined) return response
            return withCookies(response, cookies.withFormer(exchange.cookies, exchange.header('cookie')))
          },
        }
      } catch (error) {
        const refusal = refusalOf(error, exchange, services)
        finish(settings, exchange, refusal)
        return { ok: false, response: withCookies(refusal, exchange.cookies) }
      }
    },

    async session(request) {
      const exchange = beginExchange(request, {}, settings)
      try {
        const credential = await credentials.find(exchange)
        // Our cookies are not sent with a navigation from another site: no cookie says nothing then.
        const site = exchange.header('sec-fetch-site')
        const isOurs = site !== undefined && site !== 'cross-site'
        if (credential === undefined) return { status: isOurs ? 'unauthenticated' : 'unknown' }
        const { member, found } = credential
        if (member === undefined || found === undefined) return { status: 'unauthenticated' }
        const user = await sessions.holder(found)
        const presented = { hash: digest(member.secret), generation: member.generation }
        const isSpent = judge(found.session.family, presented, found.now, settings).kind === 'reused'
        if (typeof user === 'string' || isSpent) return { status: 'unauthenticated' }
        return { status: 'authenticated', user: publicUser(user), sessionId: found.session.id }
      } catch (error) {
        if (error instanceof Refusal) return { status: 'unknown' }
        throw error
      }
    },
  }
}

function withCookies(response: Response, lines: readonly string[]): Response {
  if (lines.length === 0) return response
  const answer = new Response(response.body, response)
  for (const line of lines) answer.headers.append('Set-Cookie', line)
  // No shared cache hands one user's cookie to another.
  answer.headers.set('Cache-Control', 'private, no-store')
  return answer
}
