import { type Credential, margin } from '../core/lifetime.js'
import type { Context } from '../plumbing/context.js'

export const presenceKey = ({ name }: Context): string => `${name}:held`

/**
 * Lets new tabs know that some tab holds a token, and until when it is worth asking for: they wait for its answer longer than for
 * one that may not come. A lock would tell the same, but Firefox caches no page that holds one, not even if it is given up on
 * `pagehide`. Returns what looks again: a page that goes takes the note away, and whoever stays writes it anew.
 */
export function createPresence(context: Context): () => void {
  let shown: Credential | undefined
  const show = () => {
    const { state, channel, disposed, options, ports } = context
    const shares = channel?.memoryOnly && options.shareToken && !disposed.aborted
    const held = shares && state.credential?.mode === 'token' ? state.credential : undefined
    if (held ? held === shown && ports.shared.read(presenceKey(context)) : !shown) return
    shown = held
    // The same in all tabs, so that each new token is told once.
    const until = held && held.issued.wall + held.lifetime - margin(held.lifetime, options.refreshMargin)
    ports.shared.write(presenceKey(context), until ? String(Math.round(until)) : null)
  }
  context.changes.add(show)
  return show
}

/** Whether some tab holds a token that is worth asking for, however busy it is. */
export const isTokenHeld = (context: Context): boolean =>
  Number(context.ports.shared.read(presenceKey(context)) ?? 0) > context.instant().wall
