import type { Context } from './context.js'

/** A page that is scrolled tells of it sixty times a second. */
const NOTED_MS = 5000

/** For all tabs: somebody at one of them is somebody at all of them. */
const activityKey = ({ name }: Pick<Context, 'name'>): string => `${name}:active`

/** When somebody who is signed in last used a page of this origin, by the wall clock; NaN where nothing can be stored. */
function lastActive(context: Context): number {
  const text = context.ports.shared.read(activityKey(context))
  return text === undefined ? NaN : Number(text)
}

/** Notes that somebody uses the page. Whether the credential was renewed while nobody did: the server has not heard of him since. */
export function noteActivity(context: Context, at = context.ports.clock.wall()): boolean {
  const { credential, phase } = context.state
  // A visitor leaves no trace.
  if (phase === 'out' || Math.abs(at - context.active) < NOTED_MS) return false
  context.active = at
  const before = lastActive(context)
  context.ports.shared.write(activityKey(context), String(at))
  return (
    context.options.markBackground &&
    credential?.mode === 'token' &&
    before < credential.issued.wall - credential.lifetime
  )
}

/** Whether nobody has used a page since the credential was asked for. Where nothing can be stored that is not known, and nobody is signed out for it. */
export function isBackground(context: Context): boolean {
  const { credential } = context.state
  return context.options.markBackground && !!credential && lastActive(context) <= credential.issued.wall
}
