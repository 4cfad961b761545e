import { expect, it } from 'vitest'
import { ANN, createKit, grant, json, refusal, settle, signedIn } from '../../support/kit.js'

it('signs in, uses the token, renews it after its end and signs out', async () => {
  const kit = await signedIn()
  expect(kit.auth.getState()).toMatchObject({
    status: 'authenticated',
    user: ANN,
    mode: 'token',
    sessionId: 's1',
  })
  kit.on('/api/orders', ({ headers }) => json({ auth: headers.get('authorization') }))
  expect(await (await kit.auth.fetch('/api/orders')).json()).toEqual({ auth: 'Bearer token-1' })
  kit.visible = false
  await kit.clock.advance(301_000)
  expect(await (await kit.auth.fetch('/api/orders')).json()).toEqual({ auth: 'Bearer token-2' })
  const result = kit.auth.logout()
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'logout' })
  expect(await result).toEqual({ server: 'confirmed', durable: true })
  await expect(kit.auth.getAccessToken()).rejects.toMatchObject({ code: 'login_required' })
})

it('restores the session at a start', async () => {
  const first = await signedIn()
  const kit = createKit({}, { browser: first.browser })
  kit.on('/auth/refresh', () => grant(7))
  const ready = kit.auth.ready()
  await kit.clock.advance(50)
  const state = await ready
  expect(state).toMatchObject({ status: 'authenticated', user: ANN })
  expect(kit.sent('/auth/refresh')).toHaveLength(1)
})

it('asks once more, then ends the session when the server refuses', async () => {
  const kit = await signedIn()
  kit.on('/auth/refresh', () => refusal('session_revoked'))
  const pending = kit.auth.refresh({ force: true })
  void pending.catch(() => {})
  await kit.clock.advance(1000)
  await expect(pending).rejects.toMatchObject({ code: 'session_ended' })
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
  await settle()
})
