/*
 * What one client weighs: many of them, each on a page of its own and started, over what the heap held before. In a process of its own,
 * with `--expose-gc`. A browser keeps signals and events outside of the heap of script, which Node does not: it weighs less there.
 */
import { createClientWith } from '../src/client.js'
import type { Ports } from '../src/core/ports.js'

const CLIENTS = 2000
const ROUNDS = 7

const collect = (globalThis as unknown as { gc: () => void }).gc
const nothing = (): void => {}

/** A browser that costs nothing itself: no other tab, no timer that fires, and storage that is not there. */
const ports: Ports = {
  clock: { wall: () => 1e12, monotonic: () => 0, after: () => nothing },
  chance: { fraction: () => 0.5, id: () => 'id' },
  locks: { available: true, acquire: () => Promise.resolve(nothing) },
  channels: { open: () => ({ memoryOnly: true, post: nothing, close: nothing }) },
  shared: { read: () => null, write: () => false, keys: () => [], watch: () => nothing },
  tab: { read: () => null, write: () => false },
  lifecycle: {
    visible: () => true,
    online: () => true,
    prerendering: () => false,
    listen: () => nothing,
    attend: () => nothing,
  },
  page: {
    exists: true,
    url: () => 'https://app.example.com/',
    path: () => '/',
    navigate: nothing,
    conceal: nothing,
    cookie: () => undefined,
    embedded: () => false,
    meta: () => undefined,
  },
  flights: new Map(),
}

const answer = { access_token: 'token', expires_in: 3600, user: { id: 'ann' }, session_id: 's' }
const fetch = () => Promise.resolve(Response.json(answer))

async function weigh(start: boolean): Promise<number> {
  const clients: unknown[] = Array.from({ length: CLIENTS })
  collect()
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < CLIENTS; index++) {
    const client = createClientWith({ fetch, development: false, restore: 'never' }, ports)
    clients[index] = client
    if (start) await client.login({})
  }
  await new Promise((resolve) => void setTimeout(resolve))
  collect()
  const weight = (process.memoryUsage().heapUsed - before) / CLIENTS
  return clients.length > 0 ? weight : 0
}

async function median(start: boolean): Promise<number> {
  const weights: number[] = []
  // The first round makes what is made once for all.
  for (let round = 0; round <= ROUNDS; round++) weights.push(await weigh(start))
  return weights
    .slice(1)
    .toSorted((a, b) => a - b)
    .at(ROUNDS >> 1)!
}

export interface Weights {
  /** Bytes of a client that is only made, and of one that has started and signed somebody in. */
  readonly made: number
  readonly started: number
}

console.log(JSON.stringify({ made: await median(false), started: await median(true) } satisfies Weights))
