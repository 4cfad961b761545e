import { Refusal } from './answers.js'
import type { Exchange } from './exchange.js'
import type { Settings } from './settings.js'

/** Of a body, in bytes: all that is sent here is a few short texts. */
const LARGEST_BODY = 64 * 1024
/** What is left of a body is not waited for. */
const CLOSE = { Connection: 'close' }

type BodyLimits = Pick<Settings, 'bodyTimeoutMs'>

/*
 * Against requests that another site makes the browser send: where it comes from, a header that no form can
 * carry, and a body that no form can send. Each would do alone against most; a deployment mistake seldom
 * opens all three.
 */

/**
 * Refuses a call that changes something where another site may have made it. One of an app that is no page has no site, and must look like it: a page
 * that says it were one would get its refresh token into script.
 */
export function requireOwnCall(settings: Settings, exchange: Exchange): void {
  if (!exchange.isNative) {
    requireKnownSource(settings, exchange)
    requireStaticHeader(settings, exchange)
    return
  }
  if (SENT_BY_BROWSERS.every((name) => exchange.header(name) === undefined)) return
  throw new Refusal(403, 'origin_refused', {
    description: 'X-Client: native is for apps; a page in a browser gets its refresh token as a cookie',
  })
}

/** Script can leave out none of them. The `fetch` of Node sends `sec-fetch-mode`, which is not among them. */
const SENT_BY_BROWSERS = ['origin', 'referer', 'sec-fetch-site', 'sec-fetch-dest']

/** Refuses what does not come from a page that may call (Fetch Metadata first, then Origin, then Referer). */
export function requireKnownSource(settings: Settings, exchange: Exchange): void {
  const site = exchange.header('sec-fetch-site')
  const origin = exchange.header('origin') ?? originOf(exchange.header('referer'))
  const known = origin !== undefined && isKnownOrigin(settings, exchange, origin)

  // `none` is the user's own doing. Values of the future say nothing yet.
  if (site === 'same-origin' || site === 'none') return
  if (
    site !== 'cross-site' &&
    (known || (site === undefined && origin === undefined && settings.allowMissingOrigin))
  ) {
    return
  }
  settings.emit({
    type: 'origin-refused',
    origin,
    known: [exchange.origin, ...settings.allowedOrigins],
  })
  throw new Refusal(403, 'origin_refused', {
    description: 'This page may not call the backend: list its origin, and serve both from one site',
  })
}

/** Refuses a call without the static header: carrying it across origins needs a preflight. */
export function requireStaticHeader({ staticHeader: { name, value } }: Settings, exchange: Exchange): void {
  if (exchange.header(name) !== value) {
    throw new Refusal(403, 'csrf_header_missing', { description: `Send the header ${name}: ${value}` })
  }
}

/** The JSON object of the body; an empty one where there is no body. Forms and text are refused. */
export async function readJson(
  request: Request,
  limits: BodyLimits,
): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers.get('content-type')
  const text = await readText(request, limits)
  if (type === null ? text !== '' : !/^application\/json *(?:;|$)/i.test(type)) {
    throw new Refusal(415, 'unsupported_media_type', { description: 'Send application/json or no body' })
  }
  if (text === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { __proto__: null, ...value }
    }
  } catch {
    // Refused below.
  }
  throw new Refusal(400, 'invalid_request', { description: 'The body must be a JSON object' })
}

/** The fields of a form. What is no form has none. */
export async function readForm(request: Request, limits: BodyLimits): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? ''
  const text = await readText(request, limits)
  return new URLSearchParams(/^application\/x-www-form-urlencoded *(?:;|$)/i.test(type) ? text : '')
}

async function readText({ body }: Request, { bodyTimeoutMs }: BodyLimits): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    if (bodyTimeoutMs === undefined) return
    timer = setTimeout(() => reject(new Refusal(408, 'request_timeout', { headers: CLOSE })), bodyTimeoutMs)
  })
  try {
    return await Promise.race([textOf(reader), late])
  } catch (error) {
    // Whoever has not sent his body may not take it that there is an end of it, so nobody waits for that.
    reader.cancel().catch(() => undefined)
    if (error instanceof Refusal) throw error
    throw new Refusal(400, 'invalid_request', { description: 'The body broke off' })
  } finally {
    clearTimeout(timer)
  }
}

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    length += value.length
    if (length > LARGEST_BODY) {
      const description = 'The body is larger than 64 kB'
      throw new Refusal(400, 'invalid_request', { description, headers: CLOSE })
    }
    text += decoder.decode(value, { stream: true })
  }
}

export function isKnownOrigin({ allowedOrigins }: Settings, exchange: Exchange, origin: string): boolean {
  return origin === exchange.origin || allowedOrigins.has(origin)
}

function originOf(referer: string | undefined): string | undefined {
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined
}
