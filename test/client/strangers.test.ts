/* Answers that no auth endpoint gave, and calls that meet each other. Found by the simulator. */
import { expect, it } from 'vitest'
import { storedSession } from '../support/stored.js'
import type { Ports } from '../../src/core/ports.js'
import { ANN, createKit, grant, refusal, settle, signedIn } from '../support/kit.js'

const portal = (): Response =>
  new Response('<!doctype html><title>Hotel</title>', {
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })
const noLocks: Partial<Ports> = { locks: { available: false, acquire: () => Promise.resolve(undefined) } }

it('R12 a page of a captive portal in the place of a login ends no session', async () => {
  const kit = await signedIn()
  kit.on('/auth/login', portal)
  await expect(kit.auth.login({})).rejects.toMatchObject({ code: 'invalid_response' })
  expect(kit.sent('/auth/logout')).toEqual([])
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', user: ANN })
})

it('RV-03 a page of a captive portal in the place of a logout confirms nothing', async () => {
  const kit = await signedIn()
  kit.on('/auth/logout', portal)
  expect(await kit.auth.logout()).toEqual({ server: 'pending', durable: true })
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  await kit.clock.advance(5000)
  expect(storedSession(kit)).toMatchObject({ isSignedIn: false, owed: [] })
})

it('R05 two logins at once, as by a double click, without locks: one after the other, and nobody is revoked', async () => {
  const kit = createKit({}, { ports: noLocks })
  kit.on('/auth/refresh', () => refusal())
  kit.on('/auth/logout', () => new Response(null, { status: 204 }))
  const ready = kit.auth.ready()
  await kit.clock.advance(2000)
  await ready
  const answers: ((response: Response) => void)[] = []
  kit.on('/auth/login', () => new Promise((resolve) => answers.push(resolve)))
  const logins = [kit.auth.login({ n: 1 }), kit.auth.login({ n: 2 })]
  await kit.clock.advance(300)
  expect(answers).toHaveLength(1)
  answers[0]!(grant(1, { session_id: 's1' }))
  await kit.clock.advance(300)
  answers[1]!(grant(2, { session_id: 's2' }))
  await Promise.all(logins)
  expect(kit.auth.getState()).toMatchObject({ status: 'authenticated', sessionId: 's2' })
  expect(kit.sent('/auth/logout')).toEqual([])
})

it('R09 a login waits for the logout of a session that came back to life behind a sign-out', async () => {
  const kit = await signedIn()
  let late = (_response: Response): void => {}
  kit.on('/auth/refresh', () => new Promise((resolve) => (late = resolve)))
  const order: string[] = []
  const slow: (() => void)[] = []
  kit.on('/auth/logout', ({ headers }) => {
    if (headers.get('authorization') !== 'Bearer token-5') return new Response(null, { status: 204 })
    return new Promise((resolve) =>
      slow.push(() => {
        order.push('compensated')
        resolve(new Response(null, { status: 204 }))
      }),
    )
  })
  void kit.auth.refresh({ force: true }).catch(() => {})
  await settle()
  const logout = kit.auth.logout()
  late(grant(5))
  await logout
  await settle()
  expect(slow).toHaveLength(1)
  kit.on('/auth/login', () => {
    order.push('login')
    return grant(6, { session_id: 's6' })
  })
  const login = kit.auth.login({})
  await settle()
  slow[0]!()
  await login
  expect(order).toEqual(['compensated', 'login'])
})
