import type { Page } from '@playwright/test'
import { expect, type Noise, Tab, test as base } from '../fixtures.ts'
import type { PageOptions } from '../pages/main.ts'
import { type Life, type Peer, startPeer } from './host.ts'

export { expect, type Noise, type Peer, Tab }

/** Starts a server that is torn down after the test; what its pages say of their policy fails the test. */
export type StartPeer = (client: PageOptions, live: (origin: string) => Life | Promise<Life>) => Promise<Peer>

const endings: (() => Promise<void>)[] = []

/** Ends what serves all tests of this worker. */
export const atWorkerEnd = (end: () => Promise<void>): void => void endings.push(end)

export const test = base.extend<{ start: StartPeer }, { ended: void }>({
  ended: [
    // oxlint-disable-next-line no-empty-pattern -- as below
    async ({}, use) => {
      await use()
      await Promise.all(endings.map((end) => end()))
    },
    { scope: 'worker', auto: true },
  ],
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern what a fixture needs
  start: async ({}, use) => {
    const peers: Peer[] = []
    await use(async (client, live) => {
      const peer = await startPeer(client, live)
      peers.push(peer)
      return peer
    })
    await Promise.all(peers.map((peer) => peer.close()))
    expect(peers.flatMap((peer) => peer.violations)).toEqual([])
  },
})

/** A tab with the app of that server in it, which knows who is signed in. */
export async function openTab(page: Page, { origin }: Peer): Promise<Tab> {
  const tab = new Tab(page, origin)
  await tab.open()
  await tab.run('ready')
  return tab
}
