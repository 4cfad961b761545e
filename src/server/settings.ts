import { createModes, type Modes } from './modes.js'
import type { BackendOptions, CsrfOptions } from './options.js'
import { createScryptHash } from './password.js'
import type { BackendClock, PasswordHash, Random, Sealer, Signer } from './ports.js'
import type { RevocationStrategy } from './revocation.js'
import { createSealer } from './sealer.js'
import { createJwtSigner, createOpaqueSigner, type SigningAlgorithm } from './signers.js'
import { createMemoryStore, type Store } from './store.js'

/** The options of a backend, each with its default in place. */
export interface Settings {
  readonly modes: Modes
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
  readonly csrf: Readonly<Required<{ [K in keyof CsrfOptions]: Exclude<CsrfOptions[K], undefined> }>>
  readonly sessionIdHeader: string | false
  readonly allowMissingOrigin: boolean
  readonly accessTokenSeconds: number
  readonly sessionMs: number
  readonly idleMs: number
  readonly graceMs: number
  readonly undeliveredGraceMs: number
  readonly graceGenerations: number
  readonly onRace: 'redeliver' | 'refuse'
  readonly revocation: RevocationStrategy
  readonly rolling: boolean
  readonly cookies: {
    readonly refresh: string
    readonly sid: string
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
  const host = secure ? '__Host-' : ''
  const prefix = secure && options.cookies?.httpPrefix === true ? '__Host-Http-' : host
  return {
    modes: createModes(options.mode ?? 'token', options.prefer ?? 'token'),
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
    accessTokenSeconds: options.accessTokenSeconds ?? 300,
    sessionMs: options.sessionMs ?? 30 * DAY,
    idleMs: options.idleMs ?? 7 * DAY,
    graceMs: options.graceMs ?? 30_000,
    undeliveredGraceMs: options.undeliveredGraceMs ?? DAY,
    graceGenerations: options.graceGenerations ?? 8,
    onRace: options.onRace ?? 'redeliver',
    revocation: options.revocation ?? 'expiry',
    rolling: options.rolling ?? false,
    cookies: {
      refresh: prefix + (options.cookies?.refresh ?? 'refresh'),
      sid: prefix + (options.cookies?.sid ?? 'sid'),
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
