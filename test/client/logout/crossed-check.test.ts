/* A backend that sets its cookie anew with each answer of the session endpoint, and a logout while one of these is under way. */
import { expect, it } from 'vitest'
import { ANN, type Answer, createKit, json, type Kit } from '../../support/kit.js'

const SESSION = { mode: 'session', session: { csrf: 'static-header' } } as const
const user = (id = 's1') => json({ mode: 'session', user: ANN, session_id: id })

/** Ann is signed in by a cookie. */
async function byCookie(): Promise<Kit> {
  const kit = createKit(SESSION)
  kit.on('/auth/session', () => json(null))
  await kit.auth.ready()
  kit.on('/auth/login', () => user())
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.auth.login({})
  return kit
}

/** She comes back to the page, and the question whom the cookie is for has no answer yet. */
async function asked() {
  const kit = await byCookie()
  let answer: (response: Response) => void = () => {}
  kit.on('/auth/session', () => new Promise<Response>((resolve) => (answer = resolve)))
  await kit.clock.advance(400_000)
  kit.signal('wake')
  await kit.clock.advance(100)
  return { kit, answer: (response: Response) => answer(response) }
}

const sessionChecks = (kit: Kit): number => kit.sent('/auth/session').length

it('R99 R09 a logout aborts the question whom the cookie is for, and its end is no failure', async () => {
  const { kit } = await asked()
  const { signal } = kit.sent('/auth/session').at(-1)!.init
  expect(signal?.aborted).toBe(false)
  expect(await kit.auth.logout()).toMatchObject({ server: 'confirmed' })
  expect(signal?.aborted).toBe(true)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', connection: 'ok', reason: 'logout' })
})

it.each<[string, () => Answer, number]>([
  ['has brought the session back: it is ended once more', () => user(), 2],
  ['has brought nobody back', () => json(null), 1],
])('R09 it looks once behind the logout whether that answer %s', async (_, found, logouts) => {
  const { kit, answer } = await asked()
  await kit.auth.logout()
  const before = sessionChecks(kit)
  kit.on('/auth/session', found)
  answer(user())
  await kit.clock.advance(7000)
  expect(sessionChecks(kit)).toBe(before)
  await kit.clock.advance(60_000)
  expect(sessionChecks(kit)).toBe(before + 1)
  expect(kit.sent('/auth/logout')).toHaveLength(logouts)
  expect(kit.sent('/auth/logout').every(({ body }) => JSON.stringify(body).includes('s1'))).toBe(true)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated' })
})

it('R09 who has signed in since is not ended by that look', async () => {
  const { kit } = await asked()
  await kit.auth.logout()
  kit.on('/auth/login', () => user('s2'))
  kit.on('/auth/session', () => user('s2'))
  await kit.auth.login({})
  await kit.clock.advance(60_000)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
  expect(kit.sent('/auth/logout')).toHaveLength(1)
})

it('a logout that crosses no question costs none', async () => {
  const kit = await byCookie()
  const before = sessionChecks(kit)
  await kit.auth.logout()
  await kit.clock.advance(60_000)
  expect(sessionChecks(kit)).toBe(before)
})
