import { AxeBuilder } from '@axe-core/playwright'
import type { Page, Response } from '@playwright/test'
import { ADA, signedInAs, signIn, test } from './demo-server.ts'
import { expect } from './fixtures.ts'
import { play } from './tour.ts'

// One demo for all of them.
test.describe.configure({ mode: 'default' })

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click()

async function findsNothing(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual([])
}

for (const [colorScheme, width] of [
  ['light', 1280],
  ['dark', 390],
] as const) {
  test(`axe finds nothing in the lab, signed out and in, in ${colorScheme}, ${width} px wide`, async ({
    page,
    demo,
  }) => {
    // axe reads every element, in frames too.
    test.slow()
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize({ width, height: 844 })
    await page.goto(demo)
    await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible()
    await findsNothing(page)
    await signIn(page, demo)
    if (width > 1000) await press(page, 'Open three more tabs')
    await play(page, 'Signed out because two tabs raced')
    await page.getByRole('radio', { name: 'slowly' }).check()
    await findsNothing(page)
    await page.getByRole('radio', { name: 'as it should' }).check()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  })
}

/** How well the text of an element can be told from what it stands on (WCAG 2.2, 1.4.3). */
function contrastOf(element: Element): number {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!
  const grounds = []
  for (let at: Element | null = element; at; at = at.parentElement)
    grounds.unshift(getComputedStyle(at).backgroundColor)
  const luminance = (colors: readonly string[]): number => {
    for (const color of colors) {
      canvas.fillStyle = color
      canvas.fillRect(0, 0, 1, 1)
    }
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
  }
  const [dark, light] = [luminance(grounds), luminance([...grounds, getComputedStyle(element).color])].sort(
    (a, b) => a - b,
  )
  return (light! + 0.05) / (dark! + 0.05)
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the button that signs in can be read while it does so under the pointer, in ${colorScheme}`, async ({
    page,
    demo,
  }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.route('**/auth/login', () => {})
    await page.goto(demo)
    await page.getByLabel('E-mail address').fill(ADA.email)
    await page.getByLabel('Password').fill(ADA.password)
    await press(page, 'Sign in')
    const button = page.getByRole('button', { name: 'Signing in' })
    await button.hover()
    await expect(button).toHaveAttribute('aria-disabled', 'true')
    // Not the color in the middle of a transition.
    await button.evaluate((element) => Promise.all(element.getAnimations().map(({ finished }) => finished)))
    // axe passes over what is disabled, which a person reads all the same.
    expect(await button.evaluate(contrastOf)).toBeGreaterThan(4.5)
  })
}

test('the switches that a session outlives: expire, new role, new keys, skewed clock, HTML, 429', async ({
  page,
  demo,
}) => {
  test.slow()
  await signIn(page, demo)
  await press(page, 'Expire now')
  await expect(page.getByText('The next request gets a 401')).toBeVisible()
  await press(page, 'Next')
  await expect(page.getByText('Page 2 of 5')).toBeVisible()
  await expect(page.getByText('Answered 401, and sent again').first()).toBeVisible()

  await page.getByRole('button', { name: 'Make manager: Ann Baker' }).click()
  await expect(page.getByRole('button', { name: 'Make customer: Ann Baker' })).toBeVisible()
  await page.getByRole('link', { name: 'Customers' }).click()
  await expect(page.getByRole('cell', { name: ADA.email })).toBeVisible()

  const kid = page.getByText('kid which key').locator('xpath=../dd')
  const before = await kid.innerText()
  await press(page, 'Rotate signing keys')
  await expect(page.getByText('Rotated.')).toBeVisible()
  await press(page, 'Renew now')
  await expect(kid).not.toHaveText(before)

  await press(page, 'Skew its clock')
  await expect(page.getByText('Now 10 min ahead.')).toBeVisible()
  await page.getByRole('link', { name: 'Orders' }).click()
  await press(page, 'Next')
  await expect(page.getByRole('cell', { name: 'ann-6', exact: true })).toBeVisible()
  await press(page, 'Skew its clock')
  await page.getByRole('button', { name: 'Make customer: Ann Baker' }).click()
  await expect(page.getByRole('button', { name: 'Make manager: Ann Baker' })).toBeVisible()

  for (const answers of ['with HTML', '429']) {
    await page.getByRole('radio', { name: answers }).check()
    await press(page, 'Renew now')
    await expect(page.getByRole('banner').getByRole('status')).toContainText('Ann Baker · trouble')
  }
  await page.getByRole('radio', { name: 'as it should' }).check()
  await expect(page.getByText('Connected')).toBeVisible({ timeout: 15_000 })
})

async function renewalsOf(page: Page): Promise<number> {
  const [said = ''] = await page.getByText(/^Renewed (once|\d+ times)/).allTextContents()
  return said.startsWith('Renewed once') ? 1 : Number(/\d+/.exec(said)?.[0] ?? 0)
}

test('the switches that end a session: revoke, a replayed cookie, sign out everywhere, ban', async ({
  page,
  demo,
}) => {
  test.slow()
  const status = page.getByRole('banner').getByRole('status')
  await signIn(page, demo)
  await press(page, 'Revoke this session')
  await expect(page.getByText('Revoked.')).toBeVisible()
  await press(page, 'Renew now')
  await expect(page.getByText('Your session was ended elsewhere, or by the server.')).toBeVisible()

  await signIn(page, demo)
  for (let renewals = 1; renewals < 10; renewals++) {
    const before = await renewalsOf(page)
    await press(page, 'Renew now')
    // The page renews by itself, too.
    await expect.poll(() => renewalsOf(page)).toBeGreaterThan(before)
  }
  await press(page, 'Replay an old cookie')
  await expect(page.getByText('refused as used twice')).toBeVisible()
  await press(page, 'Renew now')
  await expect(status).toHaveText('Signed out')
  await expect(page.getByText(/^Renewed/)).toHaveCount(0)

  await signIn(page, demo)
  await page.getByRole('button', { name: 'Sign out everywhere: Ann Baker' }).click()
  await expect(page.getByText('customer · 0 sessions')).toBeVisible()
  await press(page, 'Next')
  await expect(status).toHaveText('Signed out')

  await signIn(page, demo)
  await page.getByRole('button', { name: 'Ban: Ann Baker' }).click()
  await expect(page.getByRole('button', { name: 'Unban: Ann Baker' })).toBeVisible()
  await press(page, 'Renew now')
  await expect(page.getByText('This account is disabled.')).toBeVisible()
  await page.getByRole('button', { name: 'Unban: Ann Baker' }).click()
  await expect(page.getByRole('button', { name: 'Ban: Ann Baker' })).toBeVisible()
})

test('three more tabs open beside the first, take its token over, and sign out with it; the timeline tells of all', async ({
  page,
  demo,
}) => {
  await signIn(page, demo)
  await press(page, 'Open three more tabs')
  const tabs = page.getByRole('region', { name: 'Open tabs' })
  for (const number of [2, 3, 4]) {
    const small = page.frameLocator(`iframe[title="Tab ${number}"]`)
    await expect(small.getByText('Ann Baker')).toBeVisible()
  }
  await expect(tabs.getByText('renewed last')).toHaveCount(1)
  await page.frameLocator('iframe[title="Tab 3"]').getByRole('button', { name: 'Orders' }).click()
  await expect(page.frameLocator('iframe[title="Tab 3"]').getByText('Orders of ann are here.')).toBeVisible()
  await page.frameLocator('iframe[title="Tab 2"]').getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('banner').getByRole('status')).toHaveText('Signed out')
  const decisions = page.getByRole('region', { name: 'Decisions, the newest first' })
  await expect(decisions.getByText('Signed out in another tab')).toBeVisible()
  await expect(decisions.getByText('Tabs 1, 3 and 4')).toBeVisible()
})

test('R139 the server is restarted on its file under two tabs: who asks meanwhile stays signed in, and the next renewal is good', async ({
  page,
  context,
  demo,
  noise,
}) => {
  noise.allow(/^warning: \[latchkey\] network: /)
  await signIn(page, demo)
  const other = await context.newPage()
  await other.goto(demo)
  await signedInAs(other, 'Ann Baker')
  const down = page.waitForRequest('**/demo/restart')
  await press(page, 'Restart the server')
  await down
  // One asks for a token while nobody answers, the other one for orders.
  const failed = other.waitForEvent('requestfailed', (request) => request.url().includes('/auth/'))
  await press(other, 'Renew now')
  await failed
  await press(page, 'Next')
  await expect(page.getByText('everybody is still signed in')).toBeVisible()
  const decisions = page.getByRole('region', { name: 'Decisions, the newest first' })
  await expect(decisions.getByText('The server is back')).toBeVisible()
  await signedInAs(other, 'Ann Baker')
  // Where the other tab is about to renew by itself, this one takes its token over.
  await expect(async () => {
    const isRenewal = (answer: Response) => answer.url().endsWith('/auth/refresh') && answer.ok()
    const renewed = page.waitForResponse(isRenewal, { timeout: 3000 })
    await Promise.all([renewed, press(page, 'Renew now')])
  }).toPass({ timeout: 15_000 })
  for (const tab of [page, other]) {
    await tab.reload()
    await signedInAs(tab, 'Ann Baker')
  }
})

test('the lab decodes a pasted token, and goes back to its own; no secret is in the timeline or what is kept of it', async ({
  page,
  demo,
  context,
}) => {
  await signIn(page, demo)
  await expect(page.getByText('about whom')).toBeVisible()
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  await page
    .getByLabel('Look into another one')
    .fill(`${encode({ alg: 'none' })}.${encode({ sub: 'mallory' })}.`)
  await expect(page.getByText('mallory')).toBeVisible()
  await page.getByLabel('Look into another one').fill('no token')
  await expect(page.getByText('This is no JSON Web Token')).toBeVisible()
  await page.getByLabel('Look into another one').fill('')
  await expect(page.getByText('about whom')).toBeVisible()

  await press(page, 'Renew now')
  await expect(page.getByText('Renewed once')).toBeVisible()
  const kept = await page.evaluate(() =>
    [localStorage, sessionStorage].map((storage) => JSON.stringify(storage)).join(),
  )
  const shown = await page.content()
  const [cookie] = (await context.cookies()).filter(({ httpOnly }) => httpOnly)
  for (const text of [kept, shown]) {
    expect(text).not.toMatch(/eyJ[\w-]+\.eyJ/)
    expect(text).not.toContain(cookie?.value)
  }
})

test('the lab can be used by keyboard alone', async ({ page, demo }) => {
  await page.goto(demo)
  await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the app' })).toBeFocused()
  await page.getByRole('button', { name: 'Fill in Ann Baker' }).focus()
  await page.keyboard.press('Enter')
  await page.getByLabel('Password').focus()
  await page.keyboard.press('Enter')
  await signedInAs(page, 'Ann Baker')
  // Who was in the app stays there, although the form is gone.
  await expect(page.getByRole('region', { name: 'The app: Northgate Hardware' })).toBeFocused()
  await page.getByRole('button', { name: 'Signed out by a 503' }).focus()
  await page.keyboard.press('Space')
  await expect(page.getByText('A deployment answers the refresh with 503')).toBeVisible()
  await page.getByRole('radio', { name: 'as it should' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('radio', { name: 'slowly' })).toBeChecked()
  await page.keyboard.press('ArrowLeft')
  await expect(page.getByRole('radio', { name: 'as it should' })).toBeChecked()
  // A button that goes with what it does leaves nobody at the top of the page.
  await page.getByRole('button', { name: 'Open three more tabs' }).focus()
  await page.keyboard.press('Enter')
  for (const name of ['Close tab 3', 'Close them']) {
    await page.getByRole('button', { name }).focus()
    await page.keyboard.press('Enter')
    await expect(page.getByRole('button', { name: 'Open three more tabs' })).toBeFocused()
  }
  await page.getByRole('radio', { name: 'not at all' }).check()
  await page.getByRole('button', { name: 'Next' }).click()
  await page.getByRole('button', { name: 'Try again' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('region', { name: 'The app: Northgate Hardware' })).toBeFocused()
  await page.getByRole('radio', { name: 'as it should' }).check()
})
