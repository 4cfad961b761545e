import type { Lifecycle, LifecycleSignal } from '../core/ports.js'

type Registration = readonly [
  target: () => EventTarget,
  event: string,
  signal: (event: Event) => LifecycleSignal | undefined,
]

const onWindow = () => globalThis
const onDocument = () => document

/** No `unload` and no `beforeunload`: they keep a page out of the back/forward cache. */
const SIGNALS: readonly Registration[] = [
  [onDocument, 'visibilitychange', () => (document.visibilityState === 'visible' ? 'wake' : 'hidden')],
  [onDocument, 'resume', () => 'wake'],
  [onDocument, 'freeze', () => 'suspend'],
  [onDocument, 'prerenderingchange', () => 'activate'],
  [onWindow, 'focus', () => 'wake'],
  [onWindow, 'pagehide', () => 'suspend'],
  [onWindow, 'pageshow', (event) => ((event as PageTransitionEvent).persisted ? 'restore' : undefined)],
  [onWindow, 'online', () => 'online'],
  [onWindow, 'offline', () => 'offline'],
]

/** None of them moves of itself, as a pointer does under which a page scrolls. */
const DEEDS = ['pointerdown', 'keydown', 'wheel', 'scroll'] as const
const OBSERVING = { capture: true, passive: true } as const

export const browserLifecycle: Lifecycle = {
  visible: () => typeof document === 'undefined' || document.visibilityState !== 'hidden',
  online: () => (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine !== false,
  prerendering: () =>
    typeof document !== 'undefined' && (document as { prerendering?: boolean }).prerendering === true,
  listen(receive) {
    if (typeof document === 'undefined') return () => {}
    const stops = SIGNALS.map(([target, name, signalOf]) => {
      const listener = (event: Event) => {
        const signal = signalOf(event)
        if (signal) receive(signal)
      }
      target().addEventListener(name, listener)
      return () => target().removeEventListener(name, listener)
    })
    return () => stops.forEach((stop) => stop())
  },
  attend(receive) {
    if (typeof document === 'undefined') return () => {}
    for (const name of DEEDS) addEventListener(name, receive, OBSERVING)
    return () => {
      for (const name of DEEDS) removeEventListener(name, receive, OBSERVING)
    }
  },
}
