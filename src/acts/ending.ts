import { isSame } from '../core/epoch.js'
import { type Credential, remaining } from '../core/lifetime.js'
import { WHICHEVER } from '../core/debts.js'
import type { LogoutScope } from '../core/types.js'
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import { judgeRefresh, refusalOf } from '../wire/answers.js'
import { csrfToken, isCsrfRefusal } from '../wire/csrf.js'
import { call, inTime } from '../wire/endpoints.js'
import { freshCsrf, obtain, probe, tokenIn } from '../wire/obtain.js'

/** Whether the server says in words of its own that the session is over. A bare 401 may be about what was sent to prove it. */
export const isSaid = (context: Context, reply: Reply): boolean => !!refusalOf(context, reply)?.code

/** Whether the session may live on, and something else may prove that this browser had a part in it. */
export const isOpen = (context: Context, reply: Reply): boolean =>
  [401, 403].includes(reply.status) && !isSaid(context, reply)

/** Asks the server to end one session, and proves that this browser had a part in it. */
export class Ending {
  /** What proves the sessions that are to be ended, in memory until that is done: the access token, or what goes beside the cookie. */
  readonly proofs = new Map<string, Credential | undefined>()
  /** The last one that was sent. */
  sent: Promise<unknown> = Promise.resolve()
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  /** `asks`: where that proves nothing, who is there by the cookie, which in token mode brings a new token, and so only under the lock. */
  send(
    sessionId: string | undefined,
    scope: LogoutScope,
    credential?: Credential,
    asks?: boolean,
  ): Promise<Reply | undefined> {
    const context = this.#context
    context.note('logout.sent', { cause: scope })
    const { ports, options } = context
    const { logoutProof } = options
    const body = { session_id: context.sessionIds.of(sessionId), scope }
    const held = credential ?? this.proofs.get(sessionId ?? WHICHEVER)
    const isSession = held?.mode === 'session'
    // Many servers refuse one that has expired, whatever goes beside it.
    const isGood = held && !isSession && (credential || remaining(held, context.instant()) > 0)
    let token = isGood ? held.token : undefined
    let csrf = csrfToken(context, isSession && held.token)
    const { epoch } = context.state
    const send = () => {
      const bearer = logoutProof === 'cookie' ? undefined : token
      return call(context, { endpoint: 'logout', method: 'POST', body, token: bearer, csrf })
    }
    const began = ports.clock.monotonic()
    // After the deadline it is tried anew. Without an id it would end the session of whoever has signed in meanwhile.
    const isOvertaken = () => {
      context.sync()
      const late = ports.clock.monotonic() - began >= options.timeouts.request
      return late || (!sessionId && !isSame(context.state.epoch, epoch))
    }
    /** Who is there by the cookie, shown to nobody. What settles it; else there is something new to send with. */
    const ask = async (question: (context: Context) => Promise<Reply>): Promise<Reply | undefined> => {
      const reply = await question(context)
      const found = await judgeRefresh(context, reply)
      // Nobody is signed in by the cookie any more: there is nothing left to end here.
      if (found.kind === 'refused' && scope === 'current') return { ...reply, status: 204, page: false }
      csrf = csrfToken(context, tokenIn(context, reply))
      // A token for another session ends that one.
      const isOwed = found.kind === 'granted' && (!sessionId || found.grant.identity.sessionId === sessionId)
      const bought = isOwed && found.grant.credential
      if (bought && bought.mode === 'token') {
        token = bought.token
        this.proofs.set(sessionId ?? WHICHEVER, bought)
        // Its cookie may lie over that of whoever has signed in meanwhile.
        if (isOvertaken()) context.reactions.repair({ type: 'repair' })
      }
      if (token || csrf) return undefined
      return { ...reply, status: found.kind === 'indeterminate' ? reply.status : 409, page: true }
    }
    const deliver = async () => {
      if (asks && !token && logoutProof === 'bearer') {
        const settled = await ask(obtain)
        if (settled) return settled
      }
      // Nothing is left of it after a reload, and not every backend says in words of ours that one is missing.
      if (!csrf && !token && options.endpoints.csrf !== false) csrf = await freshCsrf(context)
      if (isOvertaken()) return undefined
      let reply = await send()
      const isCsrf = () => isCsrfRefusal(context, reply, false)
      const isRefused = () => asks && isOpen(context, reply)
      // Script is not told of CORS: another origin may not allow the header.
      const isApart = options.baseUrl && !ports.page.url()?.startsWith(options.baseUrl.origin + '/')
      const isBlocked = isApart && reply.fault && !credential
      if (token && !logoutProof && (isBlocked || isRefused()) && !isOvertaken()) {
        token = undefined
        reply = await send()
      }
      if (isOvertaken() || !(isCsrf() || isRefused())) return reply
      const settled = await ask(isCsrf() ? probe : obtain)
      return settled ?? (isOvertaken() ? reply : send())
    }
    return (this.sent = inTime(context, deliver()))
  }
}
