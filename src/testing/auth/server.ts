import type { EndReason, Mode } from '../../core/types.js'

/** Why a session can end at the server. */
export type ServerReason = Extract<EndReason, 'expired' | 'revoked' | 'refused'>

export interface TestSession {
  readonly id: string
  /** Stands for the user on the wire, which could not carry every object. */
  readonly key: string
}

/** Keeps one session, answers the auth endpoints for it, and hands everything else to the test. */
export interface TestServer<User> {
  readonly fetch: typeof fetch
  readonly session: TestSession | undefined
  /** Signs a user in, or goes on with another description of the one who is. */
  begin(user: User, continues: boolean): TestSession
  end(reason: ServerReason): void
  /** An access token, or in session mode a CSRF token. */
  nextToken(): string
  userOf(key: unknown): User
  /** It is known now who is signed in: a question that waits for that is answered. */
  decide(): void
}

export interface TestServerOptions<User> {
  readonly decided: boolean
  readonly mode: Mode
  url(): string
  online(): boolean
  /** Who signs in with these credentials. */
  login(credentials: unknown): User | undefined
  /** Answers what is not an auth endpoint. */
  respond(request: Request): Response | Promise<Response>
}

/** Paths that no application has of its own. */
export const TEST_ENDPOINTS = {
  login: '/.latchkey-test/login',
  refresh: '/.latchkey-test/refresh',
  logout: '/.latchkey-test/logout',
  session: '/.latchkey-test/session',
  start: '/.latchkey-test/start',
}

/** How long a credential lives, in seconds: five minutes, and a day. */
export const LIFETIMES = { token: 300, session: 86_400 } as const

const CODES = { expired: 'session_expired', revoked: 'session_revoked', refused: 'user_disabled' } as const

const refuse = (error: string, headers: HeadersInit = {}): Response =>
  Response.json({ error }, { status: 401, headers })

export function createTestServer<User>(options: TestServerOptions<User>): TestServer<User> {
  const users: User[] = []
  let session: TestSession | undefined
  let reason: ServerReason = 'expired'
  let sessions = 0
  let tokens = 0
  let decide = (): void => {}
  const decided = options.decided
    ? Promise.resolve()
    : new Promise<void>((resolve) => {
        decide = resolve
      })

  function keyOf(user: User): string {
    if (!users.includes(user)) users.push(user)
    return `user-${users.indexOf(user)}`
  }

  const grant = (): Response =>
    session === undefined
      ? refuse(CODES[reason])
      : Response.json({
          user: session.key,
          session_id: session.id,
          ...(options.mode === 'token'
            ? { access_token: server.nextToken(), token_type: 'Bearer', expires_in: LIFETIMES.token }
            : { csrf_token: server.nextToken(), session_expires_in: LIFETIMES.session }),
        })

  async function answer(path: string, body: unknown): Promise<Response | undefined> {
    switch (path) {
      case TEST_ENDPOINTS.login: {
        const user = options.login(body)
        if (user === undefined) return refuse('invalid_credentials')
        server.begin(user, false)
        decide()
        return grant()
      }
      case TEST_ENDPOINTS.refresh:
        await decided
        return grant()
      case TEST_ENDPOINTS.logout:
        server.end('expired')
        return new Response(null, { status: 204 })
      case TEST_ENDPOINTS.session:
        if (options.mode === 'session') return grant()
        return Response.json(session ? { user: session.key, session_id: session.id } : null)
      default:
        return undefined
    }
  }

  const server: TestServer<User> = {
    get session() {
      return session
    },
    begin(user, continues) {
      const id = continues && session ? session.id : `test-session-${++sessions}`
      session = { id, key: keyOf(user) }
      return session
    },
    end(why) {
      session = undefined
      reason = why
    },
    nextToken: () => `test-${options.mode === 'token' ? 'token' : 'csrf'}-${++tokens}`,
    userOf: (key) => users[Number(String(key).slice('user-'.length))]!,
    decide: () => decide(),
    async fetch(input, init) {
      const request = new Request(input instanceof Request ? input : new URL(input, options.url()), init)
      const path = Object.values(TEST_ENDPOINTS).find((known) =>
        new URL(request.url).pathname.endsWith(known),
      )
      // Also offline: a question that fails would make nobody of whom nobody knows.
      if (path === TEST_ENDPOINTS.session) await decided
      if (!options.online()) throw new TypeError('Failed to fetch: the test is offline.')
      const own = path && (await answer(path, await request.json().catch(() => undefined)))
      if (own) return own
      const sign = options.mode === 'token' ? 'authorization' : 'x-csrf'
      const expired = !session && request.headers.has(sign)
      if (expired) return refuse('invalid_token', { 'www-authenticate': 'Bearer error="invalid_token"' })
      return options.respond(request)
    },
  }
  return server
}
