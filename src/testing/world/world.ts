/*
 * A virtual world: one browser with any number of tabs, one server, and time that passes only when it is told to. The
 * real client runs in it unchanged, on the ports and the fetch of its page.
 *
 * world.ts drives tab.ts, which holds page.ts, which stands on browser.ts (what all tabs share): time.ts, cookie-jar.ts,
 * storage.ts, channels.ts, locks.ts, network.ts, and timeline.ts, the record. engine.ts says where browsers differ.
 */
import type { Browser, Capabilities } from './browser.js'
import { createBrowser, WORLD_BEGINS } from './browser.js'
import type { StoredCookie } from './cookie-jar.js'
import type { Engine } from './engine.js'
import type { Exchange, ExchangePhase, NetworkProfile, Server } from './network.js'
import { CALM_NETWORK } from './network.js'
import type { VirtualPage } from './page.js'
import type { TabControls, VirtualTab } from './tab.js'
import { createTab } from './tab.js'
import type { Timeline } from './timeline.js'

/** What a virtual world is made of. */
export interface WorldOptions<App> {
  /** Decides all chance in the world: latencies, losses, jitter. Default: 1. */
  readonly seed?: number | undefined
  /** Whose back/forward cache and aborts. Default: chromium. */
  readonly engine?: Engine | undefined
  /** Where the application lives. Default: `https://app.example/`. */
  readonly pageUrl?: string | undefined
  /** Answers every request, to whatever origin. It must not wait for virtual time to pass. */
  readonly server: Server
  /** Starts the application in a fresh document. */
  readonly boot: (page: VirtualPage) => App
  /** The browser's network address, as the server sees it. */
  readonly address?: string | undefined
  /** How long a message between tabs is under way, in milliseconds. Default: 0.2 to 2. */
  readonly channelDelayMs?: readonly [shortest: number, longest: number] | undefined
  /** How long it takes until other tabs see a stored value, in milliseconds. Default: 0. */
  readonly storageDelayMs?: readonly [shortest: number, longest: number] | undefined
  /** Sees every request: when it is sent, answered by the server, and when its answer arrives or fails. */
  readonly onExchange?: ((exchange: Exchange, phase: ExchangePhase) => void) | undefined
  /** Sees every message between tabs. */
  readonly onMessage?: ((channel: string, message: unknown) => void) | undefined
}

/** A virtual world. Each method that returns a promise resolves when all that it set off has come to rest. */
export interface World<App> {
  readonly timeline: Timeline
  readonly tabs: readonly VirtualTab<App>[]
  /** May be changed at any time; pages meet it at their next call. */
  readonly capabilities: Capabilities
  /** Milliseconds since the world began. */
  now(): number
  /** Milliseconds since 1970 by the true clock, which the server has. */
  serverTime(): number
  openTab(options?: { url?: string; prerendering?: boolean; visible?: boolean }): Promise<VirtualTab<App>>
  /** Lets time pass. */
  advance(milliseconds: number): Promise<void>
  /**
   * Lets time pass until the promise settles, and gives what it settles to. Rejects when it is still pending after
   * `mostMs` of virtual time, ten minutes by default.
   */
  settled<T>(promise: Promise<T>, mostMs?: number): Promise<T>
  /** Lets the machine sleep: connections break, scripts and monotonic clocks stand still, time passes. */
  sleep(milliseconds: number): Promise<void>
  /** Breaks the network. `unnoticed`: `navigator.onLine` goes on saying true, and no event is fired. */
  goOffline(options?: { unnoticed?: boolean }): Promise<void>
  goOnline(): Promise<void>
  setNetwork(profile: Partial<NetworkProfile>): void
  /** Sets the wall clock of the browser forward, or back. */
  setClock(byMs: number): void
  cookies(): StoredCookie[]
  clearCookies(): void
  /** What is stored, key by key, in localStorage. */
  stored(): ReadonlyMap<string, string>
  /** Empties localStorage, as a person does in the settings. */
  clearStorage(): void
}

const MOST_MS = 600_000
const STEP_MS = 10

/** Creates a virtual world. */
export function createWorld<App>(options: WorldOptions<App>): World<App> {
  const browser: Browser = createBrowser({
    seed: options.seed ?? 1,
    engine: options.engine ?? 'chromium',
    server: options.server,
    address: options.address ?? '203.0.113.7',
    channelDelayMs: options.channelDelayMs ?? [0.2, 2],
    storageDelayMs: options.storageDelayMs ?? [0, 0],
    onExchange: options.onExchange ?? (() => undefined),
    onMessage: options.onMessage ?? (() => undefined),
  })
  const { time, timeline, network, jar, storage } = browser
  const tabs: TabControls<App>[] = []

  const note = (what: string): void => timeline.note('world', what)
  const signalAll = (signal: 'online' | 'offline'): void => {
    for (const { document, closed } of tabs) if (!closed) document?.signal(signal)
  }

  return {
    timeline,
    tabs,
    capabilities: browser.capabilities,
    now: time.now,
    serverTime: () => WORLD_BEGINS + time.now(),
    async openTab({
      url = options.pageUrl ?? 'https://app.example/',
      prerendering = false,
      visible = true,
    } = {}) {
      const tab = createTab(browser, { number: tabs.length, url, prerendering, visible, boot: options.boot })
      tabs.push(tab)
      await time.settle()
      return tab
    },
    advance: time.advance,
    async settled(promise, mostMs = MOST_MS) {
      let done = false
      const end = (): void => void (done = true)
      promise.then(end, end)
      await time.settle()
      for (const until = time.now() + mostMs; !done && time.now() < until;) await time.advance(STEP_MS)
      if (done) return promise
      throw new Error(`The promise is still pending after ${mostMs / 1000} s. Is its page frozen, or gone?`)
    },
    async sleep(milliseconds) {
      note(`the machine sleeps for ${milliseconds / 1000} s`)
      const wasDown = network.down
      browser.fallAsleep()
      for (const { document } of tabs) document?.script.pause('asleep')
      network.breakDown()
      await time.advance(milliseconds)
      browser.wakeUp()
      note('the machine wakes up')
      if (!wasDown) network.comeBack()
      for (const tab of tabs) {
        tab.document?.script.resume('asleep')
        if (tab.visible()) tab.document?.signal('wake')
      }
      await time.settle()
    },
    async goOffline({ unnoticed = false } = {}) {
      note(unnoticed ? 'the network breaks, unnoticed' : 'the network breaks')
      network.breakDown()
      if (!unnoticed && browser.online) {
        browser.online = false
        signalAll('offline')
      }
      await time.settle()
    },
    async goOnline() {
      if (!network.down) return
      note('the network is back')
      network.comeBack()
      if (!browser.online) {
        browser.online = true
        signalAll('online')
      }
      await time.settle()
    },
    setNetwork(profile) {
      network.profile = { ...CALM_NETWORK, ...profile }
    },
    setClock(byMs) {
      note(`the clock of the machine is set ${byMs < 0 ? 'back' : 'forward'} by ${Math.abs(byMs) / 1000} s`)
      browser.setClock(byMs)
    },
    cookies: jar.all,
    clearCookies() {
      note('somebody deletes the cookies')
      jar.clear()
    },
    stored: storage.all,
    clearStorage() {
      note('somebody empties the storage')
      storage.clear()
    },
  }
}
