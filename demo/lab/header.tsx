import type { AuthState } from 'latchkey'
import { useAuth, type User } from '../app/auth.js'
import { KeyIcon } from '../app/icons.js'
import { useOnline } from '../app/use-online.js'

export function Header() {
  const state = useAuth()
  const online = useOnline()
  const trouble = !online || state.connection !== 'ok'
  return (
    <header className="top">
      <p className="brand">
        <KeyIcon />
        Latchkey <span className="brand-kind">lab</span>
      </p>
      <p className="who-now" role="status" data-tone={trouble ? 'notice' : TONES[state.status]}>
        <span className="dot" aria-hidden="true" />
        <span className="who-now-text">
          <Who state={state} />
          {trouble && <span className="trouble">{online ? ' · trouble' : ' · offline'}</span>}
        </span>
      </p>
    </header>
  )
}

const TONES = { authenticated: 'good', unauthenticated: 'plain', unknown: 'running' } as const

function Who({ state }: { readonly state: AuthState<User> }) {
  switch (state.status) {
    case 'authenticated':
      return (
        <>
          <span className="wide-only">Signed in as </span>
          {state.user.name}
        </>
      )
    case 'unauthenticated':
      return 'Signed out'
    case 'unknown':
      return 'Finding out who you are'
  }
}
