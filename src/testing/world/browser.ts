/*
 * What all tabs of a virtual browser share: time, cookies, storage, channels, locks, the network, and the record of what
 * happened. A page (page.ts) stands on it, a tab (tab.ts) holds pages, the world (world.ts) drives both.
 */
import type { ChannelHub } from './channels.js'
import { createChannelHub } from './channels.js'
import type { CookieJar } from './cookie-jar.js'
import { createCookieJar } from './cookie-jar.js'
import type { Engine, EngineProfile } from './engine.js'
import { ENGINES } from './engine.js'
import type { LockManager } from './locks.js'
import { createLockManager } from './locks.js'
import type { Exchange, ExchangePhase, Network, Server } from './network.js'
import { createNetwork } from './network.js'
import { draw } from './random.js'
import type { OriginStorage } from './storage.js'
import { createOriginStorage } from './storage.js'
import type { Timeline } from './timeline.js'
import { createTimeline } from './timeline.js'
import type { VirtualTime } from './time.js'
import { createTime } from './time.js'

/** What the browser lets script have. All may change while pages run. */
export interface Capabilities {
  /** `stuck`: foreign code holds every lock for ever. */
  locks: boolean | 'stuck'
  channel: boolean
  storage: boolean
}

export interface BrowserOptions {
  readonly seed: number
  readonly engine: Engine
  readonly server: Server
  readonly address: string
  /** How long a message is under way, in milliseconds. */
  readonly channelDelayMs: readonly [shortest: number, longest: number]
  /** How long it takes until other tabs see a stored value, in milliseconds. */
  readonly storageDelayMs: readonly [shortest: number, longest: number]
  readonly onExchange: (exchange: Exchange, phase: ExchangePhase) => void
  readonly onMessage: (channel: string, message: unknown) => void
}

export interface Browser {
  readonly seed: number
  readonly time: VirtualTime
  readonly timeline: Timeline
  readonly engine: EngineProfile
  readonly capabilities: Capabilities
  readonly jar: CookieJar
  readonly storage: OriginStorage
  readonly channels: ChannelHub
  readonly locks: LockManager
  readonly network: Network
  /** What `navigator.onLine` says. */
  online: boolean
  asleep: boolean
  /** Milliseconds since 1970, as the machine of the browser believes. */
  wall(): number
  /** Stands still in sleep. */
  monotonic(): number
  setClock(byMs: number): void
  fallAsleep(): void
  wakeUp(): void
  nextPage(): number
  begin(exchange: Omit<Exchange, 'id' | 'sentAt'>): Exchange
  observe(exchange: Exchange, phase: ExchangePhase, remark?: string): void
}

/** When virtual worlds begin: 15 January 2027, 08:00 UTC. */
export const WORLD_BEGINS = 1_800_000_000_000

export function createBrowser(options: BrowserOptions): Browser {
  const { seed, server, address } = options
  const time = createTime()
  const timeline = createTimeline(time.now)
  let clockOffset = 0
  let slept = 0
  let asleepSince = 0
  let pages = 0
  let exchanges = 0
  let draws = 0

  const between = ([shortest, longest]: readonly [number, number]): number =>
    longest > shortest ? shortest + draw(seed, draws++, 77) * (longest - shortest) : shortest
  const wall = (): number => WORLD_BEGINS + time.now() + clockOffset

  function observe(exchange: Exchange, phase: ExchangePhase, remark = ''): void {
    timeline.note(...describe(exchange, phase, remark, timeline))
    options.onExchange(exchange, phase)
  }

  const browser: Browser = {
    seed,
    time,
    timeline,
    engine: ENGINES[options.engine],
    capabilities: { locks: true, channel: true, storage: true },
    jar: createCookieJar(wall),
    storage: createOriginStorage(time, () => between(options.storageDelayMs)),
    channels: createChannelHub(time, () => between(options.channelDelayMs), options.onMessage),
    locks: createLockManager(time),
    network: createNetwork(time, seed, server, address),
    online: true,
    asleep: false,
    wall,
    monotonic: () => (browser.asleep ? asleepSince : time.now()) - slept,
    setClock(byMs) {
      clockOffset += byMs
    },
    fallAsleep() {
      browser.asleep = true
      asleepSince = time.now()
    },
    wakeUp() {
      browser.asleep = false
      slept += time.now() - asleepSince
    },
    nextPage: () => ++pages,
    begin(parts) {
      const exchange: Exchange = { ...parts, id: ++exchanges, sentAt: time.now() }
      observe(exchange, 'sent')
      return exchange
    },
    observe,
  }
  return browser
}

function describe(
  { id, tab, method, url, headers, keepalive, answer, stored }: Exchange,
  phase: ExchangePhase,
  remark: string,
  { alias }: Timeline,
): [who: string, what: string] {
  const because = remark && ` (${remark})`
  switch (phase) {
    case 'sent': {
      const cookies = (headers.get('cookie') ?? '').split('; ').filter(Boolean)
      const credentials = [
        ...cookies.map((pair) => alias('cookie', pair.slice(pair.indexOf('=') + 1))),
        ...(headers.get('authorization')?.split(' ').slice(1) ?? []).map((token) => alias('token', token)),
        ...(keepalive ? ['keepalive'] : []),
      ]
      const detail = credentials.length > 0 ? ` with ${credentials.join(', ')}` : ''
      return [`tab ${tab}`, `→ #${id} ${method} ${url.pathname}${detail}`]
    }
    case 'answered': {
      const set = (answer?.cookies ?? []).map(
        (line) => line.split(';')[0]?.split('=').slice(1).join('=') ?? '',
      )
      const cookies = set.map((value) => (value ? `sets ${alias('cookie', value)}` : 'deletes the cookie'))
      return ['server', `#${id} is answered ${[String(answer?.status), ...cookies].join(', ')}`]
    }
    case 'arrived': {
      const cookies = stored === false ? ', its cookies are lost' : ''
      return [`tab ${tab}`, `← #${id} ${answer?.status}${cookies}${because}`]
    }
    case 'failed':
      return [`tab ${tab}`, `✗ #${id} fails${because}`]
    default:
      return phase satisfies never
  }
}
