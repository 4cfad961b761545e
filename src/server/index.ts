export { createAuthServer } from './create.js'
export { requestOf, sendResponse } from './node-messages.js'
export { expressHandler, fastifyHook, koaHandler, nodeHandler } from './node.js'
export { generateKey, keySet } from './keys.js'
export { OWASP_SCRYPT } from './password.js'
export { scryptPasswords } from './scrypt.js'
export { done, refuse } from './sign-in.js'
export { memoryStore } from './stores/memory.js'
export { postgresStore } from './stores/postgres.js'
export { redisStore } from './stores/redis.js'
export { sqliteStore } from './stores/sqlite.js'

export type { AuthServer, AuthServerAdmin, AuthServerOptions, ListedSession } from './create.js'
export type { AuthServerCodes, CodeToSend, SendCode, SendCodeOptions, SpentCode } from './codes.js'
export type { AuthEvent, EndedBy, OnEvent } from './events.js'
export type { RequestContext } from './exchange.js'
export type { KeySetOptions } from './keys.js'
export type { Mode, ServedMode } from './modes.js'
export type { NodeRequest, NodeResponse } from './node-messages.js'
export type { FastifyReply, FastifyRequest, KoaContext, NodeHandlerOptions } from './node.js'
export type {
  CookieOptions,
  CsrfDelivery,
  CsrfOptions,
  FormerCookie,
  SessionOptions,
  ThrottleOptions,
} from './options.js'
export type { ScryptCost } from './password.js'
export type { AccessClaims, Awaitable, JsonWebKeySet, PasswordHash, Signer } from './ports.js'
export type {
  LinkUser,
  LoginProvider,
  ProviderAnswer,
  ProviderChecks,
  ProviderIdentity,
  ProviderRequest,
  ProviderSignIn,
} from './providers/provider.js'
export type { SessionEndCode } from './records.js'
export type { Authenticated, Caller, RenderedSession } from './requests.js'
export type { ScryptPasswordsOptions } from './scrypt.js'
export type { SignIn, SignInLimits, SignInOutcome, SignInRequest } from './sign-in.js'
export type { MemoryStoreOptions } from './stores/memory.js'
export type { PostgresPool, PostgresStoreOptions } from './stores/postgres.js'
export type { RedisClient, RedisStoreOptions } from './stores/redis.js'
export type { SqliteDatabase, SqliteStoreOptions } from './stores/sqlite.js'
export type { Migrating } from './stores/tables.js'
export type { Counted, PutOptions, ServerStore, SessionPage, Stored } from './stores/store.js'
export type { AuthUser, FindUser } from './users.js'
