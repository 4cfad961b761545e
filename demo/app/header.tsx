import type { AuthState } from 'latchkey'
import type { User } from './auth.js'
import { KeyIcon } from './icons.js'
import { useAuth } from './use-auth.js'
import { useOnline } from './use-online.js'

export function Header() {
  const state = useAuth()
  const online = useOnline()
  const trouble = !online || state.connection !== 'ok'
  return (
    <header className="top">
      <p className="brand">
        <KeyIcon />
        Latchkey <span className="brand-kind">demo</span>
      </p>
      <p className="pill" role="status" data-tone={trouble ? 'notice' : TONES[state.status]}>
        <span className="pill-dot" aria-hidden="true" />
        <span className="pill-text">{who(state)}</span>
        {trouble && <span className="pill-more">{online ? ' · no answer' : ' · offline'}</span>}
      </p>
    </header>
  )
}

const TONES = { authenticated: 'good', unauthenticated: 'plain', unknown: 'running' } as const

function who(state: AuthState<User>): string {
  switch (state.status) {
    case 'authenticated':
      return `Signed in as ${state.user.name}`
    case 'unauthenticated':
      return 'Signed out'
    case 'unknown':
      return 'Finding out who you are'
  }
}
