import { useRef } from 'react'
import { isStatic } from '../app/place.js'
import { secondsUntil, useNow } from '../app/use-now.js'
import { nameOfAccount } from '../shared/accounts.js'
import { useDiagnostics } from './log.js'
import { peers, type Peer } from './peers.js'
import { usePeers, useWindows, windows } from './windows.js'

/** Which tabs are open, who is signed in there, and which of them renewed the token last. */
export function Tabs() {
  const all = usePeers()
  const open = useWindows()
  const me = peers.me()
  const diagnostics = useDiagnostics()
  const opener = useRef<HTMLButtonElement>(null)
  // The button that closes goes with what it closes: go on at the one that opens.
  const close = (act: () => void) => {
    act()
    opener.current?.focus({ preventScroll: true })
  }
  const last = diagnostics.findLast(({ type }) => type === 'refresh.done' || type === 'login.done')?.tab
  const starting = open.filter((number) => !all.some((peer) => peer.number === number))
  return (
    <section className="part open-tabs" aria-labelledby="tabs-title">
      <div className="part-top">
        <h2 id="tabs-title">Open tabs</h2>
        <span className="hint">one session and one lock for all</span>
      </div>
      <ul className="peers">
        {all.map((peer) => (
          <PeerRow key={peer.id} peer={peer} mine={peer.id === me.id} renewed={peer.client === last} />
        ))}
        {starting.map((number) => (
          <li key={number} className="peer">
            <i className="lane-mark" data-lane={number - 1} aria-hidden="true" />
            <span className="peer-name">Tab {number}</span>
            <span className="peer-who">starting …</span>
          </li>
        ))}
      </ul>
      {open.length > 0 && (
        <ul className="windows">
          {open.map((number) => (
            <li key={number}>
              <iframe src={`?tab=${number}`} title={`Tab ${number}`} />
              <button
                type="button"
                className="close"
                aria-label={`Close tab ${number}`}
                onClick={() => close(() => windows.close(number))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="actions">
        <button
          ref={opener}
          type="button"
          className="button small"
          aria-disabled={open.length > 2}
          onClick={() => {
            if (open.length < 3) for (let count = 0; count < 3; count++) windows.open()
          }}
        >
          Open three more tabs
        </button>
        {open.length > 0 && (
          <button type="button" className="button small" onClick={() => close(windows.closeAll)}>
            Close them
          </button>
        )}
        {!isStatic && (
          <a className="link" href="./" target="_blank" rel="noopener">
            Or a tab of the browser
          </a>
        )}
      </div>
    </section>
  )
}

function PeerRow({ peer, mine, renewed }: { peer: Peer; mine: boolean; renewed: boolean }) {
  const now = useNow(peer.expiresAt === undefined ? undefined : 500)
  return (
    <li className="peer">
      <i className="lane-mark" data-lane={Math.min(peer.number - 1, 5)} aria-hidden="true" />
      <span className="peer-name">
        Tab {peer.number}
        {mine && ' (this one)'}
      </span>
      <span className="peer-who">{whoIn(peer)}</span>
      <span className="peer-life">
        {renewed && peer.status === 'authenticated' && <span className="tag">renewed last</span>}
        {peer.mode === 'session' ? 'cookie' : peer.expiresAt && `${secondsUntil(peer.expiresAt, now)} s`}
      </span>
    </li>
  )
}

function whoIn({ status, user }: Peer): string {
  if (status === 'unknown') return 'finding out'
  return status === 'authenticated' ? nameOfAccount(user) : 'signed out'
}
