import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Listeners } from '../../src/store.js'

const reported: unknown[] = []
beforeEach(() => void vi.stubGlobal('reportError', (error: unknown) => reported.push(error)))
afterEach(() => void reported.splice(0))

it('R19 a listener that throws silences no other, and its fault goes where faults go', () => {
  const listeners = new Listeners<number>()
  const heard: string[] = []
  listeners.add((value) => heard.push(`a${value}`))
  listeners.add(() => {
    throw new Error('mine')
  })
  listeners.add((value) => heard.push(`b${value}`))
  expect(() => void listeners.emit(1)).not.toThrow()
  expect(heard).toEqual(['a1', 'b1'])
  expect(reported).toEqual([new Error('mine')])
})

it('where there is no reportError, a fault goes to the console', () => {
  vi.stubGlobal('reportError', undefined)
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  const listeners = new Listeners<number>()
  listeners.add(() => {
    throw new Error('mine')
  })
  void listeners.emit(1)
  expect(error).toHaveBeenCalledWith(new Error('mine'))
})

it('R19 a listener that another one removes during a call is not called any more', () => {
  const listeners = new Listeners<number>()
  const heard: string[] = []
  listeners.add(() => stop())
  const stop = listeners.add(() => heard.push('removed'))
  listeners.add(() => heard.push('last'))
  void listeners.emit(1)
  expect(heard).toEqual(['last'])
})

it('R19 a listener may remove itself and add others, which hear the next call', () => {
  const listeners = new Listeners<number>()
  const heard: number[] = []
  const stop = listeners.add(() => {
    stop()
    listeners.add((value) => heard.push(value))
  })
  void listeners.emit(1)
  expect(heard).toEqual([])
  void listeners.emit(2)
  expect(heard).toEqual([2])
})

it('R19 a listener may emit again, and may clear all', () => {
  const listeners = new Listeners<number>()
  const heard: number[] = []
  listeners.add((value) => {
    heard.push(value)
    if (value < 3) void listeners.emit(value + 1)
    else listeners.clear()
  })
  listeners.add((value) => heard.push(value * 10))
  void listeners.emit(1)
  expect(heard).toEqual([1, 2, 3])
  expect(listeners.size).toBe(0)
})

it('the same function added twice is called twice and removed once each', () => {
  const listeners = new Listeners<number>()
  const listener = vi.fn()
  const stops = [listeners.add(listener), listeners.add(listener)]
  void listeners.emit(1)
  expect(listener).toHaveBeenCalledTimes(2)
  stops[0]!()
  stops[0]!()
  void listeners.emit(2)
  expect(listener).toHaveBeenCalledTimes(3)
  stops[1]!()
  expect(listeners.size).toBe(0)
})

it('promises of listeners are handed back and never reject', async () => {
  const listeners = new Listeners<number>()
  listeners.add(() => undefined)
  listeners.add(() => null)
  listeners.add(async () => 'done')
  listeners.add(async () => {
    throw new Error('mine')
  })
  const pending = listeners.emit(1)
  expect(pending).toHaveLength(2)
  await expect(Promise.all(pending)).resolves.toHaveLength(2)
  expect(reported).toEqual([new Error('mine')])
})

it('a promise of another realm is waited for like one of our own', async () => {
  const elsewhere = (code: string): unknown => runInNewContext(code)
  const listeners = new Listeners<number>()
  listeners.add(() => elsewhere('Promise.resolve("cleared")'))
  listeners.add(() => elsewhere('Promise.reject("theirs")'))
  expect(elsewhere('Promise.resolve()')).not.toBeInstanceOf(Promise)
  const pending = listeners.emit(1)
  expect(pending).toHaveLength(2)
  expect(await Promise.all(pending)).toEqual(['cleared', undefined])
  expect(reported).toEqual(['theirs'])
})
