import { isOver } from '../core/ends.js'
import { waitLeft } from '../core/waits.js'
import { isSame, NO_EPOCH } from '../core/epoch.js'
import { isOwed, WHICHEVER } from '../core/debts.js'
import type { Identity } from '../core/state.js'
import * as words from '../words.js'
import { judgeRefresh } from '../wire/answers.js'
import type { Context } from '../plumbing/context.js'
import type { Logouts } from './logout.js'
import { canLook, isSameSession, look } from '../wire/look.js'
import type { RefreshOutcome } from './hold.js'
import type { Refresher } from './refresh.js'
import { openChannel } from './tabs.js'
import { raced, within } from '../plumbing/waiting.js'

/** How long a person may take at the sign-in page before the return counts as an ordinary start. */
const REDIRECT_MS = 600_000
/** How long a visitor is nobody knows who. A later answer still signs in. */
const VISITOR_MS = 2000

const redirectKey = ({ name }: Context): string => `${name}:redirect`

/** Remembers in this tab when the person was sent to sign in. */
export function markRedirect(context: Context): void {
  context.ports.tab.write(redirectKey(context), String(context.ports.clock.wall()))
}

/** Whether the person comes back from the sign-in page. */
function isReturning(context: Context): boolean {
  const { tab, clock } = context.ports
  // Where nothing is stored, or no time, that is long ago or never.
  const age = clock.wall() - Number(tab.read(redirectKey(context)) ?? NaN)
  return age >= 0 && age < REDIRECT_MS
}

/** Resolves when the page is shown: a page that is being prerendered must not sign anybody in or use up a cookie. */
export function activated(context: Context): Promise<void> {
  const { lifecycle } = context.ports
  if (!lifecycle.prerendering()) return Promise.resolve()
  const activation = new Promise<void>((resolve) => {
    const stop = lifecycle.listen((signal) => {
      if (signal !== 'activate') return
      stop()
      resolve()
    })
    context.disposed.addEventListener('abort', stop, { once: true })
  })
  return raced(activation, context.disposed)
}

/**
 * Finds out whom the cookie is for, before anybody is shown. What storage and the other tabs remember says which question is
 * asked, and not what the answer is: a page of the server may have signed in somebody else. Gives how that came out.
 */
export async function start(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
): Promise<RefreshOutcome | undefined> {
  const { ports, options } = context
  openChannel(context)
  reportMissing(context)
  const returning = isReturning(context)
  const register = context.stored.read() ?? context.stored.takeOver()
  // Whoever signed out as the first thing of this page is out, and not asked about.
  const acted = !isSame(context.state.epoch, NO_EPOCH)
  context.note('start', { cause: returning ? 'redirect' : (register?.state ?? 'missing') })
  // In one step: who is about to ask must not be shown as signed out in between.
  context.quietly(() => {
    context.dispatch({ type: 'started', register })
    context.sync()
    if (returning || (!acted && isAsking(context))) context.dispatch({ type: 'asking', done: false })
  })()
  /** The one timer that asks again. */
  let cancel: () => void = () => {}
  /** What is still to be ended comes before every question. */
  const delivered = () => logouts.settle()
  const owed = () => context.state.debts.map(({ sessionId }) => sessionId).filter((id) => id !== WHICHEVER)
  // Before a pending logout, which without a session id would end the session that was just made. No other tab is asked: whom
  // the cookie is for has just changed.
  if (returning) {
    const debts = owed()
    const { kind } = await refresher.refresh({
      cause: 'redirect',
      explicit: true,
      force: true,
      restore: true,
    })
    context.dispatch({ type: 'asking', done: true })
    // The mark is used up by an answer alone: until there is one, the next start has to ask.
    if (kind !== 'failed') ports.tab.write(redirectKey(context), null)
    await delivered()
    payOff(debts)
    return undefined
  }
  const { phase } = context.state
  // Where storage cannot be read, nothing says that there is no session.
  const blocked = ports.shared.read(context.name) === undefined
  if (
    phase === 'unknown' &&
    options.restore !== 'never' &&
    (blocked || !isSame(context.state.epoch, NO_EPOCH))
  )
    return refresher.refresh({ cause: 'start', restore: true })
  if (phase !== 'in' && !acted && isAsking(context)) return visit()
  await delivered()
  context.dispatch({ type: 'skipped' })
  return undefined

  /** Nobody is known to be signed in, which a link of the server may have changed. */
  async function visit(): Promise<RefreshOutcome | undefined> {
    const asked = ask()
    const told = ports.lifecycle.online()
      ? within(ports.clock, VISITOR_MS, asked)
      : Promise.resolve(undefined)
    const outcome = await raced(told, context.disposed)
    context.quietly(() => {
      context.dispatch({ type: 'skipped' })
      context.dispatch({ type: 'asking', done: true })
    })()
    return outcome
  }

  /** One question. Where it gets no answer it is asked again on occasion. */
  async function ask(): Promise<RefreshOutcome | undefined> {
    context.askAgain = undefined
    cancel()
    await delivered()
    // Somebody has signed in meanwhile in another tab: that is asked for elsewhere, and what a look says ends no session.
    if (context.state.resyncing || context.state.phase === 'in') return undefined
    const debts = owed()
    const outcome = await question(context, refresher, logouts).catch(() => undefined)
    if (outcome?.kind === 'failed') {
      context.askAgain = () => void ask()
      // The cookie is for somebody, whom only a refresh can show: what makes it wait, a failure of another tab's even, will be over.
      // A hidden page asks when it is shown.
      const left = Math.max(waitLeft(context.state, context.instant()), VISITOR_MS)
      if (outcome.isKnown)
        cancel = ports.clock.after(left, () => ports.lifecycle.visible() && context.askAgain?.())
    }
    payOff(debts)
    return outcome
  }

  /** What was still to be ended when somebody else turned out to be signed in. */
  function payOff(ids: readonly string[]): void {
    const { phase, sessionId } = context.state
    if (phase !== 'in') return
    for (const id of ids) if (id !== sessionId) void logouts.compensate({ identity: { sessionId: id } })
  }
}

/** Whether a start asks where storage knows of nobody. */
function isAsking({ options: { restore, hintCookie }, ports }: Context): boolean {
  return restore !== 'never' && (hintCookie === undefined || ports.page.cookie(hintCookie) !== undefined)
}

/** `isKnown`: the cookie is for somebody, by the word of the server. */
type Asked = RefreshOutcome & { readonly isKnown?: boolean }

/** Whether somebody has been signed in by a link of the server. */
async function question(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
): Promise<Asked | undefined> {
  const { epoch, generation } = context.state
  const under = { epoch, generation }
  let known = false
  if (canLook(context)) {
    const found = await look(context)
    if (found.kind === 'failed') return refresher.hold.postpone(found.error, found.retryAfter)
    if (found.kind === 'overtaken') return undefined
    if (found.kind === 'nobody') {
      const { status, sentAt } = found.reply
      context.dispatch({ type: 'refused', reason: 'expired', status, under, asked: sentAt.wall })
      return undefined
    }
    if (found.kind === 'user') {
      const { sessionId } = found.identity
      const { state } = context
      if (isOver(state, sessionId)) {
        owe(context, logouts, found.identity)
        return undefined
      }
      if (found.mode === 'session') {
        const verdict = await judgeRefresh(context, found.reply)
        if (verdict.kind === 'indeterminate') return refresher.hold.postpone(verdict.error)
        if (verdict.kind === 'granted')
          context.dispatch({ type: 'granted', grant: verdict.grant, under, explicit: false, found: true })
        return undefined
      }
      known = true
    }
  }
  // What was not named may be what is still to be ended.
  if (context.state.debts.length > 0 && !known) return undefined
  const outcome = await refresher.refresh({ cause: 'start', restore: true, found: true })
  return { ...outcome, isKnown: known }
}

/** The answer to a question that a logout has crossed may have set the cookie of the session again: it is owed once more. */
export async function lookBehind(context: Context, logouts: Logouts): Promise<void> {
  if (context.state.phase !== 'out' || !canLook(context)) return
  const found = await look(context)
  if (found.kind === 'user' && isOver(context.state, found.identity.sessionId))
    owe(context, logouts, found.identity)
}

/** Somebody has logged out of it. What is still owed is delivered anyway. */
function owe(context: Context, logouts: Logouts, { sessionId }: Identity): void {
  if (isOwed(context.state.debts, sessionId)) return
  context.dispatch({ type: 'loginLost', sessionId })
  void logouts.deliver()
}

/** A page that comes back may belong to somebody who has signed in since on a page of the server. Who was shown stays meanwhile. */
export async function askOnReturn(context: Context, refresher: Refresher): Promise<void> {
  const { identity, epoch, credential } = context.state
  const other = { cause: 'restore', anew: true, had: credential?.generation }
  context.dispatch({ type: 'returned' })
  if (!identity || !canLook(context)) return void refresher.refresh(other)
  const found = await look(context)
  if (found.kind === 'failed' || found.kind === 'overtaken') return
  if (found.kind === 'user' && isSameSession(found.identity, identity))
    context.dispatch({ type: 'looked', identity, under: epoch })
  else void refresher.refresh({ ...other, force: found.kind !== 'absent' })
}

/** Says once what this browser lacks and what that means. */
function reportMissing(context: Context): void {
  const { ports, channel } = context
  const missing = [
    ports.locks.available ? '' : words.LOCKS,
    channel ? '' : 'BroadcastChannel',
    ports.shared.read(context.name) === undefined ? words.STORAGE : '',
  ].filter(Boolean)
  if (missing.length === 0) return
  context.warn('capability.missing', words.notHere(missing))
}
