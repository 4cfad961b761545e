import { beforeEach, describe, expect, it, vi } from 'vitest'
import { PINNED } from './pinned.js'
import { simulate } from './simulate.js'

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined)
})

describe('pinned schedules', () => {
  it.each(PINNED)('$claim', async ({ schedule }) => {
    const { violations, timeline } = await simulate(schedule)
    expect(violations, timeline()).toEqual([])
  })
})
