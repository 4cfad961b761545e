/*
 * Virtual time. Events lie in a queue; time jumps from one to the next, and only after everything that the last one set
 * off has come to rest: one turn of the real event loop runs all microtasks of clients and server, and further turns
 * are taken while a server handler is still at work. So a run depends on its schedule alone, not on the machine.
 */

/** The queue of everything that is still to happen, and the only clock of a virtual world. */
export interface VirtualTime {
  /** Milliseconds since the world began. */
  now(): number
  /** Runs the task once, so many milliseconds from now; tasks of the same moment run in the order they came. */
  at(delayMs: number, task: () => void): () => void
  /** Holds time still until this work is done. Its failure ends the run, and the promise stays pending. */
  track<T>(work: Promise<T>): Promise<T>
  /** Lets everything that was set off come to rest; no time passes. */
  settle(): Promise<void>
  /** Lets time pass, event by event. */
  advance(milliseconds: number): Promise<void>
}

interface Task {
  readonly time: number
  readonly order: number
  run: (() => void) | undefined
}

/** Real crypto may keep a handler busy for some hundred turns; a handler that waits for virtual time never ends. */
const MOST_TURNS = 10_000

export function createTime(): VirtualTime {
  const queue: Task[] = []
  const turn = createTurn()
  let now = 0
  let order = 0
  let working = 0
  let advancing = false
  const failures: unknown[] = []

  async function settle(): Promise<void> {
    for (let turns = 0; turns === 0 || working > 0; turns++) {
      if (turns > MOST_TURNS) {
        throw new Error('A server handler does not end. It must not wait for virtual time to pass.')
      }
      await turn()
    }
    if (failures.length > 0) throw new Error('A server handler failed.', { cause: failures[0] })
  }

  return {
    now: () => now,
    at(delayMs, task) {
      const entry: Task = { time: now + Math.max(0, delayMs), order: order++, run: task }
      push(queue, entry)
      return () => {
        entry.run = undefined
      }
    },
    track(work) {
      working++
      return new Promise((resolve) => {
        work.then(resolve, (error: unknown) => failures.push(error)).finally(() => working--)
      })
    },
    settle,
    async advance(milliseconds) {
      if (advancing) throw new Error('Time is already passing. Await the last step before the next one.')
      advancing = true
      try {
        const until = now + milliseconds
        await settle()
        for (let next = queue[0]; next && next.time <= until; next = queue[0]) {
          pop(queue)
          if (!next.run) continue
          now = next.time
          next.run()
          await settle()
        }
        now = until
      } finally {
        advancing = false
      }
    },
  }
}

/** One turn of the real event loop. `setImmediate` where there is one, since it lets a process end. */
function createTurn(): () => Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown }
  if (setImmediate) return () => new Promise((resolve) => void setImmediate(() => resolve()))
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port2.onmessage = () => waiting.shift()?.()
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      port1.postMessage(0)
    })
}

const isBefore = (a: Task, b: Task): boolean => a.time < b.time || (a.time === b.time && a.order < b.order)

function push(heap: Task[], task: Task): void {
  let index = heap.length
  heap.push(task)
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = heap[above]
    if (!parent || !isBefore(task, parent)) break
    heap[index] = parent
    index = above
  }
  heap[index] = task
}

function pop(heap: Task[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let index = 0
  for (;;) {
    const left = heap[index * 2 + 1]
    const right = heap[index * 2 + 2]
    const child = right && left && isBefore(right, left) ? right : left
    if (!child || !isBefore(child, last)) break
    heap[index] = child
    index = child === left ? index * 2 + 1 : index * 2 + 2
  }
  heap[index] = last
}
