import { createScryptHash } from './password.js'
import type { BackendClock, PasswordHash, Random, Sealer, Signer } from './ports.js'
import type { RevocationStrategy } from './revocation.js'
import { createSealer } from './sealer.js'
import { createJwtSigner, createOpaqueSigner, type SigningAlgorithm } from './signers.js'
import { createMemoryStore, type Store } from './store.js'

export interface BackendOptions {
  /** Default: the wall clock. */
  clock?: BackendClock | undefined
  /** Default: `crypto.getRandomValues`. */
  random?: Random | undefined
  /** Waits that many ms; only the latency fault asks for it. Default: `setTimeout`. */
  sleep?: ((milliseconds: number) => Promise<void>) | undefined
  /** Default: scrypt in script with OWASP's parameters, about a second for each sign-in. */
  passwordHash?: PasswordHash | undefined
  /** Default: AES-256-GCM of Web Crypto. */
  sealer?: Sealer | undefined
  /**
   * How access tokens are made: JWTs signed with ES256 or RS256, opaque ones, or a signer of your own.
   * Default: `'ES256'`.
   */
  signer?: SigningAlgorithm | 'opaque' | Signer | undefined
  /** Default: in memory. */
  store?: Store | undefined

  /** The `iss` claim. Default: `'https://auth.latchkey.example'`. */
  issuer?: string | undefined
  /** The `aud` claim. Default: `'https://api.latchkey.example'`. */
  audience?: string | undefined
  /**
   * Scheme, host and port browsers reach the backend under, where a proxy hides them. Default: those of each
   * request.
   */
  origin?: string | undefined
  /**
   * Where a redirect login lands: scheme, host and port of the app. Default: the origin of the backend
   * itself.
   */
  appOrigin?: string | undefined
  /**
   * Other origins whose pages may call, besides `appOrigin` and the backend's own. Compared exactly. Default:
   * none.
   */
  allowedOrigins?: readonly string[] | undefined
  /** Header that each state-changing call must carry. Default: `X-CSRF: 1`. */
  staticHeader?: { readonly name: string; readonly value: string } | undefined
  /**
   * Lets unsafe calls pass that say nothing about where they come from, as tools outside a browser do.
   * Default: false.
   */
  allowMissingOrigin?: boolean | undefined

  /** Lifetime of an access token in seconds. Default: 300. */
  accessTokenSeconds?: number | undefined
  /**
   * Absolute end of a session, in ms after the sign-in. Default: 30 days. High-value applications: 4 to 8
   * hours.
   */
  sessionMs?: number | undefined
  /**
   * How long a session lives without activity, in ms. Default: 7 days. High-value applications: 15 to 30
   * minutes.
   */
  idleMs?: number | undefined
  /** How long a spent refresh token still gets the newest one, in ms. Default: 30,000. 0 is never. */
  graceMs?: number | undefined
  /**
   * How many generations behind the newest a spent refresh token may be for that. 1 refuses where the successor
   * itself was spent: then a browser without locks can lose its session to a slow network. Default: 8.
   */
  graceGenerations?: number | undefined
  /** How long it does while the successor is undelivered, in ms. Default: 24 hours. 0 is never (strict). */
  undeliveredGraceMs?: number | undefined
  /**
   * What a spent refresh token gets inside the grace: its successor again, or 409 `refresh_raced` as backends
   * answer that cannot deliver twice. Default: `'redeliver'`.
   */
  onRace?: 'redeliver' | 'refuse' | undefined
  /** How access tokens die before they expire. Default: `'expiry'`, they do not. */
  revocation?: RevocationStrategy | undefined

  cookies?: CookieOptions | undefined
  throttle?: ThrottleOptions | undefined
}

export interface CookieOptions {
  /** Name of the refresh cookie without its prefix. Default: `'refresh'`. */
  refresh?: string | undefined
  /** Name of the cookie of a redirect login in progress, without its prefix. Default: `'login'`. */
  login?: string | undefined
  /**
   * Full name of a cookie that script can read and that lives as long as the refresh cookie. It holds no
   * secret. Default: none.
   */
  hint?: string | undefined
  /**
   * No `__Host-` prefix and no `Secure`: for development on plain http in WebKit, which refuses both there.
   * Anybody on the network can read such cookies. Default: false.
   */
  insecureCookies?: boolean | undefined
}

export interface ThrottleOptions {
  /** Failed sign-ins of one account before it has to wait. Default: 10. */
  perAccount?: number | undefined
  /** Failed sign-ins from one address before it has to wait. Default: 100. */
  perAddress?: number | undefined
  /** In which time they count, in ms. Default: 15 minutes. */
  windowMs?: number | undefined
}

export interface Settings {
  readonly clock: BackendClock
  readonly random: Random
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly passwordHash: PasswordHash
  readonly sealer: Sealer
  readonly signer: Signer
  readonly store: Store
  readonly issuer: string
  readonly audience: string
  readonly origin: string | undefined
  readonly appOrigin: string | undefined
  readonly allowedOrigins: ReadonlySet<string>
  readonly staticHeader: { readonly name: string; readonly value: string }
  readonly allowMissingOrigin: boolean
  readonly accessTokenSeconds: number
  readonly sessionMs: number
  readonly idleMs: number
  readonly graceMs: number
  readonly undeliveredGraceMs: number
  readonly graceGenerations: number
  readonly onRace: 'redeliver' | 'refuse'
  readonly revocation: RevocationStrategy
  readonly cookies: {
    readonly refresh: string
    readonly login: string
    readonly hint: string | undefined
    readonly secure: boolean
  }
  readonly throttle: { readonly perAccount: number; readonly perAddress: number; readonly windowMs: number }
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export function resolveOptions(options: BackendOptions): Settings {
  const random = options.random ?? platformRandom
  const store = options.store ?? createMemoryStore()
  const secure = options.cookies?.insecureCookies !== true
  const prefix = secure ? '__Host-' : ''
  return {
    clock: options.clock ?? { now: () => Date.now() },
    random,
    sleep: options.sleep ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))),
    passwordHash: options.passwordHash ?? createScryptHash(random),
    sealer: options.sealer ?? createSealer(random),
    signer: resolveSigner(options.signer ?? 'ES256', random, store),
    store,
    issuer: options.issuer ?? 'https://auth.latchkey.example',
    audience: options.audience ?? 'https://api.latchkey.example',
    origin: options.origin,
    appOrigin: options.appOrigin,
    allowedOrigins: new Set([options.appOrigin ?? [], options.allowedOrigins ?? []].flat()),
    staticHeader: options.staticHeader ?? { name: 'X-CSRF', value: '1' },
    allowMissingOrigin: options.allowMissingOrigin ?? false,
    accessTokenSeconds: options.accessTokenSeconds ?? 300,
    sessionMs: options.sessionMs ?? 30 * DAY,
    idleMs: options.idleMs ?? 7 * DAY,
    graceMs: options.graceMs ?? 30_000,
    undeliveredGraceMs: options.undeliveredGraceMs ?? DAY,
    graceGenerations: options.graceGenerations ?? 8,
    onRace: options.onRace ?? 'redeliver',
    revocation: options.revocation ?? 'expiry',
    cookies: {
      refresh: prefix + (options.cookies?.refresh ?? 'refresh'),
      login: prefix + (options.cookies?.login ?? 'login'),
      hint: options.cookies?.hint,
      secure,
    },
    throttle: {
      perAccount: options.throttle?.perAccount ?? 10,
      perAddress: options.throttle?.perAddress ?? 100,
      windowMs: options.throttle?.windowMs ?? 15 * MINUTE,
    },
  }
}

const platformRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
}

function resolveSigner(signer: SigningAlgorithm | 'opaque' | Signer, random: Random, store: Store): Signer {
  if (typeof signer === 'object') return signer
  return signer === 'opaque'
    ? createOpaqueSigner(random, store.accessTokens)
    : createJwtSigner(random, signer)
}
