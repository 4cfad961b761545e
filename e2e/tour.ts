import type { BrowserContext, Page } from '@playwright/test'
import { signedInAs, signIn } from './demo-server.ts'
import { expect } from './fixtures.ts'

/** Plays one scenario of the tour, and insists that what usually happens did not. */
export async function play(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: title, exact: true }).click()
  await page.getByRole('button', { name: `Play it: ${title}` }).click()
  // No locators while the page may be away: for Playwright a restored page of Firefox never ends its navigation.
  const course = (): Promise<string> =>
    page.evaluate(() => document.querySelector('.scenario-body:not([hidden]) .course')?.textContent ?? '')
  await expect(async () =>
    expect(await course()).toMatch(/It did not happen here|went wrong|not as it should/),
  ).toPass({ timeout: 15_000 })
  expect(await course()).toContain('It did not happen here.')
}

/** Plays a scenario live: what usually happens does not happen here, and a second tab agrees on who is signed in by then. */
export const plays =
  (title: string, other?: string) =>
  async ({ page, context, demo }: { page: Page; context: BrowserContext; demo: string }): Promise<void> => {
    await signIn(page, demo)
    const second = await context.newPage()
    await second.goto(demo)
    await signedInAs(second, 'Ann Baker')
    await page.bringToFront()
    await play(page, title)
    const status = second.getByRole('banner').getByRole('status')
    await expect(status).toHaveText(other === undefined ? 'Signed out' : `Signed in as ${other}`)
  }
