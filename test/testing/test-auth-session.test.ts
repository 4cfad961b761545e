/* The client for tests where a cookie is the credential. In plain Node: no document, no network. */
import { createTestAuth } from 'latchkey/testing'
import { beforeEach, expect, it, vi } from 'vitest'
import { failure, listen, outcome } from '../support/client.js'
import { settle } from '../support/kit.js'

const ANN = { id: 'ann', name: 'Ann' }
const BOB = { id: 'bob', name: 'Bob' }

beforeEach(() => {
  vi.stubGlobal('fetch', () => {
    throw new Error('the network was used')
  })
  vi.stubGlobal('crypto', undefined)
})

it('R89 in session mode it is signed in at once, with a session of a day and no token', async () => {
  const auth = createTestAuth({ mode: 'session', user: ANN })
  const told = listen(auth)
  await settle()
  expect(auth.getState()).toMatchObject({ status: 'authenticated', mode: 'session', user: ANN })
  expect(told.states).toEqual([])
  const state = auth.getState()
  const left = state.status === 'authenticated' ? state.expiresAt! - Date.now() : 0
  expect(Math.round(left / 3_600_000)).toBe(24)
  expect(await outcome(auth.getAccessToken())).toBe('no_token_in_session_mode')
})

it('R89 in session mode a request carries no token, and what writes the CSRF token, also after a login', async () => {
  const seen: unknown[] = []
  const auth = createTestAuth({
    mode: 'session',
    user: ANN,
    fetch({ method, headers, credentials }) {
      seen.push([method, headers.get('authorization'), headers.get('x-csrf-token'), credentials])
      return Response.json([])
    },
  })
  await auth.fetch('/orders')
  await auth.fetch('/orders', { method: 'POST', body: 'tea' })
  await auth.logout()
  await auth.login({})
  await auth.fetch('/orders', { method: 'POST', body: 'tea' })
  expect(seen).toEqual([
    ['GET', null, null, 'include'],
    ['POST', null, 'test-csrf-1', 'include'],
    ['POST', null, 'test-csrf-2', 'include'],
  ])
})

it('R89 in session mode a session that ends unnoticed is missed by the next request', async () => {
  const fetch = vi.fn(() => Response.json([]))
  const auth = createTestAuth({ mode: 'session', user: ANN, fetch })
  const told = listen(auth)
  auth.expire({ unnoticed: true, reason: 'revoked' })
  expect(auth.getState().status).toBe('authenticated')
  expect(await outcome(auth.fetch('/orders'))).toBe('session_ended')
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
  expect([told.ends.length, fetch.mock.calls.length]).toEqual([1, 0])
})

it('R89 in session mode people come, go and change as with tokens', async () => {
  const auth = createTestAuth({ mode: 'session', status: 'unknown', user: ANN })
  const ready = auth.ready()
  await settle()
  expect(auth.getState().status).toBe('unknown')
  auth.signIn()
  expect(await ready).toMatchObject({ status: 'authenticated', user: ANN })
  const told = listen(auth)
  auth.signIn(BOB)
  await settle()
  expect([told.ends.length, told.switches.length]).toEqual([1, 1])
  await auth.refresh({ force: true })
  expect(auth.getState()).toMatchObject({ status: 'authenticated', mode: 'session', user: BOB })
  auth.goOffline()
  expect(await failure(auth.refresh({ force: true }))).toMatchObject({ code: 'offline' })
  auth.goOnline()
  auth.signOutElsewhere()
  expect(auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout-elsewhere' })
  expect(await outcome(auth.login({}))).toBe('resolved')
  expect(auth.getState()).toMatchObject({ status: 'authenticated', mode: 'session', user: ANN })
})
