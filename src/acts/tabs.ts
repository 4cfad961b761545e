import { isNewer } from '../core/epoch.js'
import { margin, remaining } from '../core/lifetime.js'
import { type Message, parseMessage } from '../core/messages.js'
import type { Grant } from '../core/state.js'
import { announce } from '../core/telling.js'
import { waitLeft } from '../core/waits.js'
import { drawLead, makeIdentity } from '../wire/answers.js'
import type { Context } from '../plumbing/context.js'

/** Opens the channel to the other tabs, where there is one and it is closed. */
export function openChannel(context: Context): void {
  if (context.disposed.aborted) return
  context.channel ??= context.ports.channels.open(context.name, (data) => receive(context, data))
}

/** The page is hidden for good or cached: an open channel would lose messages in silence, or throw the page out of the cache. */
export function closeChannel(context: Context): void {
  context.channel?.close()
  context.channel = undefined
}

function receive(context: Context, data: unknown): void {
  const message = parseMessage(data, context.tab, context.ports.clock.wall())
  if (!message || context.disposed.aborted) return
  context.syncMarker()
  if (message.type === 'ask') answer(context, message)
  else {
    const grant = sharedGrant(context, message)
    context.dispatch({ type: 'received', message, grant })
    const { credential, generation } = context.state
    if (grant && credential === grant.credential)
      context.note('refresh.adopted', { cause: 'shared', generation })
  }
}

function answer(context: Context, message: Message): void {
  const { state } = context
  if (isNewer(message.epoch, state.epoch)) return
  const now = context.instant()
  const { epoch, generation, failures, mandated, triedAt, credential } = state
  if (credential && remaining(credential, now) > margin(credential.lifetime, context.options.minValidity)) {
    context.post(announce(state).message)
  }
  const left = waitLeft(state, now)
  if (left > 0)
    context.post({ type: 'wait', epoch, generation, until: now.wall + left, failures, mandated, triedAt })
}

/** The token in a message, if it may be used here: whether it is adopted, the transition decides. */
function sharedGrant(context: Context, message: Message): Grant | undefined {
  if (message.type !== 'in' || !message.shared || !context.options.shareToken || !context.channel?.memoryOnly)
    return undefined
  const { token, subject, rawUser, issuedAt, lifetime } = message.shared
  const { wall, monotonic } = context.instant()
  const age = wall - issuedAt
  if (age < 0) return undefined
  try {
    const identity = makeIdentity(context, rawUser, message.sessionId)
    const issued = { wall: issuedAt, monotonic: monotonic - age }
    const lead = drawLead(context, lifetime)
    const credential = { mode: message.mode, token, generation: message.generation, issued, lifetime, lead }
    return identity.subject === subject ? { identity, credential } : undefined
  } catch {
    // The sibling could parse this user: another version of the application, which is no reason to disturb this one.
    return undefined
  }
}
