export { oidc } from './oidc.js'

export type { OidcOptions } from './options.js'
export type { LoginProvider, ProviderIdentity } from '../server/providers/provider.js'
