/* What `docs/signing-in.md` says of popups, in a real browser. */
import { App, BOB, expect, test } from './fixtures.ts'
import { OPTIONS } from './tabs.ts'

for (const mode of ['token', 'session'] as const)
  test(`R99 a popup signs its opener in, and closes (${mode} mode)`, async ({ page, serve }) => {
    const server = await serve({ mode })
    server.client = { ...OPTIONS, mode }
    const app = new App(page, server)
    await app.open()
    await app.expectUser(undefined)
    const [popup] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate(
        () => void open('/auth/start?return_to=/orders', 'sign-in', 'popup,width=480,height=640'),
      ),
    ])
    await popup.getByLabel('E-mail').fill(BOB.email)
    await popup.getByLabel('Password').fill(BOB.password)
    await popup.getByRole('button', { name: 'Sign in' }).click()
    await popup.waitForURL('**/orders')
    await new App(popup, server).expectUser('bob')
    await popup.close()
    await expect.poll(() => app.run('state')).toMatchObject({ status: 'authenticated', user: 'bob' })
  })
