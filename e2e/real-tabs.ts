import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, expect, type BrowserContext, type Page } from '@playwright/test'
import { launchOptions } from '../test/tools/browsers.ts'
import { test as base } from './fixtures.ts'

/** A browser of which Playwright knows nothing, and the URL of its DevTools. */
export async function launch(): Promise<{ url: string; close(): Promise<void> }> {
  const { executablePath = '', args = [] } = launchOptions('chromium')
  const profile = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'))
  const child = spawn(executablePath, [
    '--headless',
    ...args,
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    'about:blank',
  ])
  const ended = new Promise((resolve) => child.once('close', resolve))
  const close = async (): Promise<void> => {
    child.kill()
    await ended
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    return { url: await debuggerUrl(child), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Playwright makes its pages believe that they are always visible and have the focus. Here they are as people have them. */
export const test = base.extend<{ real: BrowserContext }>({
  real: async ({ noise }, use) => {
    const { url, close } = await launch()
    try {
      const browser = await chromium.connectOverCDP(url, { noDefaults: true })
      const [context] = browser.contexts()
      if (context === undefined) throw new Error('The browser has no context')
      noise.listen(context)
      await use(context)
      await browser.close()
    } finally {
      await close()
    }
  },
})

function debuggerUrl({ stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const url = /DevTools listening on (ws:\S+)/.exec(text)?.[1]
      if (url !== undefined) resolve(url)
    })
    stderr?.on('close', () => reject(new Error(`The browser did not start: ${text}`)))
  })
}

export const expectVisibility = (page: Page, state: DocumentVisibilityState): Promise<void> =>
  expect.poll(() => page.evaluate(() => document.visibilityState)).toBe(state)
