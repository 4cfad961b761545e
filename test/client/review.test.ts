/* Sequences that a reader of the source doubted. */
import { expect, it } from 'vitest'
import { createClientWith } from '../../src/client.js'
import { createHub } from '../support/hub.js'
import { anotherTab } from '../support/tabs.js'
import { owed } from '../support/stored.js'
import { createKit, grant, refusal, settle, signedIn } from '../support/kit.js'

const held = () => {
  let answer = (_response: Response): void => {}
  const response = new Promise<Response>((resolve) => (answer = resolve))
  return { respond: () => response, answer: (value: Response) => answer(value) }
}

it('R09 a logout during a login wins, also where nobody was signed in before', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const { respond, answer } = held()
  kit.on('/auth/login', respond)
  const login = kit.auth.login({}).catch((error: unknown) => error)
  await settle()
  expect(kit.sent('/auth/login')).toHaveLength(2)
  const logout = kit.auth.logout()
  answer(grant(9, { session_id: 's9' }))
  await kit.clock.advance(20_000)
  await logout
  expect(await login).toMatchObject({ code: 'session_changed' })
  expect(kit.auth.getState().status).toBe('unauthenticated')
})

it('RV-05 a listener that clears all storage at the end does not lose the logout that is still to be delivered', async () => {
  const kit = await signedIn()
  kit.auth.on('sessionEnd', () => kit.browser.storage.clear())
  kit.on('/auth/logout', () => new TypeError('offline'))
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  expect(owed(kit)).toEqual(['s1'])
})

it('RV-05 nor a listener that clears it later', async () => {
  const kit = await signedIn()
  kit.auth.on('sessionEnd', async () => {
    await Promise.resolve()
    kit.browser.storage.clear()
  })
  kit.on('/auth/logout', () => new TypeError('offline'))
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  await settle()
  expect(owed(kit)).toEqual(['s1'])
})

it('a page restored where the marker was cleared away asks the server who is signed in', async () => {
  const kit = await signedIn()
  kit.signal('suspend')
  kit.browser.storage.clear()
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  kit.signal('restore')
  await kit.clock.advance(2000)
  expect(kit.auth.getState().status).toBe('unauthenticated')
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

it('an id that is not a number is no id', async () => {
  const kit = createKit({ getUserId: (user) => Number((user as { uid?: number }).uid) })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/login', () => grant(1))
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await expect(kit.auth.login({})).rejects.toMatchObject({ code: 'invalid_user' })
})

it('making a client draws no random number, which some servers forbid outside of a request', () => {
  const kit = createKit()
  const chance = {
    fraction: () => 0,
    id: () => {
      throw new Error('not here')
    },
  }
  expect(() => createClientWith({}, { ...kit.ports, chance })).not.toThrow()
})

it('a forced refresh asks the server, also where a sibling hands its token to those who wait with it', async () => {
  const hub = createHub()
  const kit = await signedIn({}, { ports: { channels: hub.channels } })
  const other = await anotherTab(kit)
  const first = held()
  kit.on('/auth/refresh', first.respond)
  void kit.auth.refresh({ force: true }).catch(() => {})
  await settle()
  const asked = kit.sent('/auth/refresh').length
  // Another tab signs in anew, and has a token to share.
  await other.signsIn()
  expect(await kit.auth.getAccessToken()).toBe('token-100')
  const forced = kit.auth.refresh({ force: true })
  kit.on('/auth/refresh', () => grant(5))
  first.answer(grant(4))
  await kit.clock.advance(1000)
  await forced
  expect(kit.sent('/auth/refresh')).toHaveLength(asked + 1)
  expect(await kit.auth.getAccessToken()).toBe('token-5')
})

it('R09 a logout right after a start that asked nobody still reaches the server', async () => {
  const first = await signedIn()
  const kit = createKit({ restore: 'never' }, { browser: first.browser })
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.ready()
  await kit.auth.logout()
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('R09 a logout wins over a refresh on an explicit wish that is under way', async () => {
  const kit = await signedIn()
  await kit.auth.logout()
  const { respond, answer } = held()
  kit.on('/auth/refresh', respond)
  const refresh = kit.auth.refresh({ force: true }).catch((error: unknown) => error)
  await settle()
  const logout = kit.auth.logout()
  answer(grant(9, { session_id: 's9' }))
  await kit.clock.advance(20_000)
  await logout
  expect(await refresh).toBeInstanceOf(Error)
  expect(kit.auth.getState().status).toBe('unauthenticated')
  expect(kit.sent('/auth/logout').at(-1)?.body).toMatchObject({ session_id: 's9' })
})
