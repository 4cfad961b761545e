import { auth } from '../app/auth.js'
import { setAhead } from '../app/page-clock.js'
import { COMMANDS, type Command, type Commands } from '../lab/commands.js'
import { between, type Counts, countsOf } from '../lab/counts.js'
import { ask, peers, type Peer } from '../lab/peers.js'
import { server } from '../lab/server.js'
import { windows } from '../lab/windows.js'
import type { AccountId } from '../shared/accounts.js'
import { tourRuns, type Step } from './run.js'

/** A tab that a scenario tells what to do: this one, or one it has opened. */
export interface Actor {
  do<Name extends Command>(command: Name, ...input: Parameters<Commands[Name]>): ReturnType<Commands[Name]>
}

/** What a scenario works with. All it does is real: requests, tabs, cookies. */
export interface Stage {
  readonly signal: AbortSignal
  readonly here: Actor
  /** Shows a line with its progress, its time, and afterwards what came of it. */
  step<Result>(text: string, act: () => Promise<Result>, fact?: (result: Result) => string): Promise<Result>
  /** Compares a measured value with what was promised. */
  expect(text: string, held: boolean, value: string | number): void
  /** Opens one more tab, and waits until it knows who is signed in. */
  open(): Promise<Actor>
  /** What the server counted while that went on. */
  counted(act: () => Promise<unknown>): Promise<Counts>
  /** Sessions of an account that live at the server. */
  sessionsOf(id: AccountId): Promise<number>
  /** Until it is so; fails after ten seconds. */
  until(what: string, isSo: () => boolean): Promise<void>
}

const PATIENCE_MS = 10_000
const LOOK_EVERY_MS = 50

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

export function createStage(id: string, signal: AbortSignal): Stage & { clear(): Promise<void> } {
  const opened: number[] = []
  const note = (index: number, step: Step): void =>
    tourRuns.update(id, (run) => ({ ...run, steps: run.steps.toSpliced(index, 1, step) }))

  const stage: Stage = {
    signal,
    here: { do: (command, ...input) => (COMMANDS[command] as (...input: unknown[]) => never)(...input) },
    async step(text, act, fact) {
      signal.throwIfAborted()
      const index = tourRuns.get().get(id)?.steps.length ?? 0
      const started = performance.now()
      note(index, { text, state: 'running' })
      try {
        const result = await Promise.race([act(), aborted(signal)])
        const milliseconds = Math.round(performance.now() - started)
        note(index, { text, state: 'done', fact: fact?.(result), milliseconds })
        return result
      } catch (error) {
        note(index, { text, state: 'failed' })
        throw error
      }
    },
    expect: (text, held, value) =>
      tourRuns.update(id, (run) => ({
        ...run,
        findings: [...run.findings, { text, held, value: String(value) }],
      })),
    async open() {
      const number = windows.open()
      opened.push(number)
      const find = (): Peer | undefined =>
        peers.all().find((peer) => peer.number === number && peer.inside && peer.status !== 'unknown')
      await stage.until('the new tab to start', () => find() !== undefined)
      const peer = find()!
      return { do: (command, ...[input]) => ask(peer, command, input as never) }
    },
    async counted(act) {
      const before = countsOf(await server.look())
      await act()
      return between(before, countsOf(await server.look()))
    },
    async sessionsOf(account) {
      const { people } = await server.look()
      return people.find((person) => person.id === account)?.sessions ?? 0
    },
    async until(what, isSo) {
      const started = performance.now()
      while (!isSo()) {
        signal.throwIfAborted()
        if (performance.now() - started > PATIENCE_MS) throw new Error(`Waited in vain for ${what}.`)
        await pause(LOOK_EVERY_MS)
      }
    },
  }

  return {
    ...stage,
    /** Puts back what the scenario has changed about clocks, server and tabs; who is signed in stays. */
    async clear() {
      const { skewSeconds } = await server.answer('normal')
      for (const number of opened) windows.close(number)
      if (skewSeconds === 0) return
      setAhead(0)
      await server.act('unskew')
      // The token in memory is dated ahead, which no other tab would believe.
      await auth.refresh({ force: true })
    },
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
