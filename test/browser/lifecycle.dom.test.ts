import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { browserLifecycle } from '../../src/browser/lifecycle.js'
import type { LifecycleSignal } from '../../src/core/ports.js'

let heard: LifecycleSignal[] = []
let stop = () => {}

beforeEach(() => {
  heard = []
  stop = browserLifecycle.listen((signal) => heard.push(signal))
})
afterEach(() => {
  vi.restoreAllMocks()
  stop()
})

const visibility = (state: DocumentVisibilityState) =>
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
const pageshow = (persisted: boolean) => Object.assign(new Event('pageshow'), { persisted })

it.each<[string, () => void, LifecycleSignal[]]>([
  ['the focus', () => window.dispatchEvent(new Event('focus')), ['wake']],
  ['pagehide', () => window.dispatchEvent(new Event('pagehide')), ['suspend']],
  ['freeze', () => document.dispatchEvent(new Event('freeze')), ['suspend']],
  ['resume', () => document.dispatchEvent(new Event('resume')), ['wake']],
  ['online', () => window.dispatchEvent(new Event('online')), ['online']],
  ['offline', () => window.dispatchEvent(new Event('offline')), ['offline']],
  ['the end of prerendering', () => document.dispatchEvent(new Event('prerenderingchange')), ['activate']],
  ['pageshow of a first visit', () => window.dispatchEvent(pageshow(false)), []],
  ['pageshow out of the back/forward cache', () => window.dispatchEvent(pageshow(true)), ['restore']],
  ['blur', () => window.dispatchEvent(new Event('blur')), []],
])('%s', (_name, act, expected) => {
  act()
  expect(heard).toEqual(expected)
})

it('becoming visible wakes, becoming hidden is told', () => {
  visibility('hidden')
  document.dispatchEvent(new Event('visibilitychange'))
  visibility('visible')
  document.dispatchEvent(new Event('visibilitychange'))
  expect(heard).toEqual(['hidden', 'wake'])
})

it('R26 after the stop nothing is heard, and every listener is gone', () => {
  const open = new Map<string, number>()
  const count = (target: EventTarget, by: number) => (type: string) => {
    const key = `${target === document ? 'document' : 'window'} ${type}`
    open.set(key, (open.get(key) ?? 0) + by)
  }
  for (const target of [window, document]) {
    vi.spyOn(target, 'addEventListener').mockImplementation(count(target, 1))
    vi.spyOn(target, 'removeEventListener').mockImplementation(count(target, -1))
  }
  const end = browserLifecycle.listen(() => {})
  expect(open.size).toBe(9)
  expect(new Set(open.values())).toEqual(new Set([1]))
  end()
  expect(new Set(open.values())).toEqual(new Set([0]))
})

it('no handler is registered that keeps a page out of the back/forward cache', () => {
  const types: string[] = []
  vi.spyOn(window, 'addEventListener').mockImplementation((type: string) => void types.push(type))
  vi.spyOn(document, 'addEventListener').mockImplementation((type: string) => void types.push(type))
  browserLifecycle.listen(() => {})
  expect(types).toContain('pagehide')
  expect(types.filter((type) => type.includes('unload'))).toEqual([])
})

it('two who listen do not disturb each other', () => {
  const other: LifecycleSignal[] = []
  const end = browserLifecycle.listen((signal) => other.push(signal))
  window.dispatchEvent(new Event('online'))
  end()
  window.dispatchEvent(new Event('offline'))
  expect(other).toEqual(['online'])
  expect(heard).toEqual(['online', 'offline'])
})

it('R16 only a plain "false" of the browser means offline', () => {
  const online = vi.spyOn(navigator, 'onLine', 'get')
  expect(online.mockReturnValue(false) && browserLifecycle.online()).toBe(false)
  expect(online.mockReturnValue(true) && browserLifecycle.online()).toBe(true)
  expect(online.mockReturnValue(undefined as unknown as boolean) && browserLifecycle.online()).toBe(true)
})

it('whether the page is visible or prerendered is read when it is asked', () => {
  expect(browserLifecycle.visible()).toBe(true)
  visibility('hidden')
  expect(browserLifecycle.visible()).toBe(false)
  expect(browserLifecycle.prerendering()).toBe(false)
  Object.defineProperty(document, 'prerendering', { value: true, configurable: true })
  expect(browserLifecycle.prerendering()).toBe(true)
  Reflect.deleteProperty(document, 'prerendering')
  expect(browserLifecycle.prerendering()).toBe(false)
})

it('R107 pointer, key, wheel and scrolling anywhere in the page are use, heard by passive listeners, until nobody listens', () => {
  const added = vi.spyOn(globalThis, 'addEventListener')
  let used = 0
  const ignore = browserLifecycle.attend(() => used++)
  expect(added.mock.calls.map(([name, , options]) => [name, options])).toEqual(
    ['pointerdown', 'keydown', 'wheel', 'scroll'].map((name) => [name, { capture: true, passive: true }]),
  )
  const act = () => {
    for (const name of ['pointerdown', 'keydown', 'wheel', 'scroll'])
      document.body.dispatchEvent(new Event(name))
  }
  act()
  expect(used).toBe(4)
  for (const name of ['focus', 'pointermove', 'visibilitychange']) document.dispatchEvent(new Event(name))
  ignore()
  act()
  expect(used).toBe(4)
})
