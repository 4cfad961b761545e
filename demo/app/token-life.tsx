import { useState } from 'react'
import { auth } from './auth.js'
import { Connection } from './connection.js'
import { Ring } from './ring.js'
import { Spinner } from './icons.js'
import { useAuth, useDiagnostics } from './use-auth.js'
import { secondsUntil, useNow } from './use-now.js'
import { useServer } from './use-server.js'

/** The life of the token in memory: all but the token itself. */
export function TokenLife() {
  const state = useAuth()
  const server = useServer()
  const now = useNow(state.status === 'authenticated' ? 250 : undefined)
  const [renewing, setRenewing] = useState(false)
  const renewals = useDiagnostics().filter(
    ({ type, cause }) => type === 'refresh.done' && cause !== 'start' && cause !== 'redirect',
  ).length

  // Read anew at each tick: a silent refresh changes it and renders nothing by itself.
  const expiresAt = state.status === 'authenticated' ? state.expiresAt : undefined
  const seconds = expiresAt === undefined ? undefined : secondsUntil(expiresAt, now)
  const whole = server?.tokenSeconds ?? 30
  const renew = () => {
    if (renewing) return
    setRenewing(true)
    // Why it failed, if it did, is in the timeline.
    const settle = () => setRenewing(false)
    auth.refresh({ force: true }).then(settle, settle)
  }

  return (
    <section className="card token-card" aria-labelledby="token-title">
      <div className="token">
        <Ring fraction={seconds === undefined ? 0 : (expiresAt! - now) / 1000 / whole} label={seconds} />
        <div>
          <h2 id="token-title">Access token</h2>
          <p>{sentence(state.status, seconds)}</p>
          <div className="actions">
            <button
              type="button"
              className="button small"
              aria-disabled={renewing || state.status !== 'authenticated'}
              onClick={() => state.status === 'authenticated' && renew()}
            >
              {renewing && <Spinner />}
              Renew now
            </button>
            <span className="hint">{timesOf(renewals)}</span>
          </div>
        </div>
      </div>
      <Connection />
    </section>
  )
}

function sentence(status: string, seconds: number | undefined): string {
  if (status === 'unauthenticated') return 'There is none: nobody is signed in.'
  if (seconds === undefined) return 'Not here yet: a page starts without one.'
  if (seconds === 0) return 'Ended, and the session is kept: the next answer brings a new one.'
  return 'In memory only. Renewed in silence when a quarter of its life is left.'
}

function timesOf(renewals: number): string {
  if (renewals === 0) return 'Not renewed yet'
  return renewals === 1 ? 'Renewed once' : `Renewed ${renewals} times`
}
