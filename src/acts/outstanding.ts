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

/** Resolves when no request of a page that is gone can be answered any more: a server that forgives nothing must not see that cookie again. */
export async function noneAsked(context: Context): Promise<void> {
  const { options, ports, disposed } = context
  if (options.rotation !== 'strict') return
  for (;;) {
    const left = Number(ports.shared.read(askedKey(context)) ?? 0) - ports.clock.wall()
    if (disposed.aborted || !(left > 0 && left <= patienceOf(context))) return
    await new Promise<void>((resolve) => {
      const done = () => {
        stop()
        cancel()
        resolve()
      }
      const stop = ports.shared.watch(askedKey(context), done)
      const cancel = ports.clock.after(left, done)
      disposed.addEventListener('abort', done, { once: true })
    })
  }
}
