import type { AuthClient, AuthState } from '../index.js'
import { report } from './report.js'
import { selectorThrew } from './words.js'

/**
 * A reader of what the selector makes of the state: the same value as long as the state is the same, also from a selector
 * that makes a new object each time, which would render without end.
 */
export function selecting<State extends AuthState, Selected>(
  read: () => State,
  selector: (state: State) => Selected,
): () => Selected {
  let last: State | undefined
  let selected: Selected
  return () => {
    const state = read()
    if (state === last) return selected
    last = state
    try {
      selected = selector(state)
    } catch (cause) {
      // Not the value before, which may be of a user who has signed out.
      selected = undefined as Selected
      report(new Error(selectorThrew(state.status), { cause }))
    }
    return selected
  }
}

interface Wait {
  readonly promise: Promise<unknown>
  done: boolean
}

// By client: React throws away what a component remembers when it suspends before its first commit.
const waits = new WeakMap<AuthClient, Wait>()

export function waitFor(client: AuthClient): Wait {
  const known = waits.get(client)
  if (known) return known
  const wait: Wait = { promise: client.ready().then(() => (wait.done = true)), done: false }
  waits.set(client, wait)
  return wait
}
