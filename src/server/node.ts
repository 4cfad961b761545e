import { json } from './answers.js'
import type { AuthServer } from './create.js'
import { LARGEST_BODY } from './checks.js'
import type { RequestContext } from './exchange.js'

/** What is used of a request of `node:http`, and of Express if it is one of its. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** Express: the path before it was mounted. */
  readonly originalUrl?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** What a parser in front has made of the body. */
  readonly body?: unknown
  /** Express: the address that its "trust proxy" leads to. */
  readonly ip?: string | undefined
  readonly readableEnded?: boolean | undefined
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** What is used of a response of `node:http`. */
export interface NodeResponse {
  statusCode: number
  setHeader(name: string, value: string | string[]): unknown
  end(body?: Uint8Array): unknown
}

export interface NodeHandlerOptions {
  /**
   * How many proxies are in front, each of which adds the address that it saw to `X-Forwarded-For`. Express knows it from its own "trust proxy".
   * With 0 that header counts for nothing. Default: none that is known of, so that whoever sends the header may be behind one or not.
   */
  trustedProxies?: number | undefined
}

type Source = Pick<RequestContext, 'address' | 'hiddenBehind'>
type Answered = Pick<AuthServer, 'handle' | 'handles' | 'origin'>

/** For Express 4 and 5: `app.use(expressHandler(auth))`, also behind `express.json()`. What is not for the server goes on. */
export function expressHandler(
  auth: Answered,
): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    const path = request.originalUrl ?? request.url ?? '/'
    if (!auth.handles(path.split('?', 1)[0] ?? '')) return next()
    const direct = request.socket.remoteAddress
    // Behind a proxy that Express was not told of, all callers have the address of the proxy.
    const isHidden = request.ip === direct && request.headers['x-forwarded-for'] !== undefined
    try {
      const from = isHidden ? { hiddenBehind: direct } : { address: request.ip ?? direct }
      await answer(auth, request, response, path, from)
    } catch (error) {
      next(error)
    }
  }
}

/** For bare `node:http`: answers the calls that are for the server and says whether it was one of them. */
export function nodeHandler(
  auth: Answered,
  { trustedProxies }: NodeHandlerOptions = {},
): (request: NodeRequest, response: NodeResponse) => Promise<boolean> {
  return async (request, response) => {
    const path = request.url ?? '/'
    if (!auth.handles(path.split('?', 1)[0] ?? '')) return false
    await answer(auth, request, response, path, addressOf(request, trustedProxies))
    return true
  }
}

/** The last address that a trusted proxy saw, whatever the caller has written before it. */
function addressOf({ headers, socket }: NodeRequest, trustedProxies: number | undefined): Source {
  const direct = socket.remoteAddress
  const seen = [headers['x-forwarded-for'] ?? []]
    .flat()
    .flatMap((line) => line.split(','))
    .map((address) => address.trim())
  if (trustedProxies === 0 || (trustedProxies === undefined && seen.length === 0)) return { address: direct }
  const address = trustedProxies === undefined ? undefined : seen.at(-trustedProxies)
  return address === undefined ? { hiddenBehind: direct } : { address }
}

async function answer(
  auth: Answered,
  request: NodeRequest,
  response: NodeResponse,
  path: string,
  from: Source,
): Promise<void> {
  const sent = await requestOf(auth, request, path)
  const made = sent === undefined ? json({ error: 'invalid_request' }, 400) : await auth.handle(sent, from)
  response.statusCode = made.status
  for (const [name, value] of made.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  const cookies = made.headers.getSetCookie()
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  response.end(new Uint8Array(await made.arrayBuffer()))
}

/** Undefined for one that no `Request` can be made of. */
async function requestOf(auth: Answered, request: NodeRequest, path: string): Promise<Request | undefined> {
  const headers = new Headers()
  try {
    for (const [name, value] of Object.entries(request.headers)) {
      // HTTP/2 has its first line among the headers.
      if (value !== undefined && !name.startsWith(':')) {
        for (const one of [value].flat()) headers.append(name, one)
      }
    }
    const method = request.method ?? 'GET'
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const body = hasBody ? await bodyOf(request) : undefined
    // What the client wrote into Host is not asked: the server knows where it is reached.
    return new Request(auth.origin + path, { method, headers, ...(body !== undefined && { body }) })
  } catch {
    return undefined
  }
}

const isForm = ({ headers }: NodeRequest): boolean =>
  String(headers['content-type']).startsWith('application/x-www-form-urlencoded')
/** What came more than once is said more than once. */
const pairsOf = ([name, value]: [string, unknown]): [string, string][] =>
  [value].flat().flatMap((one): [string, string][] => (typeof one === 'string' ? [[name, one]] : []))

async function bodyOf(request: NodeRequest): Promise<string | Uint8Array<ArrayBuffer> | undefined> {
  const { body } = request
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Uint8Array.from(body)
  const isParsed = typeof body === 'object' && body !== null
  // A parser that found no body says {} at Express 4.
  const isEmpty =
    request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined
  if (isParsed && isForm(request))
    return new URLSearchParams(Object.entries(body).flatMap(pairsOf)).toString()
  if (isParsed) return isEmpty ? undefined : JSON.stringify(body)
  if (request.readableEnded === true) return undefined
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    const bytes = chunk instanceof Uint8Array ? chunk : new TextEncoder().encode(String(chunk))
    chunks.push(bytes)
    length += bytes.length
    // One byte more is enough for it to be refused.
    if (length > LARGEST_BODY) break
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
