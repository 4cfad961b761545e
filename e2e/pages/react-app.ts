/* A page of React, rendered on a server and in a browser. Without JSX, which Playwright would compile for its own purposes. */
import { createElement as h, type ReactNode, StrictMode, Suspense } from 'react'
import type { AuthClient } from 'latchkey'
import { createAuthContext, type InitialSession } from 'latchkey/react'

export interface User {
  readonly id: string
  readonly name: string
}

export interface AppProps {
  readonly client: AuthClient<User>
  readonly session?: InitialSession<User> | null | undefined
  readonly strict: boolean
  /** A part that throws, or waits in Suspense. */
  readonly extra?: 'suspense' | 'throws' | undefined
  /** How often each part was rendered. */
  readonly renders: Record<string, number>
  /** What the callbacks were told, in order. */
  readonly told: string[]
}

const { AuthProvider, RequireAuth, SignedOut, useAuth, useAuthFetch, useAuthReady, useSessionEnd, useUser } =
  createAuthContext<AuthClient<User>>()

const count = (renders: AppProps['renders'], part: string): void =>
  void (renders[part] = (renders[part] ?? 0) + 1)

function Name({ renders }: Pick<AppProps, 'renders'>): ReactNode {
  count(renders, 'name')
  return h('b', null, useUser()?.name)
}

function State({ renders }: Pick<AppProps, 'renders'>): ReactNode {
  count(renders, 'state')
  const { status, connection } = useAuth()
  return h('p', { id: 'state' }, `${status} ${connection}`)
}

function Fetches({ renders }: Pick<AppProps, 'renders'>): ReactNode {
  count(renders, 'fetch')
  return h('i', null, typeof useAuthFetch())
}

function Ends({ told }: Pick<AppProps, 'told'>): ReactNode {
  useSessionEnd(({ reason, previousUser }) => void told.push(`ended ${reason} ${previousUser?.name}`))
  return null
}

const Ready = (): ReactNode => h('p', { id: 'ready' }, `ready: ${useAuthReady().status}`)

/** Reads what is only there for who is signed in. */
function Throws(): ReactNode {
  const name = useAuth((state) => (state as unknown as { user: User }).user.name)
  return h('p', { id: 'throws' }, name ?? 'nothing')
}

export function App({ client, session, strict, extra, renders, told }: AppProps): ReactNode {
  const app = h(
    AuthProvider,
    { client, initialSession: session },
    h(State, { renders }),
    h(Ends, { told }),
    extra === 'throws' && h(Throws),
    extra === 'suspense' && h(Suspense, { fallback: h('p', { id: 'ready' }, 'suspended') }, h(Ready)),
    h(
      RequireAuth,
      {
        fallback: h('p', { id: 'fallback' }, 'One moment'),
        onDenied: ({ reason }) => told.push(`denied ${reason}`),
      },
      h(Name, { renders }),
      h(Fetches, { renders }),
      h('input', { 'aria-label': 'Draft' }),
    ),
    h(SignedOut, null, h('h2', null, 'Sign in')),
  )
  return strict ? h(StrictMode, null, app) : app
}
