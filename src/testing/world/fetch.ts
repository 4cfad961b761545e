/*
 * `fetch` of one virtual page. Cookies are attached when the request is sent and stored when its answer arrives, also
 * while the page is frozen. The answer to a plain request of a page that is gone, or that was aborted, leaves no
 * cookie and is followed nowhere; a keepalive one does. CORS is checked on the answer; preflights are not played.
 */
import type { CookieJar } from './cookie-jar.js'
import { siteOf } from './cookie-jar.js'
import type { EngineProfile } from './engine.js'
import type { Delivery, Exchange, ExchangePhase, Network } from './network.js'
import { afterRedirect, corsAllows, opaqueRedirect, redirectTarget, toResponse } from './responses.js'
import type { Script } from './script.js'

/** What a page's fetch stands on. */
export interface FetchSurroundings {
  readonly tab: number
  readonly page: number
  readonly origin: string
  readonly script: Script
  readonly engine: EngineProfile
  readonly jar: CookieJar
  readonly network: Network
  /** Turns a relative URL into an absolute one. */
  resolve(url: string): URL
  /** Makes an exchange known and numbers it. */
  locked(): boolean
  begin(exchange: Omit<Exchange, 'id' | 'sentAt'>): Exchange
  /** Tells how it goes on. */
  observe(exchange: Exchange, phase: ExchangePhase, remark?: string): void
}

export interface PageFetch {
  readonly fetch: typeof fetch
  /** How many requests wait for their answer. */
  inFlight(): number
  /** The page enters a cache that ends its requests: they fail when it comes back. */
  failAll(): void
}

interface Flight {
  readonly keepalive: boolean
  aborted: boolean
  /** Its page was told that it has failed. */
  broken: boolean
  settled: boolean
  /** What is on the wire for it. */
  exchange?: Exchange
  fail(error: unknown): void
}

const MOST_REDIRECTS = 20

export function createPageFetch(surroundings: FetchSurroundings): PageFetch {
  const { script, network, jar, engine, resolve } = surroundings
  const flights = new Set<Flight>()

  async function pageFetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const request = toRequest(input, init, resolve)
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
    signal?.throwIfAborted()
    const body = request.body === null ? undefined : await request.text()
    return new Promise((fulfil, reject) => {
      // A page that is gone runs nothing: not even the failure of its requests.
      if (script.gone()) return
      const flight: Flight = {
        keepalive: request.keepalive,
        aborted: false,
        broken: false,
        settled: false,
        fail(error) {
          if (this.settled) return
          end()
          script.run(() => reject(error))
        },
      }
      const onAbort = (): void => {
        flight.aborted = true
        if (flight.exchange) flight.exchange.aborted = true
        flight.fail(signal?.reason)
      }
      const end = (): void => {
        flight.settled = true
        flights.delete(flight)
        signal?.removeEventListener('abort', onAbort)
      }
      flights.add(flight)
      signal?.addEventListener('abort', onAbort)
      follow(request, body, flight, (response) => {
        if (flight.settled) return
        end()
        script.run(() => fulfil(response))
      })
    })
  }

  /** Sends, and sends again where the answer is a redirect to be followed. */
  function follow(
    request: Request,
    body: string | undefined,
    flight: Flight,
    deliver: (response: Response) => void,
  ): void {
    const go = (
      url: URL,
      method: string,
      headers: Headers,
      content: string | undefined,
      hops: number,
    ): void => {
      const delivery: Omit<Delivery, 'answered'> = {
        arrived(answer, cut) {
          if (flight.aborted || (script.gone() && !request.keepalive)) return
          const target = redirectTarget(answer, url)
          if (!target || request.redirect === 'manual') {
            const visible =
              url.origin === surroundings.origin || corsAllows(answer, surroundings.origin, request)
            if (!visible) return flight.fail(new TypeError('Failed to fetch: CORS'))
            return deliver(target ? opaqueRedirect() : toResponse(answer, url, cut, hops > 0))
          }
          if (request.redirect === 'error' || hops >= MOST_REDIRECTS) {
            return flight.fail(new TypeError('Failed to fetch: redirect'))
          }
          if (target.origin !== url.origin) headers.delete('authorization')
          const [nextMethod, nextBody] = afterRedirect(answer.status, method, content)
          go(target, nextMethod, headers, nextBody, hops + 1)
        },
        failed: (why) => flight.fail(new TypeError(`Failed to fetch: ${why}`)),
      }
      sendOnce(request, url, method, headers, content, flight, delivery)
    }
    go(new URL(request.url), request.method, new Headers(request.headers), body, 0)
  }

  function sendOnce(
    request: Request,
    url: URL,
    method: string,
    headers: Headers,
    body: string | undefined,
    flight: Flight,
    delivery: Omit<Delivery, 'answered'>,
  ): void {
    const page = new URL(surroundings.origin)
    const sameSite = siteOf(url) === siteOf(page)
    const sameOrigin = url.origin === surroundings.origin
    const withCookies =
      request.credentials === 'include' || (request.credentials === 'same-origin' && sameOrigin)
    const sent = new Headers(headers)
    const cookies = withCookies ? jar.header(url, sameSite) : undefined
    if (cookies !== undefined) sent.set('cookie', cookies)
    if (!sameOrigin || method !== 'GET') sent.set('origin', surroundings.origin)
    sent.set('sec-fetch-site', sameOrigin ? 'same-origin' : sameSite ? 'same-site' : 'cross-site')
    sent.set('sec-fetch-mode', 'cors')
    sent.set('sec-fetch-dest', 'empty')
    const { tab, page: pageNumber } = surroundings
    const { keepalive } = request
    const exchange = surroundings.begin({
      tab,
      page: pageNumber,
      method,
      url,
      headers: sent,
      body,
      keepalive,
      locked: surroundings.locked(),
    })
    flight.exchange = exchange
    network.send(exchange, {
      answered: () => surroundings.observe(exchange, 'answered'),
      arrived(answer, cut) {
        const lost = keepalive ? flight.aborted && !engine.abortKeepsCookies : flight.aborted || script.gone()
        exchange.orphaned = script.gone() || flight.broken
        if (withCookies && answer.cookies.length > 0) {
          exchange.stored = !lost
          if (!lost) jar.store(url, answer.cookies, sameSite)
        }
        surroundings.observe(exchange, 'arrived', cut ? 'its body breaks off' : '')
        delivery.arrived(answer, cut)
      },
      failed(why) {
        surroundings.observe(exchange, 'failed', why)
        delivery.failed(why)
      },
    })
  }

  return {
    fetch: pageFetch,
    inFlight: () => flights.size,
    failAll() {
      for (const flight of flights) {
        flight.broken = true
        if (!flight.keepalive) flight.aborted = true
        flight.fail(new TypeError('Failed to fetch: the page was in the back/forward cache'))
      }
    },
  }
}

function toRequest(input: RequestInfo | URL, init: RequestInit, resolve: (url: string) => URL): Request {
  // The signal is ours to watch: a Request made from it would follow it for as long as it lives.
  const { signal: _, ...rest } = init
  const half = init.body instanceof ReadableStream ? { duplex: 'half' } : {}
  return new Request(input instanceof Request ? input : resolve(String(input)), { ...rest, ...half })
}
