import { useSyncExternalStore } from 'react'
import { CheckIcon } from './icons.js'
import { steps, type Step } from './steps.js'

const TRIALS: readonly { readonly step: Step; readonly title: string; readonly hint: string }[] = [
  { step: 'sign-in', title: 'Sign in', hint: 'by form, or on a hosted page' },
  { step: 'renewal', title: 'Watch the token renew', hint: 'nothing flickers' },
  { step: 'reload', title: 'Reload the page', hint: 'the cookie brings a new token' },
  { step: 'outage', title: 'Cut the connection', hint: 'an outage signs nobody out' },
  { step: 'sign-out', title: 'Sign out', hint: 'here or everywhere, at once' },
]

/** What this is, in ten seconds, and what to try. */
export function Intro() {
  const done = useSyncExternalStore(steps.subscribe, steps.get)
  return (
    <section className="intro">
      <div>
        <h1>Signed in, and staying that way.</h1>
        <p className="lead">
          Latchkey is the sign-in client for single-page apps. The access token lives in the memory of the
          page and nowhere else; a cookie that script cannot read renews it in silence.
        </p>
        <p className="lead-more">Use the little shop, and watch what happens underneath.</p>
      </div>
      <div className="trials">
        <h2 className="eyebrow" id="trials">
          Things to try
        </h2>
        <ol aria-labelledby="trials">
          {TRIALS.map(({ step, title, hint }) => (
            <li key={step} data-done={done.has(step)}>
              <span className="trial-mark">{done.has(step) && <CheckIcon />}</span>
              <span>
                <span className="trial-title">{title}</span>
                <span className="trial-hint">{hint}</span>
                {done.has(step) && <span className="visually-hidden"> (done)</span>}
              </span>
            </li>
          ))}
        </ol>
      </div>
    </section>
  )
}
