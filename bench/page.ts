/** Runs in the page: the real client on the browser's own ports, over a fetch that costs next to nothing. */
import { createAuthClient } from '../src/index.js'

export interface Measured {
  /** Microseconds per call, median of the rounds. */
  readonly plain: number
  readonly authenticated: number
  readonly refreshes: number
  readonly parallel: number
  /** Milliseconds until so many calls had been made that wait for one refresh, and until all were answered. */
  readonly waiting: readonly Waiting[]
}

export interface Waiting {
  readonly calls: number
  readonly simple: number
  readonly authenticated: number
}

type Fetch = (input: string | URL | Request) => Promise<Response>

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })

async function perCall(rounds: number, calls: number, run: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    for (let call = 0; call < calls; call++) await run()
    times.push(((performance.now() - start) / calls) * 1000)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!
}

const SPENT = 0.001
const answer = new Response(null, { status: 204 })

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

/** So many calls that wait for one refresh: until all are made and answered, in milliseconds. */
async function burst(calls: number): Promise<Waiting> {
  const timed = async (begin: (fetch: Fetch) => Promise<() => Promise<unknown>>): Promise<number> => {
    let lifetime = SPENT
    let open = (): void => {}
    const held = new Promise<void>((resolve) => (open = resolve))
    const call = await begin(async (input) => {
      const url = input instanceof Request ? input.url : input.toString()
      if (!url.includes('/auth/')) return answer
      if (url.endsWith('/refresh')) await held
      return json({ access_token: 'token', expires_in: lifetime, user: { id: 'ann' }, session_id: 's' })
    })
    lifetime = 3600
    const start = performance.now()
    const all = Promise.all(Array.from({ length: calls }, call))
    // A call does in microtasks what it has to do before it waits.
    await new Promise((resolve) => void setTimeout(resolve))
    open()
    await all
    return performance.now() - start
  }
  const simple = await timed(async (fetch) => {
    const call = simpleClient(fetch)
    return () => call('/api/orders')
  })
  const authenticated = await timed(async (fetch) => {
    const auth = createAuthClient({ fetch, development: false, key: `burst-${calls}`, restore: 'never' })
    await auth.login({})
    return () => auth.fetch('/api/orders')
  })
  return { calls, simple, authenticated }
}

export async function measure(): Promise<Measured> {
  let refreshes = 0
  let lifetime = 3600
  const fetch = (input: string | URL | Request): Promise<Response> => {
    const url = input instanceof Request ? input.url : input.toString()
    if (!url.includes('/auth/')) return Promise.resolve(answer)
    if (url.endsWith('/refresh')) refreshes++
    const token = `token-${refreshes}`
    const user = { id: 'ann' }
    return Promise.resolve(json({ access_token: token, expires_in: lifetime, user, session_id: 's' }))
  }
  const auth = createAuthClient({ fetch: fetch, development: false })
  lifetime = SPENT
  await auth.login({})
  refreshes = 0
  lifetime = 3600
  const parallel = 1000
  await Promise.all(Array.from({ length: parallel }, () => auth.fetch('/api/orders')))
  const init = { headers: { accept: 'application/json' } }
  const withHeaders = () => fetch(new URL('/api/orders', location.href), ...([init] as unknown as []))
  const rounds = 15
  const calls = 4000
  await perCall(3, calls, withHeaders)
  await perCall(3, calls, () => auth.fetch('/api/orders', init))
  return {
    plain: await perCall(rounds, calls, withHeaders),
    authenticated: await perCall(rounds, calls, () => auth.fetch('/api/orders', init)),
    refreshes,
    parallel,
    waiting: [await burst(2000), await burst(20_000)],
  }
}

Object.assign(globalThis, { measure })
