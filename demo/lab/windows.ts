import { useSyncExternalStore } from 'react'
import { peers, type Peer } from './peers.js'

/** The small windows that are open in this lab, by their numbers. */
let open: readonly number[] = []
const listeners = new Set<() => void>()

function set(next: readonly number[]): void {
  open = next
  for (const listener of listeners) listener()
}

export const windows = {
  get: (): readonly number[] => open,
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
  /** Opens one more and says which number it has. */
  open(): number {
    const taken = new Set([...open, ...peers.all().map(({ number }) => number)])
    let number = 2
    while (taken.has(number)) number++
    set([...open, number])
    return number
  },
  close: (number: number): void => set(open.filter((one) => one !== number)),
  closeAll: (): void => set([]),
}

export const useWindows = (): readonly number[] => useSyncExternalStore(windows.subscribe, windows.get)

export const usePeers = (): readonly Peer[] => useSyncExternalStore(peers.subscribe, peers.all)
