import { assemble, type AuthClient } from '../../client.js'
import { nextEpoch } from '../../core/epoch.js'
import type { Grant } from '../../core/state.js'
import type { AuthState, EndReason, Mode } from '../../core/types.js'
import type { AuthClientOptions } from '../../options/types.js'
import { createTestPage } from './page.js'
import { refuseProduction } from './production.js'
import { createTestServer, LIFETIMES, type ServerReason, TEST_ENDPOINTS } from './server.js'

/** What a test auth begins with. */
export interface TestAuthOptions<User> extends Pick<
  AuthClientOptions<User>,
  'baseUrl' | 'allowedOrigins' | 'getUserId'
> {
  /** What the first render shows. @default 'authenticated' with a `user`, 'unauthenticated' without */
  status?: AuthState['status'] | undefined
  /** Whether the credential is an access token, or a cookie that script never sees. @default 'token' */
  mode?: Mode | undefined
  /** Who is signed in, or signs in with `login()`. */
  user?: User | undefined
  /** Why nobody is signed in. @default 'none' */
  reason?: EndReason | 'none' | undefined
  /**
   * Answers the requests of the application, with the token in their `Authorization` header, or in session mode the CSRF token
   * of what writes in `X-CSRF-Token`. Give it the global `fetch`
   * to have MSW answer. @default an error that asks for it
   */
  fetch?: ((request: Request) => Response | Promise<Response>) | undefined
  /** Who signs in with these credentials; undefined makes `login()` reject `invalid_credentials`. @default `user`, whatever they are */
  login?: ((credentials: unknown) => User | undefined) | undefined
  /** Makes it run in a production build, such as a published Storybook or one that Playwright opens. @default false */
  allowInProduction?: boolean | undefined
}

/** A client and what can happen to the person who uses it. Every change is shown when the method returns. */
export interface TestAuth<User = unknown> extends AuthClient<User, never> {
  /**
   * Signs in: from nobody to that user, from one user to another, or the same one with other data. Another user waits for what
   * `sessionEnd` listeners return, as ever. @default the `user` of the options
   */
  signIn(user?: User): void
  /**
   * Ends the session at the server. `unnoticed`: the page finds out with its next request, which is answered with 401.
   * @default reason 'expired'
   */
  expire(how?: { reason?: ServerReason | undefined; unnoticed?: boolean | undefined }): void
  /** Signs out in another tab. */
  signOutElsewhere(): void
  /** From now on every request fails, and the state says `offline`. */
  goOffline(): void
  /** Ends that. */
  goOnline(): void
  /** Where `loginWithRedirect()` was to lead back to, oldest first. Nothing is navigated. */
  readonly redirects: readonly string[]
}

/**
 * The real client in a world of its own, since a mock would agree with it on the first day alone. For stories and tests of an
 * application: no network, no DOM, no crypto, no timer. It is at once in the state asked for. Pauses take no time; deadlines
 * and planned refreshes never come, but a token grows old with `Date.now()` and is then renewed.
 *
 * Throws an `Error` in a production build, and a `TypeError` where it should be signed in as nobody.
 *
 * @example
 * import { createTestAuth } from 'latchkey/testing'
 * const auth = createTestAuth({ user: { id: 'ann', name: 'Ann' } })
 * auth.getState().status // 'authenticated'
 * auth.expire()
 * auth.getState().status // 'unauthenticated'
 */
export function createTestAuth<User = unknown>(options: TestAuthOptions<User> = {}): TestAuth<User> {
  const { user, status = user === undefined ? 'unauthenticated' : 'authenticated' } = options
  const { allowInProduction = false, mode = 'token', baseUrl, allowedOrigins, getUserId } = options
  refuseProduction(allowInProduction)

  const page = createTestPage()
  page.undecided = status === 'unknown'
  const server = createTestServer<User>({
    decided: !page.undecided,
    mode,
    url: page.url,
    online: () => page.online,
    login: options.login ?? (() => user),
    respond: async (request) => asResponse(await (options.fetch ?? unanswered)(request)),
  })
  const [client, context] = assemble<User>(
    {
      baseUrl,
      allowedOrigins,
      getUserId,
      mode,
      endpoints: TEST_ENDPOINTS,
      parseUser: server.userOf,
      // Where it is said who is signed in, no start asks.
      restore: page.undecided ? 'auto' : 'never',
      development: false,
      fetch: server.fetch,
    },
    page.ports,
  )

  /** What the refresh endpoint would answer, without the wait for it. */
  function grant(who: User, continues: boolean): Grant {
    const subject = context.options.getUserId(who)
    if (subject === undefined) throw nobody('The user has neither `sub` nor `id`: give `getUserId`, too')
    const { id, key } = server.begin(who, continues)
    const lifetime = LIFETIMES[mode] * 1000
    const credential = {
      token: server.nextToken(),
      generation: 1,
      issued: context.instant(),
      lifetime,
      lead: 0,
      mode,
    } as const
    const identity = {
      subject: String(subject),
      sessionId: id,
      mode,
      rawUser: key,
      user: who,
    } as const
    return { identity, credential }
  }

  function decide(): void {
    page.undecided = false
    server.decide()
  }

  const under = () => ({ epoch: context.state.epoch, generation: context.state.generation })

  function signIn(who = user): void {
    if (who === undefined) throw nobody('Give signIn() a user, or createTestAuth() its `user`')
    const { phase, identity } = context.state
    const continues = phase === 'in' && identity?.subject === String(context.options.getUserId(who))
    const explicit = phase !== 'in'
    context.dispatch({
      type: 'granted',
      grant: grant(who, continues),
      under: under(),
      explicit,
      wished: true,
    })
    decide()
  }

  function signOut(reason: EndReason): void {
    const { epoch, sessionId, mode } = context.state
    if (reason === 'logout') {
      context.dispatch({ type: 'logoutRequested', scope: 'current' })
      const { debts, epoch } = context.state
      for (const { sessionId } of debts) context.dispatch({ type: 'logoutConfirmed', epoch, sessionId })
      return
    }
    const next = nextEpoch(epoch, context.now().wall, context.now().id)
    const register = { epoch: next, state: 'out', reason, sessionId, mode, generation: 0 } as const
    context.dispatch({ type: 'heard', register, said: true })
  }

  if (status === 'authenticated') signIn()
  else if (status === 'unauthenticated') {
    if (options.reason && options.reason !== 'none') signOut(options.reason)
    else context.dispatch({ type: 'skipped' })
  }

  return {
    ...client,
    signIn,
    logout(how) {
      const result = client.logout(how)
      // Also where it cannot be delivered yet.
      decide()
      return result
    },
    expire({ reason = 'expired', unnoticed = false } = {}) {
      server.end(reason)
      if (!unnoticed)
        context.dispatch({
          type: 'refused',
          reason,
          status: 401,
          under: under(),
          asked: context.ports.clock.wall(),
        })
      decide()
    },
    signOutElsewhere() {
      server.end('revoked')
      signOut('logout-elsewhere')
      decide()
    },
    goOffline() {
      page.online = false
      context.dispatch({ type: 'disconnected' })
    },
    goOnline() {
      page.online = true
      context.dispatch({ type: 'retryNow' })
      page.signal('online')
    },
    get redirects() {
      return page.navigated.map((url) => new URL(url).searchParams.get('return_to') ?? '')
    },
  }
}

const nobody = (advice: string): TypeError => new TypeError(`Failed to sign in the test user. ${advice}.`)

/** By what it has: MSW and polyfills have classes of their own. */
function asResponse(answer: Response): Response {
  if (typeof (answer as Response | undefined)?.status === 'number') return answer
  throw new TypeError(
    'Failed to answer a request: the `fetch` of createTestAuth() must give a Response, such as Response.json([]).',
  )
}

function unanswered({ method, url }: Request): never {
  throw new Error(
    `Failed to fetch ${method} ${url}: the test auth has no network. Give createTestAuth() a \`fetch\` that answers, ` +
      'such as () => Response.json([]).',
  )
}
