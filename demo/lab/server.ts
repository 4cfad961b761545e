import { useSyncExternalStore } from 'react'
import { auth } from '../app/auth.js'
import type { Act, ActAnswer, Answers, DemoMode, DemoState, Replay } from '../shared/demo-api.js'
import { log } from './log.js'

const POLL_MS = 2000
const SETTLE_MS = 150

export const SILENT = 'The demo server does not answer. Is it still running?'

let state: DemoState | undefined
let leaving = false
const listeners = new Set<() => void>()

async function request<Answer>(path: string, method = 'GET'): Promise<Answer> {
  const response = await fetch(`/demo/${path}`, { method }).catch((cause: unknown) => {
    throw new Error(SILENT, { cause })
  })
  if (!response.ok) throw new Error(`The demo server answered ${response.status}`)
  return (await response.json()) as Answer
}

function learn(next: DemoState): DemoState {
  if (JSON.stringify(next) !== JSON.stringify(state)) {
    state = next
    for (const listener of listeners) listener()
  }
  return next
}

export const server = {
  /** What the demo server says about itself now. */
  look: async (): Promise<DemoState> => learn(await request<DemoState>('state')),
  answer: async (answers: Answers): Promise<DemoState> =>
    learn(await request<DemoState>(`answers/${answers}`, 'PUT')),
  mode: async (mode: DemoMode): Promise<DemoState> => learn(await request<DemoState>(`mode/${mode}`, 'PUT')),
  /** Resolves when it is back. */
  restart: async (): Promise<DemoState> => learn(await request<DemoState>('restart', 'PUT')),
  /** Does something to whoever is signed in on this page, or to the given user. */
  async act(act: Act, user?: string): Promise<Replay | undefined> {
    const now = auth.getState()
    const me = now.status === 'authenticated' ? now : undefined
    const query = new URLSearchParams({ user: user ?? me?.user.id ?? '', session: me?.sessionId ?? '' })
    const answer = await request<ActAnswer>(`acts/${act}?${query}`, 'PUT')
    learn(answer.state)
    return answer.replay
  },
}

/** What cannot be learned now will be a moment later. */
const look = (): void => void (leaving || server.look().catch(() => {}))

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

// A request that is still under way keeps a page out of the back/forward cache of some browsers.
export const restLooking = (rest: boolean): void => void (leaving = rest)

/** What the demo server says about itself; undefined until it was reached once. */
export function useServer(): DemoState | undefined {
  return useSyncExternalStore(subscribe, () => state)
}
