/* What the simulator is worth: it tells clients with a fault from the client. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { MUTANTS } from './mutants.js'
import { mutate } from './mutate.js'
import { simulate } from './simulate.js'

beforeEach(() => {
  // The client says on the console what a browser lacks.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})

describe('mutants of the client', () => {
  it.each(MUTANTS)('$breaks is broken where $name, and kept by the client', async (mutant) => {
    const { breaks, schedule } = mutant
    const mutated = await (await mutate(mutant))(schedule)
    const broken = mutated.violations.map((violation) => violation.slice(0, 2))
    expect(broken, mutated.timeline()).toContain(breaks)
    const kept = await simulate(schedule)
    expect(kept.violations, kept.timeline()).toEqual([])
  })

  it('a mutant whose piece is not in the source says so', async () => {
    const lost = { name: 'lost', file: 'core/retry.ts', find: 'nowhere', replace: '' }
    await expect(mutate(lost)).rejects.toThrow('src/core/retry.ts holds 0 times what is to be replaced')
  })
})
