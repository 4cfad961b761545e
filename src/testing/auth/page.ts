import type { LifecycleSignal, Ports, SharedStorage } from '../../core/ports.js'

/** A page of its own in memory: no tab, no storage and no network is shared with anybody. */
export interface TestPage {
  readonly ports: Ports
  /** Where the client navigated to, oldest first. It goes nowhere. */
  readonly navigated: readonly string[]
  online: boolean
  /** Nobody has said yet who is signed in. */
  undecided: boolean
  url(): string
  signal(signal: LifecycleSignal): void
}

/**
 * Waits shorter than this are pauses between two steps, and over at once. Longer ones are deadlines, back-offs and planned
 * refreshes, and never end, so that no timer is left running and no test depends on one.
 */
const PAUSE_MS = 500

const NO_DOCUMENT = 'http://localhost/'

export function createTestPage(): TestPage {
  const listeners = new Set<(signal: LifecycleSignal) => void>()
  const navigated: string[] = []
  let ids = 0

  const page: TestPage = {
    navigated,
    online: true,
    undecided: false,
    url() {
      const href = globalThis.location?.href ?? NO_DOCUMENT
      return /^https?:/.test(href) ? href : NO_DOCUMENT
    },
    signal: (signal) => [...listeners].forEach((receive) => receive(signal)),
    ports: {
      clock: {
        // Late-bound, so that the fake timers of a test framework make tokens grow old.
        wall: () => Date.now(),
        monotonic: () => performance.now(),
        after(milliseconds, callback) {
          let wanted = milliseconds < PAUSE_MS
          queueMicrotask(() => wanted && callback())
          return () => void (wanted = false)
        },
      },
      chance: { fraction: () => 0.5, id: () => `test-${++ids}` },
      locks: { available: true, acquire: () => Promise.resolve(() => {}) },
      channels: { open: () => ({ memoryOnly: false, post: () => {}, close: () => {} }) },
      shared: memory(),
      tab: memory(),
      lifecycle: {
        attend: () => () => {},
        visible: () => true,
        // Offline a start does not ask, and takes whom it does not know for nobody.
        online: () => page.online || page.undecided,
        prerendering: () => false,
        listen(receive) {
          listeners.add(receive)
          return () => void listeners.delete(receive)
        },
      },
      page: {
        exists: true,
        url: () => page.url(),
        path: () => page.url().slice(new URL(page.url()).origin.length),
        navigate: (url) => void navigated.push(url),
        conceal: () => {},
        cookie: () => undefined,
        embedded: () => false,
        meta: () => undefined,
      },
      flights: new Map(),
    },
  }
  return page
}

function memory(): SharedStorage {
  const values = new Map<string, string>()
  return {
    watch: () => () => {},
    keys: (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
    read: (key) => values.get(key) ?? null,
    write(key, value) {
      if (value === null) values.delete(key)
      else values.set(key, value)
      return true
    },
  }
}
