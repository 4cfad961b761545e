/* What of the lab hangs on the browser: its locks, its back/forward cache, how it hands keys to fields. Played in each. */
import type { Locator, Page } from '@playwright/test'
import { signedInAs, signIn, test } from './demo-server.ts'
import { expect } from './fixtures.ts'
import { plays } from './tour.ts'

// One demo for all of them.
test.describe.configure({ mode: 'default' })

test(
  'R01 the lab plays "Signed out because two tabs raced" in two tabs',
  plays('Signed out because two tabs raced', 'Ann Baker'),
)
test(
  'R39 the lab plays "Still signed in behind the back button" in two tabs',
  plays('Still signed in behind the back button'),
)

test('"Play all" says why it ended where the browser keeps no copy of the page', async ({ page, demo }) => {
  // Such a page is not kept; Chromium asks for the one, Firefox for the other.
  await page.addInitScript(() => {
    addEventListener('unload', () => {})
    // Not there on the empty page that comes first.
    void (navigator.locks as LockManager | undefined)?.request('held', () => new Promise(() => {}))
  })
  await signIn(page, demo)
  await page.getByRole('button', { name: 'Play all eight' }).click()
  const course = page.getByRole('region', { name: 'Eight failures people know' })
  await expect(course.getByText('This browser kept no copy of the page')).toBeVisible({ timeout: 30_000 })
  await expect(course.getByText('What was to play all ended with the page')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Play all eight' })).not.toHaveAttribute(
    'aria-disabled',
    'true',
  )
})

test('switching the backend from tokens to cookie sessions and back keeps who is signed in, in two tabs', async ({
  page,
  context,
  demo,
}) => {
  await signIn(page, demo)
  const second = await context.newPage()
  await second.goto(demo)
  await signedInAs(second, 'Ann Baker')
  const tabs = [page, second]
  const mode = (tab: Page): Locator => tab.getByText('mode', { exact: true }).locator('xpath=../dd')
  const rename = async (tab: Page, name: string): Promise<void> => {
    await tab.bringToFront()
    await tab.getByRole('link', { name: 'Profile' }).click()
    await expect(tab.getByLabel('Name', { exact: true })).toBeEnabled()
    await tab.getByLabel('Name', { exact: true }).press('ControlOrMeta+a')
    await tab.keyboard.type(name)
    const [sent] = await Promise.all([
      tab.waitForRequest((request) => request.method() === 'PUT' && request.url().endsWith('/api/profile')),
      tab.getByRole('button', { name: 'Save' }).click(),
    ])
    await expect(tab.getByText('Saved.')).toBeVisible()
    const { authorization, 'x-csrf-token': csrf } = await sent.allHeaders()
    expect([authorization !== undefined, csrf !== undefined]).toEqual(
      (await mode(tab).innerText()) === 'session' ? [false, true] : [true, false],
    )
  }

  // The last name is the one that the tests after this one know.
  for (const [choice, name, called] of [
    ['cookie session', 'session', 'Ann B.'],
    ['token', 'token', 'Ann Baker'],
  ] as const) {
    await page.bringToFront()
    await page.getByRole('radio', { name: choice, exact: true }).check()
    for (const tab of tabs) {
      await tab.bringToFront()
      await expect(mode(tab)).toHaveText(name)
      await rename(tab, called)
      await signedInAs(tab, called)
    }
    await expect(page.getByText('There is none in script')).toHaveCount(name === 'session' ? 1 : 0)
  }
})
