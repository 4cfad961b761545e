import { expect, it } from 'vitest'
import { memoryStore } from '../../src/server/stores/memory.ts'
import { conforms } from './support.ts'

const store = memoryStore()
conforms('the memory store', () => store)

let now = 1_000
const clock = { now: () => now }
const timed = memoryStore({ clock })
conforms('the memory store by a clock of the test', () => timed, { advance: (ms) => void (now += ms) })

it('S10 what is over is swept within the limit, and nothing of it is left', async () => {
  const store = memoryStore({ clock })
  for (let index = 0; index < 10; index++) {
    await store.put(`key ${index}`, 'value', { expiresAt: now + 10, userId: 'ann' })
    await store.count(`count ${index}`, 10)
  }
  expect(await store.sweep(100)).toBe(0)
  now += 10
  expect([await store.sweep(7), await store.sweep(7), await store.sweep(7)]).toEqual([7, 7, 6])
})

it('S28 the generation of a user goes by the time, so that none comes again where one was forgotten', async () => {
  const generation = await memoryStore({ clock }).bumpUser('ann')
  now += 1
  expect(await memoryStore({ clock }).bumpUser('ann')).toBeGreaterThan(generation)
})
