import type { Context } from './context.js'
import type { Logouts } from './logout.js'
import type { Refresher, RefreshNeed, RefreshOutcome } from './refresh.js'
import { openChannel } from './tabs.js'
import { raced } from './waiting.js'

/** How long a person may take at the sign-in page before the return counts as an ordinary start. */
const REDIRECT_MS = 600_000

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

/** Finds out who is signed in: from the marker, the other tabs and, where they leave it open, one request. Gives how that came out. */
export async function start(
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
): Promise<RefreshOutcome | undefined> {
  const { ports, options } = context
  openChannel(context)
  reportMissing(context)
  const returning = isReturning(context)
  const marker = context.readMarker()
  context.note('start', { cause: returning ? 'redirect' : (marker?.state ?? 'missing') })
  // In one step: who is about to ask must not be shown as signed out in between.
  context.quietly(() => {
    context.dispatch({ type: 'started', marker })
    context.syncMarker()
    const eager = returning || (options.restore === 'always' && !context.state.logout)
    if (eager) context.dispatch({ type: 'asking', done: false })
  })()
  // Before a pending logout, which without a session id would end the session that was just made.
  if (returning) {
    const { kind } = await ask({ cause: 'redirect', explicit: true })
    // The mark is used up by an answer alone: until there is one, the next start has to ask.
    if (kind !== 'failed') ports.tab.write(redirectKey(context), null)
  }
  if (context.state.logout) await logouts.deliver()
  if (returning) return undefined
  const { phase, logout } = context.state
  const asks =
    options.restore === 'always'
      ? !logout
      : options.restore === 'auto' && phase === 'unknown' && (marker?.state === 'in' || hinted(context))
  if (asks) return ask({ cause: 'start' })
  context.dispatch({ type: 'skipped' })
  return undefined

  async function ask(need: RefreshNeed): Promise<RefreshOutcome> {
    const outcome = await refresher.refresh({ ...need, restore: true })
    context.dispatch({ type: 'asking', done: true })
    return outcome
  }

  function hinted({ options: { hintCookie } }: Context): boolean {
    return hintCookie === undefined || ports.page.cookie(hintCookie) !== undefined
  }
}

/** Says once what this browser lacks and what that means. */
function reportMissing(context: Context): void {
  const { ports, channel } = context
  const missing = [
    ports.locks.available ? '' : 'Web Locks (no https?)',
    channel ? '' : 'BroadcastChannel',
    ports.shared.read(context.name) === undefined ? 'localStorage (blocked?)' : '',
  ].filter(Boolean)
  if (missing.length === 0) return
  context.warn(
    'capability.missing',
    `Not available here: ${missing.join(', ')}. Signing in works; other tabs are noticed later.`,
  )
}
