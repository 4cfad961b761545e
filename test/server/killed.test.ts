import { expect, it } from 'vitest'
import { createCluster, type Cluster } from './shared-store.ts'
import { errorOf, login, refreshWith, type Browser } from './support.ts'

type When = 'before' | 'after'

/** What is done, and what must be true when it has been done once more after a process was killed in the middle of it. */
interface Deed {
  readonly name: string
  readonly options?: object
  run(cluster: Cluster, browser: Browser, sessionId: string): Promise<unknown>
  check(cluster: Cluster, browser: Browser, spent: string | undefined): Promise<void>
}

const isSignedIn = async (_cluster: Cluster, browser: Browser): Promise<void> => {
  expect((await browser.send('POST', '/auth/refresh')).status).toBe(200)
}
const isOver = async ({ servers }: Cluster, _browser: Browser, spent: string | undefined): Promise<void> => {
  const answer = await refreshWith(servers[1]!.browser(), spent)
  expect(await errorOf(answer)).toEqual([401, expect.stringMatching(/^(?:session_revoked|user_disabled)$/)])
}

const DEEDS: Deed[] = [
  { name: 'a refresh', run: (_cluster, browser) => browser.send('POST', '/auth/refresh'), check: isSignedIn },
  {
    name: 'a logout',
    options: { revocation: 'deny-list' },
    run: (_cluster, browser, session_id) => browser.send('POST', '/auth/logout', { body: { session_id } }),
    check: isOver,
  },
  {
    name: 'a logout everywhere',
    options: { revocation: 'token-version' },
    run: (_cluster, browser, session_id) =>
      browser.send('POST', '/auth/logout', { body: { session_id, scope: 'all' } }),
    check: isOver,
  },
  {
    name: 'a ban',
    run: ({ servers }) => servers[0]!.admin.ban('ada').catch(() => undefined),
    check: isOver,
  },
]

async function stage(deed: Deed) {
  const cluster = await createCluster(2, deed.options)
  const browser = cluster.servers[0]!.browser()
  const { session_id } = await login(browser)
  return { cluster, browser, session_id, held: browser.cookie() }
}

/** How many calls to the store the deed takes when nothing happens. */
async function callsOf(deed: Deed): Promise<number> {
  const { cluster, browser, session_id } = await stage(deed)
  cluster.control.calls.length = 0
  await deed.run(cluster, browser, session_id)
  return cluster.control.calls.length
}

it.each(DEEDS)(
  'R114 S04 S14 $name that is cut off before or after any call to the store loses no session and revives none, once it is asked again',
  async (deed) => {
    const total = await callsOf(deed)
    expect(total).toBeGreaterThan(2)
    for (let index = 0; index < total; index++) {
      for (const when of ['before', 'after'] satisfies When[]) {
        const { cluster, browser, session_id, held } = await stage(deed)
        const { control } = cluster
        let call = 0
        let isDead = false
        control[when] = () => {
          isDead ||= call++ === index
          return isDead ? Promise.reject(new Error('killed')) : undefined
        }
        const answer = await deed.run(cluster, browser, session_id)
        if (answer instanceof Response) {
          expect([index, when, answer.status]).toEqual([index, when, 503])
          expect(answer.headers.getSetCookie()).toEqual([])
          expect(browser.cookie()).toBe(held)
        }
        control[when] = () => undefined
        await deed.run(cluster, browser, session_id)
        await deed.check(cluster, browser, held)
      }
    }
  },
)
