/* Where there is no native channel: facts travel through storage, and where that fails too, nothing breaks. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Channel } from '../../src/core/ports.js'
import { browserChannels } from '../../src/browser/channels.js'

const KEY = 'pubkey.broadcastChannel-'
const name = () => `latchkey-test-${crypto.randomUUID()}`
const faults: unknown[] = []
const fault = (event: Event) => void faults.push(event)
const open: Channel[] = []

beforeEach(() => {
  vi.stubGlobal('BroadcastChannel', undefined)
  localStorage.clear()
  addEventListener('error', fault)
})
afterEach(() => {
  for (const channel of open.splice(0)) channel.close()
  removeEventListener('error', fault)
  expect(faults.splice(0)).toEqual([])
})

/** An end that writes down what it hears. */
function end(channelName: string): { channel: Channel; heard: unknown[] } {
  const heard: unknown[] = []
  const channel = browserChannels.open(channelName, (message) => heard.push(message))!
  open.push(channel)
  return { channel, heard }
}

const stored = () => Object.entries(localStorage).map(([key, value]) => `${key} ${String(value)}`)
const until = (check: () => void) => vi.waitFor(check, { interval: 5, timeout: 10_000 })

/** Two ends, both of them connected, that have heard nothing yet. */
async function pair() {
  const channelName = name()
  const [a, b] = [end(channelName), end(channelName)]
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    await until(() => {
      from.channel.post('probe')
      expect(to.heard).toContain('probe')
    })
  await new Promise((resolve) => setTimeout(resolve))
  a.heard.length = b.heard.length = 0
  return { channelName, a, b }
}

it('R22 without a native channel, messages travel through storage, and the channel says that they do', async () => {
  const { a, b } = await pair()
  expect(a.channel.memoryOnly).toBe(false)
  a.channel.post({ n: 1 })
  a.channel.post({ n: 2 })
  await until(() => expect(b.heard).toEqual([{ n: 1 }, { n: 2 }]))
  expect(a.heard).toEqual([])
})

it('R22 what is said while the substitute loads is said then, the newest twenty messages in their order', async () => {
  const { channelName, b: listener } = await pair()
  const { channel } = end(channelName)
  for (let n = 0; n < 50; n++) channel.post(n)
  await until(() => expect(listener.heard.at(-1)).toBe(49))
  expect(listener.heard).toEqual(Array.from({ length: 20 }, (_, n) => 30 + n))
})

it('R26 a channel that is closed before it is loaded is never connected', async () => {
  const added = vi.spyOn(globalThis, 'addEventListener')
  const { channel } = end(name())
  channel.post('lost')
  channel.close()
  await import('../../src/browser/substitute-channel.js')
  await import('broadcast-channel')
  await new Promise((resolve) => setTimeout(resolve))
  expect(added.mock.calls.filter(([type]) => type === 'storage')).toEqual([])
  expect(stored()).toEqual([])
})

it('R26 a closed channel hears and says nothing, and leaves no listener', async () => {
  const added = vi.spyOn(globalThis, 'addEventListener')
  const removed = vi.spyOn(globalThis, 'removeEventListener')
  const { a, b } = await pair()
  a.channel.close()
  a.channel.close()
  const before = stored()
  expect(() => a.channel.post('late')).not.toThrow()
  b.channel.post('to nobody')
  await until(() => expect(stored()).not.toEqual(before))
  expect(stored().join()).toContain('to nobody')
  expect(a.heard).toEqual([])
  b.channel.close()
  const count = (spy: typeof added | typeof removed) =>
    spy.mock.calls.filter(([type]) => type === 'storage').length
  await until(() => expect(count(removed)).toBe(count(added)))
  expect(count(added)).toBe(4)
})

it('R22 R73 where storage is blocked there is no channel, and nothing is loaded', () => {
  vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  expect(browserChannels.open(name(), () => {})).toBeUndefined()
})

it('R73 where storage is full the channel is dead and nothing throws', async () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  const added = vi.spyOn(globalThis, 'addEventListener')
  const removed = vi.spyOn(globalThis, 'removeEventListener')
  const { channel } = end(name())
  await until(() => expect(removed.mock.calls.map(([type]) => type)).toContain('storage'))
  expect(() => channel.post('lost')).not.toThrow()
  expect(added).toHaveBeenCalledTimes(removed.mock.calls.length)
  expect(stored()).toEqual([])
})

it('OW-17 rubbish under the key of the substitute, or none, is no error and no message', async () => {
  const { channelName, a, b } = await pair()
  const key = KEY + channelName
  const rubbish = [
    null,
    '',
    '{',
    'null',
    '5',
    '[]',
    '{}',
    '{"data":null,"token":"t","uuid":"u"}',
    '{"data":{"type":"__proto__"},"token":"t","uuid":"u"}',
    '{"data":{"type":"other","time":9e99},"token":"t","uuid":"u"}',
  ]
  for (const newValue of rubbish) dispatchEvent(new StorageEvent('storage', { key, newValue }))
  dispatchEvent(new StorageEvent('storage', { key: null, newValue: null }))
  a.channel.post('still there')
  await until(() => expect(b.heard).toEqual(['still there']))
})
