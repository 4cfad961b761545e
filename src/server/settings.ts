import type { OnEvent } from './events.js'
import type { Endpoints } from './exchange.js'
import type { Members } from './members.js'
import type { Modes } from './modes.js'
import type { CsrfOptions, FormerCookie, SessionOptions } from './options.js'
import type { BackendClock, Random, Sealer, Signer } from './ports.js'
import type { RevocationStrategy } from './revocation.js'
import type { SignIn } from './sign-in.js'
import type { ServerStore } from './stores/store.js'
import type { FindUser } from './users.js'

/** What both ways of making a server hand to its parts: each option with its default in place. */
export interface Settings extends SessionSettings {
  readonly modes: Modes
  readonly clock: BackendClock
  readonly random: Random
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly sealer: Sealer
  readonly signer: Signer
  /** Guarded: it refuses with 503 and in no other way. */
  readonly store: ServerStore
  readonly findUser: FindUser
  readonly signIn: SignIn
  readonly members: Members
  readonly deviceKeys: readonly string[]
  /** What marks of addresses are made with, which are kept in the place of these. */
  readonly addressKeys: readonly string[]
  /** Names of what a sign-out has the browser throw away. */
  readonly clearSiteData: readonly string[]
  /** How long a body may be on its way; undefined is as long as it takes. */
  readonly bodyTimeoutMs: number | undefined
  /** CSRF tokens are made with the first, and those of all are good. */
  readonly csrfKeys: readonly string[]
  readonly issuer: string
  /** One or several, in the order they were given. */
  readonly audience: string | readonly string[]
  readonly origin: string | undefined
  readonly allowedOrigins: ReadonlySet<string>
  readonly onRace: 'redeliver' | 'refuse'
  readonly revocation: RevocationStrategy
  readonly rolling: boolean
  readonly emit: OnEvent
  readonly endpoints: Endpoints & Readonly<Record<string, Endpoint>>
}

/** Where a call is answered, and the methods it is answered for. */
export interface Endpoint {
  readonly path: string
  readonly methods: string
}

export interface SessionSettings {
  readonly staticHeader: { readonly name: string; readonly value: string }
  readonly csrf: Readonly<Required<{ [K in keyof CsrfOptions]: Exclude<CsrfOptions[K], undefined> }>>
  readonly sessionIdHeader: string | false
  readonly allowMissingOrigin: boolean
  readonly nativeClients: boolean
  readonly accessTokenSeconds: number
  readonly sessionMs: number
  readonly idleMs: number
  readonly sessionsPerUser: number
  readonly graceMs: number
  readonly undeliveredGraceMs: number
  readonly seesTokens: boolean | undefined
  readonly graceGenerations: number
  readonly cookies: {
    readonly refresh: string
    readonly sid: string
    readonly login: string
    readonly hint: string | undefined
    /** Of a browser in which somebody has signed in before; undefined where none is set. */
    readonly device: string | undefined
    readonly former: readonly FormerCookie[]
    readonly secure: boolean
  }
  readonly throttle: { readonly perAccount: number; readonly perAddress: number; readonly windowMs: number }
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export function resolveSession(options: SessionOptions): SessionSettings {
  const secure = options.cookies?.insecureCookies !== true
  const host = secure ? '__Host-' : ''
  const isStrict = options.grace === 'strict'
  const prefix = secure && options.cookies?.httpPrefix === true ? '__Host-Http-' : host
  return {
    staticHeader: options.staticHeader ?? { name: 'X-CSRF', value: '1' },
    csrf: {
      token: options.csrf?.token ?? true,
      header: options.csrf?.header ?? 'X-CSRF-Token',
      delivery: options.csrf?.delivery ?? ['answer', 'endpoint'],
      cookie: options.csrf?.cookie ?? `${host}csrf`,
      login: options.csrf?.login ?? false,
      status: options.csrf?.status ?? 403,
      code: options.csrf?.code ?? 'csrf_failed',
    },
    sessionIdHeader: options.sessionIdHeader ?? 'X-Session-Id',
    allowMissingOrigin: options.allowMissingOrigin ?? false,
    nativeClients: options.nativeClients ?? false,
    accessTokenSeconds: options.accessTokenSeconds ?? 300,
    sessionMs: options.sessionMs ?? 30 * DAY,
    idleMs: options.idleMs ?? 7 * DAY,
    sessionsPerUser: options.sessionsPerUser ?? Infinity,
    graceMs: options.graceMs ?? (isStrict ? 0 : 30_000),
    undeliveredGraceMs: options.undeliveredGraceMs ?? (isStrict ? 0 : DAY),
    graceGenerations: options.graceGenerations ?? (isStrict ? 1 : 8),
    seesTokens: options.seesTokens,
    cookies: {
      refresh: prefix + (options.cookies?.refresh ?? 'refresh'),
      sid: prefix + (options.cookies?.sid ?? 'sid'),
      login: prefix + (options.cookies?.login ?? 'login'),
      hint: options.cookies?.hint,
      device: options.throttle?.knownDevices === false ? undefined : `${prefix}device`,
      former: options.cookies?.former ?? [],
      secure,
    },
    throttle: {
      perAccount: options.throttle?.perAccount ?? 10,
      perAddress: options.throttle?.perAddress ?? 100,
      windowMs: options.throttle?.windowMs ?? 15 * MINUTE,
    },
  }
}

export const platformClock: BackendClock = { now: () => Date.now() }

export const platformRandom: Random = {
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
}

export const platformSleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))
