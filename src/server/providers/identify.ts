import { Refusal, unavailable } from '../answers.js'
import type { Settings } from '../settings.js'
import type { Admitted, SignInOutcome } from '../sign-in.js'
import type {
  LinkUser,
  LoginProvider,
  ProviderAnswer,
  ProviderIdentity,
  ProviderRequest,
  ProviderSignIn,
} from './provider.js'

/** Asks provider and application who somebody is, and answers for both where they fail. */
export interface Identify {
  begin(provider: LoginProvider, request: ProviderRequest): Promise<string>
  finish(
    name: string,
    provider: LoginProvider,
    answer: ProviderAnswer,
    address: string | undefined,
  ): Promise<Admitted>
}

export function createIdentify({ emit, findUser, store }: Settings, linkUser: LinkUser): Identify {
  /** What fails there is nobody's fault who wants to sign in. */
  const guarded = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof Refusal) throw error
      emit({ type: 'fault', error })
      throw unavailable()
    }
  }

  return {
    begin: (provider, request) => guarded(async () => new URL(await provider.begin(request)).href),
    async finish(name, provider, answer, address) {
      // As with a password: whose sessions are ended from here on has to show his proof again, and a code is good once.
      const since = (await store.userGeneration('nobody')).now
      const identity = await guarded(async () => identityOf(await provider.finish(answer)))
      const { userId, limits } = await guarded(async () =>
        outcomeOf(await linkUser(signInOf(name, identity, address))),
      )
      const at = await store.userGeneration(userId)
      if (at.generation < since) return { userId, limits, at }
      const isBanned = (await findUser(userId))?.disabled === true
      throw isBanned ? new Refusal(403, 'user_disabled') : unavailable()
    },
  }
}

function identityOf(answer: ProviderIdentity | SignInOutcome): ProviderIdentity {
  if (answer !== null && typeof answer === 'object' && 'kind' in answer) throw refusalOf(answer)
  const { issuer, subject, claims } = answer
  const isWhole = [issuer, subject].every((text) => typeof text === 'string' && text !== '')
  if (isWhole && typeof claims === 'object' && claims !== null) return answer
  throw new TypeError('finish of a provider must give { issuer, subject, claims }, or refuse(code)')
}

function outcomeOf(outcome: SignInOutcome): Omit<Admitted, 'at'> {
  if (outcome?.kind === 'done' && typeof outcome.userId === 'string' && typeof outcome.limits === 'object') {
    return outcome
  }
  throw refusalOf(outcome)
}

function refusalOf(outcome: SignInOutcome): Refusal | TypeError {
  const isRefused = outcome?.kind === 'refused' && outcome.status >= 400 && outcome.status <= 599
  if (isRefused) return new Refusal(outcome.status, outcome.code)
  return new TypeError('linkUser must give done(user) or refuse(code), with a status of 400 to 599')
}

function signInOf(
  provider: string,
  { issuer, subject, claims, unsigned }: ProviderIdentity,
  address: string | undefined,
): ProviderSignIn {
  const { email, email_verified: verified } = claims
  return {
    provider,
    issuer,
    subject,
    claims,
    unsigned,
    email: typeof email === 'string' && email !== '' ? email : undefined,
    // Apple says it as a text.
    emailVerified: verified === true || verified === 'true',
    address,
  }
}
