import { afterEach, expect, it, vi } from 'vitest'
import { grant, json, settle, signedIn } from '../../support/kit.js'
import { gate } from '../../support/client.js'

const { any } = AbortSignal
afterEach(() => void Object.assign(AbortSignal, { any }))

it.each(['with', 'without'])(
  'R03 a thousand calls that wait put no more listeners on a signal than a few, %s AbortSignal.any',
  async (how) => {
    if (how === 'without') Reflect.deleteProperty(AbortSignal, 'any')
    const kit = await signedIn()
    await kit.clock.advance(300_000)
    const renewal = gate()
    kit.on('/auth/refresh', () => renewal.answer)
    kit.on('/api/orders', () => json({}))
    // A browser compares a new listener with those there are: 20,000 of one signal took 33 s.
    const listeners = new Map<EventTarget, number>()
    const { addEventListener } = EventTarget.prototype
    const add = vi.spyOn(EventTarget.prototype, 'addEventListener')
    add.mockImplementation(function (this: EventTarget, ...args) {
      listeners.set(this, (listeners.get(this) ?? 0) + 1)
      Reflect.apply(addEventListener, this, args)
    })
    const shared = new AbortController()
    const calls = Array.from({ length: 500 }, () => [
      kit.auth.fetch('/api/orders', { signal: shared.signal }),
      kit.auth.getAccessToken({ signal: shared.signal }),
    ]).flat()
    await settle()
    expect(Math.max(...listeners.values())).toBeLessThan(10)
    add.mockRestore()
    renewal.open(grant(2))
    await Promise.all(calls)
    expect(kit.sent('/api/orders')).toHaveLength(500)
  },
)
