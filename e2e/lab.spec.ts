import type { Page } from '@playwright/test'
import { signedInAs, signIn, test } from './demo-server.ts'
import { expect } from './fixtures.ts'

// One demo for all of them.
test.describe.configure({ mode: 'default' })

/** Plays one scenario of the tour, and reads what it measured. */
async function play(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: title, exact: true }).click()
  await page.getByRole('button', { name: `Play: ${title}` }).click()
  const scenario = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title }) })
  // No locators while the page may be away: for Playwright a restored page of Firefox never ends its navigation.
  await expect(async () => {
    const verdict = await page.evaluate(() => document.querySelector('.scenario-body:not([hidden]) .verdict')?.textContent)
    expect(verdict).toMatch(/./)
  }).toPass({ timeout: 15_000 })
  const course = await scenario.evaluate((element) => element.querySelector('.course')?.textContent ?? '')
  expect(course).toContain('It did not happen here.')
}

const SCENARIOS: readonly (readonly [title: string, other: string | undefined])[] = [
  ['Signed out because two tabs raced', 'Ann Baker'],
  ['Still signed in behind the back button', undefined],
  ['Signed in again after signing out offline', undefined],
  ['Signed out by a 503', 'Ann Baker'],
  ['A storm of 401s', 'Ann Baker'],
  ['Somebody else’s data on the screen', 'Ada Moss'],
  ['A stale token after the lid was closed', 'Ann Baker'],
  ['A silent refresh that empties the form', 'Ann Baker'],
]

for (const [title, other] of SCENARIOS) {
  test(`the lab plays "${title}" live: it does not happen here, and a second tab agrees`, async ({
    page,
    context,
    demo,
  }) => {
    await signIn(page, demo)
    const second = await context.newPage()
    await second.goto(demo)
    await signedInAs(second, 'Ann Baker')
    await page.bringToFront()
    await play(page, title)
    const status = second.getByRole('banner').getByRole('status')
    await expect(status).toHaveText(other === undefined ? 'Signed out' : `Signed in as ${other}`)
  })
}
