import { useAuth } from './auth.js'
import { secondsUntil, useNow } from './use-now.js'
import { useOnline } from './use-online.js'

/** The line at the foot of the shop: always there, so that nothing moves when it has something to say. */
export function ShopStatus() {
  const online = useOnline()
  const { connection, retryAt, status } = useAuth()
  const now = useNow(retryAt === undefined ? undefined : 500)
  const trouble = !online || connection !== 'ok'
  const signedIn = status === 'authenticated'
  const wait = retryAt === undefined ? 0 : secondsUntil(retryAt, now)
  return (
    <p className="shop-status" data-tone={trouble ? 'notice' : signedIn ? 'good' : 'plain'}>
      <span className="dot" aria-hidden="true" />
      {!trouble && CALM[status]}
      {trouble && (online ? 'Trouble with the server.' : 'No network.')}
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
