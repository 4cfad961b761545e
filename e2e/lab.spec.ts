import { signedInAs, signIn, test } from './demo-server.ts'
import { expect } from './fixtures.ts'
import { play } from './tour.ts'

// One demo for all of them.
test.describe.configure({ mode: 'default' })

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
  test(`R01 R12 R33 R37 R39 R40 R77 the lab plays "${title}" live: it does not happen here, and a second tab agrees`, async ({
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
