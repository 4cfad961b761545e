import { describe, expect, it } from 'vitest'
import { memoryStore, serverConformance, type ServerStore } from 'latchkey/testing'

const store = memoryStore()

describe.concurrent('two servers on the memory store', { timeout: 60_000 }, () => {
  for (const { name, run } of serverConformance(() => store)) it(`R112 R113 R114 ${name}`, run)
})

/** Whether a check of this name fails. */
async function isFound(broken: ServerStore, name: RegExp): Promise<boolean> {
  const checks = serverConformance(() => broken).filter((check) => name.test(check.name))
  const found = await Promise.allSettled(checks.map(({ run }) => run()))
  return found.some(({ status }) => status === 'rejected')
}

const { get, put, count, userGeneration } = store

it.each<[string, Partial<ServerStore>, RegExp]>([
  [
    'writes over what another has written',
    {
      put: async (key, value, options) =>
        put(key, value, { ...options, ifVersion: options.ifVersion && (await get(key))?.version }),
    },
    /^S02 of 200/,
  ],
  [
    'forgets who was ended',
    { userGeneration: async (id) => ({ ...(await userGeneration(id)), generation: 0 }) },
    /^S09/,
  ],
  ['ends nobody', { bumpUser: async (id) => (await userGeneration(id)).generation }, /^S09/],
  ['counts nobody', { count: async (key, ms) => ({ ...(await count(key, ms)), count: 1 }) }, /^S13/],
  ['gives a code again', { take: async (key) => get(key) }, /a code that is spent/],
])('R112 R113 a store that %s is found out', async (_name, part, name) => {
  expect(await isFound({ ...store, ...part }, name)).toBe(true)
  expect(await isFound(store, name)).toBe(false)
})
