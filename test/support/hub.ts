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
    asked: () => said.filter((news) => kindOf(news) === 'ask').length,
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

/** What it is that a tab has said: a question, a wait, or that somebody is signed in or nobody is. */
export function kindOf(news: Record<string, unknown>): string {
  if (news['ask']) return 'ask'
  return news['wait'] ? 'wait' : (news['register'] as { state: string }).state
}

/** What tabs of another version of this package may say, of a sign-in that is later than any at that time. */
export const ofOtherVersions = (wall: number): object[] =>
  [0, 1, 3, '2.0', undefined].flatMap((v) =>
    ['out', 'in', 'ask', 'wait', 'hello'].map((type) => {
      const said = { epoch: [wall + 1000, 'zz'], generation: 1, reason: 'logout', state: type }
      return { v, from: 'other', type, until: wall, ...said, register: said }
    }),
  )
