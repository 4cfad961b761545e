/*
 * Three processes behind a proxy that sends each request to the next one. Tabs are played by fetch, with one jar a browser: the
 * client would spare the servers most of what crosses here (e2e/machines.spec.ts).
 */
import { createTokenVerifier } from 'latchkey/jwt'
import { generateKey, type ListedSession } from 'latchkey/server'
import { beforeAll, expect, it } from 'vitest'
import { hasDatabase } from '../tools/databases.ts'
import { type Answer, type Browser, createBrowser } from './machines/browser.ts'
import { type Cluster, startCluster } from './machines/cluster.ts'
import { KINDS, type Kind, type Place } from './machines/deployment.ts'
import { openPlace } from './machines/place.ts'
import { atTheEnd, times } from './support.ts'

const TABS = 20
const STORES = (['postgres', 'redis'] as const).filter(hasDatabase)
const clusters = {} as Record<Place['database'], Cluster>

beforeAll(async () => {
  await Promise.all(
    STORES.map(async (name) => {
      clusters[name] = await startCluster(await openPlace(name))
      atTheEnd(() => clusters[name].close())
    }),
  )
})

let people = 0
async function signedIn({ proxy }: Cluster, kind: Kind = 'deny-list'): Promise<Browser> {
  const browser = createBrowser(proxy.origin, kind, `person-${++people}`)
  expect(await browser.signIn()).toMatchObject({ status: 200 })
  return browser
}

const portsOf = ({ machines }: Cluster): number[] => machines.map(({ port }) => port)
/** The machines that have renewed the cookie of this session, and how often. */
async function rotationsOf(cluster: Cluster, { sessionId }: Browser): Promise<number[]> {
  return (await cluster.seen()).map(({ rotated }) => rotated[sessionId] ?? 0).filter((count) => count > 0)
}
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
const cookieOf = ({ setCookie }: Answer): string | undefined =>
  setCookie.find((line) => line.startsWith('__Host-refresh='))?.split(';')[0]

/** All tabs of a browser refresh at once, with the cookie of this moment. */
async function refreshAll(browser: Browser): Promise<void> {
  const answers = await times(TABS, () => browser.refresh())
  expect(new Set(answers.map(({ status, body }) => `${status} ${String(body['error'])}`))).toEqual(
    new Set(['200 undefined']),
  )
  expect(new Set(answers.map(cookieOf)).size).toBe(1)
}

it.each(STORES)(
  'R138 S02 three machines on %s: twenty tabs of each browser refresh at once, none is signed out, each family has one head, and more than one machine has renewed it',
  async (name) => {
    const cluster = clusters[name]
    const browsers = [await signedIn(cluster), await signedIn(cluster)]
    const rotations = (): Promise<number[][]> =>
      Promise.all(browsers.map((browser) => rotationsOf(cluster, browser)))
    let rounds = 0
    // Who is first is chance.
    for (; rounds < 6 || (rounds < 40 && (await rotations()).some(({ length }) => length < 2)); rounds++) {
      await Promise.all(browsers.map(refreshAll))
    }
    for (const browser of browsers) {
      expect(browser.pids).toEqual(new Set(cluster.machines.map(({ pid }) => pid)))
      const renewed = await rotationsOf(cluster, browser)
      expect(renewed.length).toBeGreaterThanOrEqual(2)
      expect(sum(renewed)).toBe(rounds)
      expect(await browser.call()).toMatchObject({ status: 200, body: { id: browser.user } })
    }
  },
)

const ENDS = {
  'a logout': (_cluster: Cluster, browser: Browser) => browser.signOut(),
  'an end of all': ({ machines }: Cluster, { user }: Browser) => machines[1]!.ask('endAll', user),
  'a ban': ({ machines }: Cluster, { user }: Browser) => machines[2]!.ask('ban', user),
}

it.each(STORES)(
  'R138 S09 three machines on %s: what one of them ends is refused by each with the very next call, by cookie and by token',
  async (name) => {
    const cluster = clusters[name]
    const everywhere = (browser: Browser): Promise<Answer[]> =>
      Promise.all(portsOf(cluster).map((port) => browser.call({ port })))
    const cases = KINDS.flatMap((kind) => Object.entries(ENDS).map(([what, end]) => ({ kind, what, end })))
    await Promise.all(
      cases.map(async ({ kind, what, end }) => {
        const browser = await signedIn(cluster, kind)
        expect((await everywhere(browser)).map(({ status }) => status)).toEqual([200, 200, 200])
        const cookie = browser.jar.header(new URL(cluster.proxy.origin), true) ?? ''
        await end(cluster, browser)
        // The version is the user's: to sign out of one session leaves its token what is left of its life (docs/choosing-a-mode.md).
        const refused = kind === 'version' && what === 'a logout' ? 200 : 401
        const calls = await Promise.all(
          portsOf(cluster).map((port) => browser.call({ port, headers: { cookie } })),
        )
        expect([kind, what, ...calls.map(({ status }) => status)]).toEqual([
          kind,
          what,
          refused,
          refused,
          refused,
        ])
        if (kind === 'session') return
        const code = what === 'a ban' ? 'user_disabled' : 'session_revoked'
        for (const port of portsOf(cluster)) {
          const answer = await browser.refresh({ port, headers: { cookie } })
          expect([kind, what, answer.status, answer.body['error']]).toEqual([kind, what, 401, code])
        }
      }),
    )
  },
)

it.each(STORES)(
  'R138 S68 three machines on %s: what a proxy sends again to another one, its answer lost, renews once, signs out, and signs in',
  async (name) => {
    const cluster = clusters[name]
    const headers = { 'x-lose-answer': '1' }
    cluster.proxy.asksTwice = true
    const browser = await signedIn(cluster)
    expect((await browser.refresh({ headers })).status).toBe(200)
    expect(sum(await rotationsOf(cluster, browser))).toBe(1)
    await refreshAll(browser)

    const cookie = browser.jar.header(new URL(cluster.proxy.origin), true) ?? ''
    expect((await browser.signOut({ headers })).status).toBe(204)
    const late = await browser.refresh({ headers: { cookie } })
    expect([late.status, late.body['error']]).toEqual([401, 'session_revoked'])

    expect((await browser.signIn({ headers })).status).toBe(200)
    await refreshAll(browser)
    // The other one is in no browser, and runs out.
    const listed = await cluster.machines[0]!.ask<ListedSession[]>('list', browser.user)
    expect(listed).toHaveLength(2)
    expect(listed.map(({ id }) => id)).toContain(browser.sessionId)
    cluster.proxy.asksTwice = false
  },
)

it.each(STORES)(
  'R138 three machines on %s: one is killed in the middle of refreshes and started again, and nobody is signed out',
  async (name) => {
    const cluster = clusters[name]
    const { proxy } = cluster
    const browsers = [await signedIn(cluster), await signedIn(cluster)]
    const [doomed, ...others] = cluster.machines
    let sent = 0
    let cut = 0
    let killed: Promise<void> | undefined
    // What a tab does: whoever gets no answer, or none that says anything about the session, asks once more.
    const insist = async (browser: Browser): Promise<void> => {
      for (let tried = 0; tried < 20; tried++) {
        const { status, body } = await browser.refresh()
        if (status === 200) return
        expect([status, body['error']]).toEqual([502, 'bad_gateway'])
        cut++
      }
      expect('an answer').toBe('none')
    }
    proxy.onSent = (port) => {
      if (port === doomed!.port && ++sent === 10) killed = doomed!.kill()
    }
    for (let round = 0; round < 3; round++)
      await Promise.all(browsers.map((browser) => times(TABS, () => insist(browser))))
    await killed
    proxy.onSent = () => undefined
    expect(cut).toBeGreaterThan(0)

    const again = await cluster.start()
    cluster.serve([again, ...others])
    for (const browser of browsers) {
      await refreshAll(browser)
      expect(browser.pids).toContain(again.pid)
      expect((await browser.call({ port: again.port })).status).toBe(200)
    }
  },
)

it.each(STORES)(
  'R138 S51 S65 three machines on %s: keys and secrets are changed in the steps of the guide, machine by machine, and no machine and no verifier refuses anybody',
  async (name) => {
    const cluster = clusters[name]
    const { proxy, deployment } = cluster
    const [old] = deployment.secrets
    const [key, nextKey] = [deployment.keys.sign, await generateKey()]
    const next = 'the second secret of all three machines'
    let ahead = 0
    const verifiers = [1, 2, 3].map(() =>
      createTokenVerifier({
        issuer: proxy.origin,
        audience: proxy.origin,
        jwks: `${proxy.origin}/.well-known/jwks.json`,
        clock: { now: () => Date.now() + ahead },
      }),
    )
    const browsers = [await signedIn(cluster), await signedIn(cluster, 'version')]
    const byCookie = await signedIn(cluster, 'session')
    const sleeper = await signedIn(cluster)

    const look = async (): Promise<void> => {
      await Promise.all(browsers.map(lookAs))
      if (!isOldKnown) return
      const writes = await Promise.all(portsOf(cluster).map((port) => byCookie.call({ port })))
      expect(writes.map(({ status }) => status)).toEqual([200, 200, 200])
    }
    const lookAs = async (browser: Browser): Promise<void> => {
      for (const port of portsOf(cluster)) {
        const { status, body } = await browser.refresh({ port })
        expect([status, body['error']]).toEqual([200, undefined])
        const calls = await Promise.all(portsOf(cluster).map((each) => browser.call({ port: each })))
        expect(calls.map((call) => call.status)).toEqual([200, 200, 200])
        for (const tokens of verifiers)
          expect((await tokens.verify(browser.token)).claims.sub).toBe(browser.user)
      }
    }
    let isOldKnown = true
    await look()
    const steps = [
      { secrets: [old!, next], keys: { sign: key, publish: [nextKey] } },
      { secrets: [next, old!], keys: { sign: nextKey, publish: [key] } },
      { secrets: [next], keys: { sign: nextKey } },
    ]
    for (const [index, step] of steps.entries()) {
      isOldKnown = index < 2
      await cluster.roll({ ...deployment, ...step }, look)
      ahead += 600_000
    }
    // Who has not come back since then signs in again.
    const answer = await sleeper.refresh()
    expect([answer.status, answer.body['error']]).toEqual([401, 'session_expired'])
  },
)

it.each(STORES)(
  'R138 S13 three machines on %s: of a hundred wrong passwords at once no more than ten are looked at',
  async (name) => {
    const cluster = clusters[name]
    const looked = async (): Promise<number[]> => (await cluster.seen()).map((seen) => seen.looked)
    const before = await looked()
    const browser = createBrowser(cluster.proxy.origin, 'deny-list', `person-${++people}`)
    const body = { email: browser.user, password: 'wrong' }
    const answers = await times(100, () => browser.signIn({ body }))
    expect(browser.pids.size).toBe(3)
    const after = await looked()
    expect(sum(after) - sum(before)).toBe(10)
    const statuses = answers.map(({ status }) => status)
    expect([
      statuses.filter((one) => one === 401).length,
      statuses.filter((one) => one === 429).length,
    ]).toEqual([10, 90])
    expect((await cluster.seen()).flatMap(({ faults }) => faults)).toEqual([])
  },
)
