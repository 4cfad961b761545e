/*
 * The network between a virtual browser and its server: requests and answers take their time, overtake each other and
 * get lost. The fate of each request is drawn from the world's seed and its own number, so that a run can be repeated.
 * The server gets real Requests and gives real Responses; cookies and page lifetimes are the business of fetch.ts.
 */
import { draw } from './random.js'
import type { VirtualTime } from './time.js'

/** How the network treats requests. Fractions are between 0 and 1. */
export interface NetworkProfile {
  /** Shortest and longest time of one way, in milliseconds. */
  readonly latencyMs: readonly [shortest: number, longest: number]
  /** How often a request never reaches the server. */
  readonly loseRequest: number
  /** How often the server does its work and the answer never arrives. */
  readonly loseAnswer: number
  /** How often an answer arrives with its headers, and its body breaks off. */
  readonly cutAnswer: number
  /** How often nobody learns that something was lost, so that the request hangs instead of failing. */
  readonly hang: number
  /** How often a GET reaches the server twice, as after a broken connection. Other methods never do. */
  readonly duplicate: number
}

/** A network without losses, a few milliseconds away. */
export const CALM_NETWORK: NetworkProfile = {
  latencyMs: [5, 40],
  loseRequest: 0,
  loseAnswer: 0,
  cutAnswer: 0,
  hang: 0,
  duplicate: 0,
}

/** A request on the wire and what became of it. */
export interface Exchange {
  /** Counts the requests of the world. */
  readonly id: number
  /** The number of the tab that sent it. */
  readonly tab: number
  /** Counts the documents of the world: a reload is another one. */
  readonly page: number
  readonly method: string
  readonly url: URL
  /** As sent, cookies included. */
  readonly headers: Headers
  readonly body: string | undefined
  readonly keepalive: boolean
  /** Its page held a lock when it sent it. */
  readonly locked: boolean
  readonly sentAt: number
  /** What the server said, in the moment it said it. */
  answer?: ServerAnswer
  /** When the answer reached the browser. */
  arrivedAt?: number
  /** Its headers arrived, and its body broke off. */
  cut?: boolean
  /** The page was gone when it arrived, or had been told that it failed. */
  orphaned?: boolean
  /** Script aborted it before it was answered: whatever comes of it, its caller hears of nothing. */
  aborted?: boolean
  /** Its cookies were stored. */
  stored?: boolean
}

/** `sent` by the page, `answered` by the server, `arrived` at the browser, or `failed` on the way. */
export type ExchangePhase = 'sent' | 'answered' | 'arrived' | 'failed'

export interface ServerAnswer {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  readonly cookies: readonly string[]
  readonly body: ArrayBuffer
}

/** Answers a request. A response of type `error` is a cut connection. */
export type Server = (request: Request, context: { readonly address: string }) => Promise<Response>

export interface Delivery {
  /** The server has answered; nobody but the network knows yet. */
  answered(answer: ServerAnswer): void
  /** The answer is there; `cut` says that its body is not. */
  arrived(answer: ServerAnswer, cut: boolean): void
  failed(why: string): void
}

export interface Network {
  profile: NetworkProfile
  readonly down: boolean
  send(exchange: Exchange, delivery: Delivery): void
  /** Breaks all connections. Requests that are under way may still reach the server; no answer arrives. */
  breakDown(): void
  comeBack(): void
}

/** How long it takes to find out that there is no connection, in milliseconds. */
const NOTICE_MS = 2
/** How long a lost request goes unnoticed where it does not hang for ever, in milliseconds. */
const LONGEST_SILENCE_MS = 3000

/** Keeps the dice of one request apart. */
const DICE = { up: 1, down: 2, lost: 3, cut: 4, hang: 5, silence: 6, twice: 7, broken: 8 } as const

export function createNetwork(time: VirtualTime, seed: number, server: Server, address: string): Network {
  const connections = new Set<{ broken: boolean; readonly delivery: Delivery }>()

  const network = {
    profile: CALM_NETWORK,
    down: false,
    send(exchange: Exchange, delivery: Delivery) {
      const { profile } = network
      const chance = (what: keyof typeof DICE): number => draw(seed, exchange.id, DICE[what])
      const delay = (what: 'up' | 'down'): number => {
        const [shortest, longest] = profile.latencyMs
        return Math.round(shortest + chance(what) * (longest - shortest))
      }
      if (network.down) return void time.at(NOTICE_MS, () => delivery.failed('no connection'))

      const connection = { broken: false, delivery }
      connections.add(connection)
      const lose = (why: string): void => {
        if (chance('hang') < profile.hang) return
        time.at(chance('silence') * LONGEST_SILENCE_MS, () => {
          if (connections.delete(connection)) delivery.failed(why)
        })
      }
      const fate = chance('lost')
      time.at(delay('up'), () => {
        // What was under way when the connection broke may have been through already.
        if (connection.broken && chance('broken') < 0.5) return
        if (fate < profile.loseRequest) return lose('request lost')
        if (exchange.method === 'GET' && chance('twice') < profile.duplicate) void ask(exchange)
        void ask(exchange).then((answer) => {
          if (!answer) return lose('connection cut by the server')
          exchange.answer = answer
          delivery.answered(answer)
          time.at(delay('down'), () => {
            if (connection.broken) return
            if (fate < profile.loseRequest + profile.loseAnswer) return lose('answer lost')
            connections.delete(connection)
            exchange.arrivedAt = time.now()
            exchange.cut = chance('cut') < profile.cutAnswer
            delivery.arrived(answer, exchange.cut)
          })
        })
      })
    },
    breakDown() {
      network.down = true
      for (const connection of connections) {
        connection.broken = true
        time.at(NOTICE_MS, () => connection.delivery.failed('connection broke'))
      }
      connections.clear()
    },
    comeBack() {
      network.down = false
    },
  }

  function ask({ method, url, headers, body }: Exchange): Promise<ServerAnswer | undefined> {
    const request = new Request(url, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    })
    return time.track(
      server(request, { address }).then(async (response) => {
        const { status, statusText, headers } = response
        if (response.type === 'error') return undefined
        return {
          status,
          statusText,
          headers,
          cookies: headers.getSetCookie(),
          body: await response.arrayBuffer(),
        }
      }),
    )
  }

  return network
}
