import type { Counts } from '../shared/demo-api.js'
import { useServer } from './use-server.js'

const NAMES: readonly (readonly [keyof Counts, string])[] = [
  ['signIns', 'Sign-ins'],
  ['renewals', 'Renewals'],
  ['apiRequests', 'API requests'],
  ['signOuts', 'Sign-outs'],
  ['dropped', 'Dropped'],
]

/** The other side of the wire: what the server counted, in all tabs and browsers. */
export function ServerFacts() {
  const counts = useServer()?.counts
  return (
    <section className="card" aria-labelledby="server-title">
      <h2 id="server-title">Counted at the server</h2>
      <dl className="facts">
        {NAMES.map(([name, label]) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd>{counts?.[name] ?? '–'}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
