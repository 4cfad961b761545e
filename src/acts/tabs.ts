import { isNewer } from '../core/epoch.js'
import { margin, remaining } from '../core/lifetime.js'
import { type News, parseNews } from '../core/news.js'
import { type Register, registerOf } from '../core/register.js'
import type { Grant } from '../core/state.js'
import { tell } from '../core/telling.js'
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
  const news = parseNews(data, context.tab, context.ports.clock.wall())
  if (!news || context.disposed.aborted) return
  context.sync()
  const { register, ask, wait } = news
  if (ask) return answer(context, register)
  const grant = sharedGrant(context, news)
  context.dispatch({ type: 'heard', register, said: true, grant, wait })
  const { credential, generation } = context.state
  if (grant && credential === grant.credential)
    context.note('refresh.adopted', { cause: 'shared', generation })
}

function answer(context: Context, { epoch }: Register): void {
  const { state } = context
  if (isNewer(epoch, state.epoch)) return
  const now = context.instant()
  const { failures, mandated, triedAt, credential } = state
  if (credential && remaining(credential, now) > margin(credential.lifetime, context.options.minValidity))
    context.post(tell(state).news)
  const left = waitLeft(state, now)
  if (left > 0)
    context.post({
      register: registerOf(state),
      wait: { until: now.wall + left, failures, mandated, triedAt },
    })
}

/** The token in a message, if it may be used here: whether it is adopted, the transition decides. */
function sharedGrant(context: Context, { register, shared }: News): Grant | undefined {
  if (!shared || !context.options.shareToken || !context.channel?.memoryOnly) return undefined
  const { token, subject, rawUser, issuedAt, lifetime } = shared
  const { mode = 'token', generation, sessionId } = register
  const { wall, monotonic } = context.instant()
  const age = wall - issuedAt
  if (age < 0) return undefined
  try {
    const identity = makeIdentity(context, rawUser, sessionId)
    const issued = { wall: issuedAt, monotonic: monotonic - age }
    const lead = drawLead(context, lifetime)
    const credential = { mode, token, generation, issued, lifetime, lead }
    return identity.subject === subject ? { identity, credential } : undefined
  } catch {
    // The sibling could parse this user: another version of the application, which is no reason to disturb this one.
    return undefined
  }
}
