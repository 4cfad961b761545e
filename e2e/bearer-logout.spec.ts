/* A backend whose logout goes by the bearer token alone, as Strapi's does, with options and nothing else. */
import { ADA } from './fixtures.ts'
import type { PageOptions } from './pages/main.ts'
import { bearerLogout } from './peers/bearer-logout.ts'
import { expect, openTab, test } from './peers/fixtures.ts'

const OPTIONS: PageOptions = {
  development: false,
  mode: 'token',
  endpoints: { session: false },
  // Its refresh has no code for it.
  refusals: [{ status: 401, reason: 'expired' }],
}

test('R100 a logout ends the session of a backend that goes by the bearer token', async ({ start, page }) => {
  const backend = bearerLogout()
  const peer = await start(OPTIONS, () => backend)
  const tab = await openTab(page, peer)
  await tab.run('login', ADA)
  peer.seen.length = 0
  expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
  expect(peer.seen).toEqual(['POST /auth/logout 200'])
  expect([...backend.sessions]).toEqual([])
  await page.reload()
  await tab.expectUser(undefined)
})

for (const logoutProof of ['bearer', undefined] as const) {
  test(`R100 after a reload a token is bought for it, and nobody is shown by it (${logoutProof})`, async ({
    start,
    page,
  }) => {
    const backend = bearerLogout()
    const peer = await start({ ...OPTIONS, logoutProof }, () => backend)
    const tab = await openTab(page, peer)
    await tab.run('login', ADA)
    backend.down = 1
    expect(await tab.run('logout')).toEqual({ server: 'pending', durable: true })
    expect(backend.sessions.size).toBe(1)
    peer.seen.length = 0
    await page.reload()
    await tab.expectUser(undefined)
    expect([...backend.sessions]).toEqual([])
    const bought = ['POST /auth/refresh 200', 'POST /auth/logout 200']
    expect(peer.seen.filter((line) => !line.endsWith('401'))).toEqual(bought)
    expect(await tab.run('told')).not.toContainEqual(expect.stringContaining('is signed in'))
  })
}

test('R100 in development a logout that did not happen is told in words', async ({ start, page, noise }) => {
  noise.expect(/logout was confirmed, and the cookie still signs the user in/)
  const backend = bearerLogout()
  backend.forgets = true
  const peer = await start({ ...OPTIONS, development: true }, () => backend)
  const tab = await openTab(page, peer)
  await tab.run('login', ADA)
  expect(await tab.run('logout')).toEqual({ server: 'confirmed', durable: true })
  await expect.poll(() => noise.heard(/logout was confirmed/)).toHaveLength(1)
  await tab.expectUser(undefined)
})
