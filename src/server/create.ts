import { createRequestChecks, type Authenticated, type RenderedSession } from './requests.js'
import { createCodes, type AuthServerCodes, type SendCode } from './codes.js'
import { endpointsAt, type RequestContext } from './exchange.js'
import { guardOnEvent, type OnEvent } from './events.js'
import { createMembers } from './members.js'
import { createModes, type Mode, type ServedMode } from './modes.js'
import type { SessionOptions } from './options.js'
import type { Signer } from './ports.js'
import {
  checkProviders,
  providerEndpoints,
  withProviders,
  type ProviderOptions,
} from './providers/options.js'
import type { RevocationStrategy } from './revocation.js'
import { createSealer } from './sealer.js'
import { mac } from './secrets.js'
import { createHandle, createServices } from './server.js'
import { platformClock, platformRandom, platformSleep, resolveSession, type Settings } from './settings.js'
import { guardSignIn, type SignIn } from './sign-in.js'
import { createOpaqueSigner } from './signers.js'
import { guardStore } from './stores/guarded.js'
import type { ServerStore } from './stores/store.js'
import { guardFindUser, type FindUser } from './users.js'

export interface AuthServerOptions extends SessionOptions, ProviderOptions {
  /** Where sessions are kept. */
  store: ServerStore
  /** Says who it is that signs in: `done(user)`, or `refuse('invalid_credentials')`. */
  signIn: SignIn
  /** The user with this id, as he is now. Asked with each refresh and, in session mode, with each call. */
  findUser: FindUser
  /**
   * What cookies and CSRF tokens are made with: texts of 32 random characters and more, the same in each process, the newest first. What an
   * older one has made stays good until it is taken out.
   */
  secrets: readonly string[]
  /** Scheme, host and port that browsers reach this server under, such as `'https://app.example.com'`. */
  origin: string
  /** Other origins whose pages may call. Compared exactly. Default: none. */
  allowedOrigins?: readonly string[] | undefined
  /** Path that the calls are under. Default: `'/auth'`. */
  basePath?: string | undefined
  /** What is served: access tokens with a refresh cookie, `sid` cookies, or both. Default: `'token'`. */
  mode?: ServedMode | undefined
  /** With `mode: 'both'`: what a sign-in gets, and what the cookie of the other mode is exchanged for. Default: `'token'`. */
  prefer?: Mode | undefined
  /** What signs access tokens: `keySet(…)`. Without it, only where `revocation` is `'reference'`: then they say nothing and are looked up. */
  keys?: Signer | undefined
  /** The `iss` claim. Default: `origin`. */
  issuer?: string | undefined
  /** The `aud` claim: the API that the tokens are for, or several of them, each of which must know itself there. Default: `origin`. */
  audience?: string | readonly string[] | undefined
  /** How access tokens die before they expire. Default: `'expiry'`, they do not. */
  revocation?: 'expiry' | 'deny-list' | 'version' | 'reference' | undefined
  /**
   * What a browser throws away at a sign-out, of what this origin has cached: `['cache']`. Browsers take their time for it. Cookies and storage are not among
   * it: the cookie is deleted anyway, and the storage knows what still has to be signed out. Default: none.
   */
  clearSiteData?: readonly ('cache' | 'prefetchCache' | 'prerenderCache' | 'clientHints')[] | undefined
  /** How long a call to the store may take, in ms, before the caller is answered 503. Default: 3000. */
  storeTimeoutMs?: number | undefined
  /** How long the body of a request may be on its way, in ms, before it is refused with 408. Default: 10,000. */
  bodyTimeoutMs?: number | undefined
  /** Sends what `codes.send` makes: links to reset a password, codes to type. */
  sendCode?: SendCode | undefined
  /** Hears of sign-ins, refusals, renewals and ends. */
  onEvent?: OnEvent | undefined
}

/** A session as people are shown it. Times are milliseconds since 1970. */
export interface ListedSession {
  readonly id: string
  readonly createdAt: number
  readonly seenAt: number
  readonly expiresAt: number
  readonly userAgent: string
}

export interface AuthServerAdmin {
  end(sessionId: string): Promise<void>
  /** Every session that the user has at this moment, with `session_revoked`: for a new password. */
  endAll(userId: string): Promise<void>
  /** The same with `user_disabled`. That no new one begins is said by `disabled` of `findUser`: set it first. */
  ban(userId: string): Promise<void>
  /** His privileges have changed: `sid` cookies are renewed, and old tokens die, as `revocation` has it. Change them first. */
  renew(userId: string): Promise<void>
  /** The sessions of the user that live. */
  list(userId: string): Promise<readonly ListedSession[]>
  /** Deletes at most so many rows that have expired, and says how many. To be called now and then; nothing depends on it. Default: 1000. */
  sweep(limit?: number): Promise<number>
}

export interface AuthServer {
  /** Answers one of the calls of the contract. Never rejects. */
  handle(request: Request, context?: RequestContext): Promise<Response>
  /** Whether `handle` is for this path. */
  handles(pathname: string): boolean
  /** Who calls, by token or cookie; or the answer for who may not. `context` as for `handle`. */
  authenticate(
    request: Request,
    options?: { readonly scope?: string | undefined; readonly context?: RequestContext | undefined },
  ): Promise<Authenticated>
  /**
   * Who is signed in, for a page that is rendered. Changes nothing. `unknown` where that cannot be told: the request came from another site, or
   * does not say from where, and has no cookie; or the store is down. Never send anybody away for it.
   */
  session(request: Request): Promise<RenderedSession>
  readonly admin: AuthServerAdmin
  /** Single-use codes: for a forgotten password, a new address, a link that signs in. */
  readonly codes: AuthServerCodes
  readonly origin: string
}

const STRATEGIES: Record<NonNullable<AuthServerOptions['revocation']>, RevocationStrategy> = {
  expiry: 'expiry',
  'deny-list': 'deny-list',
  version: 'token-version',
  reference: 'reference',
}

/** A server that signs people in, renews and ends their sessions, and says who calls. Its state is in the store alone. */
export function createAuthServer(options: AuthServerOptions): AuthServer {
  const settings = resolve(options)
  const services = createServices(settings)
  const { sessions } = services
  const paths = Object.values(settings.endpoints).map(({ path }) => path)

  return {
    origin: settings.origin ?? '',
    handle: createHandle(services, withProviders(services, options)),
    handles: (pathname) => paths.some((path) => pathname === path || pathname.startsWith(`${path}/`)),
    ...createRequestChecks(services),
    codes: createCodes(
      { ...settings, keys: options.secrets.map((secret) => mac(secret, 'latchkey: codes')) },
      options.sendCode,
    ),
    admin: {
      end: async (sessionId) => void (await sessions.end(sessionId, 'session_revoked', 'admin')),
      endAll: (userId) => sessions.endAll(userId, 'session_revoked', 'admin'),
      ban: (userId) => sessions.endAll(userId, 'user_disabled', 'admin'),
      renew: (userId) => sessions.renewAll(userId),
      async list(userId) {
        const living = await sessions.live(userId)
        return living.map(({ id, createdAt, seenAt, expiresAt, userAgent }) => ({
          id,
          createdAt,
          seenAt,
          expiresAt,
          userAgent,
        }))
      },
      sweep: (limit = 1000) => settings.store.sweep(limit),
    },
  }
}

function resolve(options: AuthServerOptions): Settings {
  check(options)
  const { mode = 'token', prefer = 'token', revocation = 'expiry', origin, secrets } = options
  const emit = guardOnEvent(options.onEvent)
  const onFault = (error: unknown): void => emit({ type: 'fault', error })
  const store = guardStore(options.store, options.storeTimeoutMs ?? 3000, onFault)
  return {
    ...resolveSession({ ...options, cookies: { hint: 'signed_in', ...options.cookies } }),
    modes: createModes(mode, prefer),
    clock: platformClock,
    random: platformRandom,
    sleep: platformSleep,
    sealer: createSealer(platformRandom),
    signer: options.keys ?? createOpaqueSigner(platformRandom, store),
    store,
    findUser: guardFindUser(options.findUser, onFault),
    signIn: guardSignIn(options.signIn, onFault),
    members: createMembers(secrets.map((secret) => mac(secret, 'latchkey: cookies'))),
    csrfKeys: secrets.map((secret) => mac(secret, 'latchkey: CSRF tokens')),
    issuer: options.issuer ?? origin,
    audience: options.audience ?? origin,
    deviceKeys: secrets.map((secret) => mac(secret, 'latchkey: devices')),
    addressKeys: secrets.map((secret) => mac(secret, 'latchkey: addresses')),
    clearSiteData: options.clearSiteData ?? [],
    bodyTimeoutMs: options.bodyTimeoutMs ?? 10_000,
    origin,
    allowedOrigins: new Set(options.allowedOrigins),
    onRace: 'redeliver',
    revocation: STRATEGIES[revocation],
    rolling: false,
    endpoints: { ...endpointsAt(options.basePath ?? '/auth'), ...providerEndpoints(options) },
    emit,
  }
}

const NAMES: Record<keyof AuthServerOptions, true> = {
  store: true,
  signIn: true,
  findUser: true,
  secrets: true,
  origin: true,
  allowedOrigins: true,
  basePath: true,
  mode: true,
  prefer: true,
  keys: true,
  issuer: true,
  audience: true,
  revocation: true,
  clearSiteData: true,
  storeTimeoutMs: true,
  bodyTimeoutMs: true,
  sendCode: true,
  onEvent: true,
  providers: true,
  linkUser: true,
  appOrigin: true,
  accessTokenSeconds: true,
  sessionMs: true,
  idleMs: true,
  sessionsPerUser: true,
  grace: true,
  seesTokens: true,
  graceMs: true,
  graceGenerations: true,
  undeliveredGraceMs: true,
  csrf: true,
  cookies: true,
  throttle: true,
  staticHeader: true,
  sessionIdHeader: true,
  allowMissingOrigin: true,
  nativeClients: true,
}

const STORE_CALLS = [
  'get',
  'put',
  'take',
  'count',
  'sessionsOf',
  'bumpUser',
  'userGeneration',
  'sweep',
] as const
const LIMITS = [
  'accessTokenSeconds',
  'sessionMs',
  'idleMs',
  'graceMs',
  'graceGenerations',
  'undeliveredGraceMs',
  'storeTimeoutMs',
  'bodyTimeoutMs',
] as const

function check(options: AuthServerOptions): void {
  const demand = (valid: boolean, sentence: string): void => {
    if (!valid) throw new TypeError(`Failed to create the auth server: ${sentence}`)
  }
  demand(typeof options === 'object' && options !== null, 'it needs options: createAuthServer({ store, … }).')
  const unknown = Object.keys(options).find((name) => !(name in NAMES))
  demand(
    unknown === undefined,
    `there is no option "${unknown}". Known are ${Object.keys(NAMES).join(', ')}.`,
  )
  const { store, secrets, origin, mode = 'token', prefer = 'token', revocation = 'expiry', keys } = options
  demand(
    STORE_CALLS.every((name) => typeof store?.[name] === 'function'),
    '"store" must be a store: memoryStore() to try it out, or one on a database.',
  )
  demand(
    typeof options.signIn === 'function',
    '"signIn" must be a function that gives done(user) or refuse(code).',
  )
  demand(
    typeof options.findUser === 'function',
    '"findUser" must be a function that gives the user with an id.',
  )
  demand(
    Array.isArray(secrets) &&
      secrets.length > 0 &&
      secrets.every((secret) => typeof secret === 'string' && secret.length >= 32),
    '"secrets" must list at least one text of 32 random characters, from the environment: openssl rand -base64 32.',
  )
  demand(
    typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin,
    '"origin" must be scheme, host and port that browsers reach this server under, such as "https://app.example.com".',
  )
  demand(
    (options.allowedOrigins ?? []).every((one) => URL.canParse(one) && new URL(one).origin === one),
    '"allowedOrigins" must list origins such as "https://app.example.com", without a path.',
  )
  demand(
    /^(?:\/[\w.~-]+)*$/.test(options.basePath ?? '/auth'),
    '"basePath" must be a path such as "/auth", without a slash at its end.',
  )
  demand(['token', 'session', 'both'].includes(mode), '"mode" must be "token", "session" or "both".')
  demand(['token', 'session'].includes(prefer), '"prefer" must be "token" or "session".')
  demand(
    Object.hasOwn(STRATEGIES, revocation),
    `"revocation" must be one of ${Object.keys(STRATEGIES).join(', ')}.`,
  )
  demand(
    keys !== undefined || mode === 'session' || revocation === 'reference',
    '"keys" must be keySet({ sign }) where access tokens are served; only with revocation "reference" they need none.',
  )
  demand(
    keys === undefined || typeof keys.sign === 'function',
    '"keys" must be what keySet({ sign }) makes, and not a key.',
  )
  demand(
    options.nativeClients !== true || mode !== 'session',
    '"nativeClients" need access tokens: "mode" must be "token", or "both" for cookie sessions in the browser.',
  )
  demand(
    ['forgiving', 'strict'].includes(options.grace ?? 'forgiving'),
    '"grace" must be "forgiving" or "strict".',
  )
  const audiences = [options.audience ?? origin].flat()
  demand(
    audiences.length > 0 && audiences.every((one) => typeof one === 'string' && one !== ''),
    '"audience" must be a text, or a list of them.',
  )
  const clears: readonly string[] = options.clearSiteData ?? []
  demand(
    clears.every((one) => ['cache', 'prefetchCache', 'prerenderCache', 'clientHints'].includes(one)),
    '"clearSiteData" may list "cache", "prefetchCache", "prerenderCache" and "clientHints". "cookies" would take those of the whole site, and of who signs in next; "storage" what still has to be signed out.',
  )
  for (const { of, name, domain } of options.cookies?.former ?? []) {
    demand(
      ['refresh', 'sid'].includes(of) && /^[\w!#$%&'*.^`|~+-]+$/.test(name),
      '"cookies.former" must list what was set before: { of: "refresh" or "sid", name, path, domain }.',
    )
    demand(
      !name.startsWith('__Host-') || domain === undefined,
      `"cookies.former": ${name} cannot have had a domain, browsers refuse that.`,
    )
  }
  demand(
    options.sessionsPerUser === undefined ||
      (Number.isSafeInteger(options.sessionsPerUser) && options.sessionsPerUser > 0),
    '"sessionsPerUser" must be a whole number above 0.',
  )
  checkProviders(options, demand)
  for (const name of LIMITS) {
    const value = options[name]
    demand(
      value === undefined || (Number.isSafeInteger(value) && value >= 0),
      `"${name}" must be a whole number.`,
    )
  }
  const { accessTokenSeconds = 300, idleMs = Infinity } = options
  demand(
    mode === 'session' || accessTokenSeconds * 2000 <= idleMs,
    '"accessTokenSeconds" must be at most half of "idleMs": only a renewal counts as activity, and a token opens APIs as long as it lives.',
  )
}
