import { spawn } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/tools/watched.ts'
import { buildConsumerApp } from '../test/tools/consumer.ts'
import { generateKey } from '../src/server/index.ts'
import { ADA, expect, test } from './fixtures.ts'

// The second one takes what the first has built.
test.describe.configure({ mode: 'default' })

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

/** Runs the server of the guide in its folder, as one says there. */
async function startCopied(cwd: string, env: Record<string, string>): Promise<() => Promise<unknown>> {
  const child = spawn(process.execPath, ['server.ts'], { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await expect(async () => void (await fetch(env['ORIGIN']!))).toPass({ timeout: 15_000 })
  return () => {
    child.kill()
    return ended
  }
}

test('R140 server and React page of the guide, copied into an empty folder with the packed tarball, sign in, know a second tab, outlive a restart and sign out', async ({
  page,
  context,
  noise,
}) => {
  test.setTimeout(300_000)
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-copied-'))
  let stop: (() => Promise<unknown>) | undefined
  try {
    await cp(join(await buildConsumerApp(folder, { reuse: true }), 'copied'), join(folder, 'app'), {
      recursive: true,
    })
    const port = await freePort()
    const origin = `http://localhost:${port}`
    const env = {
      PORT: String(port),
      ORIGIN: origin,
      AUTH_SECRETS: 's'.repeat(32),
      AUTH_KEY: JSON.stringify(await generateKey()),
    }
    stop = await startCopied(join(folder, 'app'), env)
    await page.goto(origin)
    await page.getByLabel('E-mail address').fill(ADA.email)
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('alert')).toHaveText('E-mail address or password is wrong.')
    await page.getByLabel('Password').fill(ADA.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    const other = await context.newPage()
    for (const tab of [page, other]) {
      const signedIn = tab.getByRole('button', { name: 'Sign out, Ada' })
      if (tab === page) await expect(signedIn).toBeVisible()
      await tab.goto(origin)
      await expect(signedIn).toBeVisible()
    }
    await stop()
    stop = await startCopied(join(folder, 'app'), env)
    await page.reload()
    await page.getByRole('button', { name: 'Sign out, Ada' }).click()
    for (const tab of [page, other]) await expect(tab.getByRole('button', { name: 'Sign in' })).toBeVisible()
    await page.reload()
    await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible()
    expect(noise.heard(/./)).toEqual([])
  } finally {
    await stop?.()
    await rm(folder, { recursive: true, force: true })
  }
})
