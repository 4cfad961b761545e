export { createReferenceBackend } from './backend/index.js'
export { createDeterministicParts, createSeededRandom } from './backend/deterministic.js'
export { createCheapHash, createScryptHash, OWASP_SCRYPT } from './backend/password.js'
export { createDeterministicSigner } from './backend/signers.js'
export { createMemoryStore } from './backend/store.js'
export { createTestAuth } from './auth/test-auth.js'
export { createBackendHandlers } from './msw.js'
export { createPageClient, createTabWorld } from './tab-world.js'
export { createWorld } from './world/world.js'

export type { ReferenceBackend } from './backend/index.js'
export type { Admin, NewUser } from './backend/admin.js'
export type { Endpoint, RequestContext } from './backend/exchange.js'
export type { Fault, FaultKind, Faults } from './backend/faults.js'
export type { PublicUser } from './backend/grants.js'
export type { BackendOptions, CookieOptions, ThrottleOptions } from './backend/options.js'
export type { Scrypt, ScryptCost } from './backend/password.js'
export type {
  AccessClaims,
  Awaitable,
  BackendClock,
  JsonWebKeySet,
  PasswordHash,
  Random,
  Sealer,
  Signer,
} from './backend/ports.js'
export type { RevocationStrategy } from './backend/revocation.js'
export type { SigningAlgorithm } from './backend/signers.js'
export type { Stats } from './backend/stats.js'
export type {
  Authorization,
  Collection,
  LoginTransaction,
  Session,
  SessionEndCode,
  Store,
  User,
} from './backend/store.js'
export type { BackendHandlersOptions, MswHttp } from './msw.js'
export type { ServerReason } from './auth/server.js'
export type { TestAuth, TestAuthOptions } from './auth/test-auth.js'
export type { PageClientOptions, TabWorld, TabWorldOptions } from './tab-world.js'
export type { Capabilities } from './world/browser.js'
export type { StoredCookie } from './world/cookie-jar.js'
export type { Engine } from './world/engine.js'
export type { Exchange, ExchangePhase, NetworkProfile, Server, ServerAnswer } from './world/network.js'
export type { VirtualPage } from './world/page.js'
export type { VirtualTab } from './world/tab.js'
export type { Timeline, TimelineEntry } from './world/timeline.js'
export type { World, WorldOptions } from './world/world.js'
