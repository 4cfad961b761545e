/*
 * A small app. The client lives in the scope of this module; tests call it through `run`, which names what to do and
 * hands back plain data, so that nothing reachable from `window` leads to the client.
 */
import { createAuthClient, isAuthError, type AuthClientOptions, type AuthState } from 'latchkey'
import { authJs, betterAuth, django, djangoRestAuth, expressSession, fastifySession } from 'latchkey/presets'
import { send, type BodyKind } from './bodies.ts'

const presets = { authJs, betterAuth, django, djangoRestAuth, expressSession, fastifySession }

export type PageOptions = AuthClientOptions & {
  /** A preset is taken by its name, since the functions in it cannot be put into a page. */
  preset?: keyof typeof presets
}

interface User {
  readonly id: string
  readonly name: string
}

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T
const { preset, ...options } = JSON.parse(element('options').textContent ?? '{}') as PageOptions
const auth = createAuthClient<User>({ ...(preset && presets[preset]), ...options } as AuthClientOptions<User>)

/** What the app was told, in order. */
const told: string[] = []
auth.on('sessionEnd', ({ reason, previousUser }) => told.push(`sessionEnd ${reason} ${previousUser?.id}`))
auth.on('userSwitch', ({ from, to }) => told.push(`userSwitch ${from.id} ${to.id}`))
auth.on('claimsChange', ({ user }) => told.push(`claimsChange ${user.id}`))
let first = true
auth.subscribe((state) => {
  element('status').textContent = describe(state)
  if (!first) told.push(describe(state))
  first = false
})
let cleanUp: Promise<void> | undefined
let endCleanUp = (): void => {}
auth.on('sessionEnd', () => cleanUp)
addEventListener('pageshow', ({ persisted }) => persisted && told.push('restored'))

function describe(state: AuthState<User>): string {
  const { status, connection } = state
  const trouble = connection === 'ok' ? '' : ` (${connection})`
  return status === 'authenticated' ? `${state.user.name} is signed in${trouble}` : `${status}${trouble}`
}

const plain = (state: AuthState<User>) => ({
  status: state.status,
  connection: state.connection,
  user: state.status === 'authenticated' ? state.user.id : undefined,
  mode: state.status === 'authenticated' ? state.mode : undefined,
  reason: state.status === 'unauthenticated' ? state.reason : undefined,
})

/** Reads on from a stream, to its end or to the fault that ends it. */
async function drain(reader: ReadableStreamDefaultReader): Promise<string> {
  try {
    while (!(await reader.read()).done);
    return 'done'
  } catch (error) {
    return isAuthError(error) ? error.code : (error as Error).name
  }
}
let stream = Promise.resolve('')
let streamAbort = new AbortController()

async function outcome(response: Response) {
  const { status, redirected, url } = response
  return { status, redirected, url, text: await response.text() }
}

const hooks = {
  state: () => plain(auth.getState()),
  ready: async () => plain(await auth.ready()),
  login: async (credentials: object) => plain(await auth.login(credentials)),
  /** Posts to the path in an exchange; gives what it came to, and the status of the answer. */
  exchange: async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' }
    const { status, response } = await auth.exchange(({ fetch }) =>
      fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }),
    )
    return { status, answered: response?.status }
  },
  loginWithRedirect: (returnTo?: string) => auth.loginWithRedirect({ returnTo }),
  logout: () => auth.logout(),
  refresh: async (force: boolean) => plain(await auth.refresh({ force })),
  /** Whether there is a valid token; the token itself stays here. */
  hasToken: async () => (await auth.getAccessToken()) !== '',
  fetch: async (url: string) => outcome(await auth.fetch(url)),
  /** Renames whoever is signed in. */
  write: async (name: string, origin = '') =>
    outcome(
      await auth.fetch(`${origin}/api/profile`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      }),
    ),
  send: async (kind: BodyKind) => outcome(await send(auth.fetch, kind)),
  /** Begins to read an answer that never ends; `streamEnd` tells how it does. */
  stream: async (url: string) => {
    streamAbort = new AbortController()
    const { body } = await auth.fetch(url, { signal: streamAbort.signal })
    const reader = body!.getReader()
    await reader.read()
    stream = drain(reader)
  },
  abortStream: () => streamAbort.abort(),
  streamEnd: () => stream,
  /** Many calls at once. */
  burst: async (url: string, calls: number) =>
    Promise.all(Array.from({ length: calls }, async () => (await auth.fetch(url)).status)),
  diagnose: () => auth.diagnose(),
  whole: () => ({ state: auth.getState(), diagnostics: auth.getDiagnostics() }),
  timeline: () => auth.getDiagnostics().map(({ type }) => type),
  told: () => told.splice(0),
  /** From now on the app is busy clearing up when a session ends, until it is told that it is done. */
  holdCleanUp: () => void (cleanUp = new Promise((resolve) => (endCleanUp = resolve))),
  endCleanUp: () => endCleanUp(),
}
export type Hooks = typeof hooks

export interface Fault {
  readonly name: string
  readonly code: string | undefined
  readonly message: string
  readonly status: number | undefined
}

type Result = { value: unknown } | { fault: Fault }

const run = async (name: keyof Hooks, args: readonly unknown[]): Promise<Result> => {
  try {
    return { value: await (hooks[name] as (...args: readonly unknown[]) => unknown)(...args) }
  } catch (error) {
    const { name, message } = error as Error
    const [code, status] = isAuthError(error) ? [error.code, error.status] : []
    return { fault: { name, code, message, status } }
  }
}

declare global {
  interface Window {
    run: typeof run
  }
}
window.run = run

element<HTMLFormElement>('sign-in').addEventListener('submit', (event) => {
  event.preventDefault()
  const form = event.currentTarget as HTMLFormElement
  element('problem').textContent = ''
  auth.login(Object.fromEntries(new FormData(form))).then(
    () => form.reset(),
    (error: unknown) => (element('problem').textContent = (error as Error).message),
  )
})
element('elsewhere').addEventListener('click', () => void auth.loginWithRedirect())
element('sign-out').addEventListener('click', () => void auth.logout())
