/*
 * The application in one page of the simulated browser: it makes the real client on the page's ports, notes what the client
 * shows and says, and keeps a record of every call until it settles.
 */
import type { AuthClient } from '../../src/client.js'
import { createClientWith } from '../../src/client.js'
import type { AuthState } from '../../src/core/types.js'
import type { AuthClientOptions } from '../../src/options/types.js'
import type { AuthEvents } from '../../src/plumbing/events.js'
import type { DiagnosticEntry } from '../../src/plumbing/diagnostics.js'
import type { VirtualPage } from '../../src/testing/world/page.js'

export interface Person {
  readonly id: string
}

export interface Call {
  readonly id: number
  readonly kind: string
  readonly app: App
  readonly at: number
  /** Active time of the page when it began. */
  readonly activeAt: number
  /** Who was shown as signed in then. */
  readonly subject: string | undefined
  outcome?: 'fulfilled' | 'rejected'
  settledAt?: number
  value?: unknown
  error?: unknown
}

export interface App {
  readonly page: VirtualPage
  client: AuthClient<Person>
  /** The last state that its listener was called with. */
  shown: AuthState<Person>
}

/** What the stage wants to hear of every application. */
export interface Audience {
  note(who: string, what: string): void
  state(app: App, before: AuthState<Person>, state: AuthState<Person>): void
  ended(app: App, event: AuthEvents<Person>['sessionEnd']): void
  switched(app: App, event: AuthEvents<Person>['userSwitch']): void
  diagnostic(app: App, entry: DiagnosticEntry): void
  began(call: Call): void
  settled(call: Call): void
}

export interface AppOptions {
  readonly shareToken: boolean
  /** What the client is told besides. */
  readonly client: Pick<AuthClientOptions, 'mode' | 'session' | 'endpoints'>
  readonly now: () => number
}

let calls = 0

export function createApp(page: VirtualPage, options: AppOptions, audience: Audience): App {
  const app = { page } as App
  mount(app, options, audience)
  return app
}

/** Makes the client; again after a dispose, as hot reload and StrictMode do. */
export function mount(app: App, options: AppOptions, audience: Audience): void {
  const { page } = app
  const who = `tab ${page.tab}`
  const client = createClientWith<Person>(
    {
      ...options.client,
      fetch: page.fetch,
      tabs: { shareToken: options.shareToken },
      development: false,
    },
    page.ports,
  )
  app.client = client
  app.shown = client.getState()
  client.on('diagnostic', (entry) => {
    const { type, cause, code, reason, generation } = entry
    const detail = [cause, code, reason, generation].filter((part) => part !== undefined).join(' ')
    audience.note(who, `  ${type} ${detail}`)
    audience.diagnostic(app, entry)
  })
  client.on('sessionEnd', (event) => audience.ended(app, event))
  client.on('userSwitch', (event) => audience.switched(app, event))
  client.subscribe((state) => {
    const before = app.shown
    app.shown = state
    if (before === state) return
    if (describe(before) !== describe(state)) audience.note(who, `shows ${describe(state)}`)
    audience.state(app, before, state)
  })
  track(app, 'ready', client.ready(), options, audience)
}

/** Keeps a record of a promise of the client. */
export function track<T>(
  app: App,
  kind: string,
  promise: Promise<T>,
  options: AppOptions,
  audience: Audience,
): Call {
  const { page, shown } = app
  const call: Call = {
    id: ++calls,
    kind,
    app,
    at: options.now(),
    activeAt: page.activeMs(),
    subject: shown.status === 'authenticated' ? shown.user.id : undefined,
  }
  audience.began(call)
  const settle = (outcome: 'fulfilled' | 'rejected', result: string): void => {
    call.outcome = outcome
    audience.note(`tab ${page.tab}`, `${kind} ${outcome}${result}`)
    audience.settled(call)
  }
  promise.then(
    (value) => {
      call.value = value
      settle('fulfilled', '')
    },
    (error: unknown) => {
      call.error = error
      const { code, name, message } = error as { code?: string; name?: string; message?: string }
      settle('rejected', `: ${code ?? name} ${JSON.stringify(error)} ${message}`)
    },
  )
  return call
}

export function describe(state: AuthState<Person>): string {
  switch (state.status) {
    case 'authenticated':
      return `${state.user.id} (session ${state.sessionId?.slice(0, 4)}), ${state.connection}`
    case 'unauthenticated':
      return `nobody (${state.reason}), ${state.connection}`
    case 'unknown':
      return `unknown, ${state.connection}`
    default:
      return state satisfies never
  }
}

/** The session that a login made. */
export const sessionIdOf = ({ value }: Call): string | undefined =>
  (value as { sessionId?: string } | undefined)?.sessionId

/** The session that a tab shows. */
export function sessionOf({ client }: App): string | undefined {
  const state = client.getState()
  return state.status === 'authenticated' ? state.sessionId : undefined
}
