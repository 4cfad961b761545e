import type { Page } from '@playwright/test'
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
