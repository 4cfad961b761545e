/*
 * Whatever tabs have missed of each other, they come to rest: none answers the other without end. The contexts, their
 * what is stored and what is said are real; storage, channel and server are the plainest there can be, and all happens in any order.
 */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Ports } from '../../../src/core/ports.js'
import type { ClientState, Grant } from '../../../src/core/state.js'
import { resolveOptions } from '../../../src/options/resolve.js'
import { Context } from '../../../src/plumbing/context.js'
import { closeChannel, openChannel } from '../../../src/acts/tabs.js'
import { grantOf, underOf } from '../../core/support.js'
import { ManualClock } from '../../support/kit.js'

/** The most that three tabs were seen to need, in 60,000 lives, is 80. */
const MOST_TURNS = 300
/** `REST_RUNS=60000` looks longer: what came to no rest once was found in one life of 3,000 to 20,000. */
const RUNS = Number(process.env['REST_RUNS'] ?? 3000)

interface Act {
  readonly kind: (typeof KINDS)[number]
  readonly tab: number
  readonly subject: 'ann' | 'bob'
  readonly sessionId: string | undefined
  /** Which of its states an answer was asked under; 0 is the latest. */
  readonly back: number
  readonly is: boolean
}

const KINDS = [
  ...['login', 'login', 'found', 'refused', 'logout', 'logout', 'delivered', 'lost', 'purged'],
  ...['freeze', 'freeze', 'thaw', 'news', 'news', 'event', 'event', 'reload', 'empty', 'later', 'setBack'],
] as const satisfies readonly string[]

const acts = fc.array(
  fc.record<Act>({
    kind: fc.constantFrom(...KINDS),
    tab: fc.nat(2),
    subject: fc.constantFrom('ann', 'ann', 'bob'),
    sessionId: fc.constantFrom('s1', 's1', 's2', 's3', 's4', 's5', undefined),
    back: fc.constantFrom(0, 0, 0, 1, 2),
    is: fc.boolean(),
  }),
  { minLength: 3, maxLength: 30, size: 'max' },
)

/** What they share: storage that tells the others of a change, and a channel. */
class Browser {
  readonly stored = new Map<string, string>()
  /** Off against the clock the tests begin with, in milliseconds. */
  offset = 0
  readonly clock = new ManualClock()
  readonly tabs: Tab[]
  #ids = 0

  constructor(count: number, hasChannel: boolean) {
    this.tabs = Array.from({ length: count }, () => new Tab(this, hasChannel))
  }

  /** Epochs of one moment are told apart by it, in no order. */
  id(): string {
    return `${(++this.#ids * 7919) % 1009}-${this.#ids}`
  }

  store(key: string, text: string | null, by: Tab): boolean {
    if ((this.stored.get(key) ?? null) !== text) for (const tab of this.tabs) if (tab !== by) tab.events++
    if (text === null) this.stored.delete(key)
    else this.stored.set(key, text)
    return true
  }

  empty(by: Tab): void {
    for (const key of this.stored.keys()) this.store(key, null, by)
  }
}

class Tab {
  events = 0
  inbox: unknown[] = []
  isFrozen = false
  context!: Context
  #past: ClientState[] = []
  #hear: ((data: unknown) => void) | undefined
  readonly #browser: Browser
  readonly #hasChannel: boolean

  constructor(browser: Browser, hasChannel: boolean) {
    this.#browser = browser
    this.#hasChannel = hasChannel
    this.load()
  }

  load(): void {
    const browser = this.#browser
    const { clock } = browser
    const hear = (receive: (data: unknown) => void) => {
      this.#hear = receive
      return {
        memoryOnly: true,
        post: (data: unknown) => {
          for (const tab of browser.tabs) if (tab !== this && tab.#hear) tab.inbox.push(data)
        },
        close: () => (this.#hear = undefined),
      }
    }
    const ports = {
      clock: {
        wall: () => clock.wall() + browser.offset,
        monotonic: () => clock.monotonic(),
        after: () => () => {},
      },
      chance: { fraction: () => 0.5, id: () => browser.id() },
      channels: {
        open: (_: string, receive: (data: unknown) => void) => (this.#hasChannel ? hear(receive) : undefined),
      },
      shared: {
        read: (key: string) => browser.stored.get(key) ?? null,
        write: (key: string, text: string | null) => browser.store(key, text, this),
        keys: (prefix: string) => [...browser.stored.keys()].filter((key) => key.startsWith(prefix)),
      },
    }
    const none = () => {}
    this.context = new Context(ports as unknown as Ports, resolveOptions(), 'latchkey')
    this.context.reactions = {
      end: none,
      switched: none,
      claimsChanged: none,
      revoke: none,
      pending: none,
      resync: none,
      repair: none,
    }
    this.inbox = []
    this.#past = []
    openChannel(this.context)
    this.context.dispatch({ type: 'started', register: this.context.stored.read() })
  }

  /** What a tab does before every send and every commit comes first, unless its script stands still. */
  act({ kind, subject, sessionId, back, is }: Act): void {
    const { context } = this
    if (this.isFrozen && kind !== 'thaw') return
    const before = [context.state, ...this.#past].slice(0, back + 1).at(-1)!
    const given = grantOf(subject, { lifetime: 3_600_000 })
    const grant: Grant = { ...given, identity: { ...given.identity, sessionId } }
    context.sync()
    switch (kind) {
      case 'login':
        return this.#move(() =>
          context.dispatch({ type: 'granted', grant, under: underOf(before), explicit: true }),
        )
      case 'found':
        return this.#move(() =>
          context.dispatch({ type: 'granted', grant, under: underOf(before), explicit: false, late: is }),
        )
      case 'refused': {
        const asked = context.instant().wall - (is ? 0 : 3000)
        return this.#move(() =>
          context.dispatch({
            type: 'refused',
            reason: 'expired',
            status: 401,
            under: underOf(before),
            asked,
          }),
        )
      }
      case 'logout':
        return this.#move(() => context.dispatch({ type: 'logoutRequested', scope: is ? 'current' : 'all' }))
      case 'delivered': {
        const { debts, epoch } = context.state
        for (const { sessionId: id } of debts)
          context.dispatch({ type: 'logoutConfirmed', epoch, sessionId: id })
        return
      }
      case 'lost':
        return this.#move(() => context.dispatch({ type: 'loginLost', sessionId }))
      case 'purged':
        return this.#move(() => context.dispatch({ type: 'purged' }))
      case 'freeze':
        if (is) closeChannel(context)
        this.isFrozen = true
        return
      case 'thaw':
        this.isFrozen = false
        openChannel(context)
        return
      case 'news':
        return this.hear()
      case 'event':
        return this.look()
      case 'reload':
        return this.load()
      case 'empty':
        return this.#browser.empty(this)
      case 'later':
        return this.#browser.clock.sleep(5000)
      case 'setBack':
        this.#browser.offset -= 7_200_000
        return
      default:
        return kind satisfies never
    }
  }

  hear(): void {
    const data = this.inbox.shift()
    if (data !== undefined) this.#move(() => this.#hear?.(data))
  }

  look(): void {
    if (this.events > 0) this.events--
    this.#move(() => this.context.sync())
  }

  #move(change: () => void): void {
    this.#past = [this.context.state, ...this.#past].slice(0, 2)
    change()
  }
}

it.each([
  [2, true],
  [2, false],
  [3, true],
  [3, false],
])(
  'R37 R28 %i tabs come to rest, whatever they have missed of each other (channel: %s)',
  (count, hasChannel) => {
    const property = fc.property(acts, fc.infiniteStream(fc.nat(1000)), (life, order) => {
      const { tabs } = new Browser(count, hasChannel)
      for (const act of life) tabs[act.tab % count]!.act(act)
      for (const tab of tabs) {
        tab.isFrozen = false
        openChannel(tab.context)
      }
      for (let turns = 0; ; turns++) {
        const waiting = tabs.flatMap((tab) => [
          ...(tab.inbox.length > 0 ? [() => tab.hear()] : []),
          ...(tab.events > 0 ? [() => tab.look()] : []),
        ])
        if (waiting.length === 0) return
        expect(turns).toBeLessThan(MOST_TURNS)
        waiting[order.next().value! % waiting.length]!()
      }
    })
    fc.assert(property, { numRuns: RUNS })
  },
)
