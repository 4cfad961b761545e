import type { Channel, Channels } from '../core/ports.js'
import { sharedStorage } from './storage.js'

type Receive = (message: unknown) => void

export const browserChannels: Channels = {
  open: (name, receive) => openNative(name, receive) ?? openSubstitute(name, receive),
}

function openNative(name: string, receive: Receive): Channel | undefined {
  let channel = connect()
  return (
    channel && {
      memoryOnly: true,
      post(message) {
        for (let again = true; ; again = false) {
          try {
            return channel?.postMessage(message)
          } catch (error) {
            // A user object that cannot be cloned: the siblings learn of it from the register.
            if (!again || (error as Error).name !== 'InvalidStateError') return
            // Closed by somebody else.
            channel = connect()
          }
        }
      },
      close() {
        if (channel) channel.onmessage = null
        channel?.close()
        channel = undefined
      },
    }
  )

  function connect(): BroadcastChannel | undefined {
    try {
      const opened = new BroadcastChannel(name)
      opened.onmessage = ({ data }: MessageEvent<unknown>) => receive(data)
      return opened
    } catch {
      return undefined
    }
  }
}

/** So many messages wait for the substitute to load. Older ones are not missed: the register tells the same. */
const WAITING = 20

/** Through storage, hence for facts alone. Loaded where there is no native channel, so that nobody else pays for it. */
function openSubstitute(name: string, receive: Receive): Channel | undefined {
  if (sharedStorage.read(name) === undefined) return undefined
  const waiting: unknown[] = []
  const channel = {
    memoryOnly: false,
    closed: false,
    post(message: unknown) {
      if (waiting.push(message) > WAITING) waiting.shift()
    },
    close() {
      channel.closed = true
    },
  }
  import('./substitute-channel.js')
    .then(({ connect }) => connect(channel, name, receive, waiting))
    // Then the `storage` event of the register carries logout and login alone.
    .catch(() => {})
  return channel
}
