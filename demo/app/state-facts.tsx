import type { AuthState } from 'latchkey'
import type { User } from './auth.js'
import { useAuth } from './use-auth.js'
import { secondsUntil, useNow } from './use-now.js'

/** What `getState()` says now, word for word. */
export function StateFacts() {
  const state = useAuth()
  const now = useNow(500)
  return (
    <section className="card" aria-labelledby="state-title">
      <h2 id="state-title">State</h2>
      <dl className="facts members">
        {factsOf(state, now).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function factsOf(state: AuthState<User>, now: number): readonly (readonly [string, string])[] {
  const { status, connection, retryAt } = state
  const signedIn = status === 'authenticated'
  const left = retryAt === undefined ? 0 : secondsUntil(retryAt, now)
  return [
    ['status', status],
    status === 'unauthenticated' ? ['reason', state.reason] : ['user', signedIn ? state.user.name : '–'],
    ['connection', connection],
    ['expiresAt', signedIn && state.expiresAt !== undefined ? clock.format(state.expiresAt) : '–'],
    ['retryAt', left === 0 ? '–' : `in ${left} s`],
  ]
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
