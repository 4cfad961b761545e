import type { DiagnosticType } from 'latchkey'
import { useSyncExternalStore } from 'react'
import { auth } from './auth.js'

let last: DiagnosticType | undefined
const listeners = new Set<() => void>()

auth.on('diagnostic', ({ type }) => {
  if (!type.startsWith('logout.')) return
  last = type
  for (const listener of listeners) listener()
})

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** How far the last sign-out of this tab has come on its way to the server. */
export const useDelivery = (): DiagnosticType | undefined => useSyncExternalStore(subscribe, () => last)
