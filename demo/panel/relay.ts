import type { DiagnosticEntry } from 'latchkey'
import { isEntry } from './entry.js'
import type { DiagnosticLog, DiagnosticSource } from './log.js'

/**
 * Passes what this tab decides on to the logs of the others, and puts what they decide into this one. Entries hold no
 * secret, so they may travel. Closed while the page is hidden for good or cached: a message to an open channel would throw
 * it out of the back/forward cache.
 */
export function shareAcrossTabs(log: DiagnosticLog, source: DiagnosticSource, name: string): void {
  let channel: BroadcastChannel | undefined
  const open = (): void => {
    channel ??= new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isEntry(data)) log.add(data)
    }
  }
  open()
  source.on('diagnostic', (entry: DiagnosticEntry) => channel?.postMessage(entry))
  addEventListener('pagehide', () => {
    channel?.close()
    channel = undefined
  })
  addEventListener('pageshow', open)
}
