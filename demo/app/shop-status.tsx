import type { AuthState } from 'latchkey'
import { secondsUntil, useNow } from './use-now.js'
import { useOnline } from './use-online.js'
import { useServer } from './use-server.js'

/** The line at the foot of the shop: always there, so that nothing moves when it has something to say. */
export function ShopStatus({ state }: { readonly state: AuthState }) {
  const online = useOnline()
  const { connection, retryAt, status } = state
  const now = useNow(retryAt === undefined ? undefined : 500)
  // The client learns of an outage at its next call, the switch of the demo knows at once.
  const reachable = useServer()?.reachable ?? true
  const trouble = !online || !reachable || connection !== 'ok'
  const signedIn = status === 'authenticated'
  const wait = retryAt === undefined ? 0 : secondsUntil(retryAt, now)
  return (
    <p className="shop-status" data-tone={trouble ? 'notice' : signedIn ? 'good' : 'plain'}>
      <span className="pill-dot" aria-hidden="true" />
      {!trouble && CALM[status]}
      {trouble && (online ? 'No answer from the server.' : 'No network.')}
      {trouble && signedIn && ' You are still signed in.'}
      {trouble && wait > 0 && <span className="shop-retry">Next try in {wait} s</span>}
    </p>
  )
}

const CALM = {
  authenticated: 'Connected',
  unauthenticated: 'Nobody is signed in',
  unknown: 'Asking the server',
} as const
