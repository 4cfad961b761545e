import { describe, expect, it } from 'vitest'
import { createTime } from '../../src/testing/world/time.js'
import { draw, sequence } from '../../src/testing/world/random.js'

describe('virtual time', () => {
  it('runs events in the order of time, and of the same time in the order they came', async () => {
    const time = createTime()
    const log: string[] = []
    for (const [delay, name] of [
      [30, 'c'],
      [10, 'a'],
      [10, 'b'],
      [5, 'first'],
      [400, 'late'],
    ] as const) {
      time.at(delay, () => void log.push(`${name}@${time.now()}`))
    }
    await time.advance(100)
    expect(log).toEqual(['first@5', 'a@10', 'b@10', 'c@30'])
    expect(time.now()).toBe(100)
  })

  it('keeps a queue of many events in order', async () => {
    const time = createTime()
    const chance = sequence(7)
    const fired: number[] = []
    for (let count = 0; count < 500; count++) {
      const delay = Math.floor(chance() * 200)
      time.at(delay, () => void fired.push(delay))
    }
    await time.advance(200)
    expect(fired).toHaveLength(500)
    expect(fired).toEqual([...fired].sort((a, b) => a - b))
  })

  it('does not run what was cancelled', async () => {
    const time = createTime()
    const log: string[] = []
    const cancel = time.at(5, () => void log.push('no'))
    time.at(3, () => cancel())
    await time.advance(10)
    expect(log).toEqual([])
  })

  it('lets microtasks and tracked work come to rest before time moves', async () => {
    const time = createTime()
    const log: string[] = []
    time.at(1, () => {
      const digest = crypto.subtle.digest('SHA-256', new Uint8Array(8))
      void time.track(digest).then(() => void log.push(`digest@${time.now()}`))
    })
    time.at(2, () => void log.push(`next@${time.now()}`))
    await time.advance(5)
    expect(log).toEqual(['digest@1', 'next@2'])
  })

  it('runs events that an event set off at the same moment', async () => {
    const time = createTime()
    const log: string[] = []
    time.at(1, () => void Promise.resolve().then(() => time.at(0, () => void log.push(`then@${time.now()}`))))
    await time.advance(1)
    expect(log).toEqual(['then@1'])
  })

  it('ends with the failure of tracked work, with its cause', async () => {
    const time = createTime()
    const cause = new Error('broken')
    void time.track(Promise.reject(cause))
    await expect(time.advance(1)).rejects.toMatchObject({ cause })
  })

  it('refuses to pass twice at a time', async () => {
    const time = createTime()
    const first = time.advance(1)
    await expect(time.advance(1)).rejects.toThrow('already passing')
    await first
  })
})

describe('chance', () => {
  it('is the same for the same numbers and evenly spread', () => {
    expect(draw(1, 2, 3)).toBe(draw(1, 2, 3))
    const chance = sequence(42)
    const values = Array.from({ length: 4000 }, chance)
    expect(new Set(values).size).toBe(4000)
    for (const quarter of [0, 0.25, 0.5, 0.75]) {
      const share = values.filter((value) => value >= quarter && value < quarter + 0.25).length
      expect(share).toBeGreaterThan(900)
      expect(share).toBeLessThan(1100)
    }
  })
})
