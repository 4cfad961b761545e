import { useState } from 'react'
import { setReachable, useServer } from './use-server.js'

/** Makes the server drop the connections of the app, which looks to it like a dead server. */
export function Connection() {
  const server = useServer()
  const [busy, setBusy] = useState(false)
  const reachable = server?.reachable ?? true
  const toggle = () => {
    if (busy) return
    setBusy(true)
    const settle = () => setBusy(false)
    setReachable(!reachable).then(settle, settle)
  }
  return (
    <div className="switch-row">
      <div>
        <span id="reachable">Server answers</span>
        <p className="hint" id="reachable-hint">
          {reachable
            ? 'Off: the server drops every call of the app.'
            : 'Every call is dropped. Watch the token run out.'}
        </p>
      </div>
      <button
        type="button"
        role="switch"
        className="switch"
        aria-checked={reachable}
        aria-labelledby="reachable"
        aria-describedby="reachable-hint"
        aria-busy={busy}
        disabled={!server}
        onClick={toggle}
      />
    </div>
  )
}
