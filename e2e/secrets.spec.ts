import { placesHolding, plantInGlobals, plantInStores } from './dump.ts'
import { ADA, expect, test, type TestServer } from './fixtures.ts'

/** What must not be found: whole tokens, their parts that are not alike in all, and the values of the cookies. */
const secretsOf = ({ tokens, secrets }: TestServer): string[] => [
  ...tokens.flatMap((token) => [token, ...token.split('.').slice(1)]),
  ...secrets,
]

test('BBA-01 OW-18 no token and no cookie value is in any store, URL, document or global, before and after a reload', async ({
  app,
  server,
  page,
}) => {
  await app.open('/orders?page=2#total')
  await page.getByLabel('E-mail').fill(ADA.email)
  await page.getByLabel('Password').fill(ADA.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.locator('#status')).toHaveText('Ada is signed in')
  const expectNone = async (): Promise<void> =>
    expect(await page.evaluate(placesHolding, secretsOf(server))).toEqual([])
  await expectNone()
  await app.run('refresh', true)
  await expectNone()
  expect((await app.run('fetch', '/api/orders')).status).toBe(200)
  await expectNone()
  await app.fails('fetch', 'http://:')
  await app.run('diagnose')
  await expectNone()
  expect(server.tokens).toHaveLength(2)

  await page.reload()
  await app.expectUser('ada')
  expect(await app.run('hasToken')).toBe(true)
  expect(server.tokens).toHaveLength(3)
  await expectNone()
  expect(await page.evaluate(placesHolding, [ADA.password])).toEqual([])
})

test('BBA-01 the search finds a token in every place where one is planted', async ({ app, server, page }) => {
  await app.signIn()
  const [token = ''] = server.tokens
  await page.evaluate(plantInStores, token)
  await page.evaluate(plantInGlobals, token)
  const found = await page.evaluate(placesHolding, [token])
  expect(found).toEqual(
    expect.arrayContaining([
      'cache',
      'cookie',
      'document',
      'field',
      'history',
      'indexedDB',
      'localStorage',
      'performance',
      'sessionStorage',
      'url',
      'window.name',
      'window.auth.session.token',
      'window.bytes',
      'window.client.token',
      'window.ready.then.token',
      'window.run.last',
      expect.stringMatching(/^window\.Symbol\(auth\)\.entry\.0$/),
      expect.stringMatching(/\.held\.token$/),
    ]),
  )
})
