/** Runs in the page: the real client on the browser's own ports, over a fetch that costs next to nothing. Who calls it measures. */
import { createAuthClient } from '../src/index.js'

type Fetch = (input: string | URL | Request) => Promise<Response>

const SPENT = 0.001
const answer = new Response(null, { status: 204 })
const init = { headers: { accept: 'application/json' } }
const { signal } = new AbortController()

const granting = (lifetime: number) =>
  new Response(
    JSON.stringify({ access_token: 'token', expires_in: lifetime, user: { id: 'ann' }, session_id: 's' }),
  )
const urlOf = (input: string | URL | Request) => (input instanceof Request ? input.url : input.toString())

let lifetime = SPENT
let refreshes = 0
const network: Fetch = (input) => {
  const url = urlOf(input)
  if (!url.includes('/auth/')) return Promise.resolve(answer)
  if (url.endsWith('/refresh')) refreshes++
  return Promise.resolve(granting(lifetime))
}
const auth = createAuthClient({ fetch: network, development: false })
await auth.login({})
refreshes = 0
lifetime = 3600

/** How many refreshes so many calls bring about whose token is spent. */
async function spent(calls: number): Promise<number> {
  await Promise.all(Array.from({ length: calls }, () => auth.fetch('/api/orders')))
  return refreshes
}

const RUNS = {
  plain: () => network(new URL('/api/orders', location.href), ...([init] as unknown as [])),
  /** What the platform itself makes of every call that can be aborted. */
  request: () => new Request('/api/orders', { ...init, signal }),
  authenticated: () => auth.fetch('/api/orders', init),
}

async function run(name: keyof typeof RUNS, calls: number): Promise<void> {
  for (let call = 0; call < calls; call++) await RUNS[name]()
}

/**
 * The least that a client can do for a call that waits for a refresh: one promise for all, and the token in the header. It takes
 * the caller's signal, as any drop-in for fetch.
 */
function simpleClient(fetch: Fetch): (url: string, init?: RequestInit) => Promise<Response> {
  let refreshing: Promise<string> | undefined
  const refresh = async () => {
    const { access_token: token } = await (await fetch('/auth/refresh')).json()
    return token as string
  }
  return async (url, init) => {
    const request = new Request(url, init)
    request.headers.set('authorization', `Bearer ${await (refreshing ??= refresh())}`)
    return fetch(request)
  }
}

let bursts = 0

/** So many calls that wait for one refresh: until all are made and answered. */
async function burst(by: 'simple' | 'authenticated', calls: number): Promise<void> {
  let lifetime = SPENT
  let open = (): void => {}
  const held = new Promise<void>((resolve) => (open = resolve))
  const network: Fetch = async (input) => {
    const url = urlOf(input)
    if (!url.includes('/auth/')) return answer
    if (url.endsWith('/refresh')) await held
    return granting(lifetime)
  }
  let call = simpleClient(network)
  if (by === 'authenticated') {
    const auth = createAuthClient({
      fetch: network,
      development: false,
      key: `${bursts++}`,
      restore: 'never',
    })
    await auth.login({})
    call = auth.fetch
  }
  lifetime = 3600
  const all = Promise.all(Array.from({ length: calls }, () => call('/api/orders')))
  // A call does in microtasks what it has to do before it waits.
  await new Promise((resolve) => void setTimeout(resolve))
  open()
  await all
}

const hooks = { spent, run, burst }
Object.assign(globalThis, { bench: hooks })
export type Hooks = typeof hooks
