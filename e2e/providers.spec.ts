/* The client in a real browser, our server behind it, and npm's oidc-provider: sign-in at a provider as people do it. */
import { randomBytes } from 'node:crypto'
import type { Page } from '@playwright/test'
import {
  createAuthServer,
  done,
  memoryStore,
  nodeHandler,
  refuse,
  type AuthServer,
} from '../src/server/index.js'
import { oidc } from '../src/oidc/index.js'
import { CLIENT, startProvider, type Provider } from '../test/tools/oidc-provider.ts'
import { ADA, BOB } from './fixtures.ts'
import { expect, openTab, type Peer, type StartPeer, Tab, test } from './peers/fixtures.ts'

interface Shop {
  readonly peer: Peer
  readonly provider: Provider
  readonly auth: AuthServer
}

/** The same provider twice: it answers by a redirect as the one, and by a form that it posts as the other. */
async function startShop(start: StartPeer): Promise<Shop> {
  let provider!: Provider
  let auth!: AuthServer
  const peer = await start({ mode: 'session', development: false }, async (origin) => {
    provider = await startProvider(...['plain', 'posting'].map((name) => `${origin}/auth/callback/${name}`))
    const options = {
      issuer: provider.issuer,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      allowInsecureRequests: true,
      // Somebody else may sit here than the one whom the provider remembers.
      parameters: { prompt: 'login' },
    }
    auth = createAuthServer({
      origin,
      secrets: [randomBytes(32).toString('base64')],
      mode: 'session',
      store: memoryStore(),
      providers: { plain: oidc(options), posting: oidc({ ...options, responseMode: 'form_post' }) },
      linkUser: ({ subject }) => done({ id: subject }),
      signIn: () => refuse('invalid_credentials'),
      findUser: (id) => ({ id, profile: { name: id } }),
    })
    const handle = nodeHandler(auth)
    return {
      async handle(request, response) {
        // Where it leads is enough of a page here.
        if (!(await handle(request, response))) response.end('a page of the app')
      },
      expireSessions: () => undefined,
      close: () => provider.close(),
    }
  })
  return { peer, provider, auth }
}

async function toProvider(page: Page, { origin }: Peer, path: string, provider = 'plain'): Promise<void> {
  await page.goto(`${origin}/auth/start?${new URLSearchParams({ provider, return_to: path })}`)
  await expect(page.getByLabel('E-mail')).toBeVisible()
}

async function signInThere(page: Page, { email, password }: typeof ADA, lands: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await Promise.all([page.waitForURL(lands), page.getByRole('button', { name: 'Sign in' }).click()])
}

test('R135 S54 S55 two tabs at a provider both come back, each to its page; back, reload and the callback once more lead nobody astray', async ({
  start,
  page,
  context,
}) => {
  const { peer, auth } = await startShop(start)
  const second = await context.newPage()
  await toProvider(page, peer, '/?first')
  await toProvider(second, peer, '/?second')
  const callbacks: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('/auth/callback/')) callbacks.push(request.url())
  })
  await signInThere(second, ADA, `${peer.origin}/?second`)
  const other = new Tab(second, peer.origin)
  await other.expectUser('ada')
  await signInThere(page, ADA, `${peer.origin}/?first`)
  await new Tab(page, peer.origin).expectUser('ada')
  await expect.poll(async () => (await other.run('state')).user).toBe('ada')
  expect(await auth.admin.list('ada')).toHaveLength(1)

  await page.reload()
  await new Tab(page, peer.origin).expectUser('ada')
  await page.goto(callbacks[0]!)
  await page.waitForURL(`${peer.origin}/?first`)
  await new Tab(page, peer.origin).expectUser('ada')
  await page.goBack()
  await page.goForward()
  await page.waitForURL(`${peer.origin}/?first`)
  await new Tab(page, peer.origin).expectUser('ada')
  expect(await auth.admin.list('ada')).toHaveLength(1)
  const cookies = await context.cookies(peer.origin)
  expect(cookies.map(({ name }) => name).sort()).toEqual(['__Host-sid', 'signed_in'])
})

test('R135 S58 a provider that posts its answer from its own site signs in, and the session cookie stays Strict', async ({
  start,
  page,
  context,
  noise,
}) => {
  noise.allow(/./)
  const { peer, provider } = await startShop(start)
  await toProvider(page, peer, '/?posted', 'posting')
  const attempt = (await context.cookies(peer.origin)).find(({ name }) => name.startsWith('__Host-login-'))
  expect(attempt?.sameSite).toBe('None')
  await signInThere(page, BOB, `${peer.origin}/?posted`)
  await new Tab(page, peer.origin).expectUser('bob')
  const sid = (await context.cookies(peer.origin)).find(({ name }) => name === '__Host-sid')
  expect(sid?.sameSite).toBe('Strict')
  const seen = JSON.stringify([await context.storageState(), await page.content()])
  expect(provider.tokens).not.toEqual([])
  expect(provider.tokens.filter((token) => seen.includes(token))).toEqual([])
})

test('R135 FIX-03 the client goes to the provider and back, and who signs in as somebody else is shown in every tab', async ({
  start,
  page,
  context,
}) => {
  const { peer, auth } = await startShop(start)
  await toProvider(page, peer, '/')
  await signInThere(page, ADA, `${peer.origin}/`)
  const tab = new Tab(page, peer.origin)
  await tab.expectUser('ada')
  const other = await openTab(await context.newPage(), peer)
  await toProvider(other.page, peer, '/')
  await signInThere(other.page, BOB, `${peer.origin}/`)
  await other.expectUser('bob')
  await expect.poll(async () => (await tab.run('state')).user).toBe('bob')
  expect(await auth.admin.list('ada')).toEqual([])
})

test('R150 S67 a link on another site begins a sign-in that ends the session before it, also where the provider posts', async ({
  start,
  page,
  noise,
}) => {
  noise.allow(/./)
  const { peer, provider, auth } = await startShop(start)
  await toProvider(page, peer, '/')
  await signInThere(page, ADA, `${peer.origin}/`)
  await new Tab(page, peer.origin).expectUser('ada')
  for (const name of ['plain', 'posting']) {
    await page.goto(`${provider.issuer}/a-page-with-tiles`)
    const url = `${peer.origin}/auth/start?${new URLSearchParams({ provider: name, return_to: `/?${name}` })}`
    await page.evaluate((to) => location.assign(to), url)
    await expect(page.getByLabel('E-mail')).toBeVisible()
    await signInThere(page, BOB, `${peer.origin}/?${name}`)
    await new Tab(page, peer.origin).expectUser('bob')
    expect([await auth.admin.list('ada'), (await auth.admin.list('bob')).length]).toEqual([[], 1])
  }
  // The pages of ours on the way are none that one comes back to.
  await page.goBack({ waitUntil: 'commit' })
  await expect(page).toHaveURL(/^http:\/\/127\.0\.0\.1/)
})
