/** Runs in the page: the real client on the browser's own ports, over a fetch that costs next to nothing. */
import { createAuthClient } from '../src/index.js'

export interface Measured {
  /** Microseconds per call, median of the rounds. */
  readonly plain: number
  readonly authenticated: number
  readonly refreshes: number
  readonly parallel: number
}

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

export async function measure(): Promise<Measured> {
  const answer = new Response(null, { status: 204 })
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
  lifetime = 0.001
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
  }
}

Object.assign(globalThis, { measure })
