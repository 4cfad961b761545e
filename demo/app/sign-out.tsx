import type { LogoutScope } from 'latchkey'
import { auth } from './auth.js'

// What comes of it is in the state and in the timeline: this browser is signed out whatever the network does.
const signOut = (scope: LogoutScope) => (): void => void auth.logout({ scope })

export function SignOut() {
  return (
    <div className="who">
      <button type="button" className="button tiny" onClick={signOut('current')}>
        Sign out
      </button>
      <button type="button" className="button tiny" onClick={signOut('all')}>
        Sign out everywhere
      </button>
    </div>
  )
}
