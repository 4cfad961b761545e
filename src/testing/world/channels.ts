/*
 * BroadcastChannel of one browser: copies of a message go to every other object of the same name, in the same page too,
 * in order. They queue for a frozen page; a page in the back/forward cache loses them, or its place in there.
 */
import type { Script } from './script.js'
import type { VirtualTime } from './time.js'

/** A page as the channels see it. */
export interface ChannelOwner {
  readonly script: Script
  /** A message came for a page in the back/forward cache. */
  missed(): void
}

interface Subscriber {
  readonly name: string
  readonly owner: ChannelOwner
  readonly receive: (message: unknown) => void
  /** Until when its last message is under way: none may overtake another. */
  busyUntil: number
  open: boolean
}

export interface ChannelHub {
  open(
    name: string,
    owner: ChannelOwner,
    receive: (message: unknown) => void,
  ): { post(message: unknown): void; close(): void }
  /** Closes all of a page. */
  drop(owner: ChannelOwner): void
}

export function createChannelHub(
  time: VirtualTime,
  delayMs: () => number,
  observe: (name: string, message: unknown) => void,
): ChannelHub {
  let subscribers: Subscriber[] = []

  function deliver(subscriber: Subscriber, message: unknown): void {
    if (!subscriber.open) return
    const { owner } = subscriber
    if (owner.script.paused('cached')) return owner.missed()
    owner.script.run(() => {
      if (subscriber.open) subscriber.receive(structuredClone(message))
    })
  }

  return {
    open(name, owner, receive) {
      const self: Subscriber = { name, owner, receive, busyUntil: 0, open: true }
      subscribers.push(self)
      return {
        post(message) {
          if (!self.open) return
          const copy = structuredClone(message)
          observe(name, copy)
          for (const other of subscribers) {
            if (other === self || other.name !== name) continue
            other.busyUntil = Math.max(other.busyUntil, time.now() + delayMs())
            time.at(other.busyUntil - time.now(), () => deliver(other, copy))
          }
        },
        close() {
          self.open = false
          subscribers = subscribers.filter((other) => other !== self)
        },
      }
    },
    drop(owner) {
      for (const subscriber of subscribers) if (subscriber.owner === owner) subscriber.open = false
      subscribers = subscribers.filter((other) => other.owner !== owner)
    },
  }
}
