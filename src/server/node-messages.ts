import { json } from './answers.js'
import type { AuthServer } from './create.js'
import type { RequestContext } from './exchange.js'

/* Requests and responses of `node:http`, and what frameworks have made of them, as `Request` and `Response`. */

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
  getHeader(name: string): number | string | string[] | undefined
  setHeader(name: string, value: string | string[]): unknown
  /** False where no more should be written before `drain`. */
  write(chunk: Uint8Array): boolean
  once(event: 'close' | 'drain', listener: () => void): unknown
  end(): unknown
  destroy(error?: Error): unknown
}

export type Source = Pick<RequestContext, 'address' | 'hiddenBehind'>
export type Answered = Pick<AuthServer, 'handle' | 'handles' | 'origin'>

/** Has the server answer a call that is for it. */
export async function answer(
  auth: Answered,
  request: NodeRequest,
  response: NodeResponse,
  path: string,
  from: Source,
): Promise<void> {
  const sent = wholeRequestOf(auth, request, path)
  await sendResponse(
    response,
    sent === undefined ? json({ error: 'invalid_request' }, 400) : await auth.handle(sent, from),
  )
}

/**
 * One of your own calls at Express, Fastify (`request.raw`), Koa (`context.req`) or `node:http`, without its body, for `auth.authenticate` and `auth.session`.
 *
 * @example
 * import type { IncomingMessage } from 'node:http'
 * import { requestOf, type AuthServer } from 'latchkey/server'
 * declare const auth: AuthServer, message: IncomingMessage
 * const caller = await auth.authenticate(requestOf(auth, message))
 */
export function requestOf(auth: Pick<AuthServer, 'origin'>, request: NodeRequest): Request {
  const { method = 'GET' } = request
  const path = pathOf(request)
  // Anybody may ask with a method or for an address that no Request can have. It stands for a call that changes something, and for no page.
  return new Request(auth.origin + (path.startsWith('/') ? path : '/'), {
    method: /^(?:CONNECT|TRACE|TRACK)$/i.test(method) ? 'POST' : method,
    headers: headersOf(request),
  })
}

/**
 * Sends a `Response` as it is made, each of its cookies in a line of its own, beside those that the application has set before. Rejects where its body fails
 * before anything of it is sent.
 */
export async function sendResponse(response: NodeResponse, answer: Response): Promise<void> {
  const reader = answer.body?.getReader()
  let read = await reader?.read()
  response.statusCode = answer.status
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  const before = [response.getHeader('set-cookie') ?? []].flat().map(String)
  const cookies = [...before, ...answer.headers.getSetCookie()]
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  let isClosed = false
  let goOn = (): void => undefined
  response.once('close', () => {
    isClosed = true
    reader?.cancel().catch(() => undefined)
    goOn()
  })
  try {
    while (reader !== undefined && read?.done === false && !isClosed) {
      if (!response.write(read.value)) {
        await new Promise<void>((resolve) => {
          goOn = resolve
          response.once('drain', resolve)
        })
      }
      read = await reader.read()
    }
    response.end()
  } catch {
    // What has been sent cannot be taken back: that it is not whole is all that can be said.
    response.destroy()
  }
}

export const pathOf = (request: Pick<NodeRequest, 'originalUrl' | 'url'>): string =>
  request.originalUrl ?? request.url ?? '/'

function headersOf(request: NodeRequest): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    // HTTP/2 has its first line among the headers.
    if (value !== undefined && !name.startsWith(':')) {
      for (const one of [value].flat()) headers.append(name, one)
    }
  }
  return headers
}

/** Undefined for one that no `Request` can be made of. */
function wholeRequestOf(auth: Answered, request: NodeRequest, path: string): Request | undefined {
  try {
    const method = request.method ?? 'GET'
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const body = hasBody ? bodyOf(request) : undefined
    // What the client wrote into Host is not asked: the server knows where it is reached.
    const headers = headersOf(request)
    const init = { method, headers, ...(body !== undefined && { body, duplex: 'half' }) }
    return new Request(auth.origin + path, init)
  } catch {
    return undefined
  }
}

const isForm = ({ headers }: NodeRequest): boolean =>
  String(headers['content-type']).startsWith('application/x-www-form-urlencoded')
/** What came more than once is said more than once. */
const pairsOf = ([name, value]: [string, unknown]): [string, string][] =>
  [value].flat().flatMap((one): [string, string][] => (typeof one === 'string' ? [[name, one]] : []))

function bodyOf(request: NodeRequest): string | Uint8Array<ArrayBuffer> | ReadableStream | undefined {
  const { body } = request
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Uint8Array.from(body)
  const isParsed = typeof body === 'object' && body !== null
  // A parser that found no body says {} at Express 4.
  const { 'content-length': size = '0', 'transfer-encoding': encoding } = request.headers
  const isEmpty = size === '0' && encoding === undefined
  if (isParsed && isForm(request))
    return new URLSearchParams(Object.entries(body).flatMap(pairsOf)).toString()
  if (isParsed) return isEmpty ? undefined : JSON.stringify(body)
  if (request.readableEnded === true) return undefined
  return streamOf(request)
}

/** Read as the server asks for it, which has limits for that. Whoever is cut off is not destroyed, so that he hears why. */
function streamOf(request: NodeRequest): ReadableStream<Uint8Array> {
  const chunks = request[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value instanceof Uint8Array ? value : new TextEncoder().encode(String(value)))
      },
    },
    { highWaterMark: 0 },
  )
}
