/* Several server objects on one store, as several processes on one database are, and a store that can be told to misbehave. */
import type { BackendOptions } from '../../src/testing/backend/options.ts'
import { createMemoryUsers } from '../../src/testing/backend/users.ts'
import { memoryStore } from '../../src/server/stores/memory.ts'
import type { ServerStore } from '../../src/server/stores/store.ts'
import { createTestBackend, createTestClock, type TestBackend, type TestClock } from './support.ts'

type Step = keyof Omit<ServerStore, 'check'>

export interface Controlled {
  readonly store: ServerStore
  /** Calls to the store so far, in their order. */
  readonly calls: Step[]
  /** Is asked before a call is passed on; what it throws or waits for is what the caller gets. */
  before: (step: Step, key: string) => Promise<void> | void
  /** Is asked when a call has been done, before its answer goes back. */
  after: (step: Step, key: string) => Promise<void> | void
}

export function controlled(store: ServerStore): Controlled {
  const control: Controlled = { store, calls: [], before: () => undefined, after: () => undefined }
  const guarded =
    <A extends readonly [string | number, ...unknown[]], R>(step: Step, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      control.calls.push(step)
      await control.before(step, String(args[0]))
      const answer = await call(...args)
      await control.after(step, String(args[0]))
      return answer
    }
  return Object.assign(control, {
    store: {
      get: guarded('get', store.get),
      put: guarded('put', store.put),
      take: guarded('take', store.take),
      count: guarded('count', store.count),
      sessionsOf: guarded('sessionsOf', store.sessionsOf),
      bumpUser: guarded('bumpUser', store.bumpUser),
      userGeneration: guarded('userGeneration', store.userGeneration),
      sweep: guarded('sweep', store.sweep),
    } satisfies ServerStore,
  })
}

/** Lets nobody go on before so many have come. */
export function barrier(parties: number): () => Promise<void> {
  let waiting: (() => void)[] = []
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length < parties) return
      for (const go of waiting) go()
      waiting = []
    })
}

export interface Cluster {
  readonly servers: readonly TestBackend[]
  readonly control: Controlled
  readonly time: TestClock
}

/** So many servers that share store, people and secrets. */
export async function createCluster(size: number, options: BackendOptions = {}): Promise<Cluster> {
  const time = createTestClock()
  const control = controlled(memoryStore({ clock: time }))
  const users = createMemoryUsers()
  const shared = { store: control.store, users, secrets: ['shared by all'], ...options }
  const servers: TestBackend[] = []
  for (let i = 0; i < size; i++) servers.push(await createTestBackend(shared, time))
  control.calls.length = 0
  return { servers, control, time }
}
