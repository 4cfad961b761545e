import { type Credential, remaining } from '../core/lifetime.js'
import { waitLeft } from '../core/waits.js'
import type { Context } from '../plumbing/context.js'
import { inDevelopment } from '../wire/development.js'
import type { Refresher } from '../acts/refresh.js'

/** However short a token lives, the schedule does not renew it more often than that. */
const SHORTEST_MS = 1000
/** A token that lives no longer than that is renewed by use alone: a page that nobody uses needs none. */
const SHORT_LIFE_MS = 2000

/**
 * Renews ahead of need while the page is visible. A courtesy: validity is checked at use, so nothing depends on a
 * timer that browsers delay, stop in sleep, or never fire. Returns what looks at the clock again.
 */
export function createSchedule(context: Context, refresher: Refresher): () => void {
  const { clock, lifecycle } = context.ports
  let cancel: () => void = () => {}
  let isSaid = false
  const plan = () => {
    const { credential } = context.state
    if (!isSaid && credential && isShort(credential)) {
      isSaid = true
      void inDevelopment(context, ({ shortLived }) => shortLived(context, credential.lifetime))
    }
    cancel()
    cancel = () => {}
    const due = context.disposed.aborted || !lifecycle.visible() ? undefined : dueIn(context)
    if (due === undefined) return
    const cause = context.state.retryAt ? 'retry' : 'schedule'
    cancel = clock.after(Math.max(due, SHORTEST_MS), () => {
      // By a clock that is read coarsely it may come a moment too early, and is held back: that changes no state.
      void refresher.refresh({ cause }).then(() => context.state.retryAt && plan())
    })
  }
  context.changes.add(plan)
  return plan
}

function dueIn(context: Context): number | undefined {
  const { state } = context
  const now = context.instant()
  const { credential, phase, retryAt } = state
  if (phase === 'out') return undefined
  // What failed is made up for, however long the token is still good.
  if (retryAt) return waitLeft(state, now)
  // A schedule would only storm the server. A cookie session is asked for at its end, and once.
  if (!credential || credential.lifetime <= 0 || isShort(credential)) return undefined
  return remaining(credential, now) - credential.lead
}

const isShort = ({ mode, lifetime }: Credential): boolean => mode === 'token' && lifetime <= SHORT_LIFE_MS
