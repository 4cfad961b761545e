/* An OpenID provider that is not ours behind a small backend for frontend that speaks the contract. */
import type { Page } from '@playwright/test'
import { ADA } from './fixtures.ts'
import type { PageOptions } from './pages/main.ts'
import { expect, openTab, type Peer, type StartPeer, type Tab, test } from './peers/fixtures.ts'
import { nameOf } from './peers/flows.ts'
import { type BffLife, bffLife, type BffMode } from './peers/oidc-bff.ts'

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
