import type { UnknownState } from 'latchkey'
import { Spinner } from './icons.js'

/** Nobody knows yet who is signed in, which is not the same as signed out: no form, and no redirect. */
export function Waiting({ state }: { readonly state: UnknownState }) {
  const trouble = state.connection !== 'ok'
  return (
    <div className="waiting">
      <Spinner />
      <h3>{trouble ? 'The server does not answer' : 'Looking for your session'}</h3>
      <p>
        {trouble
          ? 'Nobody is signed out because of that. You come back to where you were as soon as it answers.'
          : 'This takes a moment.'}
      </p>
    </div>
  )
}
