import { useState } from 'react'
import { auth, useAuth } from '../app/auth.js'
import { Spinner } from '../app/icons.js'
import { windowNumber } from '../app/place.js'
import { ACCOUNTS } from '../shared/accounts.js'
import { COMMANDS } from './commands.js'

/** One more tab, small enough to be seen beside the others: a page of its own with a client of its own. */
export function SmallWindow() {
  const state = useAuth()
  const [busy, setBusy] = useState(false)
  const [said, setSaid] = useState('')
  const run = (act: () => Promise<string>) => () => {
    if (busy) return
    setBusy(true)
    const settle = (text: string) => {
      setSaid(text)
      setBusy(false)
    }
    act().then(settle, () => settle('That did not work.'))
  }
  const load = run(async () => {
    const { owner, statuses, errors } = await COMMANDS.load(1)
    return owner === undefined
      ? Object.keys({ ...statuses, ...errors }).join()
      : `Orders of ${owner} are here.`
  })
  const signIn = run(async () => {
    await COMMANDS.login(ACCOUNTS[1].id)
    return ''
  })
  return (
    <main className="pane" aria-label={`Tab ${windowNumber}`}>
      <h1 className="pane-top">
        <i className="lane-mark" data-lane={Math.min(windowNumber! - 1, 5)} aria-hidden="true" />
        Tab {windowNumber}
      </h1>
      <p className="pane-who">
        {state.status === 'authenticated' && state.user.name}
        {state.status === 'unauthenticated' && 'Signed out'}
        {state.status === 'unknown' && <Spinner />}
      </p>
      <div className="pane-acts">
        {state.status === 'authenticated' && (
          <>
            <button type="button" className="button tiny" aria-disabled={busy} onClick={load}>
              Orders
            </button>
            <button type="button" className="button tiny" onClick={() => void auth.logout()}>
              Sign out
            </button>
          </>
        )}
        {state.status !== 'unknown' && (state.status === 'unauthenticated' || state.user.id !== 'ada') && (
          <button type="button" className="button tiny" aria-disabled={busy} onClick={signIn}>
            Be {ACCOUNTS[1].name.split(' ')[0]}
          </button>
        )}
      </div>
      <p className="pane-said" role="status">
        {busy ? <Spinner /> : said}
      </p>
    </main>
  )
}
