/* What ends a session: the refusals of the contract, or those of the options. */
import { expect, it } from 'vitest'
import { failure, listen, outcome } from '../../support/client.js'
import { refusal, settle, signedIn } from '../../support/kit.js'

it.each([
  [401, 'session_expired', 'expired'],
  [401, 'idle_timeout', 'expired'],
  [401, 'session_revoked', 'revoked'],
  [401, 'refresh_reused', 'revoked'],
  [401, 'user_disabled', 'refused'],
  [400, 'invalid_grant', 'expired'],
] as const)(
  'R12 REV-05 ERR-05 S69 %s %s ends the session with its reason, after one more attempt',
  async (status, code, reason) => {
    const kit = await signedIn()
    const told = listen(kit.auth)
    kit.on('/auth/refresh', () => refusal(code, status))
    const error = failure(kit.auth.refresh({ force: true }))
    await settle()
    expect(kit.auth.getState()).toMatchObject({ status: 'authenticated' })
    await kit.clock.advance(250)
    expect(await error).toMatchObject({ code: 'session_ended', reason })
    expect(kit.sent('/auth/refresh')).toHaveLength(3)
    expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason })
    expect(told.ends).toMatchObject([{ reason, status, previousUser: { id: 'ann' } }])
    await kit.clock.advance(600_000)
    expect(kit.sent('/auth/refresh')).toHaveLength(3)
  },
)

it('R12 what counts as a refusal is an option, and its reason is told', async () => {
  const kit = await signedIn({ refusals: [{ status: 403, code: 'session_revoked', reason: 'revoked' }] })
  kit.on('/auth/refresh', () => refusal('session_expired', 401))
  expect(await outcome(kit.auth.refresh({ force: true }))).toBe('invalid_response')
  kit.on('/auth/refresh', () => refusal('session_revoked', 403))
  await kit.clock.advance(2000)
  expect(kit.auth.getState()).toMatchObject({ status: 'unauthenticated', reason: 'revoked' })
})
