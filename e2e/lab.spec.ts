import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { signedInAs, signIn, test } from './demo-server.ts'
import { expect } from './fixtures.ts'

// One demo for all of them.
test.describe.configure({ mode: 'default' })

/** Plays one scenario of the tour, and reads what it measured. */
async function play(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: title, exact: true }).click()
  await page.getByRole('button', { name: `Play: ${title}` }).click()
  // No locators while the page may be away: for Playwright a restored page of Firefox never ends its navigation.
  const course = (): Promise<string> =>
    page.evaluate(() => document.querySelector('.scenario-body:not([hidden]) .course')?.textContent ?? '')
  await expect(async () => expect(await course()).toMatch(/It did not happen here|wrong|not as it/)).toPass({
    timeout: 15_000,
  })
  expect(await course()).toContain('It did not happen here.')
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

test('the lab has no violation that axe finds: signed out and in, light and dark, wide and on a phone', async ({
  page,
  demo,
}) => {
  const clean = async (): Promise<void> => {
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([])
  }
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 390],
  ] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 844 })
    await page.goto(demo)
    await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible()
    await clean()
    await signIn(page, demo)
    await page.getByRole('button', { name: 'Open three more tabs' }).click()
    await play(page, 'Signed out because two tabs raced')
    await page.getByRole('radio', { name: 'slowly' }).check()
    await clean()
    await page.getByRole('radio', { name: 'as it should' }).check()
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  }
})
