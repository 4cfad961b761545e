/* Signing in on a page of the server, and coming back from there. */
import { expect, it } from 'vitest'
import { outcome } from '../../support/client.js'
import {
  anonymous,
  createKit,
  FakeBrowser,
  grant,
  json,
  type Kit,
  leftSignedOut,
  refusal,
  settle,
  signedIn,
} from '../../support/kit.js'

it('R96 a sign-in by redirect names where to come back to, page by default, with query and hash', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  await kit.auth.loginWithRedirect({ returnTo: '/a b/ü?q=1&r=%2F#x?y' })
  const targets = kit.navigated.map((url) => new URL(url))
  expect(targets.map(({ origin, pathname }) => origin + pathname)).toEqual(
    Array.from(targets, () => 'https://app.example.com/auth/start'),
  )
  expect(targets.map(({ searchParams }) => searchParams.get('return_to'))).toEqual([
    '/orders?page=2#top',
    '/a%20b/%C3%BC?q=1&r=%2F#x?y',
  ])
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R96 a refused returnTo navigates nowhere and leaves no mark', async () => {
  const kit = await anonymous()
  expect(await outcome(kit.auth.loginWithRedirect({ returnTo: '//evil.example' }))).toBe('invalid_return_to')
  expect(kit.navigated).toEqual([])
  expect(kit.tabStorage.size).toBe(0)
})

it('R96 a page without an address of its own comes back to the start page', async () => {
  const kit = createKit({ baseUrl: 'https://api.example.com' })
  kit.on('/auth/refresh', () => refusal())
  Object.assign(kit.ports.page, { url: () => undefined, path: () => 'srcdoc' })
  await kit.auth.loginWithRedirect()
  expect(kit.navigated).toEqual(['https://api.example.com/auth/start?return_to=%2F'])
})

/** The page that the sign-in came back to: same browser, same tab. */
async function comeBack(kit: Kit, prepare: (next: Kit) => void, browser = kit.browser): Promise<Kit> {
  kit.auth.dispose()
  const next = createKit({}, { browser, clock: kit.clock })
  for (const [key, value] of kit.tabStorage) next.tabStorage.set(key, value)
  prepare(next)
  void next.auth.ready()
  await next.clock.advance(500)
  return next
}

it('R96 coming back asks once and signs in, though the register says that nobody is', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  const next = await comeBack(kit, (page) => page.on('/auth/refresh', () => grant(5)))
  expect(next.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's1' })
  expect(next.requests.map(({ path }) => path)).toEqual(['/auth/refresh'])
  expect(next.tabStorage.size).toBe(0)
})

it('R96 coming back without having signed in asks once, and never again', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  const next = await comeBack(kit, (page) => page.on('/auth/refresh', () => refusal()))
  expect(next.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  expect(next.sent('/auth/refresh')).toHaveLength(1)
  const later = await comeBack(next, (page) => page.on('/auth/session', () => json(null)))
  expect(later.requests.map(({ path }) => path)).toEqual(['/auth/session'])
})

it('R96 a mark older than ten minutes, or none, counts for nothing: the start is that of a visitor', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  await kit.clock.advance(600_000)
  const next = await comeBack(kit, (page) => page.on('/auth/session', () => json(null)))
  expect(next.requests.map(({ path }) => path)).toEqual(['/auth/session'])
})

it('R96 coming back while the server is down does not lose the sign-in', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  const next = await comeBack(kit, (page) => page.on('/auth/refresh', () => json({}, { status: 503 })))
  const later = await comeBack(next, (page) => page.on('/auth/refresh', () => grant(5)))
  expect(later.auth.getState()).toMatchObject({ status: 'authenticated' })
})

/** Ann has logged out, which the server does not know yet, and went to sign in. */
async function pending(): Promise<Kit> {
  const kit = await signedIn()
  kit.on('/auth/logout', () => new TypeError('Failed to fetch'))
  await kit.auth.logout()
  const navigated = kit.auth.loginWithRedirect()
  await kit.clock.advance(20_000)
  await navigated
  return kit
}

it('R96 another session id behind a pending logout is a sign-in', async () => {
  const next = await comeBack(await pending(), (page) => {
    page.on('/auth/refresh', () => grant(5, { session_id: 's2' }))
    page.on('/auth/logout', () => new TypeError('Failed to fetch'))
  })
  await next.clock.advance(20_000)
  expect(next.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
})

it('R96 the same session id behind a pending logout is no sign-in, and is revoked', async () => {
  const next = await comeBack(await pending(), (page) => {
    page.on('/auth/refresh', () => grant(5))
    page.on(
      '/auth/logout',
      ({ headers }) => new Response(null, { status: headers.has('authorization') ? 204 : 503 }),
    )
  })
  await next.clock.advance(20_000)
  expect(next.auth.getState()).toMatchObject({ status: 'unauthenticated' })
  const revoked = next.sent('/auth/logout').find(({ headers }) => headers.has('authorization'))
  expect(revoked).toMatchObject({ body: { session_id: 's1', scope: 'current' } })
  expect(revoked?.headers.get('authorization')).toBe('Bearer token-5')
})

it('R96 R05 a client that is disposed on the way back leaves the sign-in to the next one', async () => {
  const kit = await anonymous()
  await kit.auth.loginWithRedirect()
  const next = await comeBack(kit, (page) => {
    page.on('/auth/refresh', () => grant(5))
    void page.auth.ready()
    page.auth.dispose()
  })
  const second = next.another()
  const ready = second.ready()
  await next.clock.advance(500)
  expect(await ready).toMatchObject({ status: 'authenticated' })
  expect(next.sent('/auth/refresh')).toHaveLength(1)
  expect(next.tabStorage.size).toBe(0)
})

it('R96 where storage is blocked the way back still signs in', async () => {
  const browser = new FakeBrowser()
  browser.storageBlocked = true
  const next = await comeBack(await anonymous(), (page) => page.on('/auth/refresh', () => grant(5)), browser)
  expect(next.auth.getState()).toMatchObject({ status: 'authenticated' })
})

it.each([
  ['with an encoded slash', '/files/a%2Fb'],
  ['with two slashes', '//double'],
  ['that is too long', `/${'x'.repeat(3000)}`],
  ['for signing in', '/sign-in'],
])('R96 who signs in from a page %s comes back to the start page', async (_what, path) => {
  const kit = createKit({ authRoutes: ['/sign-in'] })
  kit.on('/auth/refresh', () => refusal())
  kit.url = `https://app.example.com${path}`
  await kit.auth.loginWithRedirect()
  expect(kit.navigated).toEqual(['https://app.example.com/auth/start?return_to=%2F'])
})

it('R76 R96 who comes back from the sign-in page is never shown as signed out before the answer', async () => {
  const kit = createKit({}, { browser: await leftSignedOut() })
  await kit.auth.loginWithRedirect({ returnTo: '/orders' })
  const [mark] = [...kit.tabStorage]
  kit.auth.dispose()

  const back = createKit({}, { browser: kit.browser })
  back.tabStorage.set(...mark!)
  let answer = (_response: Response): void => {}
  back.on('/auth/refresh', () => new Promise((resolve) => (answer = resolve)))
  const shown: string[] = []
  back.auth.subscribe(({ status }) => shown.push(status))
  await back.clock.advance(100)
  expect(back.auth.getState().status).toBe('unknown')
  answer(grant(9, { session_id: 's9' }))
  await settle()
  expect(back.auth.getState().status).toBe('authenticated')
  expect(shown).not.toContain('unauthenticated')
})
