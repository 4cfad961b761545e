/* The channel of a virtual browser, with a hand in it: what is said can be read, and anything can be said. */
import type { Channels } from '../../src/core/ports.js'

export interface Hub {
  readonly channels: Channels
  /** What the clients have said, oldest first. */
  readonly said: Record<string, unknown>[]
  /** How often one has asked what the others know. */
  asked(): number
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
    asked: () => said.filter(({ type }) => type === 'ask').length,
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

/** What tabs of another version of this package may say, of a sign-in that is later than any at that time. */
export const ofOtherVersions = (wall: number): object[] =>
  [0, 2, '1.0', undefined].flatMap((v) =>
    ['out', 'in', 'ask', 'wait', 'hello'].map((type) => ({
      v,
      from: 'other',
      type,
      epoch: [wall + 1000, 'zz'],
      generation: 1,
      reason: 'logout',
      until: wall,
    })),
  )
