import {
  createAuthServer,
  done,
  memoryStore,
  refuse,
  type AuthEvent,
  type AuthServer,
  type AuthServerOptions,
  type AuthUser,
  type LoginProvider,
  type ProviderSignIn,
} from 'latchkey/server'
import { createCookieJar, type CookieJar } from '../../src/testing/world/cookie-jar.ts'
import { createTestClock, ORIGIN, type TestClock } from './support.ts'

/** A provider at which people are signed in by naming them. */
export interface FakeProvider extends LoginProvider {
  /** What it was asked for, by the state of it. */
  readonly begun: Map<
    string,
    { readonly redirectUri: string; readonly nonce: string; readonly challenge: string }
  >
  /** The callback of whoever has signed in there as that subject. */
  answer(start: Response, subject: string): URL
  /** From now on it fails with that, or works again. */
  fail(error: Error | undefined): void
}

export function createFakeProvider(name: string, responseMode?: 'query' | 'form_post'): FakeProvider {
  const begun: FakeProvider['begun'] = new Map()
  const codes = new Map<string, { readonly subject: string; readonly state: string }>()
  let error: Error | undefined
  const check = (): void => {
    if (error !== undefined) throw error
  }
  return {
    responseMode,
    begun,
    fail: (next) => void (error = next),
    answer(start, subject) {
      const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? ''
      const code = `code-${name}-${codes.size}`
      codes.set(code, { subject, state })
      const url = new URL(begun.get(state)?.redirectUri ?? '')
      url.searchParams.set('code', code)
      url.searchParams.set('state', state)
      url.searchParams.set('iss', `https://${name}.test`)
      return url
    },
    begin({ redirectUri, state, nonce, codeChallenge }) {
      check()
      begun.set(state, { redirectUri, nonce, challenge: codeChallenge })
      return new URL(`https://${name}.test/authorize?state=${state}`)
    },
    finish({ parameters, redirectUri, state, nonce }) {
      check()
      if (parameters.has('error')) return refuse('access_denied', 403)
      const code = parameters.get('code') ?? ''
      const found = codes.get(code)
      codes.delete(code)
      const isFor =
        found?.state === state &&
        begun.get(state)?.redirectUri === redirectUri &&
        begun.get(state)?.nonce === nonce &&
        parameters.get('iss') === `https://${name}.test`
      if (!isFor) return refuse('invalid_grant', 400)
      const { subject } = found
      const claims = { email: `${subject}@example.com`, email_verified: true }
      return { issuer: `https://${name}.test`, subject, claims }
    },
  }
}

export interface Stage {
  readonly auth: AuthServer
  readonly time: TestClock
  readonly events: AuthEvent[]
  readonly users: Map<string, AuthUser>
  readonly linked: ProviderSignIn[]
  readonly google: FakeProvider
  readonly apple: FakeProvider
  browser(jar?: CookieJar): StageBrowser
}

export interface StageBrowser {
  readonly jar: CookieJar
  /** Names of the cookies of sign-ins that have begun. */
  attempts(): string[]
  cookie(name: string): string | undefined
  /** A navigation that a page of this site, or of another one, has led to, as far as it goes by itself. */
  go(
    url: string | URL,
    init?: { headers?: Record<string, string>; method?: string; from?: 'another site' },
  ): Promise<Response>
  /** The same by a form that another site posts. */
  post(url: URL, fields: URLSearchParams | string): Promise<Response>
  start(returnTo?: string, provider?: string): Promise<Response>
  ask(path: string): Promise<unknown>
  /** A call that a page of the app makes. */
  call(path: string, body?: object, headers?: Record<string, string>): Promise<Response>
}

/** A page that goes on by itself. */
const REFRESH = /<meta http-equiv="refresh" content="0; url=([^"]*)">/
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

export function createStage(
  options: Partial<AuthServerOptions> = {},
  time: TestClock = createTestClock(),
): Stage {
  const events: AuthEvent[] = []
  const linked: ProviderSignIn[] = []
  const users: Stage['users'] = new Map(['ada', 'bob'].map((id) => [id, { id, profile: { name: id } }]))
  const google = createFakeProvider('google')
  const apple = createFakeProvider('apple', 'form_post')
  const auth = createAuthServer({
    store: memoryStore({ clock: time }),
    secrets: ['s'.repeat(32)],
    origin: ORIGIN,
    mode: 'session',
    signIn: ({ body }) =>
      users.has(String(body['user'])) ? done({ id: String(body['user']) }) : refuse('no'),
    findUser: (id) => users.get(id),
    providers: { google, apple },
    linkUser(signIn) {
      linked.push(signIn)
      return users.has(signIn.subject) ? done({ id: signIn.subject }) : refuse('not_invited', 403)
    },
    onEvent: (event) => events.push(event),
    ...options,
  })

  const createBrowser = (jar = createCookieJar(time.now)): StageBrowser => {
    const send = async (
      method: string,
      url: URL,
      isSameSite: boolean,
      headers: Record<string, string>,
      body?: string,
    ): Promise<Response> => {
      // Only a navigation by GET brings Lax cookies from another site.
      const isLax = isSameSite || method === 'GET' || method === 'HEAD'
      const lax = jar
        .all()
        .filter(({ sameSite }) => isSameSite || sameSite === 'none' || (isLax && sameSite === 'lax'))
      const cookie = lax.map(({ name, value }) => `${name}=${value}`).join('; ')
      const answer = await auth.handle(
        new Request(url, {
          method,
          headers: { 'sec-fetch-site': isSameSite ? 'same-origin' : 'cross-site', cookie, ...headers },
          ...(body !== undefined && { body }),
        }),
        { address: '192.0.2.7' },
      )
      jar.store(url, answer.headers.getSetCookie(), true)
      return answer
    }
    return {
      jar,
      attempts: () => jar.all().flatMap(({ name }) => (name.startsWith('__Host-login-') ? [name] : [])),
      cookie: (name) => jar.all().find((one) => one.name === name)?.value,
      async go(url, { headers = {}, method = 'GET', from } = {}) {
        const all = { ...NAVIGATION, ...headers }
        const answer = await send(method, new URL(url, ORIGIN), from === undefined, all)
        const onward = REFRESH.exec(await answer.clone().text())?.[1]?.replaceAll('&amp;', '&')
        return onward === undefined ? answer : send(method, new URL(onward, ORIGIN), true, all)
      },
      post: (url, fields) =>
        send(
          'POST',
          new URL(url.pathname, url),
          false,
          {
            ...NAVIGATION,
            origin: 'https://apple.test',
            'content-type': 'application/x-www-form-urlencoded',
          },
          String(fields),
        ),
      start: (returnTo = '/orders', provider = 'google') =>
        send(
          'GET',
          new URL(`/auth/start?${new URLSearchParams({ provider, return_to: returnTo })}`, ORIGIN),
          true,
          NAVIGATION,
        ),
      ask: async (path) => (await send('GET', new URL(path, ORIGIN), true, {})).json(),
      call(path, body = {}, headers = {}) {
        const own = { origin: ORIGIN, 'x-csrf': '1', 'content-type': 'application/json' }
        return send('POST', new URL(path, ORIGIN), true, { ...own, ...headers }, JSON.stringify(body))
      },
    }
  }
  return { auth, time, events, users, linked, google, apple, browser: createBrowser }
}

export const locationOf = (answer: Response): string => answer.headers.get('location') ?? ''
/** Where the links of a page for a person lead. */
export const linksOf = async (answer: Response): Promise<string[]> =>
  [...(await answer.text()).matchAll(/href="([^"]*)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'))
