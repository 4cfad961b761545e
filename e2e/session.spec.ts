import { ADA, BOB, cookieOf, expect, test } from './fixtures.ts'

test('BBA-05 a sign-in by form survives a reload, at the price of one refresh', async ({ app, server, page }) => {
  await app.open()
  await app.expectUser(undefined)
  await page.getByLabel('E-mail').fill(ADA.email)
  await page.getByLabel('Password').fill(ADA.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.locator('#status')).toHaveText('Ada is signed in')
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)

  const before = server.count('/auth/refresh')
  await page.reload()
  await app.expectUser('ada')
  expect((await app.run('fetch', '/api/profile')).status).toBe(200)
  expect(server.count('/auth/refresh') - before).toBe(1)
})
