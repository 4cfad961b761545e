import type { Channel } from '../core/ports.js'

/** A channel that is not connected yet, and may be closed before it is. */
export interface Unconnected extends Channel {
  readonly closed: boolean
}

/** Where the package puts each message, in place of the one before. */
const KEY = 'pubkey.broadcastChannel-'

/**
 * Connects through `storage` events, for browsers without a native channel, and says what was waiting to be said. Rejects
 * where storage cannot be written. The way through IndexedDB, which the package would take by itself, polls seven times a
 * second, keeps each message for 45 s or longer, and was measured at 80 ms a message against 1 ms (medians, Chromium and Firefox).
 */
export async function connect(
  link: Unconnected,
  name: string,
  receive: (message: unknown) => void,
  waiting: readonly unknown[],
): Promise<void> {
  const { BroadcastChannel } = await import('broadcast-channel')
  if (link.closed) return
  // Added first, so that it is asked first.
  const guard = (event: StorageEvent): void => {
    if (event.key === KEY + name && !isReadable(event.newValue)) event.stopImmediatePropagation()
  }
  const unguard = (): void => removeEventListener('storage', guard)
  addEventListener('storage', guard)
  try {
    const channel = new BroadcastChannel<unknown>(name, { type: 'localstorage', webWorkerSupport: false })
    channel.onmessage = receive
    const post = (message: unknown): void => {
      if (!channel.isClosed) channel.postMessage(message).catch(() => {})
    }
    const close = (): void => {
      if (channel.isClosed) return
      channel.onmessage = null
      channel.close().then(unguard, unguard)
    }
    waiting.forEach(post)
    Object.assign(link, { post, close })
  } catch (error) {
    unguard()
    throw error
  }
}

/** The package throws on all that is not its own, also where somebody removes the key. */
function isReadable(text: string | null): boolean {
  try {
    const value = JSON.parse(text ?? '') as { data?: { type?: unknown } | null } | null
    return value?.data?.type === 'message'
  } catch {
    return false
  }
}
