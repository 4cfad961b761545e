/* A browser whose tabs share a jar, and ask without a lock: played by fetch, so that what crosses is up to the network alone. */
import { createCookieJar, type CookieJar } from '../../../src/testing/world/cookie-jar.ts'
import { type Kind, PASSWORD } from './deployment.ts'

export interface Answer {
  readonly status: number
  /** Which process it is from, if one has answered. */
  readonly pid: number
  readonly body: Readonly<Record<string, unknown>>
  readonly setCookie: readonly string[]
}

export interface Init {
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  /** Asks this machine and not the proxy. */
  readonly port?: number
}

export interface Browser {
  readonly kind: Kind
  readonly user: string
  readonly jar: CookieJar
  /** Of the last sign-in or renewal. */
  token: string
  csrf: string
  sessionId: string
  /** All that has answered. */
  readonly pids: Set<number>
  signIn(init?: Init): Promise<Answer>
  refresh(init?: Init): Promise<Answer>
  signOut(init?: Init): Promise<Answer>
  /** A call of the application: a write with a cookie session, so that its CSRF token counts. */
  call(init?: Init): Promise<Answer>
}

export function createBrowser(origin: string, kind: Kind, user: string): Browser {
  const jar = createCookieJar(() => Date.now())
  const at = (port: number | undefined): string => (port === undefined ? origin : `http://127.0.0.1:${port}`)

  const send = async (path: string, { method = 'POST', body, headers, port }: Init): Promise<Answer> => {
    const url = new URL(`/${kind}${path}`, at(port))
    const cookie = jar.header(url, true)
    const answer = await fetch(url, {
      method,
      headers: {
        origin,
        'sec-fetch-site': 'same-origin',
        'x-csrf': '1',
        ...(cookie !== undefined && { cookie }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const setCookie = answer.headers.getSetCookie()
    jar.store(url, setCookie, true)
    const text = await answer.text()
    const pid = Number(answer.headers.get('x-served-by') ?? 0)
    if (pid > 0) browser.pids.add(pid)
    return {
      status: answer.status,
      pid,
      body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
      setCookie,
    }
  }
  const granted = (answer: Answer): Answer => {
    const { access_token, csrf_token, session_id } = answer.body as Record<string, string>
    if (answer.status !== 200) return answer
    browser.token = access_token ?? ''
    browser.csrf = csrf_token ?? browser.csrf
    browser.sessionId = session_id ?? ''
    return answer
  }

  const browser: Browser = {
    kind,
    user,
    jar,
    token: '',
    csrf: '',
    sessionId: '',
    pids: new Set(),
    signIn: async (init = {}) =>
      granted(await send('/auth/login', { body: { email: user, password: PASSWORD }, ...init })),
    refresh: async (init = {}) => granted(await send('/auth/refresh', init)),
    signOut: (init = {}) =>
      send('/auth/logout', {
        ...init,
        body: { session_id: browser.sessionId },
        headers: { 'x-csrf-token': browser.csrf, ...init.headers },
      }),
    call: (init = {}) =>
      send('/api', {
        ...init,
        headers:
          kind === 'session'
            ? { 'x-csrf-token': browser.csrf }
            : { authorization: `Bearer ${browser.token}` },
      }),
  }
  return browser
}
