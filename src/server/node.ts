import {
  answer,
  pathOf,
  type Answered,
  type NodeRequest,
  type NodeResponse,
  type Source,
} from './node-messages.js'

export interface NodeHandlerOptions {
  /**
   * How many proxies are in front, each of which adds the address that it saw to `X-Forwarded-For`. Express knows it from its own "trust proxy".
   * With 0 that header counts for nothing. Default: none that is known of, so that whoever sends the header may be behind one or not.
   */
  trustedProxies?: number | undefined
}

/** For Express 4 and 5: `app.use(expressHandler(auth))`, also behind `express.json()`. What is not for the server goes on. */
export function expressHandler(
  auth: Answered,
): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    if (!isFor(auth, request)) return next()
    try {
      await answer(auth, request, response, pathOf(request), sourceOf(request, request.ip))
    } catch (error) {
      next(error)
    }
  }
}

/** What is used of a request of Fastify. */
export interface FastifyRequest {
  readonly raw: NodeRequest
  /** The address that its `trustProxy` leads to. */
  readonly ip: string
}

/** What is used of a reply of Fastify. */
export interface FastifyReply {
  readonly raw: NodeResponse
  hijack(): unknown
}

/** For Fastify 4 and 5: `app.addHook('onRequest', fastifyHook(auth))`, before any parser. What is not for the server goes on. */
export function fastifyHook(auth: Answered): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async ({ raw, ip }, reply) => {
    if (!isFor(auth, raw)) return
    reply.hijack()
    await answer(auth, raw, reply.raw, pathOf(raw), sourceOf(raw, ip))
  }
}

/** What is used of a context of Koa. */
export interface KoaContext {
  readonly req: NodeRequest
  readonly res: NodeResponse
  /** With what a parser in front has made of the body. */
  readonly request: { readonly body?: unknown }
  readonly originalUrl: string
  /** The address that its `proxy` leads to. */
  readonly ip: string
  respond?: boolean | undefined
  readonly app: {
    readonly proxy?: boolean | undefined
    readonly maxIpsCount?: number | undefined
    readonly proxyIpHeader?: string | undefined
  }
}

/** For Koa 3: `app.use(koaHandler(auth))`, also behind a body parser. What is not for the server goes on. */
export function koaHandler(
  auth: Answered,
): (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown> {
  return async (context, next) => {
    const { req, res, originalUrl, ip } = context
    if (!isFor(auth, { originalUrl })) return next()
    context.respond = false
    const { body } = context.request
    const request = body === undefined ? req : Object.assign(req, { body })
    return answer(auth, request, res, originalUrl, sourceOf(req, isWritten(context) ? undefined : ip))
  }
}

/** For bare `node:http`: answers the calls that are for the server and says whether it was one of them. */
export function nodeHandler(
  auth: Answered,
  { trustedProxies }: NodeHandlerOptions = {},
): (request: NodeRequest, response: NodeResponse) => Promise<boolean> {
  return async (request, response) => {
    if (!isFor(auth, request)) return false
    await answer(auth, request, response, pathOf(request), addressOf(request, trustedProxies))
    return true
  }
}

const isFor = (auth: Answered, request: Pick<NodeRequest, 'originalUrl' | 'url'>): boolean =>
  auth.handles(pathOf(request).split('?', 1)[0] ?? '')

/** Whether Koa's address is the first that the header has, which the caller himself may have written there. */
function isWritten({ app, req: { headers } }: KoaContext): boolean {
  const { proxy = false, maxIpsCount = 0, proxyIpHeader = 'X-Forwarded-For' } = app
  const isList = proxyIpHeader.toLowerCase() === 'x-forwarded-for' && headers['x-forwarded-for'] !== undefined
  return proxy && maxIpsCount === 0 && isList
}

/** Behind a proxy that the framework was not told of, all callers have the address of the proxy. */
function sourceOf({ headers, socket }: NodeRequest, ip: string | undefined): Source {
  const direct = socket.remoteAddress
  const isHidden = (ip === undefined || ip === direct) && headers['x-forwarded-for'] !== undefined
  return isHidden ? { hiddenBehind: direct } : { address: ip ?? direct }
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
