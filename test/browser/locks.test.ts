import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { browserLocks } from '../../src/browser/locks.js'

/** Lets promises settle without any clock. */
const turn = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

describe('the locks of the platform', () => {
  const name = () => `latchkey-test-${crypto.randomUUID()}`

  it('are there in this Node', () => expect(browserLocks.available).toBe(true))

  it('a lock is held by one at a time, and goes to the next when it is released', async () => {
    const lock = name()
    const first = await browserLocks.acquire(lock, 1000)
    const order: string[] = []
    const second = browserLocks.acquire(lock, 10_000).then((release) => {
      order.push('granted')
      return release
    })
    await new Promise((resolve) => setImmediate(resolve))
    order.push('released')
    first?.()
    const release = await second
    expect(order).toEqual(['released', 'granted'])
    release?.()
  })

  it('says that it has to be waited for where somebody holds it, and nothing where it is free', async () => {
    const lock = name()
    const said: string[] = []
    const first = await browserLocks.acquire(lock, 10_000, undefined, () => said.push('first'))
    const second = browserLocks.acquire(lock, 10_000, undefined, () => said.push('second'))
    await expect.poll(() => said).toEqual(['second'])
    first?.()
    const release = await second
    release?.()
    expect(said).toEqual(['second'])
  })

  it('AV-28 a lock that is not granted in time is not waited for, and is granted to nobody later', async () => {
    const lock = name()
    const first = await browserLocks.acquire(lock, 1000)
    expect(await browserLocks.acquire(lock, 1)).toBeUndefined()
    first?.()
    const third = await browserLocks.acquire(lock, 10_000)
    expect(third).toBeTypeOf('function')
    third?.()
    await new Promise((resolve) => setImmediate(resolve))
    const { held = [], pending = [] } = await navigator.locks.query()
    expect([...held, ...pending].filter((info) => info.name === lock)).toEqual([])
  })

  it('a release may be called twice, and frees nobody else’s lock', async () => {
    const lock = name()
    const first = await browserLocks.acquire(lock, 1000)
    first?.()
    const second = await browserLocks.acquire(lock, 10_000)
    first?.()
    expect(await browserLocks.acquire(lock, 1)).toBeUndefined()
    second?.()
  })

  it('a lock that another script steals is lost without a word', async () => {
    const lock = name()
    const first = await browserLocks.acquire(lock, 1000)
    await navigator.locks.request(lock, { steal: true }, () => {})
    expect(() => first?.()).not.toThrow()
    const next = await browserLocks.acquire(lock, 10_000)
    expect(next).toBeTypeOf('function')
    next?.()
  })
})

type Hold = (lock?: null) => Promise<void>

describe('locks that misbehave', () => {
  /** A manager in the test's hand: it grants and fails when told. Where the lock is taken, it says so at once. */
  function fake({ taken = false } = {}) {
    let hold: Hold | undefined
    let fail: (error: Error) => void = () => {}
    let signal: AbortSignal | undefined
    const request = (_name: string, options: LockOptions, callback: Hold) => {
      if (options.ifAvailable && taken) return callback(null)
      hold = callback
      signal = options.signal
      return new Promise<void>((_resolve, reject) => (fail = reject))
    }
    vi.stubGlobal('navigator', { locks: { request } })
    return { grant: () => hold!(), fail: (error: Error) => fail(error), signal: () => signal }
  }

  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const dom = (name: string) => new DOMException('x', name)

  it('a grant stops the timer of the wait', async () => {
    const locks = fake()
    const acquired = browserLocks.acquire('a', 1000)
    const held = locks.grant()
    const release = await acquired
    expect(vi.getTimerCount()).toBe(0)
    let freed = false
    void held.then(() => (freed = true))
    await turn()
    expect(freed).toBe(false)
    release?.()
    release?.()
    await turn()
    expect(freed).toBe(true)
  })

  it('AV-28 a manager that never answers is given up after the wait', async () => {
    fake()
    let given: unknown = 'pending'
    void browserLocks.acquire('a', 1000).then((release) => (given = release))
    await vi.advanceTimersByTimeAsync(999)
    expect(given).toBe('pending')
    await vi.advanceTimersByTimeAsync(1)
    expect(given).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('AV-28 whoever gives up leaves the queue', async () => {
    const locks = fake({ taken: true })
    const acquired = browserLocks.acquire('a', 1000)
    await vi.advanceTimersByTimeAsync(999)
    expect(locks.signal()?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(locks.signal()?.aborted).toBe(true)
    expect(await acquired).toBeUndefined()
  })

  it('a lock granted in the moment the wait is given up is given back at once', async () => {
    const locks = fake()
    const acquired = browserLocks.acquire('a', 1000)
    vi.advanceTimersByTime(1000)
    let freed = false
    void locks.grant().then(() => (freed = true))
    await turn()
    expect(freed).toBe(true)
    expect(await acquired).toBeUndefined()
  })

  it.each(['AbortError', 'SecurityError', 'InvalidStateError', 'NotSupportedError'])(
    'R22 a request that fails with %s is a lock that is not granted',
    async (name) => {
      const locks = fake()
      const acquired = browserLocks.acquire('a', 1000)
      locks.fail(dom(name))
      expect(await acquired).toBeUndefined()
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  it('a request that fails after the grant, as when the lock is stolen, changes nothing', async () => {
    const locks = fake()
    const acquired = browserLocks.acquire('a', 1000)
    void locks.grant()
    const release = await acquired
    locks.fail(dom('AbortError'))
    await turn()
    expect(() => release?.()).not.toThrow()
  })

  it('R22 a manager that throws, or gives back no promise, grants no lock', async () => {
    for (const request of [
      () => {
        throw dom('SecurityError')
      },
      () => undefined,
    ]) {
      vi.stubGlobal('navigator', { locks: { request } })
      expect(await browserLocks.acquire('a', 1000)).toBeUndefined()
      expect(vi.getTimerCount()).toBe(0)
    }
  })

  it.each<[string, unknown]>([
    ['without locks, as on plain http', {}],
    ['where they are null', { locks: null }],
    ['without a navigator', undefined],
  ])('R22 %s no lock is available and none is waited for', async (_name, navigator) => {
    vi.stubGlobal('navigator', navigator)
    expect(browserLocks.available).toBe(false)
    expect(await browserLocks.acquire('a', 1000)).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('R32 a wait longer than a timer can hold is not over at once', async () => {
    const locks = fake({ taken: true })
    const acquired = browserLocks.acquire('a', 2 ** 31 + 5)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(locks.signal()?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(2 ** 31)
    expect(await acquired).toBeUndefined()
  })
})
