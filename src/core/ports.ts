/*
 * Everything the client wants from its surroundings, so that the same client runs in a page, in a unit test and in a
 * simulated browser of many tabs. No port ever throws or rejects: an adapter turns the faults of its platform
 * into an answer that says "not available".
 */
import type { Epoch } from './types.js'

export interface Clock {
  /** Milliseconds since 1970. May jump in both directions, goes on through sleep. */
  wall(): number
  /** Milliseconds since some start of its own. Never goes back, may stand still in sleep. */
  monotonic(): number
  /** Calls back once, never early, maybe late. Any delay is allowed. Returns what cancels it. */
  after(milliseconds: number, callback: () => void): () => void
}

export interface Chance {
  /** Uniform in [0, 1). */
  fraction(): number
  /** Unguessable, unique in the world. */
  id(): string
}

/** What is needed of an `AbortSignal`, whose type belongs to the platform. */
export interface Abort {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

export interface Locks {
  /** Whether the platform has them here; without them a lock is never granted. */
  readonly available: boolean
  /**
   * Waits for the exclusive lock of that name, for at most `waitMs`. Undefined where it was not granted by then or the
   * platform has no locks, or if the signal aborts before: the caller then goes on without it. The release may be called twice.
   * `queued` is called where somebody else holds the lock: how long a free one takes says only how busy the machine is.
   */
  acquire(
    name: string,
    waitMs: number,
    signal?: Abort,
    queued?: () => void,
  ): Promise<(() => void) | undefined>
}

export interface Channel {
  /** Whether messages stay in memory. A token may travel only where they do. */
  readonly memoryOnly: boolean
  post(message: unknown): void
  close(): void
}

export interface Channels {
  /** Opens the channel of that name to the other tabs. Undefined where there is none. */
  open(name: string, receive: (message: unknown) => void): Channel | undefined
}

export interface Storage {
  /** What is stored, null where nothing is, undefined where storage is not available. */
  read(key: string): string | null | undefined
  /** Whether the value was stored; null removes it. */
  write(key: string, value: string | null): boolean
}

export interface SharedStorage extends Storage {
  /** The keys that begin so; undefined where storage is not available. */
  keys(prefix: string): readonly string[] | undefined
  /** Calls back when another tab changed a value whose key begins so. Returns what stops it. */
  watch(prefix: string, changed: () => void): () => void
}

/**
 * `wake`: the page became visible, got the focus, or its freeze ended. `restore`: it came back from the
 * back/forward cache. `suspend`: it is hidden for good, frozen or put into that cache. `activate`: its prerendering ended.
 */
export type LifecycleSignal = 'wake' | 'restore' | 'suspend' | 'hidden' | 'online' | 'offline' | 'activate'

export interface Lifecycle {
  visible(): boolean
  /** A hint. False can be trusted, true cannot. */
  online(): boolean
  prerendering(): boolean
  listen(receive: (signal: LifecycleSignal) => void): () => void
  /** Calls back, perhaps often, while somebody uses the page: pointer, key, scroll. Returns what stops it. */
  attend(receive: () => void): () => void
}

export interface Page {
  /** Whether there is a document. Where there is none (server rendering) the client makes no request. */
  readonly exists: boolean
  /** What relative URLs are resolved against, of the page's own origin; undefined where there is none. */
  url(): string | undefined
  /** Path, query and fragment of the page itself, which a `<base>` does not change. */
  path(): string
  navigate(url: string): void
  /** Takes the whole document out of sight, or shows it again. */
  conceal(hidden: boolean): void
  /** The value of a cookie that script can read. */
  cookie(name: string): string | undefined
  /** Whether it is in a frame of another origin. */
  embedded(): boolean
  /** The content of the `<meta>` element of that name. */
  meta(name: string): string | undefined
}

/** What happens once for a page, however many clients it makes: refreshes that outlive the client that began them. */
export type Flights = Map<string, Flight>

export interface Flight {
  /** What it was sent under. */
  readonly epoch: Epoch
  /** Aborts when its client is disposed of. */
  readonly owner: Abort
  readonly answered: Promise<unknown>
  /** Ends the request. */
  readonly giveUp: () => void
}

export interface Ports {
  readonly clock: Clock
  readonly chance: Chance
  readonly locks: Locks
  readonly channels: Channels
  /** Durable, shared by all tabs of the origin: localStorage. Never holds a secret. */
  readonly shared: SharedStorage
  /** Of this tab alone: sessionStorage. Never holds a secret. */
  readonly tab: Storage
  readonly lifecycle: Lifecycle
  readonly page: Page
  readonly flights: Flights
}
