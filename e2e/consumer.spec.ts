import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildConsumerApp } from '../test/tools/consumer.ts'
import { ADA, expect, test } from './fixtures.ts'

test('R87 an empty Vite and React app with the packed tarball signs in, stays signed in over a reload and signs out', async ({
  page,
  server,
}) => {
  test.setTimeout(300_000)
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-app-'))
  try {
    server.site = await buildConsumerApp(folder, { reuse: true })
    await page.goto(server.origin)
    const output = page.locator('output')
    await expect(output).toHaveText('unauthenticated')
    await page.locator('[name=email]').fill(ADA.email)
    await page.locator('[name=password]').fill(ADA.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(output).toHaveText('authenticated as ada')
    await page.reload()
    await expect(output).toHaveText('authenticated as ada')
    await expect(page.locator('#account')).toHaveText('React knows ada')
    expect(await page.evaluate(() => document.cookie)).toBe('')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await expect(output).toHaveText('unauthenticated')
    await expect.poll(() => server.count('/auth/logout')).toBe(1)
    await page.reload()
    await expect(output).toHaveText('unauthenticated')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
