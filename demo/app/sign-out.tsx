import type { LogoutScope } from 'latchkey'
import { auth, type User } from './auth.js'

// What comes of it is in the state and in the timeline: this browser is signed out whatever the network does.
const signOut = (scope: LogoutScope) => (): void => void auth.logout({ scope })

export function SignOut({ user }: { readonly user: User }) {
  return (
    <div className="who">
      <span className="avatar" aria-hidden="true">
        {initials(user.name)}
      </span>
      <span className="who-name">{user.name}</span>
      <button type="button" className="button quiet" onClick={signOut('current')}>
        Sign out
      </button>
      <button type="button" className="button quiet" onClick={signOut('all')}>
        Sign out everywhere
      </button>
    </div>
  )
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => word?.[0] ?? '').join('')
}
