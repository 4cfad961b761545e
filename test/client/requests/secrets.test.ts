/* What stands in the path of a URL may be a secret: an invite, a reset link. */
import { expect, it } from 'vitest'
import { json, type Kit, refusal, signedIn } from '../../support/kit.js'
import { failure } from '../../support/client.js'

const LINK = '/invites/letmein/accept'
const ORIGIN = 'https://app.example.com'

/** All that is noted of requests: replayed, refused twice, refused for good, redirected, not to be replayed. */
async function askAll({ auth, on }: Kit): Promise<Error> {
  on(LINK, (_request, count) => json({}, { status: count === 1 ? 401 : 200 }))
  await auth.fetch(`${LINK}?query=secret`)
  on(LINK, () => json({}, { status: 401 }))
  await auth.fetch(LINK)
  const challenge = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="admin"' }
  on(LINK, () => json({}, { status: 403, headers: challenge }))
  await auth.fetch(LINK)
  const elsewhere = { url: { value: `https://cdn.example${LINK}` }, redirected: { value: true } }
  on(LINK, () => Object.defineProperties(new Response(''), elsewhere))
  await auth.fetch(LINK)
  on(`${LINK}/upload`, () => refusal('expired'))
  const body = new Blob(['abc']).stream()
  return (await failure(
    auth.fetch(`${LINK}/upload`, { method: 'POST', body, duplex: 'half' } as RequestInit),
  )) as Error
}

const TYPES = ['request.replayed', 'request.unauthorized', 'request.forbidden', 'request.redirected']
const urls = ({ auth }: Kit): string[] =>
  TYPES.flatMap((wanted) => [
    ...new Set(auth.getDiagnostics().flatMap(({ type, url }) => (type === wanted ? [String(url)] : []))),
  ])

it('AV-29 no path of a request is in a diagnostic entry or an error, unless the application says so', async () => {
  const kit = await signedIn()
  const error = await askAll(kit)
  expect(urls(kit)).toEqual(TYPES.map(() => ORIGIN))
  expect(error.message).toContain(`: POST ${ORIGIN}`)
  expect(JSON.stringify(kit.auth.getDiagnostics()) + error.message).not.toMatch(/letmein|secret/)
})

it('AV-29 diagnosticPath says what of a path may be shown', async () => {
  const kit = await signedIn({ diagnosticPath: (path) => path.replace(/letmein/, ':invite') })
  const error = await askAll(kit)
  expect(urls(kit)).toEqual(TYPES.map(() => `${ORIGIN}/invites/:invite/accept`))
  expect(error.message).toContain(`: POST ${ORIGIN}/invites/:invite/accept/upload`)
})

it('AV-29 a diagnosticPath that throws costs no request, and shows no path', async () => {
  const kit = await signedIn({
    diagnosticPath() {
      throw new Error('theirs')
    },
  })
  await askAll(kit)
  expect(urls(kit)).toEqual(TYPES.map(() => ORIGIN))
})

it.each(['slow_down', 'auth/invalid-token', 'errors:too.many', 'Invalid credentials', 'x'.repeat(64)])(
  'AV-29 a code of the server is told: %s',
  async (code) => {
    const kit = await signedIn()
    kit.on('/auth/login', () => refusal(code, 400))
    expect(await failure(kit.auth.login({}))).toMatchObject({ serverCode: code })
  },
)

it.each([
  'x'.repeat(65),
  'x'.repeat(300),
  'no account ann@example.com',
  'first\nsecond',
  '<b>no</b>',
  'password=hunter2',
  '',
])('AV-29 what is no code is not told as one: %j', async (code) => {
  const kit = await signedIn()
  kit.on('/auth/login', () => refusal(code, 400))
  const error = (await failure(kit.auth.login({}))) as { serverCode?: string }
  expect(error.serverCode).toBeUndefined()
})
