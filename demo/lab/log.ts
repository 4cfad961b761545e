import { useSyncExternalStore } from 'react'
import type { DiagnosticEntry } from 'latchkey'
import { auth } from '../app/auth.js'
import { isWindow } from '../app/place.js'
import { keep, kept } from '../panel/keep.js'
import { DiagnosticLog } from '../panel/log.js'
import { shareAcrossTabs } from '../panel/relay.js'

const KEY = 'latchkey-demo:timeline'

/** What all tabs of the demo decided, from the start on; kept over a reload of this one. */
export const log = new DiagnosticLog(isWindow ? [] : kept(KEY))

/** Begins to listen; before the client does anything. */
export function startLog(): void {
  log.follow(auth)
  shareAcrossTabs(log, auth, 'latchkey-demo:timeline')
  // The small windows share the storage of the tab they are in, which keeps the log for them.
  if (!isWindow) keep(KEY, log)
}

export function useDiagnostics(): readonly DiagnosticEntry[] {
  return useSyncExternalStore(log.subscribe, log.entries)
}
