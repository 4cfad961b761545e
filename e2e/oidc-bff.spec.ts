/* An OpenID provider that is not ours behind a small backend for frontend that speaks the contract. */
import type { Page } from '@playwright/test'
import { ADA, BOB } from './fixtures.ts'
import type { PageOptions } from './pages/main.ts'
import { expect, openTab, type Peer, type StartPeer, Tab, test } from './peers/fixtures.ts'
import { nameOf } from './peers/flows.ts'
import { type BffLife, bffLife, type BffMode } from './peers/oidc-bff.ts'
import { expectAll } from './tabs.ts'

const CLIENTS: Record<BffMode, PageOptions> = {
  token: { mode: 'token', development: false },
  session: { mode: 'session', development: false, session: { csrf: 'static-header' } },
}
const MODES: readonly BffMode[] = ['token', 'session']

async function startBff(start: StartPeer, mode: BffMode): Promise<{ peer: Peer; life: BffLife }> {
  let life: BffLife | undefined
  const peer = await start(CLIENTS[mode], async (origin) => (life = await bffLife(origin, mode)))
  return { peer, life: life! }
}

/** At the sign-in page of the provider, and back to the app. */
async function signInThere(page: Page, { origin }: Peer, { email, password }: typeof ADA): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await Promise.all([page.waitForURL(`${origin}/`), page.getByRole('button', { name: 'Sign in' }).click()])
}

/** Signs in as that user by a redirect that the client begins. */
async function signIn(tab: Tab, peer: Peer, credentials: typeof ADA): Promise<void> {
  await tab.begin('loginWithRedirect')
  await signInThere(tab.page, peer, credentials)
  await tab.run('ready')
}

const follow = (page: Page, { origin }: Peer, user: string): Promise<unknown> =>
  page.goto(`${origin}/link?for=${user}`)

for (const mode of MODES) {
  test(`${mode} mode: a sign-in at the provider is restored after a reload, its tokens stay at the server, and a sign-out ends it`, async ({
    start,
    page,
    context,
  }) => {
    const { peer, life } = await startBff(start, mode)
    const tab = await openTab(page, peer)
    await tab.expectUser(undefined)
    const answers: Promise<string>[] = []
    page.on('response', (response) => answers.push(response.text().catch(() => '')))
    await signIn(tab, peer, ADA)
    await tab.expectUser('ada')
    expect((await tab.run('write', 'Ada L.')).status).toBe(200)
    await page.reload()
    await tab.expectUser('ada')
    expect(await nameOf(tab)).toBe('Ada L.')
    const secrets = life.tokens()
    expect(secrets).not.toEqual([])
    const visible = JSON.stringify([
      await Promise.all(answers),
      await tab.run('whole'),
      await context.storageState(),
    ])
    expect(visible).toContain('Ada L.')
    expect(secrets.filter((secret) => visible.includes(secret))).toEqual([])
    expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
    expect(life.tokens()).toEqual([])
    await page.reload()
    await tab.expectUser(undefined)
  })
}

for (const mode of MODES) {
  test(`R99 ${mode} mode: who signs in at the provider in the second tab is shown there, writes as himself, and the first tab follows`, async ({
    start,
    page,
    context,
  }) => {
    const { peer, life } = await startBff(start, mode)
    const tab = await openTab(page, peer)
    await signIn(tab, peer, ADA)
    await tab.expectUser('ada')
    await tab.run('told')
    const other = await openTab(await context.newPage(), peer)
    await other.expectUser('ada')
    await signIn(other, peer, BOB)
    await other.expectUser('bob')
    expect((await other.run('write', 'Written in the second tab')).status).toBe(200)
    expect(Object.fromEntries(life.names)).toEqual({ ada: 'Ada', bob: 'Written in the second tab' })
    await expectAll([tab], { status: 'authenticated', user: 'bob' })
    const told = (await tab.run('told')).filter((one) => /^(sessionEnd|userSwitch) /.test(one))
    expect(told).toEqual(['sessionEnd user-switched ada', 'userSwitch ada bob'])
    expect(await nameOf(tab)).toBe('Written in the second tab')
  })

  test(`R99 ${mode} mode: a link of the server signs in somebody else, and the page that it leads to shows him alone`, async ({
    start,
    page,
    context,
  }) => {
    const { peer, life } = await startBff(start, mode)
    await follow(page, peer, 'ada')
    const tab = new Tab(page, peer.origin)
    await tab.expectUser('ada')
    const second = await context.newPage()
    await second.addInitScript(noteStatus)
    const other = new Tab(second, peer.origin)
    await follow(second, peer, 'bob')
    await other.expectUser('bob')
    expect(await second.evaluate(() => window.shown)).toEqual(['Bob is signed in'])
    expect((await other.run('write', 'Written in the second tab')).status).toBe(200)
    expect(Object.fromEntries(life.names)).toEqual({ ada: 'Ada', bob: 'Written in the second tab' })
    await expectAll([tab], { status: 'authenticated', user: 'bob' })
  })

  test(`R99 ${mode} mode: a visitor who signs in by a link, or at the provider without the client, is shown by the page that comes next`, async ({
    start,
    page,
  }) => {
    const { peer } = await startBff(start, mode)
    const tab = await openTab(page, peer)
    await tab.expectUser(undefined)
    await follow(page, peer, 'bob')
    await tab.expectUser('bob')
    await tab.run('logout')
    await page.reload()
    await tab.expectUser(undefined)
    await page.goto(`${peer.origin}/auth/start?return_to=/`)
    await signInThere(page, peer, ADA)
    await tab.expectUser('ada')
  })

  test(`R99 ${mode} mode: a link of the server signs out while another tab is open, and the page that it leads to shows nobody`, async ({
    start,
    page,
    context,
  }) => {
    const { peer } = await startBff(start, mode)
    await follow(page, peer, 'ada')
    const tab = new Tab(page, peer.origin)
    await tab.expectUser('ada')
    const second = await context.newPage()
    await second.addInitScript(noteStatus)
    await second.goto(`${peer.origin}/leave`)
    const other = new Tab(second, peer.origin)
    await other.expectUser(undefined)
    expect(await second.evaluate(() => window.shown)).toEqual([])
    await expectAll([tab], { status: 'unauthenticated' })
  })
}

declare global {
  interface Window {
    shown: string[]
  }
}

/** Runs in a page before its scripts: notes whom it shows, from the first moment on. */
function noteStatus(): void {
  window.shown = []
  new MutationObserver(() => {
    const text = document.getElementById('status')?.textContent ?? ''
    if (text.endsWith('is signed in') && window.shown.at(-1) !== text) window.shown.push(text)
  }).observe(document, { childList: true, subtree: true, characterData: true })
}
