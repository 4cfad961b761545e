/* A server with one user and one browser, whose jar and clock tests hold. */
import {
  createAuthServer,
  done,
  generateKey,
  keySet,
  memoryStore,
  refuse,
  type AuthEvent,
  type AuthServer,
  type AuthServerOptions,
  type AuthUser,
} from 'latchkey/server'
import { createCookieJar } from '../../src/testing/world/cookie-jar.ts'
import { ORIGIN, type TestClock } from './support.ts'

export const SECRETS = ['s'.repeat(32)]
export const LOGIN = { body: { email: 'ada@example.com', password: 'difference engine' } }
export const jsonOf = async (answer: Response) => (await answer.json()) as Record<string, string>

const keys = keySet({ sign: await generateKey() })

export interface Stage {
  readonly auth: AuthServer
  readonly events: AuthEvent[]
  readonly users: Map<string, AuthUser & { readonly passwordHash: string }>
  send(
    method: string,
    path: string,
    init?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Response>
  request(method: string, path: string, headers?: Record<string, string>, body?: string | null): Request
  cookie(name: string): string | undefined
  /** Of the store and of the browser. Tokens go by the real one. */
  readonly time: TestClock
}

export function createStage(options: Partial<AuthServerOptions> = {}): Stage {
  const events: AuthEvent[] = []
  const users: Stage['users'] = new Map([
    ['ada', { id: 'ada', scopes: ['orders:read'], profile: { name: 'Ada' }, passwordHash: 'not for pages' }],
  ])
  let ahead = 0
  const time: TestClock = { now: () => Date.now() + ahead, advance: (by) => void (ahead += by) }
  const auth = createAuthServer({
    store: memoryStore({ clock: time }),
    secrets: SECRETS,
    origin: ORIGIN,
    keys,
    signIn: ({ body }) =>
      body['password'] === 'difference engine' ? done({ id: 'ada' }) : refuse('invalid_credentials'),
    findUser: (id) => users.get(id),
    onEvent: (event) => events.push(event),
    ...options,
  })
  const jar = createCookieJar(time.now)
  const request: Stage['request'] = (method, path, headers = {}, body = null) => {
    const url = new URL(path, ORIGIN)
    return new Request(url, {
      method,
      ...(body !== null && { body }),
      headers: {
        'sec-fetch-site': 'same-origin',
        'x-csrf': '1',
        cookie: jar.header(url, true) ?? '',
        ...headers,
      },
    })
  }
  return {
    auth,
    time,
    events,
    users,
    request,
    cookie: (name) => jar.all().find((one) => one.name === name)?.value,
    async send(method, path, { body, headers = {} } = {}) {
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
      const text = body === undefined ? null : JSON.stringify(body)
      const sent = request(method, path, { ...type, ...headers }, text)
      const answer = await auth.handle(sent, { address: '192.0.2.7' })
      jar.store(new URL(path, ORIGIN), answer.headers.getSetCookie(), true)
      return answer
    },
  }
}
