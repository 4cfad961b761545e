import type { AuthState } from 'latchkey'
import { useState } from 'react'
import { auth, useAuth, type User } from '../app/auth.js'
import { Spinner } from '../app/icons.js'
import { secondsUntil, useNow } from '../app/use-now.js'
import { useDiagnostics } from './log.js'
import { Ring } from './ring.js'
import { useServer } from './server.js'

/** What `getState()` says now, word for word, and the life of the token in memory. */
export function Now() {
  const state = useAuth()
  const now = useNow(250)
  const whole = useServer()?.tokenSeconds ?? 30

  // Read anew at each tick: a silent refresh changes it and renders nothing by itself.
  const expiresAt = state.status === 'authenticated' ? state.expiresAt : undefined
  const left = expiresAt === undefined ? undefined : secondsUntil(expiresAt, now)
  const byCookie = state.status === 'authenticated' && state.mode === 'session'
  return (
    <section className="part now" aria-labelledby="now-title">
      <h2 id="now-title">The state now</h2>
      <div className="now-parts">
        {byCookie ? (
          <Ring fraction={1} label={left && Math.ceil(left / 86_400)} unit="days" />
        ) : (
          <Ring
            fraction={expiresAt === undefined ? 0 : (expiresAt - now) / 1000 / whole}
            label={left}
            unit="seconds"
          />
        )}
        <dl className="facts">
          {factsOf(state, now).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <div className="now-text">
          <p>{byCookie ? BY_COOKIE : sentence(state.status, left)}</p>
          <Renew signedIn={state.status === 'authenticated'} byCookie={byCookie} />
        </div>
      </div>
    </section>
  )
}

function Renew({ signedIn, byCookie }: { readonly signedIn: boolean; readonly byCookie: boolean }) {
  const [renewing, setRenewing] = useState(false)
  const diagnostics = useDiagnostics()
  // Of this session: what went before it is another one's.
  const begun = diagnostics.findLastIndex(({ type }) => type === 'login.done' || type === 'session.ended')
  const renewals = diagnostics
    .slice(begun + 1)
    .filter(({ type, cause }) => type === 'refresh.done' && cause !== 'start' && cause !== 'redirect').length
  const renew = () => {
    if (renewing || !signedIn) return
    setRenewing(true)
    // Why it failed, if it did, is in the timeline.
    const settle = () => setRenewing(false)
    auth.refresh({ force: true }).then(settle, settle)
  }
  return (
    <div className="actions">
      <button
        type="button"
        className="button small"
        aria-disabled={renewing || !signedIn}
        aria-busy={renewing}
        onClick={renew}
      >
        {renewing && <Spinner />}
        {byCookie ? 'Ask the server' : 'Renew now'}
      </button>
      <span className="hint">{signedIn && (byCookie ? 'who is signed in' : timesOf(renewals))}</span>
    </div>
  )
}

function factsOf(state: AuthState<User>, now: number): readonly (readonly [string, string])[] {
  const { status, connection, retryAt } = state
  const signedIn = status === 'authenticated'
  const left = retryAt === undefined ? 0 : secondsUntil(retryAt, now)
  return [
    ['status', status],
    status === 'unauthenticated' ? ['reason', state.reason] : ['user', signedIn ? state.user.name : '–'],
    ['mode', signedIn ? state.mode : '–'],
    ['connection', connection],
    [
      'expiresAt',
      signedIn && state.expiresAt !== undefined ? FORMATS[state.mode].format(state.expiresAt) : '–',
    ],
    ['retryAt', left === 0 ? '–' : `in ${left} s`],
  ]
}

function sentence(status: AuthState['status'], left: number | undefined): string {
  if (status === 'unauthenticated') return 'No token: nobody is signed in.'
  if (left === undefined) return 'No token yet: a page starts without one.'
  if (left === 0) return 'Ended, and the session is kept: the next answer brings a new one.'
  return 'The token is in memory only, and renewed in silence in its last quarter.'
}

function timesOf(renewals: number): string {
  if (renewals === 0) return 'Not renewed yet'
  return renewals === 1 ? 'Renewed once' : `Renewed ${renewals} times`
}

const BY_COOKIE =
  'No token in script: the cookie is the credential, and the server looks at it with every call.'

/** A token ends today, a cookie session some day. */
const FORMATS = {
  token: new Intl.DateTimeFormat(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }),
  session: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }),
} as const
