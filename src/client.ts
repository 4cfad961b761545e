import { LONGEST_MS } from './core/lifetime.js'
import type { ClientState } from './core/state.js'
import type { Ports } from './core/ports.js'
import type { AuthenticatedState, AuthState, LogoutScope } from './core/types.js'
import { resolveOptions } from './options/resolve.js'
import type { AuthClientOptions } from './options/types.js'
import type { DiagnosticEntry } from './plumbing/diagnostics.js'
import type { Diagnosis } from './wire/diagnose.js'
import type { AuthEvents } from './plumbing/events.js'
import type { Outcome } from './acts/login.js'
import type { ExchangeTools } from './acts/exchange.js'
import type { LogoutResult } from './acts/logout.js'
import type { AuthRequestInit } from './use/requests.js'
import { Runtime } from './runtime.js'
import { Listeners, report } from './store.js'
import { browserPorts } from './browser/ports.js'
import { WRONG_VALIDITY, wrongEvent } from './words.js'

export type { AuthEvents, AuthRequestInit, Diagnosis, DiagnosticEntry, ExchangeTools, LogoutResult }
export type { DiagnosticType } from './plumbing/diagnostics.js'

/** The server asks for one more step before it signs anybody in: a code, a choice. Nobody is signed in or out by it. */
export interface MoreResult<Step> {
  readonly status: 'more'
  /** As `parseStep` read it: data, which may be kept over a reload. */
  readonly step: Step
  /** By its `expires_in`, in milliseconds since 1970; undefined where it says none. */
  readonly expiresAt: number | undefined
}

/** What an exchange has come to. */
export type ExchangeResult<User = unknown, Step = unknown> =
  | {
      /** Somebody is signed in: who was before, again, or somebody else, of whom every tab knows. */
      readonly status: 'in'
      readonly user: User
      /** What the function returned, unread. */
      readonly response: Response | undefined
    }
  | ([Step] extends [undefined] ? never : MoreResult<Step> & { readonly response: Response | undefined })
  /** It has signed in nobody: whoever was signed in still is. */
  | { readonly status: 'nobody'; readonly response: Response | undefined }

/** What a sign-in resolves with: the state, or the next step where `parseStep` knows of any. */
export type LoginResult<User = unknown, Step = unknown> =
  AuthState<User> | ([Step] extends [undefined] ? never : MoreResult<Step>)

/**
 * Keeps a person signed in. Every method can be used detached (`const { fetch } = auth`), every promise settles, and
 * every rejection of an auth call is an `AuthError`.
 */
export interface AuthClient<User = unknown, Step = unknown> {
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
   * nobody in ends nothing: it is `invalid_response`, with the answer, unread, as `response`. One that asks for a further step is the result
   * `more` where `parseStep` reads it; its step goes along with what the person enters next.
   *
   * @example
   * import { createAuthClient } from 'latchkey'
   * interface Step { type: 'totp'; ticket: string }
   * const auth = createAuthClient<{ name: string }, Step>({
   *   parseStep: (body) => (body as { step?: Step } | undefined)?.step,
   * })
   * const result = await auth.login({ email: 'ann@example.com', password: 'correct horse' })
   * if (result.status === 'more') await auth.login({ code: '123456' }, { after: result.step })
   */
  login(credentials: unknown, options?: { after?: Step | undefined }): Promise<LoginResult<User, Step>>
  /**
   * Runs what may change whom the cookie is for, in the order of sign-ins: a sign-up, a new password, a second factor, acting as somebody else.
   * No refresh and no other sign-in of any tab runs meanwhile. What the function returns is read like a sign-in answer (a `Response`, or its
   * body as an object); where that says nothing, the server is asked who is signed in. The function has `timeouts.request` for all of it.
   *
   * Rejects with what the function throws, with `timeout`, with `session_changed` where a logout came in between, with `inside_exchange` where it
   * waits for itself, and with the codes of a failed request where nobody can say what came of it.
   *
   * @example
   * import { createAuthClient } from 'latchkey'
   * const auth = createAuthClient()
   * const result = await auth.exchange(({ fetch }) =>
   *   fetch('/auth/sign-up', {
   *     method: 'POST',
   *     headers: { 'content-type': 'application/json' },
   *     body: JSON.stringify({ email: 'ann@example.com', password: 'correct horse' }),
   *   }),
   * )
   * if (result.status === 'nobody') console.log(await result.response?.text())
   */
  exchange(run: (tools: ExchangeTools) => unknown): Promise<ExchangeResult<User, Step>>
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
export function createAuthClient<User = unknown, Step = never>(
  options: AuthClientOptions<User, Step> = {},
): AuthClient<User, Exclude<Step, undefined>> {
  return assemble(options as AuthClientOptions<User, Exclude<Step, undefined>>, browserPorts())[0]
}

/** The same client on any ports: what the simulator and tests use. */
export function createClientWith<User, Step = never>(
  options: AuthClientOptions<User, Step>,
  ports: Ports,
): AuthClient<User, Step> {
  return assemble(options, ports)[0]
}

/** The same client and where its state is changed: for a test that says what has happened rather than playing it. */
export function assemble<User, Step = never>(
  options: AuthClientOptions<User, Step>,
  ports: Ports,
): readonly [client: AuthClient<User, Step>, context: Runtime['context']] {
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

  /** A step, or what is said where there is none. */
  const shownStep = <Rest>(outcome: Outcome, rest: Rest) =>
    outcome.kind === 'more'
      ? ({ status: 'more', step: outcome.step as Step, expiresAt: outcome.expiresAt } as const)
      : rest

  const client: AuthClient<User, Step> = {
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
    async login(credentials, { after } = {}) {
      const body = after === undefined ? credentials : { ...(credentials as object | undefined), step: after }
      const outcome = await runtime.login(body)
      return shownStep(outcome, getState()) as LoginResult<User, Step>
    },
    async exchange(run) {
      const { outcome, response } = await runtime.exchange(run)
      const { identity } = context.state
      const is =
        outcome.kind === 'granted'
          ? { status: 'in', user: identity?.user as User }
          : shownStep(outcome, { status: 'nobody' })
      return { ...is, response } as ExchangeResult<User, Step>
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
