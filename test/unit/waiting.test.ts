import { expect, it } from 'vitest'
import { linked, pause, raced, within } from '../../src/plumbing/waiting.js'
import { ManualClock, settle } from '../support/kit.js'

/** A promise, what settles it, and a signal that counts who listens to it. */
function parts() {
  const controller = new AbortController()
  const { signal } = controller
  let listeners = 0
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  signal.addEventListener = (...all: Parameters<typeof add>) => {
    listeners++
    add(...all)
  }
  signal.removeEventListener = (...all: Parameters<typeof remove>) => {
    listeners--
    remove(...all)
  }
  let resolve: (value: string) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<string>((...settlers) => ([resolve, reject] = settlers))
  return { controller, signal, open: () => listeners, promise, resolve, reject }
}

it('a race settles as its promise does and lets go of the signals', async () => {
  const { promise, resolve, signal, open } = parts()
  const race = raced(promise, signal, undefined, null)
  expect(open()).toBe(1)
  resolve('done')
  expect(await race).toBe('done')
  expect(open()).toBe(0)
  const failed = parts()
  const rejected = raced(failed.promise, failed.signal)
  failed.reject(new Error('x'))
  await expect(rejected).rejects.toThrow('x')
  expect(failed.open()).toBe(0)
})

it('R58 the first signal that aborts wins, with its very reason', async () => {
  const first = parts()
  const second = parts()
  const race = raced(first.promise, first.signal, second.signal)
  const reason = new Error('mine')
  second.controller.abort(reason)
  first.controller.abort(new Error('late'))
  await expect(race).rejects.toBe(reason)
  expect(first.open() + second.open()).toBe(0)
})

it('a signal that is aborted already is noticed, and the promise may fail later unheard', async () => {
  const { promise, reject, signal, open } = parts()
  const race = raced(promise, signal, AbortSignal.abort('early'))
  await expect(race).rejects.toBe('early')
  expect(open()).toBe(0)
  reject(new Error('late'))
  await settle()
})

it('a wait ends with its time, and the promise goes on', async () => {
  const clock = new ManualClock()
  const { promise, resolve } = parts()
  const wait = within(clock, 100, promise)
  await clock.advance(100)
  expect(await wait).toBeUndefined()
  resolve('late')
  expect(await promise).toBe('late')
})

it('R26 a wait whose promise settles in time leaves no timer', async () => {
  const clock = new ManualClock()
  expect(await within(clock, 100, Promise.resolve('done'))).toBe('done')
  await settle()
  expect(clock.pending).toBe(0)
  await expect(within(clock, 100, Promise.reject(new Error('x')))).rejects.toThrow('x')
  await settle()
  expect(clock.pending).toBe(0)
})

it('a pause lasts its time', async () => {
  const clock = new ManualClock()
  let over = false
  void pause(clock, 100).then(() => (over = true))
  await clock.advance(99)
  expect(over).toBe(false)
  await clock.advance(1)
  expect(over).toBe(true)
})

it.each(['with', 'without'])(
  'R58 a linked signal aborts with the first of its own, %s AbortSignal.any',
  (how) => {
    const { any } = AbortSignal
    try {
      if (how === 'without') Reflect.deleteProperty(AbortSignal, 'any')
      const [first, second] = [new AbortController(), new AbortController()]
      const [signal] = linked(first.signal, null, undefined, second.signal)
      expect(signal.aborted).toBe(false)
      second.abort('two')
      expect(signal.reason).toBe('two')
      first.abort('one')
      expect(signal.reason).toBe('two')
      expect(linked(first.signal)[0].reason).toBe('one')
      expect(linked()[0].aborted).toBe(false)
    } finally {
      AbortSignal.any = any
    }
  },
)

it('without AbortSignal.any a linked signal that was released listens to nothing any more', () => {
  const { any } = AbortSignal
  try {
    Reflect.deleteProperty(AbortSignal, 'any')
    const { signal, controller, open } = parts()
    const [joined, release] = linked(signal)
    expect(open()).toBe(1)
    release()
    expect(open()).toBe(0)
    controller.abort()
    expect(joined.aborted).toBe(false)
  } finally {
    AbortSignal.any = any
  }
})
