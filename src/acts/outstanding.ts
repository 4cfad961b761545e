import type { Context } from '../plumbing/context.js'

/** So much of the server's grace is left to ask once more with the old cookie. */
const GRACE_LEFT_MS = 5000

const askedKey = ({ name }: Context): string => `${name}:asked`

/** How long a request for a new credential may stay unanswered, in milliseconds. */
export const patienceOf = ({ options: { refreshGrace, timeouts } }: Context): number =>
  Math.max(refreshGrace * 1000 - GRACE_LEFT_MS, timeouts.request)

/** Notes for the page that comes next that its cookie may be on the way to being replaced. Returns what takes the note back. */
export function noteAsked(context: Context): () => void {
  const { options, ports } = context
  if (options.rotation !== 'strict') return () => {}
  const until = String(Math.round(ports.clock.wall() + patienceOf(context)))
  ports.shared.write(askedKey(context), until)
  return () => {
    // Another page may have asked since.
    if (ports.shared.read(askedKey(context)) === until) ports.shared.write(askedKey(context), null)
  }
}

/**
 * Resolves when a request of a page that is gone has been answered or given up, or something is new here: a server that forgives
 * nothing must not see that cookie again. Undefined where there is nothing to wait for.
 */
export function noneAsked(context: Context): Promise<void> | undefined {
  const { options, ports, disposed, name, changes } = context
  const left = Number(ports.shared.read(askedKey(context)) ?? 0) - ports.clock.wall()
  if (options.rotation !== 'strict' || !(left > 0 && left <= patienceOf(context))) return undefined
  return new Promise<void>((resolve) => {
    const end = () => {
      for (const stop of stops) stop()
      disposed.removeEventListener('abort', end)
      resolve()
    }
    // Of what this page itself writes no event tells it.
    const stops = [ports.shared.watch(askedKey(context), end), ports.clock.after(left, end), changes.add(end)]
    void ports.flights.get(name)?.answered.then(end)
    disposed.addEventListener('abort', end)
  })
}
