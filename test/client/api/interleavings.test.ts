import { array, assert, asyncProperty, boolean } from 'fast-check'
import { expect, it } from 'vitest'
import {
  ANN,
  BOB,
  createKit,
  FakeBrowser,
  grant,
  json,
  type Kit,
  ManualClock,
  refusal,
  settle,
} from '../../support/kit.js'
import { type Mood, type Step, step } from './interleaving-steps.js'
import { FakeLocks, NO_LOCKS, outcome, silence } from '../../support/client.js'

/** A server with one session per sign-in, which tells which of its tokens are dead. */
class Server {
  mood: Mood = 'well'
  #number = 0
  /** The session that the cookie of the browser stands for. */
  #session: { id: string; user: typeof ANN } | undefined
  readonly tokens = new Map<string, string>()
  /** Sessions that this browser has given up by a call of the application. */
  readonly left = new Set<string>()
  readonly sentAfterEnd: string[] = []
  #waiting: (() => void)[] = []

  release(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  attach(kit: Kit): void {
    kit.on('/auth/refresh', () => this.#answer(() => this.#grant()))
    kit.on('/auth/login', ({ body }) =>
      this.#answer(() => {
        const user = (body as { as: string }).as === 'bob' ? BOB : ANN
        this.#session = { id: `s${++this.#number}`, user }
        return this.#grant()
      }),
    )
    kit.on('/auth/logout', ({ body }) =>
      this.#answer(() => {
        const { session_id } = body as { session_id?: string }
        if (!session_id || session_id === this.#session?.id) this.#session = undefined
        return new Response(null, { status: 204 })
      }),
    )
    kit.on('/auth/session', () =>
      this.#answer(() => json(this.#session ? { user: this.#session.user } : null)),
    )
    kit.on('/api/orders', ({ headers }) => {
      const token = headers.get('authorization')!.slice('Bearer '.length)
      const session = this.tokens.get(token)!
      if (this.left.has(session)) this.sentAfterEnd.push(token)
      // A resource has no deadline of ours, so it always answers.
      if (this.mood === 'down' || this.mood === 'offline') return new TypeError('Failed to fetch')
      return json({}, { status: session === this.#session?.id ? 200 : 401 })
    })
  }

  #grant(): Response {
    if (!this.#session) return refusal()
    const number = ++this.#number
    this.tokens.set(`token-${number}`, this.#session.id)
    return grant(number, {
      user: this.#session.user,
      session_id: this.#session.id,
      expires_in: number % 5 ? 300 : 1,
    })
  }

  #answer(well: () => Response): Response | Error | Promise<Response> {
    switch (this.mood) {
      case 'silent':
        return silence() as Promise<Response>
      case 'down':
      case 'offline':
        return new TypeError('Failed to fetch')
      case 'refusing':
        return refusal('session_revoked')
      case 'raced':
        return refusal('refresh_raced', 409)
      case 'throttled':
        return json({}, { status: 429, headers: { 'retry-after': '20' } })
      case 'garbled':
        return new Response('<html>')
      case 'slow':
        return new Promise((resolve) => this.#waiting.push(() => resolve(well())))
      case 'somebody else':
        this.#session &&= { id: `s${++this.#number}`, user: BOB }
        return well()
      case 'well':
        return well()
      default:
        return this.mood satisfies never
    }
  }
}

async function run(steps: readonly Step[], locked: boolean): Promise<void> {
  const clock = new ManualClock()
  const browser = new FakeBrowser()
  const server = new Server()
  const promises: Promise<string>[] = []
  let settled = 0
  let kit!: Kit
  let locks!: FakeLocks
  // After a logout and until the next login nobody may be signed in.
  let loggedOut = false
  const wrong: string[] = []
  const open = () => {
    locks = new FakeLocks(clock)
    kit = createKit({}, { browser, clock, ports: { locks: locked ? locks : NO_LOCKS } })
    server.attach(kit)
    let sessionId: string | undefined
    kit.auth.subscribe((state) => {
      if (state.status === 'authenticated') sessionId = state.sessionId
      if (loggedOut && state.status === 'authenticated')
        wrong.push(`signed in as ${sessionId} after a logout`)
    })
    kit.auth.on('sessionEnd', ({ reason }) => {
      if (reason === 'user-switched' && sessionId) server.left.add(sessionId)
    })
  }
  const watch = (promise: Promise<unknown>) => {
    promises.push(
      outcome(promise).finally(() => {
        settled++
      }),
    )
  }
  const login = (who: string) => {
    loggedOut = false
    watch(kit.auth.login({ as: who }))
  }
  const calls: Record<Extract<Step, { type: 'call' }>['call'], () => void> = {
    token: () => watch(kit.auth.getAccessToken()),
    refresh: () => watch(kit.auth.refresh({ force: true })),
    fetch: () => watch(kit.auth.fetch('/api/orders')),
    abortedToken: () => {
      const controller = new AbortController()
      watch(kit.auth.getAccessToken({ signal: controller.signal }))
      controller.abort()
    },
    login: () => login('ann'),
    loginAsBob: () => login('bob'),
    logout: () => {
      for (const session of server.tokens.values()) server.left.add(session)
      watch(kit.auth.logout())
      loggedOut = true
      expect(kit.auth.getState().status).toBe('unauthenticated')
    },
    ready: () => watch(kit.auth.ready()),
  }
  open()
  for (const step of steps) {
    switch (step.type) {
      case 'call':
        calls[step.call]()
        break
      case 'mood':
        server.release()
        server.mood = step.mood
        kit.online = step.mood !== 'offline'
        break
      case 'signal':
        kit.visible = step.signal !== 'hidden'
        kit.signal(step.signal)
        break
      case 'advance':
        await clock.advance(step.milliseconds)
        break
      case 'sleep':
        clock.sleep(step.milliseconds)
        break
      case 'reload':
        kit.auth.dispose()
        await settle()
        expect([kit.openListeners(), locks.pending]).toEqual([0, 0])
        open()
        break
      default:
        step satisfies never
    }
  }
  // Whatever was begun comes to an end within its deadlines, though the server stays as it is.
  await clock.advance(120_000)
  await settle()
  expect(settled).toBe(promises.length)
  for (const code of await Promise.all(promises))
    expect(code).toMatch(/^[a-z_]+$|AbortError|TypeError: Failed to fetch/)
  expect(wrong).toEqual([])
  expect(server.sentAfterEnd).toEqual([])
  if (loggedOut) expect(kit.auth.getState().status).toBe('unauthenticated')
  kit.auth.dispose()
  await settle()
  expect([clock.pending, kit.openListeners(), locks.pending]).toEqual([0, 0, 0])
}

it('P4 every promise settles, nobody is signed in after a logout, and no token of a session that was left is sent', async () => {
  await assert(asyncProperty(array(step, { maxLength: 30 }), boolean(), run), {
    numRuns: Number(process.env['RUNS'] ?? 300),
  })
})
