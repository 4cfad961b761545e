/* What tests of several tabs in one browser ask and do. */
import { type App, expect, putForward, REFRESH_COOKIE, type Tab, type TestServer } from './fixtures.ts'
import { nameOf } from '../test/support/stored.ts'

/** Options under which the name of lock and channel is known. */
export const OPTIONS = { development: false, key: 'shop' } as const
export const NAME = nameOf(OPTIONS.key)

/** As `App.pass`, for all tabs of a browser, also for those that are opened or loaded again later. */
export async function passEverywhere(tabs: readonly App[], seconds: number): Promise<void> {
  const [{ page, server }] = tabs as readonly [App]
  server.advance(seconds * 1000)
  await Promise.all(tabs.map((tab) => tab.page.evaluate(putForward, seconds * 1000)))
  await page.context().addInitScript(putForward, seconds * 1000)
}

export const liveSessions = async (server: TestServer): Promise<number> =>
  (await server.backend.admin.listSessions()).length

/** What was sent with an access token, or to the backend's auth endpoints with the refresh cookie, from the given request on. */
export const credentialed = (server: TestServer, from = 0): string[] =>
  server.seen
    .slice(from)
    .filter(({ path, headers }) => {
      const cookie = headers.get('cookie') ?? ''
      // The browser sends the cookie with documents and scripts, too; nothing comes of it.
      return headers.has('authorization') || (path.startsWith('/auth/') && cookie.includes(REFRESH_COOKIE))
    })
    .map(({ path }) => path)

/** How many tabs hold the lock of the client, and how many queue for it. */
export const lockState = ({ page }: App): Promise<{ held: number; pending: number }> =>
  page.evaluate(async (name) => {
    const { held = [], pending = [] } = await navigator.locks.query()
    const ours = (locks: LockInfo[]) => locks.filter((lock) => lock.name === name).length
    return { held: ours(held), pending: ours(pending) }
  }, NAME)

export const expectAll = async (tabs: readonly Tab[], state: Record<string, unknown>): Promise<void> => {
  await Promise.all(tabs.map((tab) => expect.poll(() => tab.run('state')).toMatchObject(state)))
}
