export { createReferenceBackend } from './backend/index.js'
export { createDeterministicParts, createSeededRandom } from './backend/deterministic.js'
export { createCheapHash, createScryptHash, OWASP_SCRYPT } from '../server/password.js'
export { createDeterministicSigner } from '../server/signers.js'
export { memoryStore } from '../server/stores/memory.js'
export { createMemoryUsers } from './backend/users.js'
export { createTestAuth } from './auth/test-auth.js'
export { createBackendHandlers } from './msw.js'
export { serverConformance } from './server-conformance/index.js'
export { storeConformance } from './store-conformance.js'
export { createPageClient, createTabWorld } from './tab-world.js'
export { createWorld } from './world/world.js'

export type { ReferenceBackend } from './backend/index.js'
export type { Admin, NewUser } from './backend/admin.js'
export type { Endpoint } from './backend/endpoints.js'
export type { RequestContext } from '../server/exchange.js'
export type { Fault, FaultKind, Faults } from './backend/faults.js'
export type { Mode, ServedMode } from '../server/modes.js'
export type { BackendOptions } from './backend/options.js'
export type {
  CookieOptions,
  CsrfDelivery,
  CsrfOptions,
  SessionOptions,
  ThrottleOptions,
} from '../server/options.js'
export type { Scrypt, ScryptCost } from '../server/password.js'
export type {
  AccessClaims,
  Awaitable,
  BackendClock,
  JsonWebKeySet,
  PasswordHash,
  Random,
  Sealer,
  Signer,
} from '../server/ports.js'
export type { RevocationStrategy } from '../server/revocation.js'
export type { SigningAlgorithm } from '../server/signers.js'
export type { Stats } from './backend/stats.js'
export type { Session, SessionEnd, SessionEndCode } from '../server/records.js'
export type { MemoryStoreOptions } from '../server/stores/memory.js'
export type { Counted, PutOptions, ServerStore, SessionPage, Stored } from '../server/stores/store.js'
export type { PublicUser, User, Users } from './backend/users.js'
export type { BackendHandlersOptions, MswHttp } from './msw.js'
export type { CreateStore, StoreCheck, StoreConformanceOptions } from './store-conformance.js'
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
