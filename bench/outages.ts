/*
 * How often a browser asks a slow server, and one that is down, and how soon it finds that one back: the real client
 * and the reference backend in a virtual world, where half an hour takes no time.
 */
import type { AuthClient } from 'latchkey'
import { createTabWorld, type TabWorld } from 'latchkey/testing'

const SECOND = 1000
const MINUTE = 60 * SECOND
const ANN = { email: 'ann@example.com', password: 'secret' }

interface Browser {
  readonly world: TabWorld
  readonly clients: readonly AuthClient[]
  /** When refreshes were sent, and when they brought a token, in milliseconds of the world. */
  readonly sent: number[]
  readonly renewed: number[]
}

/** Ann is signed in in so many tabs, all of which are shown. */
async function signedIn(tabs: number, seed = 1): Promise<Browser> {
  const sent: number[] = []
  const renewed: number[] = []
  const world = createTabWorld({
    seed,
    onExchange({ url, sentAt, answer, arrivedAt }, phase) {
      if (url.pathname !== '/auth/refresh') return
      if (phase === 'sent') sent.push(sentAt)
      if (phase === 'arrived' && answer?.status === 200) renewed.push(arrivedAt!)
    },
  })
  await world.backend.admin.addUser(ANN)
  const clients: AuthClient[] = []
  while (clients.length < tabs) clients.push((await world.openTab()).app!)
  await world.settled(clients[0]!.login(ANN))
  await world.advance(SECOND)
  sent.length = 0
  return { world, clients, sent, renewed }
}

export interface Slowness {
  readonly requests: number
  /** How often what the page shows of the connection has changed. */
  readonly flips: number
}

/** Half an hour of a tab that nobody touches, where each answer takes so long. */
export async function measureSlowness(answerMs: number): Promise<Slowness> {
  const { world, clients, sent } = await signedIn(1)
  world.setNetwork({ latencyMs: [answerMs / 2, answerMs / 2] })
  const [client] = clients as [AuthClient]
  let flips = 0
  let { connection: shown } = client.getState()
  client.subscribe(({ connection }) => {
    if (connection !== shown) flips++
    shown = connection
  })
  await world.advance(30 * MINUTE)
  return { requests: sent.length, flips }
}

export interface Outages {
  /** Most requests of the whole browser in a minute. */
  readonly worst: number
  /** Milliseconds from the return of the server to the first answer, one for each outage, in ascending order. */
  readonly found: readonly number[]
}

/** Outages of ten minutes and a little more each time, so that the server comes back at any point of a wait, with other chance in each. */
export async function measureOutages(tabs: number, demand: boolean, outages: number): Promise<Outages> {
  const worst: number[] = []
  const found: number[] = []
  for (let outage = 1; outage <= outages; outage++) {
    const browser = await signedIn(tabs, outage)
    const measured = await measureOutage(browser, demand, 10 * MINUTE + outage * 2.7 * SECOND)
    worst.push(measured.worst)
    found.push(measured.found)
  }
  return { worst: Math.max(...worst), found: found.toSorted((a, b) => a - b) }
}

/**
 * A server that answers 503 for so long after the first refresh that it fails. With demand each tab wants a token each second:
 * found is then when a call has one, and otherwise when a refresh brings one.
 */
async function measureOutage(
  { world, clients, sent, renewed }: Browser,
  demand: boolean,
  lastsMs: number,
): Promise<{ worst: number; found: number }> {
  const repair = world.backend.faults.add({ kind: 'status', status: 503, on: 'refresh' })
  while (sent.length === 0) await world.advance(SECOND)
  const began = sent[0]!
  let turn = 0
  /** They want their tokens one after the other, not in one moment. */
  const use = async (answered: () => void): Promise<void> => {
    if (demand) clients[turn++ % clients.length]!.getAccessToken().then(answered, () => undefined)
    await world.advance(SECOND / clients.length)
  }
  while (world.now() < began + lastsMs) await use(() => undefined)
  const asked = [...sent]
  repair()
  const back = world.now()
  const answers: number[] = []
  renewed.length = 0
  while ((demand ? answers : renewed).length === 0) await use(() => answers.push(world.now()))
  const within = (from: number) => asked.filter((at) => at >= from && at < from + MINUTE).length
  return { worst: Math.max(...asked.map(within)), found: (demand ? answers : renewed)[0]! - back }
}
