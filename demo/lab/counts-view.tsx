import { type Counts as Figures, countsOf } from './counts.js'
import { useServer } from './server.js'

const NAMES: readonly (readonly [keyof Figures, string])[] = [
  ['signIns', 'Sign-ins'],
  ['renewals', 'Renewals'],
  ['refused', 'Refusals'],
  ['answered', 'API answers'],
  ['unauthorized', '401s'],
  ['spoilt', 'Faults'],
  ['signOuts', 'Sign-outs'],
]

/** The other side of the wire: what the server counted, in all tabs and browsers. */
export function Counts() {
  const state = useServer()
  const counts = state && countsOf(state)
  return (
    <section className="part" aria-labelledby="counts-title">
      <div className="part-top">
        <h2 id="counts-title">Counted at the server</h2>
        <span className="hint">since it started, from all browsers</span>
      </div>
      <dl className="counts">
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
