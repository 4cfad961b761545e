import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { expect, test as base } from './fixtures.ts'

export const ANN = { name: 'Ann Baker', email: 'ann@example.com', password: 'brass-key-7' }
export const ADA = { name: 'Ada Moss', email: 'ada@example.com', password: 'iron-bolt-3' }

/** The demo as `npm run demo` starts it, one for all tests of a file; and how long its tokens live. */
export const test = base.extend<object, { demo: string; tokenSeconds: number }>({
  tokenSeconds: [30, { option: true, scope: 'worker' }],
  demo: [
    async ({ tokenSeconds }, use) => {
      // What another one has kept is nobody's here.
      const data = await mkdtemp(join(tmpdir(), 'latchkey-demo-'))
      const options = ['--port', '0', '--token-seconds', String(tokenSeconds), '--data', data, '--no-open']
      const child = spawn(
        process.execPath,
        ['--import', './test/tools/source.ts', 'demo/run.ts', ...options],
        { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: ['ignore', 'pipe', 'pipe'] },
      )
      const ended = new Promise((resolve) => child.once('close', resolve))
      const url = new Promise<string>((resolve, reject) => {
        let output = ''
        const read = (chunk: Buffer): void => {
          output += chunk.toString()
          const found = /http:\/\/localhost:\d+/.exec(output)?.[0]
          if (found !== undefined) resolve(found)
        }
        child.stdout.on('data', read)
        child.stderr.on('data', read)
        child.once('close', () => reject(new Error(`The demo did not start: ${output}`)))
      })
      try {
        await use(await url)
      } finally {
        child.kill()
        await ended
        await rm(data, { recursive: true, force: true })
      }
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

export const signedInAs = (page: Page, name: string): Promise<void> =>
  expect(page.getByRole('banner').getByRole('status')).toHaveText(`Signed in as ${name}`, {
    // A password is hashed with care, which takes its time on a busy machine.
    timeout: 10_000,
  })

export async function signIn(page: Page, demo: string): Promise<void> {
  await page.goto(demo)
  await page.getByRole('button', { name: `Fill in ${ANN.name}` }).click()
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await signedInAs(page, ANN.name)
  await expect(page.getByRole('cell', { name: 'ann-1', exact: true })).toBeVisible()
}
