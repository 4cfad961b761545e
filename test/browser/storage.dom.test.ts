import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { sharedStorage, tabStorage } from '../../src/browser/storage.js'

const NAMES = ['localStorage', 'sessionStorage'] as const

beforeEach(() => NAMES.forEach((name) => globalThis[name].clear()))
afterEach(() => vi.unstubAllGlobals())

it('what is written is read, null removes it, and nothing is null', () => {
  for (const storage of [sharedStorage, tabStorage]) {
    expect(storage.read('a')).toBeNull()
    expect(storage.write('a', '')).toBe(true)
    expect(storage.read('a')).toBe('')
    expect(storage.write('a', 'b')).toBe(true)
    expect(storage.read('a')).toBe('b')
    expect(storage.write('a', null)).toBe(true)
    expect(storage.read('a')).toBeNull()
  }
})

it('the tab has a storage of its own', () => {
  sharedStorage.write('a', 'shared')
  tabStorage.write('a', 'tab')
  expect([sharedStorage.read('a'), tabStorage.read('a')]).toEqual(['shared', 'tab'])
  expect([localStorage.getItem('a'), sessionStorage.getItem('a')]).toEqual(['shared', 'tab'])
})

const fault = () => {
  throw new DOMException('denied', 'SecurityError')
}
/** Ways in which storage can be missing, by what `window.localStorage` then is. */
const BROKEN: Record<string, PropertyDescriptor> = {
  'throws on access': { get: fault },
  'is null': { value: null },
  'is undefined': { value: undefined },
  'throws in every method': { value: { getItem: fault, setItem: fault, removeItem: fault } },
}

it.each(Object.entries(BROKEN))(
  'R73 where storage %s nothing throws, and it says so',
  (_name, descriptor) => {
    const originals = NAMES.map((name) => Object.getOwnPropertyDescriptor(globalThis, name)!)
    try {
      for (const name of NAMES) Object.defineProperty(globalThis, name, { ...descriptor, configurable: true })
      for (const storage of [sharedStorage, tabStorage]) {
        expect(storage.read('a')).toBeUndefined()
        expect(storage.write('a', 'b')).toBe(false)
        expect(storage.write('a', null)).toBe(false)
      }
      expect(() => sharedStorage.watch('a', () => {})()).not.toThrow()
    } finally {
      NAMES.forEach((name, i) => Object.defineProperty(globalThis, name, originals[i]!))
    }
  },
)

it('R73 a full storage is told from a blocked one: it reads and does not write', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  expect(sharedStorage.write('a', 'b')).toBe(false)
  expect(sharedStorage.read('a')).toBeNull()
})

const changed = (key: string | null) => dispatchEvent(new StorageEvent('storage', { key, newValue: 'x' }))

it('a change of the key in another tab is heard, another key is not', () => {
  const heard = vi.fn()
  const stop = sharedStorage.watch('a', heard)
  changed('b')
  expect(heard).not.toHaveBeenCalled()
  changed('a')
  expect(heard).toHaveBeenCalledTimes(1)
  changed(null)
  expect(heard).toHaveBeenCalledTimes(2)
  stop()
  changed('a')
  expect(heard).toHaveBeenCalledTimes(2)
})
