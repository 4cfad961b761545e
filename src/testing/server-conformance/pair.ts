/* Two servers on one store, as two processes are, and a store whose calls can be held, failed and answered with lies. */
import { createAuthServer, type AuthServer, type AuthServerOptions } from '../../server/create.js'
import { keyOfSession } from '../../server/records.js'
import { done } from '../../server/sign-in.js'
import { createDeterministicSigner } from '../../server/signers.js'
import type { ServerStore, Stored } from '../../server/stores/store.js'
import { must } from '../must.js'

const STEPS = [
  'get',
  'put',
  'take',
  'count',
  'sessionsOf',
  'bumpUser',
  'userGeneration',
  'sweep',
] as const satisfies (keyof ServerStore)[]
export type Step = (typeof STEPS)[number]
/** Is asked for the answer to each call to the store, and may make the call. */
export type Around = (step: Step, key: string, call: () => Promise<unknown>) => Promise<unknown>

const ORIGIN = 'https://app.example'
const REFRESH = '__Host-refresh'
const SID = '__Host-sid'

export interface Answer {
  readonly status: number
  readonly error: unknown
  readonly sessionId: string
  /** What the cookie of the session is set to: empty where it is deleted, undefined where it is left alone. */
  readonly cookie: string | undefined
  readonly isToComeBack: boolean
}

/** Two store objects on the same data. */
export type Stores = readonly [ServerStore, ServerStore]

export interface Pair {
  readonly here: AuthServer
  readonly there: AuthServer
  /** Nobody stands between it and the test. */
  readonly store: ServerStore
  readonly userId: string
  around: Around
  /** Codes that were sent, the last one last. */
  readonly codes: readonly string[]
  signIn(server?: AuthServer): Promise<{ readonly id: string; readonly cookie: string }>
  send(server: AuthServer, path: string, cookie?: string, body?: object): Promise<Answer>
  /** A call of the application by a `sid` cookie. */
  call(server: AuthServer, sid: string): Promise<Answer>
  ban(server: AuthServer): Promise<void>
  row(id: string): Promise<Stored>
}

export const PASS: Around = (_step, _key, call) => call()

export function createPair(
  [one, other]: Stores,
  userId: string,
  options: Partial<AuthServerOptions> = {},
): Pair {
  const codes: string[] = []
  let isBanned = false
  const server = (store: ServerStore): AuthServer =>
    createAuthServer({
      secrets: ['the same in both processes, and a secret of nobody'],
      origin: ORIGIN,
      keys: createDeterministicSigner(),
      signIn: ({ body }) => done({ id: String(body['email']) }),
      findUser: (id) => ({ id, disabled: isBanned }),
      sendCode: ({ code }) => void codes.push(code),
      // The checks hold calls for longer than a server would wait, and machines may be busy.
      storeTimeoutMs: 60_000,
      ...options,
      store: watched(store, (...step) => pair.around(...step)),
    })
  const pair: Pair = {
    here: server(one),
    there: server(other),
    store: other,
    userId,
    around: PASS,
    codes,
    async signIn(server = pair.here) {
      const {
        cookie = '',
        sessionId,
        status,
      } = await pair.send(server, 'login', undefined, { email: userId })
      must(status === 200 && cookie !== '', 'a user who proves to be it is signed in', status)
      return { id: sessionId, cookie }
    },
    async send(server, path, cookie, body = {}) {
      const request = new Request(`${ORIGIN}/auth/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-csrf': '1' },
        body: JSON.stringify(body),
      })
      return answerOf((setCookie) => server.handle(request, { headers: headersOf(cookie), setCookie }))
    },
    call: (server, sid) =>
      answerOf(async () => {
        const context = { headers: headersOf(sid) }
        const caller = await server.authenticate(new Request(`${ORIGIN}/api`), { context })
        return caller.ok ? caller.finish(new Response('{}')) : caller.response
      }),
    async ban(server) {
      isBanned = true
      await server.admin.ban(userId)
    },
    async row(id) {
      const row = await other.get(keyOfSession(id))
      must(row !== undefined, 'the row of a session is there')
      return row
    },
  }
  return pair
}

const headersOf = (cookie: string | undefined): Record<string, string> => ({
  'sec-fetch-site': 'same-origin',
  ...(cookie !== undefined && { cookie: `${REFRESH}=${cookie}; ${SID}=${cookie}` }),
})

async function answerOf(ask: (setCookie: (line: string) => void) => Promise<Response>): Promise<Answer> {
  const lines: string[] = []
  const response = await ask((line) => void lines.push(line))
  lines.push(...response.headers.getSetCookie())
  const values = lines.map((line) => /^(?:__Host-refresh|__Host-sid)=([^;]*)/.exec(line)?.[1])
  const text = await response.text()
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  return {
    status: response.status,
    error: body['error'],
    sessionId: String(body['session_id']),
    cookie: values.find((value) => value !== undefined),
    isToComeBack: response.status === 503 && response.headers.has('retry-after') && lines.length === 0,
  }
}

function watched(store: ServerStore, around: Around): ServerStore {
  const calls = STEPS.map((step) => [
    step,
    (...args: unknown[]) =>
      around(step, String(args[0]), () => Reflect.apply(store[step], store, args) as Promise<unknown>),
  ])
  return Object.fromEntries(calls) as ServerStore
}

/** Lets nobody go on before so many have come. */
export function barrier(parties: number): () => Promise<void> {
  const waiting: (() => void)[] = []
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length < parties) return
      for (const go of waiting.splice(0)) go()
    })
}
