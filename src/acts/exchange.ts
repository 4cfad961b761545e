/* Whatever may change whom the cookie is for, done by the application in a turn of its own. Loaded by those who call it. */
import type { Instant } from '../core/lifetime.js'
import type { Context } from '../plumbing/context.js'
import type { Reply } from '../plumbing/reply.js'
import type { LOADED } from './loaded.js'
import type { Outcome } from './login.js'
import type { Logouts } from './logout.js'
import type { Refresher } from './refresh.js'

/** What the application is given to ask the server with. */
export interface ExchangeTools {
  /**
   * `fetch` with what a sign-in carries: the cookie, the static header and the CSRF token, to the origins that may have them, and no
   * access token. A path goes behind `baseUrl`, as those of `endpoints` do. Redirects are not followed.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** Aborts when the time is up (`timeouts.request`) and when the client is disposed of; the requests of `fetch` end with it. */
  readonly signal: AbortSignal
}

/** How the application's part came out. */
interface Ran {
  readonly value?: unknown
  readonly thrown?: { readonly error: unknown }
}

/** So long without a request, an exchange that has not ended may be waiting for the very call that waits for it. */
const IDLE_MS = 1000

export interface Exchanged {
  readonly outcome: Outcome
  /** What the application returned, unread. */
  readonly response: Response | undefined
}

export async function exchange(
  loaded: typeof LOADED,
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  run: (tools: ExchangeTools) => unknown,
  before: Promise<unknown>,
): Promise<Exchanged> {
  const { EXCHANGE, WRONG_EXCHANGE, signIn } = loaded
  context.disposed.throwIfAborted()
  if (typeof run !== 'function') throw new TypeError(WRONG_EXCHANGE)
  const turn = new Turn(loaded, context, run)
  const outcome = await signIn(context, refresher, logouts, before, {
    action: EXCHANGE,
    cause: 'exchange',
    // It ends by itself: the application's part and what is asked behind it have a deadline each.
    patience: 3 * context.options.timeouts.request,
    undoes: false,
    send: (csrf) => turn.play(csrf),
    judge: (reply) => judge(loaded, context, refresher, logouts, turn, reply),
  }).catch((error: unknown) => {
    throw turn.ran?.thrown && !context.disposed.aborted ? turn.ran.thrown.error : error
  })
  if (turn.ran?.thrown) throw turn.ran.thrown.error
  return { outcome, response: turn.response }
}

/** The application's part of one exchange, and what it has sent. */
class Turn {
  ran: Ran | undefined
  response: Response | undefined
  readonly #loaded: typeof LOADED
  readonly #context: Context
  readonly #run: (tools: ExchangeTools) => unknown
  readonly #answers = new WeakMap<Response, { readonly copy: Response; readonly sentAt: Instant }>()
  /** Requests that run. */
  #asking = 0
  /** Requests that were refused, and all others: the server may have changed the cookie by those. */
  #refused = 0
  #done = 0
  /** Called at the next change of what is asked. */
  readonly #moves = new Set<(moved: true) => void>()

  constructor(loaded: typeof LOADED, context: Context, run: (tools: ExchangeTools) => unknown) {
    this.#loaded = loaded
    this.#context = context
    this.#run = run
  }

  /** Lets the application ask, and reads what it returns as the answer to a sign-in. */
  async play(csrf: string): Promise<Reply> {
    const context = this.#context
    const { AuthError, EXCHANGE, csrfToken, isA, linked, readReply, within } = this.#loaded
    const { ports, options, disposed } = context
    const over = new AbortController()
    const [signal, release] = linked(over.signal, disposed)
    const begun = context.instant()
    const csrfWas = csrfToken(context, undefined)
    const fetch = this.#fetch(csrf, signal)
    // Not at once: what it calls first shall find that it runs.
    const running = Promise.resolve()
      .then(() => this.#run({ fetch, signal }))
      .then(
        (value): Ran => ({ value }),
        (error: unknown): Ran => ({ thrown: { error } }),
      )
    context.exchange = (action) =>
      this.#outside(
        action,
        running.then(() => this.#moved()),
      )
    this.ran = await within(ports.clock, options.timeouts.request, running)
    context.exchange = undefined
    if (!this.ran) over.abort(new AuthError('timeout', { action: EXCHANGE }))
    release()
    const { value } = this.ran ?? {}
    this.response = isA(value, 'Response') ? (value as Response) : undefined
    const known = this.response && this.#answers.get(this.response)
    const common = { endpoint: 'login', csrfWas, sentAt: known?.sentAt ?? begun } as const
    const copy = known?.copy ?? (this.response?.bodyUsed === false ? this.response.clone() : undefined)
    if (copy) return { ...(await readReply(context, copy, EXCHANGE)), ...common, response: this.response }
    // What the application has read itself it may hand over as it is.
    const body = this.response ? undefined : value
    const status = body ? 200 : 0
    return { ...common, status, body, said: EXCHANGE, redirected: false, page: false, fault: undefined }
  }

  /** Whether all that was asked was refused, so that the cookie is what it was. */
  get refused(): boolean {
    const { ran, response } = this
    const isOurs = response ? this.#answers.has(response) : ran?.thrown !== undefined
    return isOurs && this.#refused > 0 && this.#done === 0
  }

  #fetch(csrf: string, signal: AbortSignal): ExchangeTools['fetch'] {
    const context = this.#context
    const { baseUrl, isA, linked, mayReceiveCredential, resolve } = this.#loaded
    const { options, ports } = context
    const { staticHeader, csrf: protection } = options
    return async (input, init) => {
      signal.throwIfAborted()
      const isPath = typeof input === 'string' && /^\/(?!\/)/.test(input)
      const base = baseUrl(context)
      const path = isPath && base ? base.origin + base.pathname.replace(/\/$/, '') + input : undefined
      const given = isA(input, 'Request') ? (input as Request) : undefined
      const page = ports.page.url()
      const url = path === undefined ? resolve(given?.url ?? (input as string | URL), page) : new URL(path)
      const sentAt = context.instant()
      const isOurs = url !== undefined && mayReceiveCredential(context, url, page)
      const [both, release] = linked(signal, init?.signal ?? given?.signal)
      const ours: RequestInit = isOurs ? { credentials: 'include', redirect: 'manual' } : {}
      const request = new Request(given ?? url ?? input, {
        cache: 'no-store',
        ...init,
        ...ours,
        signal: both,
      })
      if (isOurs) {
        request.headers.set(...staticHeader)
        if (csrf && protection.header) request.headers.set(protection.header, csrf)
      }
      this.#asking++
      this.#moved()
      let response: Response | undefined
      try {
        response = await options.fetch(request)
        this.#answers.set(response, { copy: response.clone(), sentAt })
        return response
      } finally {
        release(response)
        this.#asking--
        // What got no answer may have been done.
        if (response && response.status >= 400 && response.status < 500) this.#refused++
        else if (isOurs) this.#done++
        this.#moved()
      }
    }
  }

  #moved(): void {
    this.#moves.forEach((move) => move(true))
    this.#moves.clear()
  }

  /** Waits for its end, unless it waits for the call itself. */
  async #outside(action: string, end: Promise<unknown>): Promise<void> {
    const { AuthError, within } = this.#loaded
    const { clock } = this.#context.ports
    let isOver = false
    void end.then(() => (isOver = true))
    while (!isOver) {
      const moved = new Promise<true>((resolve) => void this.#moves.add(resolve))
      const goesOn = this.#asking > 0 ? await moved : await within(clock, IDLE_MS, moved)
      if (!goesOn) throw new AuthError('inside_exchange', { action })
    }
  }
}

async function judge(
  { AuthError, EXCHANGE, USELESS, isDone, judgeGrant, lookFor, oneOf, stepIn }: typeof LOADED,
  context: Context,
  refresher: Refresher,
  logouts: Logouts,
  turn: Turn,
  reply: Reply,
): Promise<Outcome> {
  const step = stepIn(context, reply)
  if (step) return step
  if (isDone(reply)) {
    const verdict = await judgeGrant(context, reply)
    if (verdict.kind === 'granted' || oneOf(USELESS, verdict.error.code)) return verdict
  } else if (turn.refused) return { kind: 'nobody' }
  // What was done need not show in the answer.
  const found = await lookFor(context, refresher, logouts, () => context.disposed.aborted, true)
  if (found) return found
  if (turn.ran) return { kind: 'nobody' }
  return { kind: 'indeterminate', error: new AuthError('timeout', { action: EXCHANGE }) }
}
