/* One contestant on one store, in a process of its own, so that what asks takes nothing from what answers. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CONTESTANTS, type ContestantName, type Place } from './contestants.ts'

const { name, place } = JSON.parse(process.argv[2] ?? '') as { name: ContestantName; place: Place }
const server = createServer()
async function listen(): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const contestant = await CONTESTANTS[name](place, origin)
  if (contestant !== undefined) server.on('request', contestant.handle)
  process.send?.({ origin, signIn: contestant?.signIn })
}
await listen()
process.on('disconnect', () => process.exit())
