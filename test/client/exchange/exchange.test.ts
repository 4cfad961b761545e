/* What the application does in the place of a sign-in: whatever may change whom the cookie is for. */
import { expect, it } from 'vitest'
import type { ExchangeTools } from '../../../src/client.js'
import type { AuthClientOptions } from '../../../src/options/types.js'
import { gate, outcome } from '../../support/client.js'
import { ANN, BOB, createKit, grant, json, type Kit, refusal, settle, signedIn } from '../../support/kit.js'

const SIGN_UP = '/auth/sign-up'
const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"email":"ann"}' }
const signUp = ({ fetch }: ExchangeTools) => fetch(SIGN_UP, post)
/** What the application was told, in order. */
function told(kit: Kit): string[] {
  const heard: string[] = []
  kit.auth.on('sessionEnd', ({ reason }) => void heard.push(`end ${reason}`))
  kit.auth.on('userSwitch', () => void heard.push('switch'))
  return heard
}

/** A visitor's page, whose start has asked. */
async function visitor(options: AuthClientOptions = {}): Promise<Kit> {
  const kit = createKit(options)
  kit.on('/auth/session', () => json(null))
  kit.on('/auth/refresh', () => refusal())
  await kit.auth.ready()
  return kit
}

it('R120 a sign-up whose answer is that of a sign-in signs in, and asks nothing else', async () => {
  const kit = await visitor()
  const before = kit.requests.length
  kit.on(SIGN_UP, () => grant(1))
  const result = await kit.auth.exchange(signUp)
  expect(result).toMatchObject({ status: 'in', user: ANN })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
  expect(kit.requests.slice(before).map(({ path }) => path)).toEqual([SIGN_UP])
})

it('R120 its requests carry the cookie and the static header, and no token, and a path goes behind baseUrl', async () => {
  const kit = await visitor({ baseUrl: 'https://api.example.com/v1', mode: 'token' })
  kit.on('/v1/auth/sign-up', () => grant(1))
  await kit.auth.exchange(signUp)
  const [sent] = kit.sent('/v1/auth/sign-up')
  expect(sent?.url).toBe('https://api.example.com/v1/auth/sign-up')
  expect(sent?.headers.get('x-csrf')).toBe('1')
  expect(sent?.headers.has('authorization')).toBe(false)
  expect(sent?.init).toMatchObject({ credentials: 'include', redirect: 'manual', cache: 'no-store' })
  expect(sent?.body).toEqual({ email: 'ann' })
})

it('R120 in session mode its requests carry the CSRF token, and none of it goes to another origin', async () => {
  const kit = createKit({ mode: 'session', session: { csrf: {} } })
  kit.on('/auth/session', () => json({ user: ANN, session_id: 's1', csrf_token: 'csrf-1' }))
  kit.on('/pwned', () => json({ count: 0 }))
  await kit.auth.ready()
  kit.on('/auth/password', () => json({ user: ANN, session_id: 's2', csrf_token: 'csrf-2' }))
  await kit.auth.exchange(async ({ fetch }) => {
    await fetch('https://pwned.example/pwned', { method: 'POST' })
    return fetch('/auth/password', post)
  })
  expect(kit.sent('/auth/password')[0]?.headers.get('x-csrf-token')).toBe('csrf-1')
  const [foreign] = kit.sent('/pwned')
  expect(foreign?.headers.has('x-csrf-token')).toBe(false)
  expect(foreign?.headers.has('x-csrf')).toBe(false)
  expect(foreign?.init.credentials).not.toBe('include')
})

it('R120 what the application has read itself may be returned as it is', async () => {
  const kit = await visitor()
  kit.on(SIGN_UP, () => grant(1))
  const result = await kit.auth.exchange(async ({ fetch }): Promise<unknown> => {
    const response = await fetch(SIGN_UP, post)
    return response.json()
  })
  expect(result).toMatchObject({ status: 'in', user: ANN, response: undefined })
})

it('R120 a refusal signs in nobody, asks nothing, and is handed over unread', async () => {
  const kit = await signedIn()
  const before = kit.requests.length
  kit.on('/auth/password', () => json({ errors: { old: ['wrong'] } }, { status: 422 }))
  const result = await kit.auth.exchange(({ fetch }) => fetch('/auth/password', post))
  expect(result).toMatchObject({ status: 'nobody' })
  expect(await result.response?.json()).toEqual({ errors: { old: ['wrong'] } })
  expect(kit.requests.slice(before)).toHaveLength(1)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
})

it('R120 an answer that names nobody is followed by a look: the same person is signed in again, and nothing is purged', async () => {
  const kit = await signedIn()
  const heard = told(kit)
  kit.on('/auth/password', () => new Response(null, { status: 204 }))
  kit.on('/auth/session', () => json({ user: ANN, session_id: 's2', mode: 'token' }))
  kit.on('/auth/refresh', () => grant(7, { session_id: 's2' }))
  const result = await kit.auth.exchange(({ fetch }) => fetch('/auth/password', post))
  expect(result).toMatchObject({ status: 'in', user: ANN })
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
  expect(await kit.auth.getAccessToken()).toBe('token-7')
  expect(heard).toEqual([])
})

it('R120 acting as somebody else, and back, is a change of user both times', async () => {
  const kit = await signedIn()
  const heard = told(kit)
  kit.on('/auth/act-as', () => grant(2, { user: BOB, session_id: 's2' }))
  expect(await kit.auth.exchange(({ fetch }) => fetch('/auth/act-as', post))).toMatchObject({ user: BOB })
  expect(kit.auth.getState()).toMatchObject({ user: BOB, sessionId: 's2' })
  kit.on('/auth/act-as', () => grant(3, { user: ANN, session_id: 's3' }))
  expect(await kit.auth.exchange(({ fetch }) => fetch('/auth/act-as', post))).toMatchObject({ user: ANN })
  expect(heard).toEqual(['end user-switched', 'switch', 'end user-switched', 'switch'])
})

it('R120 where a look finds nobody, all is as it was', async () => {
  const kit = await visitor()
  kit.on(SIGN_UP, () => json({ message: 'Look into your mail' }, { status: 202 }))
  const result = await kit.auth.exchange(signUp)
  expect(result).toMatchObject({ status: 'nobody' })
  expect(result.response?.status).toBe(202)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'none' })
  expect(kit.sent('/auth/logout')).toEqual([])
})

it('R120 what a library of the application has sent is found by a look, too', async () => {
  const kit = await visitor()
  kit.on('/auth/session', () => json({ user: ANN, session_id: 's1', mode: 'token' }))
  kit.on('/auth/refresh', () => grant(1))
  expect(await kit.auth.exchange(async () => Promise.resolve())).toMatchObject({ status: 'in', user: ANN })
})

it('R120 what the function throws comes through, and what it did before is known', async () => {
  const kit = await visitor()
  kit.on(SIGN_UP, () => new Response(null, { status: 204 }))
  kit.on('/auth/session', () => json({ user: ANN, session_id: 's1', mode: 'token' }))
  kit.on('/auth/refresh', () => grant(1))
  const thrown = new Error('of the application')
  const run = async ({ fetch }: ExchangeTools) => {
    await fetch(SIGN_UP, post)
    throw thrown
  }
  await expect(kit.auth.exchange(run)).rejects.toBe(thrown)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
})

it('R120 what is not answered in time is given up, and the server is asked what came of it', async () => {
  const kit = await visitor()
  kit.on(SIGN_UP, () => new Promise(() => {}))
  kit.on('/auth/session', () => json({ user: ANN, session_id: 's1', mode: 'token' }))
  kit.on('/auth/refresh', () => grant(1))
  let ended: AbortSignal | undefined
  const result = kit.auth.exchange((tools) => {
    ended = tools.signal
    return signUp(tools)
  })
  await kit.clock.advance(8000)
  expect(ended?.aborted).toBe(true)
  expect(await result).toMatchObject({ status: 'in', user: ANN })
})

it('R120 with nobody to be found behind it, the time that is up is the error', async () => {
  const kit = await visitor()
  kit.on(SIGN_UP, () => new Promise(() => {}))
  const result = outcome(kit.auth.exchange(signUp))
  await kit.clock.advance(8000)
  expect(await result).toBe('timeout')
})

it('R120 no refresh of this tab runs in between, and a logout that is owed goes first', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', () => new Response(null, { status: 503 }))
  await kit.auth.logout()
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const late = gate()
  kit.on(SIGN_UP, () => late.answer)
  const result = kit.auth.exchange(signUp)
  await settle()
  expect(kit.requests.slice(-2).map(({ path }) => path)).toEqual(['/auth/logout', SIGN_UP])
  const before = kit.sent('/auth/refresh').length
  void kit.auth.refresh({ force: true }).catch(() => {})
  await settle()
  expect(kit.sent('/auth/refresh')).toHaveLength(before)
  late.open(grant(5, { session_id: 's5' }))
  expect(await result).toMatchObject({ status: 'in' })
})

it('R120 a logout in the middle wins: the exchange rejects, and what it made is ended', async () => {
  const kit = await signedIn()
  const late = gate()
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  kit.on(SIGN_UP, () => late.answer)
  const result = outcome(kit.auth.exchange(signUp))
  await settle()
  const logout = kit.auth.logout()
  late.open(grant(9, { session_id: 's9' }))
  await kit.clock.advance(20_000)
  await logout
  expect(await result).toBe('session_changed')
  expect(kit.sent('/auth/logout').map(({ body }) => body)).toContainEqual({
    session_id: 's9',
    scope: 'current',
  })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
})

it.each(['login', 'exchange', 'refresh'] as const)(
  'R120 %s inside an exchange is refused, and does not wait for itself',
  async (name) => {
    const kit = await signedIn()
    const inside = {
      login: () => kit.auth.login({}),
      exchange: () => kit.auth.exchange(() => undefined),
      refresh: () => kit.auth.refresh({ force: true }),
    }[name]
    const result = outcome(kit.auth.exchange(inside))
    await kit.clock.advance(1000)
    expect(await result).toBe('inside_exchange')
  },
)

it('R120 a call from outside waits while an exchange asks, and is not refused', async () => {
  const kit = await visitor()
  const late = gate()
  kit.on(SIGN_UP, () => late.answer)
  kit.on('/auth/login', () => grant(2, { session_id: 's2' }))
  const result = kit.auth.exchange(signUp)
  await settle()
  const login = outcome(kit.auth.login({}))
  await kit.clock.advance(5000)
  expect(kit.sent('/auth/login')).toHaveLength(0)
  late.open(grant(1))
  expect(await result).toMatchObject({ status: 'in' })
  expect(await login).toBe('resolved')
})

it('R120 R50 a login that waits for an exchange is rejected by a logout that is called after it', async () => {
  const kit = await visitor()
  const late = gate()
  kit.on(SIGN_UP, () => late.answer)
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const result = outcome(kit.auth.exchange(signUp))
  await settle()
  const login = outcome(kit.auth.login({}))
  const logout = kit.auth.logout()
  late.open(grant(1))
  await kit.clock.advance(20_000)
  await logout
  expect([await result, await login]).toEqual(['session_changed', 'session_changed'])
  expect(kit.sent('/auth/login')).toEqual([])
})

it('R120 a user in words that nobody can read is an error, and nothing is undone', async () => {
  const kit = await signedIn()
  const before = kit.sent('/auth/logout').length
  kit.on('/auth/password', () => grant(2, { user: {} }))
  const result = await outcome(kit.auth.exchange(({ fetch }) => fetch('/auth/password', post)))
  expect(result).toBe('invalid_user')
  expect(kit.sent('/auth/logout')).toHaveLength(before)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
})

it('R120 what is no function is a TypeError', async () => {
  const kit = createKit()
  await expect(kit.auth.exchange({} as never)).rejects.toThrow(TypeError)
})
