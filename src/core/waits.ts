import { elapsed, type Instant, remaining } from './lifetime.js'
import { registerOf } from './register.js'
import type { ClientEvent, ClientState, Moment, Transition } from './state.js'

/** So many tokens that did not live half their time, in so many milliseconds, open the breaker. */
export const BREAKER_LENGTH = 3
const BREAKER_WINDOW = 10_000

/** Whether the breaker holds: one token after the other was replaced before its time, so that one more will not help. */
export function isLooping(state: ClientState, now: Instant): boolean {
  const [first] = state.early
  return (
    state.early.length === BREAKER_LENGTH && first !== undefined && now.monotonic - first < BREAKER_WINDOW
  )
}

/** Milliseconds until a refresh may be tried; zero where nothing holds it back. Either clock is enough to end the wait. */
export function waitLeft(state: ClientState, now: Instant): number {
  if (!state.retryAt) return 0
  return Math.max(0, -elapsed(state.retryAt, now))
}

/** A question went unanswered: it is asked again later, and the siblings wait, too. */
export function postponed(
  state: ClientState,
  event: ClientEvent & { type: 'indeterminate' },
  now: Moment,
): Transition {
  // A sibling may have been told meanwhile to wait for longer.
  const left = waitLeft(state, now)
  const { delay, mandated } = left > event.delay ? { delay: left, mandated: state.mandated } : event
  const failures = state.failures + 1
  const retryAt = { wall: now.wall + delay, monotonic: now.monotonic + delay }
  // A slow server is no trouble yet, as long as there is a token: each of its answers would be one.
  const isSlow =
    event.outstanding && state.failures === 0 && state.credential && remaining(state.credential, now) > 0
  const connection = event.offline ? 'offline' : isSlow ? state.connection : 'degraded'
  const waits = { failures, mandated, triedAt: now.wall }
  const news = { register: registerOf(state), wait: { until: retryAt.wall, ...waits } }
  return [{ ...state, connection, retryAt, ...waits }, [{ type: 'post', news }]]
}

/** The network is back, as far as the browser knows. */
export function back(state: ClientState): ClientState {
  const { retryAt, mandated, failures, connection } = state
  return {
    ...state,
    retryAt: mandated ? retryAt : undefined,
    connection: failures === 0 ? 'ok' : connection,
  }
}
