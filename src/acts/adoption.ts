import { remaining } from '../core/lifetime.js'
import { registerOf } from '../core/register.js'
import { waitLeft } from '../core/waits.js'
import type { Context } from '../plumbing/context.js'
import { pause, raced } from '../plumbing/waiting.js'
import { modeOf } from '../wire/obtain.js'
import { isTokenHeld } from './presence.js'

/** Long enough for a sibling's answer over the channel, too short to be noticed at a start. */
export const ASK_MS = 30
/** The same where another tab has held the lock, or holds a token: it is there, however busy, and its word may be on the way. */
export const HEAR_OUT_MS = 250
export const RACE_PAUSE_MS = 250
/** The same for hidden pages, whose timers come a second apart, all at once. */
const HIDDEN_PAUSE_MS = 15_000

/** Until it is this tab's turn, or another tab has renewed it; a person who comes back does not wait for that. */
export async function spreadOut(context: Context): Promise<void> {
  const { clock, chance, lifecycle, locks } = context.ports
  const { credential } = context.state
  const isStuck = locks.available && !lifecycle.visible()
  const span = chance.fraction() * (isStuck ? HIDDEN_PAUSE_MS : RACE_PAUSE_MS)
  if (!isStuck) return raced(pause(clock, span), context.disposed)
  let stop = () => {}
  const woken = new Promise<void>((resolve) => {
    stop = lifecycle.listen((signal) => signal === 'wake' && resolve())
  })
  const told = context.until((state) => state.credential !== credential || !!state.retryAt, span)
  await raced(Promise.race([woken, told]), context.disposed).finally(stop)
}

/** Whether another tab has renewed it meanwhile, or hands over what it holds. Zero asks only where the register says so. */
export async function adopted(
  context: Context,
  { force, cause }: { readonly force?: boolean; readonly cause: string },
  began: number | undefined,
  askMs: number,
): Promise<boolean> {
  const isNewer = () => {
    const { credential } = context.state
    const usable = credential !== undefined && remaining(credential, context.instant()) > credential.lead
    return usable && credential.generation !== began && context.state.since === undefined
  }
  if (force) return false
  const { state, channel, options } = context
  const siblingsKnowMore = state.generation > (state.credential?.generation ?? -1) && state.epoch[0] > 0
  const shares = channel?.memoryOnly && options.shareToken
  // Where no tokens are shared, what the last holder of the lock was told is still to be heard.
  if (!isNewer() && channel && (askMs > 0 || (shares && siblingsKnowMore))) {
    if (shares) context.post({ register: registerOf(state), ask: true })
    const told = () =>
      isNewer() ||
      (!!context.state.candidate && modeOf(context) !== 'session') ||
      waitLeft(context.state, context.instant()) > 0
    await raced(context.until(told, (shares && askMs) || ASK_MS), context.disposed)
    // A new tab: the one that holds a token is there, however busy the machine is.
    if (shares && !state.credential && isTokenHeld(context))
      await raced(context.until(told, HEAR_OUT_MS), context.disposed)
  }
  if (isNewer()) context.note('refresh.adopted', { cause, generation: context.state.generation })
  return isNewer()
}
