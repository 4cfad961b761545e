import { expect, it, vi } from 'vitest'
import { browserChannels } from '../../src/browser/channels.js'

const name = () => `latchkey-test-${crypto.randomUUID()}`

/** Two ends of a channel; the promise is of the next message the second one gets. */
function pair() {
  const channel = name()
  let next: (message: unknown) => void = () => {}
  const arrived = new Promise<unknown>((resolve) => (next = resolve))
  const received: unknown[] = []
  const sender = browserChannels.open(channel, () => {})!
  const receiver = browserChannels.open(channel, (message) => {
    received.push(message)
    next(message)
  })!
  return { channel, sender, receiver, received, arrived }
}

it('a message reaches the other end, as a copy', async () => {
  const { sender, receiver, arrived } = pair()
  const message = { a: [1, { b: 2 }] }
  sender.post(message)
  expect(await arrived).toEqual(message)
  expect(await arrived).not.toBe(message)
  sender.close()
  receiver.close()
})

it('a channel says that its messages stay in memory', () => {
  const { sender, receiver } = pair()
  expect(sender.memoryOnly).toBe(true)
  sender.close()
  receiver.close()
})

it('R22 posting after the close, and closing twice, does nothing', () => {
  const { sender, receiver } = pair()
  sender.close()
  expect(() => sender.post({ a: 1 })).not.toThrow()
  expect(() => sender.close()).not.toThrow()
  receiver.close()
})

it('a message that cannot be cloned is not sent, and the next one is', async () => {
  const { sender, receiver, arrived, received } = pair()
  for (const bad of [() => {}, { user: { format: () => 'x' } }, Symbol('s'), new WeakMap()]) {
    expect(() => sender.post(bad)).not.toThrow()
  }
  sender.post('good')
  expect(await arrived).toBe('good')
  expect(received).toEqual(['good'])
  sender.close()
  receiver.close()
})

it('R26 a closed channel hears nothing, also not what was on its way', async () => {
  const { channel, sender, receiver, received } = pair()
  const witness = new BroadcastChannel(channel)
  const heard = new Promise((resolve) => (witness.onmessage = resolve))
  sender.post('late')
  receiver.close()
  await heard
  expect(received).toEqual([])
  witness.close()
  sender.close()
})

/** Every native channel that is opened from now on. */
function record(): BroadcastChannel[] {
  const opened: BroadcastChannel[] = []
  class Recorded extends BroadcastChannel {
    constructor(name: string) {
      super(name)
      opened.push(this)
    }
  }
  vi.stubGlobal('BroadcastChannel', Recorded)
  return opened
}

it('R24 a channel that somebody else has closed is opened again with the next message, which arrives', async () => {
  const opened = record()
  const { sender, receiver, arrived } = pair()
  opened[0]!.close()
  sender.post('after')
  expect(await arrived).toBe('after')
  expect(opened).toHaveLength(3)
  sender.close()
  receiver.close()
})

it('R24 a channel that was opened again hears again', async () => {
  const opened = record()
  const channel = name()
  const heard = new Promise((resolve) => {
    const end = browserChannels.open(channel, (message) => {
      resolve(message)
      end.close()
    })!
    opened[0]!.close()
    end.post('wakes it')
  })
  const other = browserChannels.open(channel, () => {})!
  other.post('hello')
  expect(await heard).toBe('hello')
  other.close()
})

it('R24 where a channel cannot be kept open it is tried once for a message, and nothing throws', () => {
  const opened = record()
  const { sender, receiver } = pair()
  vi.spyOn(BroadcastChannel.prototype, 'postMessage').mockImplementation(() => {
    throw new DOMException('closed', 'InvalidStateError')
  })
  expect(() => sender.post('lost')).not.toThrow()
  expect(opened).toHaveLength(3)
  sender.close()
  receiver.close()
  for (const one of opened) one.close()
})

it('R22 where there is neither BroadcastChannel nor storage there is no channel', () => {
  vi.stubGlobal('BroadcastChannel', undefined)
  expect(browserChannels.open(name(), () => {})).toBeUndefined()
})

it('R22 where a channel cannot be opened, and storage is blocked, there is none', () => {
  vi.stubGlobal('BroadcastChannel', function refuse() {
    throw new DOMException('x', 'SecurityError')
  })
  expect(browserChannels.open(name(), () => {})).toBeUndefined()
})
