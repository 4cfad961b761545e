import type { Context } from './context.js'

/** A page that is scrolled tells of it sixty times a second. */
const NOTED_MS = 5000

/** For all tabs: somebody at one of them is somebody at all of them. */
const activityKey = ({ name }: Pick<Context, 'name'>): string => `${name}:active`

/**
 * When somebody who is signed in last used a page of this origin, by the wall clock: below zero if a renewal has said since that
 * nobody does, and NaN where nothing can be stored.
 */
const lastActive = (context: Context): number => Number(context.ports.shared.read(activityKey(context)))

const write = (context: Context, at: number) => context.ports.shared.write(activityKey(context), String(at))

/**
 * Notes that somebody uses the page. True if the server has been told that nobody does. Whoever has just loaded it is told of with
 * the next renewal, or as soon as he uses it: a page that opens costs no token.
 */
export function noteActivity(context: Context, at = context.ports.clock.wall(), hasLoaded = false): boolean {
  // A visitor leaves no trace.
  if (context.state.phase !== 'in' || Math.abs(at - context.active) < NOTED_MS) return false
  if (!hasLoaded) context.active = at
  const untold = lastActive(context) < 0
  write(context, untold && hasLoaded ? -at : at)
  return untold
}

/**
 * Whether nobody has used a page since the credential was asked for, which the server is then told. Where nothing can be stored
 * that is not known, and nobody is signed out for it.
 */
export function isBackground(context: Context): boolean {
  const { credential } = context.state
  const last = lastActive(context)
  const isNobody = context.options.markBackground && !!credential && Math.abs(last) <= credential.issued.wall
  if (isNobody !== last < 0) write(context, -last)
  return isNobody
}
