import type { Channels } from '../core/ports.js'

export const browserChannels: Channels = {
  open(name, receive) {
    if (typeof BroadcastChannel !== 'function') return undefined
    let channel: BroadcastChannel
    try {
      channel = new BroadcastChannel(name)
    } catch {
      return undefined
    }
    channel.onmessage = ({ data }: MessageEvent<unknown>) => receive(data)
    return {
      memoryOnly: true,
      post(message) {
        try {
          channel.postMessage(message)
        } catch {
          // Closed by somebody else, or a user object that cannot be cloned: the siblings learn of it from the marker.
        }
      },
      close() {
        channel.onmessage = null
        channel.close()
      },
    }
  },
}
