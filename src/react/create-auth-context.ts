import {
  createContext,
  createElement,
  Fragment,
  type RefObject,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import type { AuthClient, AuthState } from '../index.js'
import type { AuthContext, RequireAuthProps, StepOf, UserOf } from './auth-context.js'
import { nobody } from './nobody.js'
import { selecting, waitFor } from './reading.js'
import { report } from './report.js'
import { createScope, NOWHERE, type Scope } from './scope.js'

/**
 * Provider, hooks and components for one client, with the type of its user, and apart from those of any other client.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * import { createAuthContext } from 'latchkey/react'
 * const auth = createAuthClient({ parseUser: (value) => value as { name: string } })
 * export const { AuthProvider, useUser, SignedIn } = createAuthContext<typeof auth>()
 */
export function createAuthContext<Client extends AuthClient = AuthClient>(): AuthContext<
  UserOf<Client>,
  StepOf<Client>
> {
  type User = UserOf<Client>
  type Step = StepOf<Client>
  type State = AuthState<User>
  const Context = createContext<Scope<User>>(NOWHERE)
  const useScope = () => useContext(Context)

  function useAuth(): State
  function useAuth<Selected>(selector: (state: State) => Selected): Selected
  function useAuth(selector: (state: State) => unknown = (state) => state): unknown {
    const { client, server, getState } = useScope()
    return useSyncExternalStore(
      client.subscribe,
      selecting(getState, selector),
      selecting(() => server, selector),
    )
  }

  function RequireAuth({ fallback, onDenied, children }: RequireAuthProps<User>) {
    const { client, ended } = useScope()
    const state = useAuth()
    const latest = useLatest(onDenied)
    const denied = state.status === 'unauthenticated'
    useEffect(() => {
      if (!denied) return undefined
      let wanted = true
      // Not at once: StrictMode takes the first effect back, and nobody is to be sent away twice.
      Promise.resolve()
        .then(() => (wanted ? latest.current?.(state) : undefined))
        .catch(report)
      return () => void (wanted = false)
    }, [client, denied, latest])
    if (state.status !== 'authenticated') return createElement(Fragment, { children: fallback })
    return createElement(Fragment, {
      key: ended,
      children: typeof children === 'function' ? children(state.user) : children,
    })
  }

  return {
    AuthProvider({ client: given, initialSession, children }) {
      // A module that imports itself in a circle hands over undefined, and JavaScript anything, whatever the type says.
      const client = typeof given?.subscribe === 'function' ? given : nobody
      const [scope, setScope] = useState(() => createScope(client, initialSession))
      // Another client starts from nothing: what the server said, and what is on the screen, is about the first.
      if (scope.client !== client) setScope(createScope(client, null, scope.ended + 1))
      useEffect(scope.follow, [scope])
      return createElement(Context.Provider, { value: scope }, children)
    },

    useAuth,

    useAuthReady() {
      const { client, server } = useScope()
      const state = useAuth()
      const [first] = useState(state)
      // A page that the server has rendered is not replaced by a fallback.
      if (state.status === 'unknown' && first !== server) {
        const { done, promise } = waitFor(client)
        if (!done) throw promise as unknown
      }
      return state
    },

    useUser: () => useAuth((state) => (state.status === 'authenticated' ? state.user : undefined)),

    // Of the type that the context was made with.
    useAuthClient: () => useScope().client as AuthClient<User, Step>,

    useAuthFetch: () => useScope().client.fetch,

    useSessionEnd(callback) {
      const { client } = useScope()
      const latest = useLatest(callback)
      useEffect(() => client.on('sessionEnd', (event) => latest.current(event)), [client, latest])
    },

    SignedIn: (props) => createElement(RequireAuth, props),

    SignedOut: ({ children }) =>
      createElement(Fragment, { children: useAuth().status === 'unauthenticated' && children }),

    RequireAuth,
  }
}

/** Keeps the newest callback, so that a new one on every render subscribes to nothing anew. */
function useLatest<Value>(value: Value): RefObject<Value> {
  const latest = useRef(value)
  useEffect(() => void (latest.current = value))
  return latest
}
