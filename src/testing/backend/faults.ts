import { json } from '../../server/answers.js'
import type { Csrf } from '../../server/csrf.js'
import type { Exchange } from '../../server/exchange.js'
import type { Endpoint } from './endpoints.js'
import type { Settings } from '../../server/settings.js'
import type { Stats } from './stats.js'

/** What goes wrong. Plain data, so that a schedule can be generated, printed and sent. */
export type FaultKind =
  /** The request waits that long before it is processed. */
  | { readonly kind: 'latency'; readonly milliseconds: number }
  /** The request never arrives: a network error, nothing is processed. */
  | { readonly kind: 'unreachable' }
  /** The request is processed, its answer never arrives: a network error, no cookie. */
  | { readonly kind: 'lost-answer' }
  /** A server in between answers with that status; `retryAfter` in seconds, sent as a number or as a date. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly retryAfter?: number
      readonly retryAfterAs?: 'seconds' | 'date'
    }
  /** A server in between answers 200 with a page. */
  | { readonly kind: 'html' }
  /** A server in between redirects to its own sign-in page. */
  | { readonly kind: 'redirect'; readonly location: string }
  /** The request is processed, the body gets lost: all of it or the second half. */
  | { readonly kind: 'empty-body' }
  | { readonly kind: 'truncated-body' }
  /** The request is processed, members of the JSON answer are replaced or left out. */
  | {
      readonly kind: 'json'
      readonly set?: Readonly<Record<string, unknown>>
      readonly omit?: readonly string[]
    }
  /** The request is processed, its Set-Cookie is dropped. */
  | { readonly kind: 'cookie-dropped' }
  /** The request is processed, its Set-Cookie names another path. A `__Host-` cookie is then refused. */
  | { readonly kind: 'cookie-path'; readonly path: string }
  /** Refused with 409 `refresh_raced`, nothing is processed. */
  | { readonly kind: 'raced' }
  /** The signing key changes before the request is processed. */
  | { readonly kind: 'key-rotated' }
  /** All CSRF tokens handed out so far die before the request is processed. */
  | { readonly kind: 'csrf-rotated' }
  /** Tokens issued by the request: the issuer's clock is that far ahead, or their lifetime differs. */
  | { readonly kind: 'token'; readonly skewSeconds?: number; readonly lifetimeSeconds?: number }

export type Fault = FaultKind & {
  /** Default: every endpoint. */
  readonly on?: Endpoint | readonly Endpoint[]
  /** How many requests it hits. Default: until it is removed. */
  readonly times?: number
}

export interface Faults {
  /** Sets a fault; of several that fit, the one set first is the outermost. Returns what removes it. */
  add(fault: Fault): () => void
  clear(): void
  list(): readonly Fault[]
}

type Process = () => Promise<Response>
type Handlers = {
  [K in FaultKind['kind']]: (
    fault: Extract<FaultKind, { kind: K }>,
    exchange: Exchange,
    process: Process,
  ) => Promise<Response>
}

export interface FaultLayer {
  readonly faults: Faults
  run(exchange: Exchange, process: Process): Promise<Response>
}

export function createFaults({ clock, signer, sleep }: Settings, stats: Stats, csrf: Csrf): FaultLayer {
  let active: { fault: Fault; left: number }[] = []

  const instead = (exchange: Exchange, kind: string, answer: Response): Promise<Response> => {
    stats.record(exchange.endpoint, `fault:${kind}`)
    return Promise.resolve(answer)
  }

  const handlers: Handlers = {
    async latency({ milliseconds }, _exchange, process) {
      await sleep(milliseconds)
      return process()
    },
    unreachable: ({ kind }, exchange) => instead(exchange, kind, Response.error()),
    async 'lost-answer'(_fault, exchange, process) {
      await process()
      exchange.cookies = []
      return Response.error()
    },
    status({ kind, status, retryAfter, retryAfterAs }, exchange) {
      const headers = new Headers({ 'Content-Type': 'text/plain' })
      if (retryAfter !== undefined) {
        const date = new Date(clock.now() + retryAfter * 1000).toUTCString()
        headers.set('Retry-After', retryAfterAs === 'date' ? date : String(retryAfter))
      }
      return instead(exchange, `${kind}:${status}`, new Response(`Status ${status}`, { status, headers }))
    },
    html: ({ kind }, exchange) =>
      instead(exchange, kind, new Response(PAGE, { headers: { 'Content-Type': 'text/html' } })),
    redirect: ({ kind, location }, exchange) =>
      instead(exchange, kind, new Response(null, { status: 302, headers: { Location: location } })),
    async 'empty-body'(_fault, _exchange, process) {
      const { status, headers } = await process()
      return new Response(null, { status, headers })
    },
    async 'truncated-body'(_fault, _exchange, process) {
      const answer = await process()
      const text = await answer.text()
      return new Response(text.slice(0, text.length / 2) || null, answer)
    },
    async json({ set = {}, omit = [] }, _exchange, process) {
      const answer = await process()
      const before =
        answer.headers.get('content-type') === 'application/json' ? await answer.clone().json() : null
      if (typeof before !== 'object' || before === null) return answer
      const body = Object.entries({ ...before, ...set }).filter(([name]) => !omit.includes(name))
      return new Response(JSON.stringify(Object.fromEntries(body)), answer)
    },
    async 'cookie-dropped'(_fault, exchange, process) {
      const answer = await process()
      exchange.cookies = []
      return answer
    },
    async 'cookie-path'({ path }, exchange, process) {
      const answer = await process()
      exchange.cookies = exchange.cookies.map((line) => line.replace(/; Path=[^;]*/, `; Path=${path}`))
      return answer
    },
    raced: ({ kind }, exchange) => instead(exchange, kind, json({ error: 'refresh_raced' }, 409)),
    async 'key-rotated'(_fault, _exchange, process) {
      await signer.rotate()
      return process()
    },
    'csrf-rotated'(_fault, _exchange, process) {
      csrf.rotateKey()
      return process()
    },
    async token({ kind: _kind, ...tweaks }, exchange, process) {
      Object.assign(exchange.tweaks, tweaks)
      return process()
    },
  }

  const handle = (fault: Fault, exchange: Exchange, process: Process): Promise<Response> => {
    const handler = handlers[fault.kind] as (
      fault: Fault,
      exchange: Exchange,
      process: Process,
    ) => Promise<Response>
    return handler(fault, exchange, process)
  }

  return {
    faults: {
      add(fault) {
        const entry = { fault, left: fault.times ?? Infinity }
        active.push(entry)
        return () => {
          active = active.filter((one) => one !== entry)
        }
      },
      clear() {
        active = []
      },
      list: () => active.map(({ fault }) => fault),
    },
    run(exchange, process) {
      const hits = active.filter(
        ({ fault: { on } }) =>
          on === undefined || ([on].flat() as readonly string[]).includes(exchange.endpoint),
      )
      for (const hit of hits) hit.left--
      active = active.filter(({ left }) => left > 0)
      return hits.reduceRight<Process>(
        (inner, { fault }) =>
          () =>
            handle(fault, exchange, inner),
        process,
      )()
    },
  }
}

const PAGE =
  '<!doctype html><html lang="en"><title>Please sign in</title><h1>Please sign in to the network</h1></html>'
