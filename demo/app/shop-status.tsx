import type { AuthState } from 'latchkey'
import { secondsUntil, useNow } from './use-now.js'
import { useOnline } from './use-online.js'

/** The line at the foot of the shop: always there, so that nothing moves when it has something to say. */
export function ShopStatus({ state }: { readonly state: AuthState }) {
  const online = useOnline()
  const { connection, retryAt, status } = state
  const now = useNow(retryAt === undefined ? undefined : 500)
  const trouble = !online || connection !== 'ok'
  const signedIn = status === 'authenticated' ? ' You are still signed in.' : ''
  const wait = retryAt === undefined ? 0 : secondsUntil(retryAt, now)
  return (
    <p className="shop-status" data-tone={trouble ? 'notice' : 'good'}>
      <span className="pill-dot" aria-hidden="true" />
      {!trouble && 'Connected'}
      {trouble && (online ? 'No answer from the server.' : 'No network.') + signedIn}
      {trouble && wait > 0 && <span className="shop-retry">Next try in {wait} s</span>}
    </p>
  )
}
