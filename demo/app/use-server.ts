import { useSyncExternalStore } from 'react'
import type { DemoState } from '../shared/demo-api.js'
import { log } from './auth.js'

const POLL_MS = 2000
const SETTLE_MS = 150

let state: DemoState | undefined
const listeners = new Set<() => void>()

async function ask(path: string, method = 'GET'): Promise<void> {
  const response = await fetch(`/demo/${path}`, { method })
  if (!response.ok) throw new Error(`The demo server answered ${response.status}`)
  const next = (await response.json()) as DemoState
  if (JSON.stringify(next) === JSON.stringify(state)) return
  state = next
  for (const listener of listeners) listener()
}

/** What cannot be learned now will be a moment later. */
const look = (): void => void ask('state').catch(() => {})

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (listeners.size === 1) start()
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) stop()
  }
}

let stop = (): void => {}

function start(): void {
  look()
  const timer = setInterval(() => document.visibilityState === 'visible' && look(), POLL_MS)
  let soon: ReturnType<typeof setTimeout> | undefined
  const unfollow = log.subscribe(() => {
    clearTimeout(soon)
    soon = setTimeout(look, SETTLE_MS)
  })
  stop = () => {
    clearInterval(timer)
    clearTimeout(soon)
    unfollow()
  }
}

/** What the demo server says about itself; undefined until it was reached once. */
export function useServer(): DemoState | undefined {
  return useSyncExternalStore(subscribe, () => state)
}

/** Makes the server drop the connections of the app, or answer again. */
export function setReachable(reachable: boolean): Promise<void> {
  return ask('reachable', reachable ? 'PUT' : 'DELETE')
}
