import { isOwed } from '../core/debts.js'
import { isSame } from '../core/epoch.js'
import { type Credential, margin, remaining } from '../core/lifetime.js'
import type { Grant, Under } from '../core/state.js'
import { judgeRefresh, type Verdict } from '../wire/answers.js'
import * as words from '../words.js'
import type { Context } from '../plumbing/context.js'
import type { DiagnosticEntry } from '../plumbing/diagnostics.js'
import { inDevelopment } from '../wire/development.js'
import { inTime, isDone, timedOut } from '../wire/endpoints.js'
import type { Reply } from '../plumbing/reply.js'
import { obtain, questionOf } from '../wire/obtain.js'
import { noteAsked, patienceOf } from './outstanding.js'
import { raced } from '../plumbing/waiting.js'

/** Why the server is asked, and what its yes means. */
export interface Renewal {
  /** For the timeline. */
  readonly cause: string
  /** Not satisfied by a request that another client of this page has under way. */
  readonly force?: boolean
  /** The application wants to know: that it comes early says nothing about the server. */
  readonly restore?: boolean
  /** A success is a sign-in on purpose. */
  readonly explicit?: boolean
  /** A success is a sign-in unless it brings back what somebody logged out of. */
  readonly found?: boolean
  /** Whether the request outlives its page, as it does where nothing else is said. The price of false: a page that goes loses the cookie. */
  readonly keepalive?: boolean | undefined
}

/** A verdict that is committed; `flush` tells the application, when the lock is free. */
export type Committed = Verdict & { readonly flush?: () => void }

/** One request for a new credential. What arrives after the deadline still counts, if nothing has come in between. */
export async function renew(context: Context, need: Renewal, sent: Under): Promise<Committed> {
  const { cause } = need
  const { credential } = context.state
  context.note('refresh.sent', {
    cause,
    generation: sent.generation,
    ...(credential && ahead(context, credential)),
  })
  const started = context.ports.clock.monotonic()
  const unanswered = () => timedOut(context, words.REFRESH, questionOf(context))
  let late = false
  const { clock } = context.ports
  // An abort loses the cookie that the answer sets, which the server forgives for a while; for ever it would keep a connection.
  const abort = new AbortController()
  const patience = patienceOf(context)
  const answered = noteAsked(context)
  const cancel = clock.after(patience, () => abort.abort())
  const committed = joined(context, need, sent, abort).then(async ({ reply, under }): Promise<Committed> => {
    cancel()
    answered()
    const verdict: Verdict = abort.signal.aborted
      ? { kind: 'indeterminate', error: unanswered() }
      : await judgeRefresh(context, reply)
    const milliseconds = Math.round(context.ports.clock.monotonic() - started)
    if (late) context.note('refresh.late', { cause: verdict.kind, milliseconds })
    const repair = (overlays: boolean) => {
      // Once, since the server may just be slow.
      if (late && overlays && cause !== 'repair') context.reactions.repair({ type: 'repair' })
    }
    const credential = verdict.kind === 'indeterminate' && verdict.credential
    context.nameless = credential ? { reply, under, credential } : undefined
    if (verdict.kind !== 'granted') {
      // Its cookie is set although its end is lost.
      repair(isDone(reply))
      return verdict
    }
    const flush = context.quietly(() => {
      commit(context, verdict.grant, need, under, late)
      const { generation } = context.state
      context.note('refresh.done', { cause, generation, status: reply.status, milliseconds })
    })
    if (late) flush()
    // Where no register says whether others have asked meanwhile, they may have.
    repair(!context.stored.read())
    return { ...verdict, flush }
  })
  const verdict = await raced(inTime(context, committed), context.disposed)
  if (verdict) return verdict
  late = true
  // Nobody joins a request that may never be answered.
  context.ports.flights.delete(context.name)
  return {
    kind: 'indeterminate',
    error: unanswered(),
    outstanding: patience - context.options.timeouts.request,
  }
}

/** How long the old token is still good, and how much of that was drawn to keep the tabs apart. */
function ahead(context: Context, credential: Credential): Pick<DiagnosticEntry, 'milliseconds' | 'jitter'> {
  const { lead, lifetime } = credential
  return {
    milliseconds: Math.round(remaining(credential, context.instant())),
    jitter: lead && Math.round(lead - margin(lifetime, context.options.refreshMargin)),
  }
}

function commit(context: Context, given: Grant, need: Renewal, under: Under, late: boolean): void {
  context.sync()
  const { debts, sessionId, identity } = context.state
  const told = given.identity.sessionId
  // Each renewal that names another session makes the other tabs ask, and they would be named another one in their turn.
  const isNews = isSame(context.state.epoch, under.epoch) && !late && !need.explicit
  if (isNews && told && sessionId && identity?.subject === given.identity.subject) {
    if (told !== sessionId) rename(context, told)
    else context.sessionIds.kept()
  }
  const id = context.sessionIds.of(told)
  const grant = { ...given, identity: { ...given.identity, sessionId: id } }
  // Where sessions have no id, whoever comes back from the sign-in page has signed in.
  const explicit = need.explicit === true && (!id || id !== sessionId) && !isOwed(debts, id)
  context.dispatch({ type: 'granted', grant, under, explicit, late, wished: need.restore, found: need.found })
}

function rename(context: Context, id: string): void {
  context.sessionIds.renamed(id)
  if (context.sessionIds.sayNothing) void inDevelopment(context, ({ renamed }) => renamed(context))
}

interface Answered {
  readonly reply: Reply
  /** What was known when it was sent. */
  readonly under: Under
}

/** A request that a disposed client of this page began is joined: to send another would waste its cookie. */
function joined(
  context: Context,
  { force, keepalive }: Renewal,
  under: Under,
  abort: AbortController,
): Promise<Answered> {
  const { name, ports, reactions, disposed, nameless } = context
  const { flights } = ports
  const isOurs = nameless && isSame(nameless.under.epoch, under.epoch)
  const isNewest = isOurs && nameless.under.generation === under.generation
  if (!force && isNewest && remaining(nameless.credential, context.instant()) > nameless.credential.lead)
    return Promise.resolve(nameless)
  const running = flights.get(name)
  // Under another epoch the answer would be taken for that of somebody else.
  if (running && !force && isSame(running.epoch, under.epoch)) {
    // The one who began it may be disposed of, and then nobody else does.
    abort.signal.addEventListener('abort', running.giveUp)
    return running.answered as Promise<Answered>
  }
  // But its cookie may land over ours, and nobody else is left to notice.
  void running?.answered.then(() => running.owner.aborted && reactions.repair({ type: 'repair' }))
  const answered = obtain(context, { abort, keepalive }).then((reply) => ({ reply, under }))
  const flight = { epoch: under.epoch, owner: disposed, answered, giveUp: () => abort.abort() }
  flights.set(name, flight)
  void answered.then(() => flights.get(name) === flight && flights.delete(name))
  return answered
}
