import type { SharedStorage, Storage as StoragePort } from '../core/ports.js'

/**
 * Web storage that is looked up at each use: in sandboxed frames and where cookies are blocked the getter itself throws.
 * What goes in here is never a secret (see core/register.ts).
 */
function storage(name: 'localStorage' | 'sessionStorage'): StoragePort {
  return {
    read(key) {
      try {
        return globalThis[name].getItem(key)
      } catch {
        return undefined
      }
    },
    write(key, value) {
      try {
        if (value === null) globalThis[name].removeItem(key)
        else globalThis[name].setItem(key, value)
        return true
      } catch {
        return false
      }
    },
  }
}

export const tabStorage: StoragePort = storage('sessionStorage')

export const sharedStorage: SharedStorage = {
  ...storage('localStorage'),
  keys(prefix) {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(prefix))
    } catch {
      return undefined
    }
  },
  watch(prefix, changed) {
    // A null key: everything was cleared.
    const listener = ({ key }: StorageEvent) => (key === null || key.startsWith(prefix)) && changed()
    addEventListener('storage', listener)
    return () => removeEventListener('storage', listener)
  },
}
