import { registerOf } from './register.js'
import type { ClientState, Effect } from './state.js'

/** Tells the other tabs what this one knows, with the token where somebody is signed in. */
export function tell(state: ClientState): Effect & { type: 'post' } {
  const { identity, credential } = state
  const { generation, mode } = credential ?? state
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
  return { type: 'post', news: { register: { ...registerOf(state), generation, mode }, shared } }
}

export const write = (state: ClientState): Effect => ({ type: 'writeRegister', register: registerOf(state) })

/** What another tab has done or asked nobody about is told to it, and to every page that comes. */
export const publish = (state: ClientState): Effect[] => [write(state), tell(state)]
