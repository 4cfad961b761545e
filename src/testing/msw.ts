import type { ReferenceBackend } from './backend/index.js'
import { createCookieJar, siteOf } from './world/cookie-jar.js'

/** What is used of MSW's `http`, 2 or 3. Handed in, so that nobody needs MSW who does not use it. */
export interface MswHttp<Handler> {
  all(path: string, resolver: (info: { request: Request }) => Promise<Response>): Handler
}

export interface BackendHandlersOptions<Handler> {
  /** `http` of MSW. */
  http: MswHttp<Handler>
  /** Origin the backend is mocked under. */
  origin: string
  /** Origin of the page that calls. Default: that of the document; outside a browser `origin`. */
  pageOrigin?: string | undefined
  /**
   * Whether cookies go to another origin only with `credentials: 'include'`, as a browser has it. In a
   * browser and with MSW 2 in Node this shows a forgotten option; MSW 3 in Node calls every request `same-
   * origin`, an omitting one too. Default: false, only `omit` keeps them away.
   */
  strictCredentials?: boolean | undefined
}

const PATHS = ['/auth/*', '/idp/*', '/api/*', '/.well-known/jwks.json']

/**
 * MSW handlers that answer as this backend. Cookies live in a jar beside MSW, in memory: no script and no
 * storage sees an HttpOnly one, and no answer shows a Set-Cookie. The jar is as old as the handlers, so make
 * new ones for each test.
 *
 * What a mock cannot show: a reload forgets the jar, other tabs have one of their own, navigations (a
 * redirect login) are not mocked, and CORS, `Secure` over plain http and the loss of cookies when a page
 * closes are the browser's. Test those against a real server.
 */
export function createBackendHandlers<Handler>(
  backend: ReferenceBackend,
  { http, origin, pageOrigin, strictCredentials = false }: BackendHandlersOptions<Handler>,
): Handler[] {
  check(typeof http?.all === 'function', '"http" must be that of MSW: import { http } from \'msw\'')
  check(URL.canParse(origin), '"origin" must be one such as "https://api.example.com"')
  const jar = createCookieJar(() => backend.clock.now())

  const resolver = async ({ request }: { request: Request }): Promise<Response> => {
    const url = new URL(request.url)
    const page = new URL(pageOrigin ?? globalThis.location?.origin ?? origin)
    const site = relation(page, url)
    const carries =
      request.credentials === 'include' ||
      (request.credentials === 'same-origin' && (!strictCredentials || site === 'same-origin'))
    const sent = carries ? jar.header(url, site !== 'cross-site') : undefined
    const lines: string[] = []

    const answer = await backend.handle(request, {
      headers: {
        cookie: sent ?? '',
        'sec-fetch-site': site,
        ...(site === 'same-origin' && request.method === 'GET' ? {} : { origin: page.origin }),
      },
      setCookie: (line) => lines.push(line),
    })
    if (carries && answer.type !== 'error') {
      jar.store(url, lines, site !== 'cross-site')
      if (site === 'same-origin') showReadable(lines)
    }
    return answer
  }

  return PATHS.map((path) => http.all(new URL(path, origin).href, resolver))
}

function check(valid: boolean, expected: string): asserts valid {
  if (!valid) throw new TypeError(`Failed to create the MSW handlers: ${expected}.`)
}

function relation(page: URL, target: URL): 'same-origin' | 'same-site' | 'cross-site' {
  if (page.origin === target.origin) return 'same-origin'
  return siteOf(page) === siteOf(target) ? 'same-site' : 'cross-site'
}

/** Cookies that script may read belong where script reads them. */
function showReadable(lines: readonly string[]): void {
  if (typeof document === 'undefined') return
  for (const line of lines) if (!/; *HttpOnly/i.test(line)) document.cookie = line
}
