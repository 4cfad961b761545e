/* What a server that others wrote and the preset for it do together, whichever it is. */
import type { Page } from '@playwright/test'
import { ADA, cookieOf } from '../fixtures.ts'
import type { PageOptions } from '../pages/main.ts'
import { expectAll } from '../tabs.ts'
import { expect, openTab, type Peer, type StartPeer, type Tab, test } from './fixtures.ts'
import type { Life } from './host.ts'

export interface PeerKind {
  readonly preset: NonNullable<PageOptions['preset']>
  readonly live: (origin: string) => Life | Promise<Life>
  /** The cookie of the session. */
  readonly cookie: string
  /** Each question who is signed in renews it. */
  readonly rolls?: boolean
  /** As the server notes them: the question who is signed in, the sign-in, the sign-out, and what a write of nobody is answered. */
  readonly asked: string
  /** With the question that follows where its answer does not say who it is. */
  readonly signedIn: readonly [string, ...string[]]
  readonly signedOut: string
  readonly refused: string
  /** What a read of nobody is answered. @default '401' */
  readonly refusedRead?: string
  /** What a start asks where nobody is signed in, and where somebody is. @default the question */
  readonly visited?: readonly string[]
  readonly restored?: readonly string[]
  /** What script can read of the cookies. @default nothing */
  readonly readable?: RegExp
  /** The question for a token that protects writes, where that is one of its own. It is not counted. */
  readonly token?: string
}

/** What the server has answered, but for tokens. */
const seenBy = ({ seen }: Peer, { token }: PeerKind): string[] => seen.filter((line) => line !== token)

/** Starts such a server, whose pages do not look on their own whether all is well. */
export const startQuietly = (start: StartPeer, { preset, live }: PeerKind): Promise<Peer> =>
  start({ preset, development: false }, live)

/** Signs in, and counts from then on. */
async function signIn(tab: Tab, peer: Peer): Promise<void> {
  await tab.run('login', ADA)
  peer.seen.length = 0
}

/** A tab with the app in it, in which Ada has just signed in. Counts from then on. */
export async function openSignedIn(page: Page, peer: Peer): Promise<Tab> {
  const tab = await openTab(page, peer)
  await signIn(tab, peer)
  return tab
}

export const nameOf = async (tab: Tab): Promise<string> => {
  const { text } = await tab.run('fetch', '/api/profile')
  return (JSON.parse(text) as { name: string }).name
}

const expectShown = (tab: Tab, text: string): Promise<void> =>
  expect(tab.page.locator('#status')).toHaveText(text)

const isCall = (line: string): boolean => line.includes('/api/profile')

export function testPeer(kind: PeerKind): void {
  const { cookie, rolls = false, asked, signedOut, refused, refusedRead = '401', readable = /^$/ } = kind
  const { visited = [asked], restored = [asked] } = kind

  test('signs in, writes, and is restored after a reload by one question', async ({
    start,
    page,
    context,
  }) => {
    const peer = await startQuietly(start, kind)
    const tab = await openTab(page, peer)
    await tab.expectUser(undefined)
    expect(seenBy(peer, kind)).toEqual(visited)
    const visitor = await cookieOf(context, cookie)
    expect(await tab.fails('login', { ...ADA, password: 'wrong password' })).toMatchObject({
      code: 'invalid_credentials',
    })
    await signIn(tab, peer)
    await expectShown(tab, 'Ada is signed in')
    const before = await cookieOf(context, cookie)
    expect([before === visitor, typeof before]).toEqual([false, 'string'])
    expect((await tab.run('write', 'Ada L.')).status).toBe(200)
    expect(await nameOf(tab)).toBe('Ada L.')
    expect(await page.evaluate(() => document.cookie)).toMatch(readable)
    peer.seen.length = 0
    await page.reload()
    await tab.run('ready')
    await expectShown(tab, 'Ada L. is signed in')
    expect((await tab.run('write', 'Ada K.')).status).toBe(200)
    expect(seenBy(peer, kind)).toEqual([...restored, 'PUT /api/profile 200'])
    expect((await cookieOf(context, cookie)) === before).toBe(!rolls)
  })

  test('R43 R99 a second tab asks once whom the cookie is for, and a sign-out in one ends both, and no other browser', async ({
    start,
    page,
    context,
    browser,
  }) => {
    const peer = await startQuietly(start, kind)
    const elsewhere = await browser.newContext()
    const device = await openSignedIn(await elsewhere.newPage(), peer)
    const tab = await openSignedIn(page, peer)
    const second = await context.newPage()
    const other = await openTab(second, peer)
    await expectShown(other, 'Ada is signed in')
    expect((await other.run('write', 'From the other tab')).status).toBe(200)
    expect(seenBy(peer, kind)).toEqual([...restored, 'PUT /api/profile 200'])
    expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
    await expectAll([other], { status: 'unauthenticated', reason: 'logout-elsewhere' })
    expect(await other.fails('write', 'x')).toMatchObject({ code: 'session_ended' })
    expect(seenBy(peer, kind)).toEqual([...restored, 'PUT /api/profile 200', signedOut])
    await second.reload()
    await other.expectUser(undefined)
    expect((await device.run('write', 'From elsewhere')).status).toBe(200)
    await elsewhere.close()
  })

  const ends = [
    {
      what: 'the server restarts and has forgotten its sessions',
      lose: (peer: Peer) => peer.restart(),
      notice: (tab: Tab) => tab.fails('write', 'x'),
      seen: `PUT /api/profile ${refused}`,
    },
    {
      what: 'the session expires',
      lose: (peer: Peer) => peer.expireSessions(),
      notice: (tab: Tab) => tab.fails('fetch', '/api/profile'),
      seen: `GET /api/profile ${refusedRead}`,
    },
  ]

  for (const { what, lose, notice, seen } of ends) {
    test(`${what}: the next request says so, nothing loops, and both tabs can sign in again`, async ({
      start,
      page,
      context,
    }) => {
      const peer = await startQuietly(start, kind)
      const tab = await openSignedIn(page, peer)
      const other = await openTab(await context.newPage(), peer)
      await lose(peer)
      expect(await notice(tab)).toMatchObject({ code: 'session_ended' })
      await expectAll([tab, other], { status: 'unauthenticated', reason: 'expired' })
      expect(peer.seen.filter(isCall)).toEqual([seen])
      await tab.run('login', ADA)
      await expectAll([tab, other], { status: 'authenticated' })
      expect((await other.run('write', 'Ada L.')).status).toBe(200)
    })
  }
}

/** The checks of development, where a question who is signed in goes by the cookie. */
export function testChecks(kind: PeerKind): void {
  const { preset, live, asked, signedIn, signedOut } = kind

  test('in development the client looks whether the cookie comes back, and after the sign-out whether it is gone, and is content', async ({
    start,
    page,
  }) => {
    const peer = await start({ preset }, live)
    const tab = await openTab(page, peer)
    await tab.run('login', ADA)
    // From the sign-in on, since the question may be answered before the page has told that the sign-in is done.
    const seen = () => {
      const all = seenBy(peer, kind)
      return all.slice(all.indexOf(signedIn[0]))
    }
    await expect.poll(seen).toEqual([...signedIn, asked])
    expect(await tab.run('diagnose')).toEqual({ cookie: 'returned', causes: [] })
    await tab.run('logout')
    await expect.poll(seen).toEqual([...signedIn, asked, asked, signedOut, asked])
  })
}
