import { type Credential, elapsed, remaining } from '../core/lifetime.js'
import type { LifecycleSignal } from '../core/ports.js'
import type { Logouts } from '../acts/logout.js'
import type { Refresher } from '../acts/refresh.js'
import { askOnReturn } from '../acts/start.js'
import { closeChannel, openChannel } from '../acts/tabs.js'
import type { Context } from '../plumbing/context.js'
import { pause, within } from '../plumbing/waiting.js'

const DRAWING_MS = 50

interface Watchers {
  /** Says anew whether this tab holds a token. */
  readonly present: () => void
  /** Looks at the clock anew. */
  readonly plan: () => void
}

/** What is done when the page goes, comes back, or the network does. After a pause of unknown length what is due is done now. */
export function createWakes(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  { present, plan }: Watchers,
): (signal: LifecycleSignal) => void {
  let concealed = false

  return (signal) => {
    switch (signal) {
      case 'suspend':
        // Now, since what is painted first on the way back was painted before any script of ours runs.
        if (context.options.hideOnRestore && context.state.phase === 'in') conceal(true)
        // The application may have emptied the storage behind its logout, of which its own page is not told.
        if (context.state.debts.length > 0) context.sync()
        context.lock.leave()
        closeChannel(context)
        return present()
      case 'restore':
      case 'wake':
      case 'online':
        openChannel(context)
        present()
        context.sync()
        if (signal === 'online') context.dispatch({ type: 'retryNow' })
        if (context.state.debts.length > 0) void logouts.deliver()
        context.askAgain?.()
        renewDue(context, refresher, signal)
        if (concealed) void reveal()
        return plan()
      case 'hidden':
        return plan()
      case 'offline':
        // Nobody is told anew who is here before it is known whether he still is.
        context.sync()
        return context.dispatch({ type: 'disconnected' })
      case 'activate':
        return
      default:
        return signal satisfies never
    }
  }

  function conceal(hidden: boolean): void {
    concealed = hidden
    context.ports.page.conceal(hidden)
  }

  /** Shows the page again when it is known for whom, and the application has had a moment to draw it. */
  async function reveal(): Promise<void> {
    const { ports, options } = context
    const asked = refresher.refresh({ cause: 'restore', force: true })
    await within(ports.clock, options.timeouts.ready, asked)
    await pause(ports.clock, DRAWING_MS)
    conceal(false)
  }
}

function renewDue(context: Context, refresher: Refresher, cause: 'restore' | 'wake' | 'online'): void {
  const { credential, phase, failures } = context.state
  if (phase === 'out' || (phase === 'unknown' && failures === 0)) return
  // A restored page may have missed a logout, and without a register only the server can tell.
  const blind = cause === 'restore' && !context.stored.read()
  const now = context.instant()
  const due =
    failures > 0 ||
    !credential ||
    remaining(credential, now) < credential.lead ||
    isOld(context, credential, cause)
  if (due || blind) void refresher.refresh({ cause, force: blind })
  else if (cause === 'restore') void askOnReturn(context, refresher).catch(() => {})
}

/** Nobody tells a cookie session that it was ended elsewhere. */
function isOld(context: Context, { mode, issued }: Credential, cause: string): boolean {
  const { options, state } = context
  const age = elapsed(issued, context.instant())
  // Whoever comes back to a page may have signed in on one of the server's, and without an id the server cannot refuse his writes.
  const unnamed = cause === 'wake' && !(options.idHeader && state.sessionId)
  return mode === 'session' && (unnamed || cause === 'restore' || age >= options.revalidateAfter)
}
