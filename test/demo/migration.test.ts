import { expect, it } from 'vitest'
import { Migration } from '../../demo/backend/migration.js'
import { createTestBackend, login, type Browser } from '../server/support.ts'

const statusOf = async (browser: Browser, token?: string): Promise<number> =>
  (await browser.send('GET', '/api/orders', { token })).status

const renew = async (browser: Browser): Promise<number> =>
  (await browser.send('POST', '/auth/refresh')).status

it('a switch of the mode signs nobody out: both are served until nobody holds the old kind, and half a minute more', async () => {
  const backend = await createTestBackend({ mode: 'token' })
  const browser = backend.browser()
  const { access_token: token } = await login(browser)
  let now = 0
  const migration = new Migration(backend, () => now)
  migration.begin('session')
  for (now of [0, 100_000]) expect(await migration.goesOn()).toBe(true)
  expect(await statusOf(browser, token)).toBe(200)

  expect(await renew(browser)).toBe(200)
  now = 130_000
  expect(await migration.goesOn()).toBe(true)
  expect(await statusOf(browser, token)).toBe(200)
  now = 130_001
  expect(await migration.goesOn()).toBe(false)
  expect([await statusOf(browser), await renew(browser)]).toEqual([200, 404])
})

it('a switch of the mode is over at once where nobody is signed in, and never with both', async () => {
  const backend = await createTestBackend({ mode: 'token' })
  const migration = new Migration(backend)
  migration.begin('both')
  expect([migration.mode, await migration.goesOn()]).toEqual(['both', false])
  expect(await renew(backend.browser())).toBe(401)
  migration.begin('session')
  expect(await migration.goesOn()).toBe(false)
  expect(await renew(backend.browser())).toBe(404)
})
