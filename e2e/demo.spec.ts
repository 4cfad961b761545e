import { ADA, ANN, signedInAs, signIn, test } from './demo-server.ts'
import { expect } from './fixtures.ts'

// As short as the demo allows.
test.use({ tokenSeconds: 4 })
// One demo for all of them.
test.describe.configure({ mode: 'default' })

test('the demo says in words that a password is wrong, signs in by form, and is still signed in after a reload', async ({
  page,
  demo,
}) => {
  await page.goto(demo)
  await page.getByLabel('E-mail address').fill(ANN.email)
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.getByRole('alert')).toContainText('do not belong together')
  // As a password manager does, which sets the value, and then as a person does, key by key.
  await page.getByLabel('Password').fill(ANN.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await signedInAs(page, ANN.name)
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByLabel('E-mail address').pressSequentially(ANN.email)
  await page.getByLabel('Password').pressSequentially(ANN.password)
  await page.keyboard.press('Enter')
  await signedInAs(page, ANN.name)
  await page.reload()
  await signedInAs(page, ANN.name)
  await page.getByRole('button', { name: 'Next' }).click()
  await expect(page.getByText('Page 2 of 5')).toBeVisible()
  await expect(page.getByRole('cell', { name: 'ann-6', exact: true })).toBeVisible()
})

test('R77 the demo renews its token past the end of the first one, and nothing flickers', async ({
  page,
  demo,
}) => {
  await signIn(page, demo)
  const changes = await page.getByRole('region', { name: 'The app' }).evaluateHandle((shop) => {
    const seen: string[] = []
    new MutationObserver((records) => seen.push(...records.map(({ type }) => type))).observe(shop, {
      subtree: true,
      childList: true,
      characterData: true,
    })
    return seen
  })
  await expect(page.getByText(/Renewed [2-9] times/)).toBeVisible({ timeout: 15_000 })
  expect(await changes.jsonValue()).toEqual([])
  await page.getByRole('link', { name: 'Profile' }).click()
  await expect(page.getByLabel('Name')).toHaveValue(ANN.name)
})

test('the demo signs in on the hosted page, comes back to its path, and shows the manager what is hers', async ({
  page,
  demo,
}) => {
  await page.goto(`${demo}/#customers`)
  await page.getByRole('button', { name: 'Sign in on the hosted page' }).click()
  await page.waitForURL('**/idp/login?*')
  await page.getByLabel('E-mail address').fill(ADA.email)
  await page.getByLabel('Password').fill(ADA.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(`${demo}/#customers`)
  await signedInAs(page, ADA.name)
  await expect(page.getByRole('cell', { name: ANN.email })).toBeVisible()
})

test('R15 the demo keeps the session without a network and while the server is down, and comes back by itself', async ({
  page,
  context,
  demo,
  noise,
}) => {
  // What is said where a start gets no answer.
  noise.expect(/^warning: \[latchkey\] .*POST \/auth\/refresh/)
  await signIn(page, demo)
  await context.setOffline(true)
  await expect(page.getByText('No network. You are still signed in.')).toBeVisible()
  await context.setOffline(false)
  await expect(page.getByText('Connected')).toBeVisible({ timeout: 10_000 })

  await page.getByRole('radio', { name: 'not at all' }).check()
  await page.reload()
  await expect(page.getByRole('heading', { name: 'The server does not answer' })).toBeVisible()
  await page.getByRole('radio', { name: 'as it should' }).check()
  await signedInAs(page, ANN.name)
  await expect(page.getByRole('cell', { name: 'ann-1', exact: true })).toBeVisible()
})

test('the demo keeps what is typed while it saves, and counts pages by what it shows', async ({
  page,
  demo,
}) => {
  await signIn(page, demo)
  await page.getByRole('link', { name: 'Profile' }).click()
  const field = page.getByLabel('Name', { exact: true })
  await expect(field).toHaveValue(ANN.name)
  await field.fill('Ann B.')
  await page.getByRole('radio', { name: 'slowly' }).check()
  await page.getByRole('button', { name: 'Save' }).click()
  await field.press('End')
  await page.keyboard.type(' Moss')
  await expect(page.getByText('Saved.')).toBeVisible()
  await expect(field).toHaveValue('Ann B. Moss')
  await page.getByRole('radio', { name: 'as it should' }).check()
  await field.fill(ANN.name)
  await page.getByRole('button', { name: 'Save' }).click()
  await signedInAs(page, ANN.name)

  await page.getByRole('link', { name: 'Orders' }).click()
  await expect(page.getByText('Page 1 of 5')).toBeVisible()
  await page.getByRole('radio', { name: 'not at all' }).check()
  await page.getByRole('button', { name: 'Next' }).click()
  await expect(page.getByText('This was loaded before.')).toBeVisible()
  await expect(page.getByText('Page 1 of 5')).toBeVisible()
  await page.getByRole('radio', { name: 'as it should' }).check()
  await page.getByRole('button', { name: 'Next' }).click()
  await expect(page.getByText('Page 2 of 5')).toBeVisible()
  await expect(page.getByRole('cell', { name: 'ann-6', exact: true })).toBeVisible()
})

test('the demo signs out, says that the server knows, and stays signed out after a reload', async ({
  page,
  context,
  demo,
}) => {
  await signIn(page, demo)
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await expect(page.getByText('You are signed out. The server has ended the session.')).toBeVisible()
  await expect(page.getByRole('cell')).toHaveCount(0)
  expect(await context.cookies()).toEqual([])
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible()
})

test('the demo fits the width of a phone on every page of it', async ({ page, demo }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  const expectFit = async (): Promise<void> =>
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  await page.goto(demo)
  await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible()
  await expectFit()
  await signIn(page, demo)
  await expectFit()
  for (const name of ['Profile', 'Customers', 'Orders']) {
    await page.getByRole('link', { name, exact: true }).click()
    await expect(page.getByRole('link', { name, exact: true })).toHaveAttribute('aria-current', 'page')
    await expectFit()
  }
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible()
})
