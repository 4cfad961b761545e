import type { ReactElement, ReactNode } from 'react'
import type { AuthClient, AuthEvents, AuthState, Mode, UnauthenticatedState } from '../index.js'

/** The type of the user that a client knows: `UserOf<typeof auth>`. */
export type UserOf<Client> = Client extends AuthClient<infer User> ? User : never

/** Who the server knew to be signed in when it rendered the page. */
export interface InitialSession<User> {
  /** In the form that `parseUser` gives it. */
  readonly user: User
  /** `session` by default: a server that knows who asks has read a cookie. */
  readonly mode?: Mode | undefined
  readonly sessionId?: string | undefined
}

/** The type of the steps that a client's `parseStep` reads; never where it reads none. */
export type StepOf<Client> = Client extends AuthClient<infer _User, infer Step> ? Step : never

export interface AuthProviderProps<User> {
  /** What `createAuthClient()` returned. The provider never disposes of it: it belongs to who made it. */
  readonly client: AuthClient<User>
  /**
   * Shown in the rendered page and until this client knows for itself. Read once. Without it, or with `null`, the page
   * starts as `unknown`: that the server knows nobody is no reason to send somebody away.
   */
  readonly initialSession?: InitialSession<User> | null | undefined
  readonly children?: ReactNode
}

export interface SignedInProps<User> {
  /** What to show, or a function of the user that says it. */
  readonly children?: ReactNode | ((user: User) => ReactNode)
}

export interface SignedOutProps {
  readonly children?: ReactNode
}

export interface RequireAuthProps<User> extends SignedInProps<User> {
  /** Stands in the place of the children while nobody is signed in, or nobody knows. Nothing by default. */
  readonly fallback?: ReactNode
  /**
   * Called after the render when nobody is signed in, once each time that turns out; never on `unknown`. The place to
   * navigate to the sign-in page. What it throws, or rejects with, is reported and breaks nothing.
   */
  readonly onDenied?: ((state: UnauthenticatedState) => unknown) | undefined
}

/** Provider, hooks and components that belong together; all know the type of the user. */
export interface AuthContext<User, Step = never> {
  /** Hands the client to everything below it, and starts it once mounted. */
  AuthProvider(props: AuthProviderProps<User>): ReactElement
  /** The state; a silent refresh renders nothing anew. */
  useAuth(): AuthState<User>
  /**
   * What the selector makes of the state; rendered anew only when that changes (`Object.is`). A selector that throws is
   * reported and gives undefined.
   */
  useAuth<Selected>(selector: (state: AuthState<User>) => Selected): Selected
  /**
   * The state, once it is known who is signed in: suspends until `client.ready()` has settled (10 s at most). Still
   * `unknown` where no answer came by then. Does not suspend in server rendering and hydration.
   */
  useAuthReady(): AuthState<User>
  /** The user who is signed in; undefined when nobody is, or nobody knows. */
  useUser(): User | undefined
  /** The client of the provider, to sign in and out. */
  useAuthClient(): AuthClient<User, Step>
  /** `client.fetch`: the same function as long as the client is the same. */
  useAuthFetch(): AuthClient<User>['fetch']
  /**
   * Calls back when a session ends in this tab, before anybody else is shown as signed in; a promise is waited for
   * (5 s by default). The newest callback is called. Use it above `<SignedIn>`, in what stays mounted.
   */
  useSessionEnd(callback: (event: AuthEvents<User>['sessionEnd']) => unknown): void
  /** Shows its children to who is signed in; they start anew when a session has ended, so that no state of a user is left. */
  SignedIn(props: SignedInProps<User>): ReactElement
  /** Shows its children when it is known that nobody is signed in. */
  SignedOut(props: SignedOutProps): ReactElement
  /** `<SignedIn>` with a fallback, and a callback for when nobody is signed in. */
  RequireAuth(props: RequireAuthProps<User>): ReactElement
}
