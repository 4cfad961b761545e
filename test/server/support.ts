import { createDeterministicParts } from '../../src/testing/backend/deterministic.ts'
import { createReferenceBackend, type ReferenceBackend } from '../../src/testing/backend/index.ts'
import type { BackendOptions } from '../../src/testing/backend/options.ts'
import { createCookieJar, type CookieJar } from '../../src/testing/world/cookie-jar.ts'

export const ORIGIN = 'https://app.test'
export const START = Date.UTC(2026, 0, 1)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const REFRESH = '__Host-refresh'
export const SID = '__Host-sid'
/** Of a credential cookie: id of the session, generation, secret, and the proof that we made it. */
export const VALUE = /^[\w-]{22}\.\d+\.[\w-]{43}\.[\w-]{43}$/

export const ADA = { email: 'ada@example.com', password: 'difference engine' }
export const BOB = { email: 'bob@example.com', password: 'other secret' }

export interface TestClock {
  now(): number
  advance(milliseconds: number): void
}

export function createTestClock(): TestClock {
  let time = START
  return {
    now: () => time,
    advance: (milliseconds) => void (time += milliseconds),
  }
}

export interface Init {
  body?: unknown
  headers?: Record<string, string | undefined>
  token?: string | undefined
  address?: string
}

/** A page of the app: sends what a browser sends, and keeps cookies as one does. */
export interface Browser {
  readonly jar: CookieJar
  cookie(name?: string): string | undefined
  send(method: string, path: string, init?: Init): Promise<Response>
}

export interface Grant {
  access_token: string
  token_type: string
  expires_in: number
  user: { id: string; email: string; name: string; roles: string[] }
  session_id: string
}

/** What a sign-in answers in session mode. */
export interface SessionGrant extends Pick<Grant, 'user' | 'session_id'> {
  csrf_token: string
  session_expires_in: number
  idle_expires_in: number
}

export interface TestBackend extends ReferenceBackend {
  readonly time: TestClock
  /** With a jar of its own, or one that it shares with others. */
  browser(jar?: CookieJar): Browser
}

/** A backend that knows ada (role admin) and bob, under a clock that stands still. */
export async function createTestBackend(
  options: BackendOptions = {},
  time = createTestClock(),
): Promise<TestBackend> {
  const backend = createReferenceBackend({
    ...createDeterministicParts(),
    clock: time,
    sleep: (milliseconds) => Promise.resolve(time.advance(milliseconds)),
    ...options,
  })
  await backend.admin.addUser({ id: 'ada', name: 'Ada', roles: ['admin'], ...ADA })
  await backend.admin.addUser({ id: 'bob', name: 'Bob', ...BOB })
  return { ...backend, time, browser: (jar) => createBrowser(backend, time, jar) }
}

function createBrowser(
  backend: ReferenceBackend,
  time: TestClock,
  jar: CookieJar = createCookieJar(time.now),
): Browser {
  return {
    jar,
    cookie: (name = REFRESH) => jar.all().find((one) => one.name === name)?.value,
    async send(method, path, { body, headers = {}, token, address } = {}) {
      const url = new URL(path, ORIGIN)
      const all: Record<string, string | undefined> = {
        origin: method === 'GET' ? undefined : ORIGIN,
        'sec-fetch-site': 'same-origin',
        'x-csrf': '1',
        'content-type': body === undefined ? undefined : 'application/json',
        authorization: token === undefined ? undefined : `Bearer ${token}`,
        cookie: jar.header(url, true),
        ...headers,
      }
      const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
      const answer = await backend.handle(
        new Request(url, {
          method,
          headers: sent,
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
        { address },
      )
      if (answer.type !== 'error') jar.store(url, answer.headers.getSetCookie(), true)
      return answer
    },
  }
}

export async function login(browser: Browser, user = ADA): Promise<Grant> {
  const answer = await browser.send('POST', '/auth/login', { body: user })
  if (answer.status !== 200) throw new Error(`Failed to sign in: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Grant
}

export async function loginForSession(browser: Browser, user = ADA): Promise<SessionGrant> {
  return (await login(browser, user)) as unknown as SessionGrant
}

/** An unsafe call by `sid` cookie: it renames the user. */
export function rename(browser: Browser, csrf: string | undefined, init: Init = {}): Promise<Response> {
  return browser.send('PUT', '/api/profile', {
    body: { name: 'Countess' },
    ...init,
    headers: { 'x-csrf-token': csrf, ...init.headers },
  })
}

/** Refreshes with a given cookie, whatever is in the jar. */
export function refreshWith(
  browser: Browser,
  cookie: string | undefined,
  init: Init = {},
): Promise<Response> {
  return browser.send('POST', '/auth/refresh', {
    ...init,
    headers: { cookie: cookie === undefined ? undefined : `${REFRESH}=${cookie}`, ...init.headers },
  })
}

export async function refresh(browser: Browser): Promise<Grant> {
  const answer = await browser.send('POST', '/auth/refresh')
  if (answer.status !== 200) throw new Error(`Failed to refresh: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Grant
}

/** The value an answer gives a cookie: undefined if it says nothing about it, '' if it deletes it. */
export function cookieOf(answer: Response, name = REFRESH): string | undefined {
  const line = answer.headers.getSetCookie().find((one) => one.startsWith(`${name}=`))
  if (line === undefined) return undefined
  return /; Max-Age=0;/.test(line) ? '' : line.slice(name.length + 1, line.indexOf(';'))
}

export async function errorOf(answer: Response): Promise<[number, string]> {
  return [answer.status, ((await answer.json()) as { error: string }).error]
}
