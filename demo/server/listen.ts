import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'

const TRIES = 20

/** Listens on localhost, at this port or at the next one that is free, and says which it is. */
export async function listen(server: Server, first: number): Promise<number> {
  for (let port = first; ; port++) {
    try {
      const listening = once(server, 'listening')
      server.listen(port, 'localhost')
      await listening
      return (server.address() as AddressInfo).port
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!taken || port === first + TRIES) throw error
    }
  }
}
