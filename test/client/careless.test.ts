/* What careless callers and unusual deployments do. */
import { expect, it } from 'vitest'
import { createAuthClient } from '../../src/client.js'
import { ANN, createKit, grant, json, settle, signedIn } from '../support/kit.js'
import { outcome } from '../support/client.js'
import { errorSaying } from '../support/words.js'

it('R72 a path of the base URL goes before the paths of the endpoints', async () => {
  const kit = createKit({ baseUrl: 'https://api.example.com/v1/' })
  kit.on('/v1/auth/session', () => json({ user: ANN, mode: 'token' }))
  kit.on('/v1/auth/refresh', () => grant(1))
  await kit.auth.ready()
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
  expect([...kit.browser.storage.keys()]).not.toEqual(
    await (async () => {
      const other = createKit({ baseUrl: 'https://api.example.com/v2' })
      other.on('/v2/auth/session', () => json({ user: ANN, mode: 'token' }))
      other.on('/v2/auth/refresh', () => grant(1))
      await other.auth.ready()
      return [...other.browser.storage.keys()]
    })(),
  )
})

it.each([
  ['baseUrl', { baseUrl: 'https://api.example.com/?x=1' }],
  ['baseUrl', { baseUrl: 'https://api.example.com/#y' }],
  ['refusals', { refusals: [{ status: 0, reason: 'expired' as const }] }],
  ['refusals', { refusals: [{ status: 200, reason: 'expired' as const }] }],
  ['staticHeader', { staticHeader: ['X CSRF', '1'] as const }],
  ['staticHeader', { staticHeader: ['X-CSRF', 'a\nb'] as const }],
])('a wrong %s is named at creation: %o', (option, options) => {
  expect(() => createAuthClient(options)).toThrow(new RegExp(`"${option}`))
})

const cycle: Record<string, unknown> = {}
cycle['self'] = cycle

it.each([
  ['a form', new FormData()],
  ['a query', new URLSearchParams('email=ann')],
  ['a cycle', cycle],
  ['a bigint', { n: 10n }],
  ['a function', () => 'ann'],
])('%s as credentials is a mistake in words, and nothing is sent', async (_name, credentials) => {
  const kit = await signedIn()
  const before = kit.requests.length
  await expect(kit.auth.login(credentials)).rejects.toThrow(errorSaying('what JSON can hold'))
  expect(kit.requests).toHaveLength(before)
})

it('R19 a listener that calls again at each failure the breaker tells of does not run for ever', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', (_request, count) => grant(count, { expires_in: 0 }))
  let calls = 0
  kit.auth.on('diagnostic', async ({ type }) => {
    if (type !== 'refresh.failed' || calls > 50) return
    calls++
    for (let i = 0; i < 3; i++) await Promise.resolve()
    await outcome(kit.auth.getAccessToken())
  })
  for (let i = 0; i < 6; i++) await outcome(kit.auth.refresh({ force: true }))
  await outcome(kit.auth.getAccessToken())
  await settle()
  expect(calls).toBeGreaterThan(0)
  expect(calls).toBeLessThan(5)
})

it('a logout that the server redirects says so, stays pending, and is not repeated every minute', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => new Response(null, { status: 302 }))
  expect(await kit.auth.logout()).toMatchObject({ server: 'pending' })
  expect(kit.auth.getDiagnostics().at(-1)).toMatchObject({ type: 'logout.pending', code: 'redirected' })
  await kit.clock.advance(3_600_000)
  expect(kit.sent('/auth/logout').length).toBeLessThan(10)
})

it('R15 the connection is offline as soon as the browser says so, and ok when it is back', async () => {
  const kit = await signedIn()
  kit.signal('offline')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'offline' })
  kit.signal('online')
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', connection: 'ok' })
})

it('a refresh that the application wants again and again does not open the breaker', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', (_request, count) => grant(count))
  for (let i = 0; i < 5; i++) await kit.auth.refresh({ force: true })
  kit.on('/api', (_request, count) => new Response(null, { status: count === 1 ? 401 : 200 }))
  expect((await kit.auth.fetch('/api')).status).toBe(200)
})
