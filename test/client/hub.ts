/* The channel of a virtual browser, with a hand in it: what is said can be read, and anything can be said. */
import type { Channels, Clock } from '../../src/core/ports.js'

export interface Hub {
  readonly channels: Channels
  /** What the clients have said, oldest first. */
  readonly said: Record<string, unknown>[]
  /** Names of the open ends. */
  open(): string[]
  /** Says something to every open end, as foreign code of the origin could. */
  say(message: unknown): void
}

export function createHub(memoryOnly = true): Hub {
  const ends = new Set<{ readonly name: string; readonly receive: (message: unknown) => void }>()
  const said: Record<string, unknown>[] = []
  return {
    said,
    open: () => [...ends].map(({ name }) => name),
    say: (message) => [...ends].forEach(({ receive }) => receive(message)),
    channels: {
      open(name, receive) {
        const end = { name, receive }
        ends.add(end)
        return {
          memoryOnly,
          post(message) {
            said.push(message as Record<string, unknown>)
            const others = [...ends].filter((other) => other !== end && other.name === name)
            for (const other of others) {
              queueMicrotask(() => {
                if (ends.has(other)) other.receive(structuredClone(message))
              })
            }
          },
          close: () => void ends.delete(end),
        }
      },
    },
  }
}

/** Says what another tab would, of a sign-in state that came so many milliseconds from now. */
export function sayAsTab(hub: Hub, { clock }: { clock: Clock }, message: object, after = 1): void {
  hub.say({ v: 1, from: 'other', epoch: [clock.wall() + after, 'x'], ...message })
}
