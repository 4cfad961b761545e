import { App, expect, test, type TestServer } from './fixtures.ts'

const authorization = (server: TestServer, path = '/echo'): string | null =>
  server.last(path).headers.get('authorization')

test('R59 SEC-08 the token goes to the listed origins, and to no other port or host', async ({
  page,
  serve,
}) => {
  const [site, listed, other] = [await serve(), await serve(), await serve()]
  const otherHost = `http://127.0.0.1:${site.port}`
  site.client = { allowedOrigins: [listed.origin] }
  site.policy.connect = [listed.origin, other.origin, otherHost]
  const app = new App(page, site)
  await app.signIn()
  const bearer = `Bearer ${site.tokens[0]}`

  for (const server of [site, listed]) {
    expect((await app.run('fetch', `${server.origin}/echo`)).status).toBe(200)
    expect(authorization(server)).toBe(bearer)
  }
  expect((await app.run('fetch', `${other.origin}/echo`)).status).toBe(200)
  expect(authorization(other)).toBeNull()
  expect((await app.run('fetch', `${otherHost}/echo`)).status).toBe(200)
  expect(authorization(site)).toBeNull()
  // No credential of ours, so no cookie of the page's site either.
  expect(other.last('/echo').headers.get('cookie')).toBeNull()
})

test('R60 SEC-08 a redirect to another origin does not take the token along, one within the origin does', async ({
  page,
  serve,
}) => {
  const [site, listed, other] = [await serve(), await serve(), await serve()]
  site.client = { allowedOrigins: [listed.origin] }
  site.policy.connect = [listed.origin, other.origin]
  const app = new App(page, site)
  await app.signIn()
  const bearer = `Bearer ${site.tokens[0]}`

  for (const server of [site, listed]) {
    const answer = await app.run(
      'fetch',
      `${server.origin}/go?to=${encodeURIComponent(`${other.origin}/echo`)}`,
    )
    expect(answer).toMatchObject({ status: 200, redirected: true, url: `${other.origin}/echo` })
    expect(authorization(server, '/go')).toBe(bearer)
  }
  expect(other.seen.filter(({ path }) => path === '/echo').length).toBeGreaterThanOrEqual(2)
  expect(JSON.stringify(other.seen.map(({ headers }) => [...headers]))).not.toContain(site.tokens[0])
  expect(await app.run('timeline')).toContain('request.redirected')

  expect((await app.run('fetch', '/go?to=/echo')).status).toBe(200)
  expect(authorization(site)).toBe(bearer)
})

test('R60 R53 a 401 of an origin that never got the token refreshes nothing', async ({ page, serve }) => {
  const [site, other] = [await serve(), await serve()]
  site.policy.connect = [other.origin]
  const app = new App(page, site)
  await app.signIn()
  other.rejections = 2
  const target = encodeURIComponent(`${other.origin}/echo`)
  expect((await app.run('fetch', `${site.origin}/go?to=${target}`)).status).toBe(401)
  expect((await app.run('fetch', `${other.origin}/echo`)).status).toBe(401)
  expect(site.count('/auth/refresh')).toBe(0)
  await app.expectUser('ada')
})
