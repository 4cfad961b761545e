/* Twenty tabs of one Chromium in front of three processes: what `test/stores/machines.test.ts` plays, with the real client. */
import { hasDatabase, startRedis } from '../test/tools/databases.ts'
import { startCluster } from '../test/stores/machines/cluster.ts'
import { PASSWORD, type Seen } from '../test/stores/machines/deployment.ts'
import { expect, Tab, test } from './fixtures.ts'
import { expectAll } from './tabs.ts'

const address = process.env['LATCHKEY_REDIS']

// Where Redis is missing and can be had, the step `stores` has fetched it.
if (hasDatabase('redis')) {
  test('R138 twenty tabs in front of three machines renew at once, stay signed in while one is killed, and sign out together', async ({
    context,
    server,
  }) => {
    test.setTimeout(120_000)
    const own = address ? undefined : await startRedis()
    const mark = `latchkey_${Math.random().toString(36).slice(2, 8)}`
    const cluster = await startCluster({ database: 'redis', url: address || own!.url, mark })
    try {
      const { proxy } = cluster
      proxy.pages = server.port
      const names = ['login', 'logout', 'refresh', 'session'] as const
      const endpoints = Object.fromEntries(names.map((name) => [name, `/deny-list/auth/${name}`]))
      server.client = { ...server.client, mode: 'token', endpoints }

      const tabs = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const tab = new Tab(await context.newPage(), proxy.origin)
          await tab.open()
          await tab.run('ready')
          return tab
        }),
      )
      await tabs[0]!.run('login', { email: 'ada', password: PASSWORD })
      await expectAll(tabs, { status: 'authenticated', user: 'ada' })

      const renew = () => Promise.all(tabs.map((tab) => tab.run('refresh', true)))
      const renewers = async (): Promise<number> => {
        const seen: readonly Seen[] = await cluster.seen()
        return seen.filter(({ rotated }) => Object.keys(rotated).length > 0).length
      }
      for (let rounds = 0; rounds < 3 || (rounds < 20 && (await renewers()) < 2); rounds++) await renew()
      expect(await renewers()).toBeGreaterThanOrEqual(2)

      const [doomed, ...others] = cluster.machines
      proxy.onSent = (port) => void (port === doomed!.port && doomed!.kill())
      await Promise.allSettled(tabs.map((tab) => tab.run('refresh', true)))
      cluster.serve([await cluster.start(), ...others])
      proxy.onSent = () => undefined
      // Who was cut off asks again in a while.
      await expect(renew).toPass({ timeout: 30_000 })
      await expectAll(tabs, { status: 'authenticated', user: 'ada', connection: 'ok' })

      await tabs[7]!.run('logout')
      await expectAll(tabs, { status: 'unauthenticated' })
    } finally {
      await cluster.close()
      await own?.stop()
    }
  })
}
