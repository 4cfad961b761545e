/*
 * One document of a virtual tab: the ports and the fetch that a client stands on, gated by the page's script, so that
 * nothing reaches a page that is frozen, cached, asleep or gone.
 */
import type { Channel, LifecycleSignal, Ports, SharedStorage, Storage } from '../../core/ports.js'
import type { Browser } from './browser.js'
import type { ChannelOwner } from './channels.js'
import type { PageFetch } from './fetch.js'
import { createPageFetch } from './fetch.js'
import type { LockOwner } from './locks.js'
import { createPageLocks } from './page-locks.js'
import { draw, sequence } from './random.js'
import type { Script } from './script.js'
import { createScript } from './script.js'
import { createTimers } from './timers.js'
import type { StorageUser } from './storage.js'

/** One document of a virtual tab. */
export interface VirtualPage {
  /** Counts the documents of the world: a reload makes another one. */
  readonly id: number
  /** The number of its tab. */
  readonly tab: number
  readonly url: string
  /** What the client takes instead of the browser. */
  readonly ports: Ports
  /** What the client takes instead of the global `fetch`. */
  readonly fetch: typeof fetch
  /** Whether its script can run now. */
  running(): boolean
  /** Whether it was closed, left, or thrown out of the back/forward cache. */
  gone(): boolean
  /** Milliseconds in which its script could run and it was shown or could be, which prerendering is not. */
  activeMs(): number
  /** Somebody uses it: pointer, key, scrolling. */
  act(): void
}

/** What only its tab may do with a page. */
export interface PageControls extends VirtualPage {
  readonly script: Script
  readonly requests: PageFetch
  /** Fires the event in the page, now or when its script runs again. */
  signal(signal: LifecycleSignal): void
  activate(): void
  /** Whether it holds a lock or waits for one. */
  usesLocks(): boolean
  /** The page enters the cache of an engine that takes its locks away. */
  loseLocks(): void
  /** Ends the page: nothing of it runs any more, its locks are free. */
  end(): void
}

export interface PageOptions {
  readonly tab: number
  readonly url: string
  readonly prerendering: boolean
  readonly session: Map<string, string>
  visible(): boolean
  navigate(url: string): void
  /** The page was thrown out of the back/forward cache. */
  evicted(why: string): void
}

export function createPage(browser: Browser, options: PageOptions): PageControls {
  const { engine, capabilities } = browser
  const { tab, url } = options
  const id = browser.nextPage()
  const script = createScript(browser.time)
  const chance = sequence(draw(browser.seed, id, 99) * 2 ** 31)
  const bornAt = browser.monotonic() - Math.floor(chance() * 1000)
  const listeners = new Set<(signal: LifecycleSignal) => void>()
  const attending = new Set<() => void>()
  const untilActivation: (() => void)[] = []
  let prerendering = options.prerendering
  let activeBefore = 0

  const note = (what: string): void => browser.timeline.note(`tab ${tab}`, what)
  const onceActivated = (task: () => void): void => {
    if (prerendering) untilActivation.push(task)
    else task()
  }
  const owner: LockOwner & ChannelOwner & StorageUser = {
    script,
    tab,
    evict: () => options.evicted('another tab wants its lock'),
    missed() {
      if (engine.messageInCache === 'evicts') options.evicted('a message came for it')
      else note('misses a message in the back/forward cache')
    },
    storageChanged(changed) {
      if (script.paused('cached') && !engine.storageEventAfterCache) return
      script.run(changed)
    },
  }

  const after = createTimers(browser, script, options.visible)
  const locks = createPageLocks(browser, owner, after, onceActivated)

  function open(name: string, receive: (message: unknown) => void): Channel | undefined {
    if (!capabilities.channel || script.gone()) return undefined
    const channel = browser.channels.open(name, owner, receive)
    return {
      memoryOnly: true,
      post: (message) => onceActivated(() => (script.gone() ? undefined : channel.post(message))),
      close: () => channel.close(),
    }
  }

  const shared: SharedStorage = {
    read: (key) => (capabilities.storage ? browser.storage.read(key, owner) : undefined),
    write(key, value) {
      if (!capabilities.storage || script.gone()) return false
      note(`stores ${key} = ${value}`)
      browser.storage.write(key, value, owner)
      return true
    },
    keys: (prefix) => (capabilities.storage ? browser.storage.keys(prefix, owner) : undefined),
    watch: (prefix, changed) => browser.storage.watch(prefix, owner, changed),
  }

  const session: Storage = {
    read: (key) => (capabilities.storage ? (options.session.get(key) ?? null) : undefined),
    write(key, value) {
      if (!capabilities.storage || script.gone()) return false
      if (value === null) options.session.delete(key)
      else options.session.set(key, value)
      return true
    },
  }

  const requests = createPageFetch({
    tab,
    page: id,
    origin: new URL(url).origin,
    script,
    engine,
    jar: browser.jar,
    network: browser.network,
    resolve: (relative) => new URL(relative, url),
    locked: () => browser.locks.holds(owner),
    begin: browser.begin,
    observe: browser.observe,
  })

  const ports: Ports = {
    clock: {
      wall: () => Math.floor(browser.wall()),
      monotonic: () => Math.round((browser.monotonic() - bornAt) * 10) / 10,
      after,
    },
    chance: { fraction: chance, id: () => `${id}-${Math.floor(chance() * 2 ** 48).toString(16)}` },
    locks,
    channels: { open },
    shared,
    tab: session,
    lifecycle: {
      visible: () => options.visible() && !prerendering,
      online: () => browser.online,
      prerendering: () => prerendering,
      listen(receive) {
        listeners.add(receive)
        return () => void listeners.delete(receive)
      },
      attend(receive) {
        attending.add(receive)
        return () => void attending.delete(receive)
      },
    },
    page: {
      exists: true,
      url: () => url,
      path: () => url.slice(new URL(url).origin.length),
      navigate: options.navigate,
      conceal: () => undefined,
      embedded: () => false,
      meta: () => undefined,
      cookie: (name) => browser.jar.readable(new URL(url), name),
    },
    flights: new Map(),
  }

  if (browser.asleep) script.pause('asleep')

  const signal = (kind: LifecycleSignal): void =>
    script.run(() => {
      for (const receive of [...listeners]) receive(kind)
    })

  return {
    id,
    tab,
    url,
    ports,
    fetch: requests.fetch,
    running: script.running,
    gone: script.gone,
    activeMs: () => (prerendering ? 0 : script.activeMs() - activeBefore),
    script,
    requests,
    signal,
    act: () =>
      script.run(() => {
        for (const receive of [...attending]) receive()
      }),
    activate() {
      if (!prerendering) return
      prerendering = false
      activeBefore = script.activeMs()
      for (const task of untilActivation.splice(0)) task()
      signal('activate')
    },
    usesLocks: () => browser.locks.involves(owner),
    loseLocks: locks.lose,
    end() {
      script.end()
      browser.locks.drop(owner)
      browser.channels.drop(owner)
    },
  }
}
