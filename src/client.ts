import { LONGEST_MS } from './core/lifetime.js'
import type { ClientState } from './core/state.js'
import type { Ports } from './core/ports.js'
import type { AuthenticatedState, AuthState, LogoutScope } from './core/types.js'
import { resolveOptions } from './options/resolve.js'
import type { AuthClientOptions } from './options/types.js'
import type { DiagnosticEntry } from './plumbing/diagnostics.js'
import type { Diagnosis } from './wire/diagnose.js'
import type { AuthEvents } from './plumbing/events.js'
import type { LogoutResult } from './acts/logout.js'
import type { AuthRequestInit } from './use/requests.js'
import { Runtime } from './runtime.js'
import { Listeners, report } from './store.js'
import { browserPorts } from './browser/ports.js'
import { WRONG_VALIDITY, wrongEvent } from './words.js'

export type { AuthEvents, AuthRequestInit, Diagnosis, DiagnosticEntry, LogoutResult }
export type { DiagnosticType } from './plumbing/diagnostics.js'

/**
 * Keeps a person signed in. Every method can be used detached (`const { fetch } = auth`), every promise settles, and
 * every rejection of an auth call is an `AuthError`.
 */
export interface AuthClient<User = unknown> {
  /**
   * Resolves with the state when the start is done: when it is known who is signed in, or at the latest after
   * `timeouts.ready` (10 s), also offline. Never rejects.
   *
   * @example
   * import { createAuthClient } from 'latchkey'
   * const auth = createAuthClient()
   * const state = await auth.ready()
   * if (state.status === 'unauthenticated') auth.loginWithRedirect()
   */
  ready(): Promise<AuthState<User>>
  /** The state now; the same object until something changes. */
  getState(): AuthState<User>
  /** Calls back with the state, at once and after every change. Returns what stops it. */
  subscribe(listener: (state: AuthState<User>) => void): () => void
  /** Listens to one kind of event. Returns what stops it. */
  on<Name extends keyof AuthEvents<User>>(
    name: Name,
    listener: (event: AuthEvents<User>[Name]) => unknown,
  ): () => void
  /**
   * Signs in: posts the body as JSON to the login endpoint. Never sent twice.
   *
   * Throws `invalid_credentials`, `login_refused` where the answer has a code of its own (`serverCode`), `csrf_refused`, `user_disabled`, `rate_limited`
   * (with `retryAt`), `session_changed` where a logout or another login came in between, and the codes of a failed request. An answer that signs
   * nobody in, such as one that wants a second factor, ends nothing: it is `invalid_response`, with the answer, unread, as `response`.
   */
  login(credentials: unknown): Promise<AuthState<User>>
  /**
   * Navigates to the backend's sign-in, which comes back to `returnTo`, by default the page's own path; no code and no token
   * ever reaches script. Throws `embedded` in a frame of another origin, and `invalid_return_to` for everything but a path of this origin (RFC 9700, 4.11.1).
   */
  loginWithRedirect(options?: { returnTo?: string | undefined }): Promise<void>
  /**
   * Signs out: here and in every tab at once, whatever the network does, then at the server, now or as soon as it can
   * be reached, unless somebody signs in before that. `scope: 'all'` ends every session of the user.
   */
  logout(options?: { scope?: LogoutScope | undefined }): Promise<LogoutResult>
  /**
   * `fetch` with the access token, for the origins that may receive it; for others plain `fetch`. A 401 is answered by one
   * refresh and one replay. Rejects with an `AuthError` where there is no session, and like `fetch` for the request's own faults.
   */
  fetch(input: string | URL | Request, init?: AuthRequestInit): Promise<Response>
  /**
   * A token that is valid for at least `minValidity` seconds (10 by default, a quarter of its life at most), for what is not
   * `fetch`: a WebSocket, an upload library. Never put it into a URL (RFC 9700, 4.3.2).
   */
  getAccessToken(options?: {
    minValidity?: number | undefined
    signal?: AbortSignal | null | undefined
  }): Promise<string>
  /** Renews the session if it is due, or at once with `force`, for instance after a change of roles. */
  refresh(options?: { force?: boolean | undefined }): Promise<AuthState<User>>
  /**
   * Says that somebody is there, where neither pointer nor key nor scrolling tells, for instance while a film is watched: in token
   * mode the next renewal then counts as use, and the idle limit of the server moves. Cheap; call it as often as you like.
   */
  touch(): void
  /** Asks the server whether the refresh or session cookie comes back, and says what to look at where it does not. */
  diagnose(): Promise<Diagnosis>
  /** The last 100 decisions of this client, for a report. Holds no secret. */
  getDiagnostics(): readonly DiagnosticEntry[]
  /** Ends all timers, listeners and channels; what waits rejects with `disposed`. The session itself goes on. */
  dispose(): void
}

/**
 * Creates the client of one backend: make one for the whole page. Does nothing until it is first used, so it can be made
 * anywhere, also on a server. Throws a `TypeError` that names the option where one is wrong.
 *
 * @example
 * import { createAuthClient } from 'latchkey'
 * const auth = createAuthClient({ baseUrl: 'https://api.example.com' })
 * await auth.login({ email: 'ann@example.com', password: 'correct horse' })
 * const response = await auth.fetch('https://api.example.com/orders')
 */
export function createAuthClient<User = unknown>(options: AuthClientOptions<User> = {}): AuthClient<User> {
  return assemble(options, browserPorts())[0]
}

/** The same client on any ports: what the simulator and tests use. */
export function createClientWith<User>(options: AuthClientOptions<User>, ports: Ports): AuthClient<User> {
  return assemble(options, ports)[0]
}

/** The same client and where its state is changed: for a test that says what has happened rather than playing it. */
export function assemble<User>(
  options: AuthClientOptions<User>,
  ports: Ports,
): readonly [client: AuthClient<User>, context: Runtime['context']] {
  const settings = resolveOptions(options)
  const origin = settings.baseUrl?.href ?? originOf(ports.page.url())
  const name = `latchkey:${settings.key ?? fingerprint([origin, ...Object.values(settings.endpoints)].join(' '))}`
  const runtime = new Runtime(ports, settings, name)
  const { context, events } = runtime
  const listeners = new Listeners<AuthState<User>>()
  const sources = {
    sessionEnd: events.sessionEnd,
    userSwitch: events.userSwitch,
    claimsChange: events.claimsChange,
    diagnostic: context.diagnostics,
  } satisfies Record<keyof AuthEvents<User>, unknown>
  let shown: AuthState<User> | undefined
  const getState = () => (shown = snapshot<User>(shown, () => context.state))
  let told = getState()
  context.changes.add(() => {
    const next = getState()
    if (next === told) return
    told = next
    void listeners.emit(next)
  })

  const client: AuthClient<User> = {
    getState,
    async ready() {
      await runtime.ready()
      return getState()
    },
    subscribe(listener) {
      void runtime.started()
      const stop = listeners.add(listener)
      // A store that a framework subscribes to speaks first; a listener that throws there must not break the caller.
      try {
        listener(getState())
      } catch (error) {
        report(error)
      }
      return stop
    },
    on(name, listener) {
      if (!Object.hasOwn(sources, name)) throw new TypeError(wrongEvent(name))
      return (sources[name] as Listeners<unknown>).add(listener as (event: unknown) => unknown)
    },
    async login(credentials) {
      await runtime.login(credentials)
      return getState()
    },
    loginWithRedirect: ({ returnTo } = {}) => runtime.loginWithRedirect(returnTo),
    logout: ({ scope = 'current' } = {}) => runtime.logout(scope),
    fetch: (input, init) => runtime.fetch(input, init),
    async getAccessToken({ minValidity, signal } = {}) {
      if (minValidity !== undefined && !(minValidity >= 0)) throw new TypeError(WRONG_VALIDITY)
      return runtime.token({ cause: 'app', minValidity, signal })
    },
    async refresh({ force = false } = {}) {
      await runtime.refresh(force)
      return getState()
    },
    touch: () => runtime.touch(),
    diagnose: () => runtime.diagnose(),
    getDiagnostics: () => [...context.entries],
    dispose() {
      runtime.dispose()
      listeners.clear()
    },
  }
  return [client, context]
}

const originOf = (url: string | undefined): string => (url === undefined ? '' : new URL(url).origin)

/** Tells keys apart; it protects nothing (FNV-1a). */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** The public face of the state; the old one where nothing that it shows has changed. */
function snapshot<User>(old: AuthState<User> | undefined, live: () => ClientState): AuthState<User> {
  const next = face<User>(live)
  // States of the same status have the same members.
  const isSame = (key: string) => key === 'expiresAt' || Reflect.get(old!, key) === Reflect.get(next, key)
  return old && Object.keys(next).every(isSame) ? old : next
}

function face<User>(live: () => ClientState): AuthState<User> {
  const { phase, asking, incoming, identity, mode = 'token', reason, doubtful, connection, retryAt } = live()
  const common = { connection, retryAt: retryAt && Math.round(retryAt.wall) }
  // Somebody else is signed in, and shown as soon as the application has cleared away what was of the one before.
  if (phase === 'out' && !asking && !incoming) return { status: 'unauthenticated', reason, ...common }
  if (phase !== 'in' || !identity || doubtful) return { status: 'unknown', ...common }
  const shown: AuthenticatedState<User> = {
    status: 'authenticated',
    mode,
    user: identity.user as User,
    sessionId: identity.sessionId,
    ...common,
    get expiresAt() {
      const { credential, identity: current } = live()
      const known = credential && current?.subject === identity.subject
      return known && (credential.mode === 'token' || credential.lifetime < LONGEST_MS)
        ? credential.issued.wall + credential.lifetime
        : undefined
    },
  }
  return shown
}
