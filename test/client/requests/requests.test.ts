import { expect, it } from 'vitest'
import { expire, refreshes, rejects, tokens, unauthorized } from './support.js'
import { failure, gate, outcome } from '../../support/client.js'
import { createKit, grant, refusal, settle, signedIn } from '../../support/kit.js'

it('R55 requests that start while an expired token is renewed wait, and never send the old one', async () => {
  const kit = await signedIn()
  await expire(kit)
  const renewal = gate()
  kit.on('/auth/refresh', () => renewal.answer)
  kit.on('/api/orders', rejects())
  const waiting = Array.from({ length: 20 }, () => kit.auth.fetch('/api/orders'))
  await settle()
  expect(kit.sent('/api/orders')).toHaveLength(0)
  expect((await kit.auth.fetch('/api/orders', { auth: 'omit' })).status).toBe(200)
  expect(tokens(kit)).toEqual([null])
  renewal.open(grant(2))
  await Promise.all(waiting)
  expect(new Set(tokens(kit).slice(1))).toEqual(new Set(['Bearer token-2']))
  expect(refreshes(kit)).toBe(1)
})

it.each(['GET', 'POST'])('ERR-16 a %s that meets a network error is not repeated', async (method) => {
  const kit = await signedIn()
  const fault = new TypeError('Failed to fetch')
  kit.on('/api/orders', () => fault)
  expect(await failure(kit.auth.fetch('/api/orders', { method }))).toBe(fault)
  expect([kit.sent('/api/orders').length, refreshes(kit)]).toEqual([1, 0])
})

it('ERR-16 a replay that meets a network error is not repeated either', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', (_request, count) =>
    count === 1 ? unauthorized() : new TypeError('Failed to fetch'),
  )
  expect(await failure(kit.auth.fetch('/api/orders', { method: 'POST' }))).toBeInstanceOf(TypeError)
  expect(kit.sent('/api/orders')).toHaveLength(2)
})

it('AV-30 without a session a request is refused before it is sent, unless the caller says otherwise', async () => {
  const kit = createKit()
  kit.on('/auth/refresh', () => refusal())
  kit.on('/api/orders', rejects())
  const call = (auth?: 'required' | 'optional' | 'omit'): Promise<string> =>
    outcome(kit.auth.fetch('/api/orders', { auth }))
  const required = call()
  await kit.clock.advance(1000)
  expect([await required, await call('required'), kit.sent('/api/orders').length]).toEqual([
    'login_required',
    'login_required',
    0,
  ])
  expect([await call('optional'), await call('omit')]).toEqual(['resolved', 'resolved'])
  expect(tokens(kit)).toEqual([null, null])
})

it('AV-30 a request is refused rather than sent without the token while nobody knows who is signed in', async () => {
  const kit = createKit({}, { browser: (await signedIn()).browser })
  kit.on('/auth/refresh', () => new Response('', { status: 503 }))
  const calls = [kit.auth.fetch('/api/orders'), kit.auth.fetch('/api/orders', { auth: 'optional' })].map(
    outcome,
  )
  await kit.clock.advance(1000)
  expect([await Promise.all(calls), kit.sent('/api/orders').length]).toEqual([
    ['server_error', 'server_error'],
    0,
  ])
})

it('auth: optional sends the token where there is one, and a body where there is none', async () => {
  const kit = await signedIn()
  kit.on('/api/orders', rejects())
  await kit.auth.fetch('/api/orders', { auth: 'optional' })
  await kit.auth.logout()
  const request = new Request('https://app.example.com/api/orders', { method: 'POST', body: 'abc' })
  await kit.auth.fetch(request, { auth: 'optional' })
  expect(tokens(kit)).toEqual(['Bearer token-1', null])
  expect(kit.sent('/api/orders')[1]?.body).toBe('abc')
})
