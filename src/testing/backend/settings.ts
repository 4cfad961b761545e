import { createMembers } from '../../server/members.js'
import { createModes } from '../../server/modes.js'
import { createScryptHash } from '../../server/password.js'
import type { PasswordHash, Random, Signer } from '../../server/ports.js'
import { attemptKeysOf } from '../../server/providers/attempts.js'
import { createSealer } from '../../server/sealer.js'
import { mac, newSecret } from '../../server/secrets.js'
import {
  platformClock,
  platformRandom,
  platformSleep,
  resolveSession,
  type Settings,
} from '../../server/settings.js'
import { createJwtSigner, createOpaqueSigner, type SigningAlgorithm } from '../../server/signers.js'
import { guardStore } from '../../server/stores/guarded.js'
import { memoryStore } from '../../server/stores/memory.js'
import type { ServerStore } from '../../server/stores/store.js'
import { guardFindUser } from '../../server/users.js'
import { BACKEND_ENDPOINTS } from './endpoints.js'
import type { BackendOptions } from './options.js'
import { createPasswordSignIn } from './passwords.js'
import { authUser, createMemoryUsers, type Users } from './users.js'

/** What the reference backend has beside the server. */
export interface BackendSettings extends Settings {
  readonly users: Users
  readonly passwordHash: PasswordHash
  readonly appOrigin: string | undefined
  /** What sign-ins by redirect are sealed with. */
  readonly attemptKeys: readonly string[]
}

export function resolveOptions(options: BackendOptions): BackendSettings {
  const random = options.random ?? platformRandom
  const clock = options.clock ?? platformClock
  const users = options.users ?? createMemoryUsers()
  const passwordHash = options.passwordHash ?? createScryptHash(random)
  const store = guardStore(options.store ?? memoryStore({ clock }), undefined)
  const signer = resolveSigner(options.signer ?? 'ES256', random, store)
  // As old as the process: a backend that forgets its sessions may forget them too.
  const secrets = options.secrets ?? [newSecret(random)]
  return {
    // What is asked of a browser in the tests of others does not change by cookies that they do not know; and the API is this backend.
    ...resolveSession({
      seesTokens: true,
      ...options,
      throttle: { knownDevices: false, ...options.throttle },
    }),
    modes: createModes(options.mode ?? 'token', options.prefer ?? 'token'),
    clock,
    random,
    sleep: options.sleep ?? platformSleep,
    users,
    passwordHash,
    sealer: options.sealer ?? createSealer(random),
    signer,
    store,
    findUser: guardFindUser(
      async (id) => {
        const user = await users.find(id)
        return user && authUser(user)
      },
      () => undefined,
    ),
    signIn: createPasswordSignIn(users, passwordHash),
    members: createMembers(secrets),
    attemptKeys: attemptKeysOf(secrets),
    deviceKeys: secrets.map((secret) => mac(secret, 'latchkey: devices')),
    addressKeys: secrets.map((secret) => mac(secret, 'latchkey: addresses')),
    clearSiteData: [],
    bodyTimeoutMs: undefined,
    csrfKeys: options.secrets?.map((secret) => mac(secret, 'latchkey: CSRF tokens')) ?? [newSecret(random)],
    issuer: options.issuer ?? 'https://auth.latchkey.example',
    audience: options.audience ?? 'https://api.latchkey.example',
    origin: options.origin,
    appOrigin: options.appOrigin,
    allowedOrigins: new Set([options.appOrigin ?? [], options.allowedOrigins ?? []].flat()),
    onRace: options.onRace ?? 'redeliver',
    revocation: options.revocation ?? 'expiry',
    rolling: options.rolling ?? false,
    endpoints: BACKEND_ENDPOINTS,
    emit: () => undefined,
  }
}

function resolveSigner(
  signer: SigningAlgorithm | 'opaque' | Signer,
  random: Random,
  store: ServerStore,
): Signer {
  if (typeof signer === 'object') return signer
  return signer === 'opaque' ? createOpaqueSigner(random, store) : createJwtSigner(random, signer)
}
