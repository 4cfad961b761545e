import type { Awaitable } from '../ports.js'
import type { SignInOutcome } from '../sign-in.js'

/** What one sign-in is bound to. All of it is made anew for each. */
export interface ProviderChecks {
  /** Where the provider sends people back to: the same text at the beginning and at the end, and the one that it was told of. */
  readonly redirectUri: string
  /** Comes back with the answer. */
  readonly state: string
  /** Stands in what the provider signs. */
  readonly nonce: string
  /** Of PKCE: goes to the provider's token endpoint, and nowhere else. */
  readonly codeVerifier: string
}

export interface ProviderRequest extends ProviderChecks {
  /** Of PKCE, S256: goes with the person. */
  readonly codeChallenge: string
}

export interface ProviderAnswer extends ProviderChecks {
  /** As they came back, each of them once. That `state` is the one of this sign-in has been looked at. */
  readonly parameters: URLSearchParams
}

/** Who has signed in at the provider. */
export interface ProviderIdentity {
  /** Who says so. A subject means something together with it alone. */
  readonly issuer: string
  /** Never given to anybody else by this issuer, as an address or a name may be. */
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
  /** What came through the browser beside it, and nobody has signed: a name that a person may be greeted by. */
  readonly unsigned?: Readonly<Record<string, unknown>> | undefined
}

/** A provider that people sign in at: `oidc(…)` of `latchkey/oidc`, or one of your own. */
export interface LoginProvider {
  /** How it brings its answer back. Default: `'query'`. */
  readonly responseMode?: 'query' | 'form_post' | undefined
  /** Where to send the person. Rejects where the provider cannot be asked. */
  begin(request: ProviderRequest): Awaitable<URL>
  /** Who has signed in, or `refuse(code)`. Rejects where that could not be asked. */
  finish(answer: ProviderAnswer): Awaitable<ProviderIdentity | SignInOutcome>
}

/** Somebody who has signed in at a provider, for the application to say who of its users that is. */
export interface ProviderSignIn extends ProviderIdentity {
  /** The name that the provider has in `providers`. */
  readonly provider: string
  readonly email: string | undefined
  /**
   * Whether the provider says that the address is this person's. What your own table says of it is the other half: join an account that was
   * there before only where both do, or somebody who has made it with another's address gets its owner's sign-in.
   */
  readonly emailVerified: boolean
  readonly address: string | undefined
}

/** Says which user it is: `done(user)`, made anew perhaps, or `refuse(code)`. Rejects where it cannot know. */
export type LinkUser = (signIn: ProviderSignIn) => Awaitable<SignInOutcome>
