import { auth } from '../app/auth.js'
import { type DemoMode, MODES } from '../shared/demo-api.js'
import { Choice } from './choice.js'
import { server, useServer } from './server.js'

const NAMES: Readonly<Record<DemoMode, string>> = { token: 'token', session: 'cookie session', both: 'both' }

const HINTS: Readonly<Record<DemoMode, string>> = {
  token: 'An access token in memory, and a cookie that buys the next one.',
  session: 'The cookie is the credential. No token in script; writes carry a CSRF token.',
  both: 'Either is good for every call. Renewing turns a token into a cookie session.',
}

/** How the backend lets the page act for a user. Nobody is signed out for a change of it. */
export function Mode() {
  const state = useServer()
  const hintOf = (mode: DemoMode): string =>
    state?.migrating && mode === state.mode ? `${HINTS[mode]} For now, both are served.` : HINTS[mode]
  return (
    <Choice
      legend="Mode"
      name="mode"
      values={MODES}
      names={NAMES}
      now={state?.mode}
      hintOf={hintOf}
      ask={changeOver}
    />
  )
}

async function changeOver(mode: DemoMode): Promise<void> {
  await server.mode(mode)
  // It would be found out with the next renewal; this is to be seen now. What becomes of it is in the timeline.
  if (mode !== 'both' && auth.getState().status === 'authenticated')
    await auth.refresh({ force: true }).catch(() => {})
}
