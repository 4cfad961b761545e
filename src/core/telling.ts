import type { Marker } from './marker.js'
import type { ClientState, Effect, Identity } from './state.js'
import type { EndReason } from './types.js'

/** The message that hands what we hold to the siblings. */
export function announce(state: ClientState): Effect & { type: 'post' } {
  const { epoch, follows, generation, sessionId, identity, credential } = state
  const shared =
    identity && credential
      ? {
          token: credential.token,
          subject: identity.subject,
          rawUser: identity.rawUser,
          issuedAt: credential.issued.wall,
          lifetime: credential.lifetime,
        }
      : undefined
  const mode = credential?.mode ?? state.mode ?? 'token'
  return {
    type: 'post',
    message: {
      type: 'in',
      epoch,
      follows,
      generation: credential?.generation ?? generation,
      sessionId,
      mode,
      shared,
    },
  }
}

/** What keeps the state: with the identity of a client that is signed in, without of one that is signed out. */
export function writeMarker(state: ClientState, identity?: Identity): Effect {
  const { epoch, follows, generation, mode, loggedOut, reason } = state
  const marker: Marker = {
    epoch,
    follows,
    state: identity ? 'in' : 'out',
    generation,
    mode,
    sessionId: (identity ?? state).sessionId,
    // A page that began after the logout shows no reason, and still nobody who reads this may go on.
    reason: identity ? 'none' : loggedOut ? 'logout' : reason,
  }
  return { type: 'writeMarker', marker }
}

export function out({ epoch, sessionId }: ClientState, reason: EndReason): Effect {
  return { type: 'post', message: { type: 'out', epoch, reason, sessionId } }
}

export const tellLogout = (state: ClientState): Effect[] => [
  writeMarker(state),
  out(state, 'logout-elsewhere'),
]
