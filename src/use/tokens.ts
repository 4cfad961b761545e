import { type Credential, margin, remaining } from '../core/lifetime.js'
import { AuthError } from '../errors.js'
import type { Context } from '../plumbing/context.js'
import { isOvertaken } from '../wire/csrf.js'
import type { Refresher } from '../acts/refresh.js'
import { raced } from '../plumbing/waiting.js'

export interface TokenNeed {
  readonly cause: string
  /** In seconds. */
  readonly minValidity?: number | undefined
  /** What a resource has rejected. */
  readonly rejected?: Credential | undefined
  /** It will change something, in the name of whoever is signed in then. */
  readonly unsafe?: boolean | undefined
  readonly signal?: AbortSignal | null | undefined
}

/** Why nobody can act for a user now. */
export function notSignedIn(context: Context): AuthError {
  const { reason } = context.state
  return new AuthError(reason === 'none' || reason === 'logout' ? 'login_required' : 'session_ended', {
    reason,
  })
}

/**
 * A credential that is valid now: the one in memory, or a new one. Validity is checked here, at use; the schedule is
 * a courtesy. Rejects when the session ends or the refresh fails, whichever comes first. An abort ends it at its next step: who
 * must hear of it at once listens to the signal himself, once for all that he waits for.
 */
export async function ensureToken(
  context: Context,
  refresher: Refresher,
  need: TokenNeed,
): Promise<Credential> {
  const { cause, minValidity = context.options.minValidity, unsafe, signal } = need
  let { rejected } = need
  // Of a disposed client, too.
  context.life.throwIfAborted()
  context.sync()
  const { life } = context
  const began = context.instant().monotonic
  const isForeign = (credential: Credential | undefined) =>
    unsafe === true && credential !== undefined && isOvertaken(context, credential)
  // A resynchronisation may end one refresh as it begins; the one after it knows the new epoch.
  // Whose cookie it is, is being asked: what changes something must not go out as somebody else.
  if (unsafe && context.state.credential?.mode === 'session' && refresher.flight)
    await raced(refresher.flight, life)
  for (let round = 0; round < 3; round++) {
    // Whoever asked may have given up.
    signal?.throwIfAborted()
    const { credential, phase } = context.state
    if (phase === 'out') throw notSignedIn(context)
    const overtaken = isForeign(credential)
    if (overtaken) rejected = credential
    const known = credential === rejected ? undefined : credential
    const left = known ? remaining(known, context.instant()) : 0
    // A session is good until its end, and asking does not prolong it.
    if (known && left > (known.mode === 'session' ? 0 : margin(known.lifetime, minValidity))) {
      // Not waited for: a slow refresh endpoint slows nobody down while the token is good.
      if (left < known.lead && !refresher.flight) void refresher.refresh({ cause: 'early' })
      return known
    }
    const outcome = await raced(refresher.refresh({ cause, force: overtaken }), life)
    const renewed = context.state.credential
    // Somebody may have signed in meanwhile. Only an answer to our own question may have changed the cookie itself.
    const asked = !overtaken && renewed !== undefined && renewed.issued.monotonic >= began
    const usable = renewed && renewed !== rejected && (round > 0 || asked || !isForeign(renewed))
    if (outcome.kind === 'failed') {
      if (usable && remaining(renewed, context.instant()) > 0) return renewed
      throw outcome.error
    }
    // A token just fetched is the best there is, whatever was asked for.
    if (outcome.kind === 'refreshed' && usable && renewed !== known) return renewed
  }
  if (context.state.phase === 'out') throw notSignedIn(context)
  throw new AuthError('session_changed')
}
